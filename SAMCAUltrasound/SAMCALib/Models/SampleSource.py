"""The samples in Slicer's module Sample Data, computed when its button or a script asks for them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import slicer
import slicer.util

from ..Texts import _
from . import SampleLogic

ICONS = Path(__file__).resolve().parents[2] / "Resources" / "Icons"


def register(show: Callable) -> None:
    """Offer every sample; show(sample) loads one for the button. ImportError without the module."""
    import SampleData

    class ComputedSource(SampleData.SampleDataSource):
        """A source whose file is written when its address is asked for.

        `SampleData.downloadSample` knows no customDownloader: it fetches `uris`.
        """

        sample = None

        @property
        def uris(self):
            return [write(self.sample).as_uri()]

        @uris.setter
        def uris(self, _value):
            """The base class stores what it was given."""

        def __str__(self):
            return f"{self.sampleName}, computed"  # the base class asks for the address here

    if not hasattr(slicer.modules, "sampleDataSources"):
        slicer.modules.sampleDataSources = {}
    sources = slicer.modules.sampleDataSources.setdefault(_("SAMCA Ultrasound"), [])
    for sample in SampleLogic.SAMPLES:
        source = ComputedSource(
            sampleName=sample.name,
            sampleDescription=sample.title,
            uris="",
            fileNames=fileName(sample),
            nodeNames=sample.name,
            thumbnailFileName=str(ICONS / f"{sample.name}.png"),
            loadFileType="SequenceFile" if sample.isLoop else "VolumeFile",
            customDownloader=lambda _source, sample=sample: show(sample),
        )
        source.sample = sample
        if source not in sources:
            sources.append(source)


def fileName(sample: SampleLogic.Sample) -> str:
    """How the file of a sample is called."""
    return f"{sample.name}.seq.nrrd" if sample.isLoop else f"{sample.name}.nrrd"


def write(sample: SampleLogic.Sample, folder: str | Path | None = None) -> Path:
    """Compute a sample into a file that Slicer loads, in a temporary folder if none is given.

    OSError if it cannot be written.
    """
    path = Path(folder or _temporaryFolder()) / fileName(sample)
    kind = (
        slicer.vtkMRMLVolumeSequenceStorageNode if sample.isLoop else slicer.vtkMRMLVolumeArchetypeStorageNode
    )
    storage = kind()
    storage.SetFileName(str(path))
    if not storage.WriteData(SampleLogic.nodeOf(sample)):
        raise OSError(f"{path} could not be written: check the disk")
    return path


def _temporaryFolder() -> str:
    application = getattr(slicer, "app", None)
    return getattr(application, "temporaryPath", None) or tempfile.gettempdir()
