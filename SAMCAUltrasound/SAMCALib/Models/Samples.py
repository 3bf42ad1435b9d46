"""The sample data of Resources/Samples, offered in Slicer's module Sample Data the way all others are."""

from __future__ import annotations

from dataclasses import dataclass

from samca import typed_json

from ..Texts import Refusal, _
from .ModelLogic import RESOURCES

FOLDER = RESOURCES / "Samples"


@dataclass(frozen=True)
class Sample:
    """name: of the sample and of its node. kind: "VolumeFile" or "SequenceFile", as Slicer's readers say."""

    name: str
    file: str
    kind: str
    sha256: str


def samples() -> list[Sample]:
    """All of samples.json: a nerve, a lesion and a cine loop."""
    names = Sample.__dataclass_fields__
    entries = typed_json.read(FOLDER / "samples.json").items()
    return [Sample(**{name: entry[name].text() for name in names}) for entry in entries]


def register() -> None:
    """Offer every sample in Sample Data; ImportError in an application without that module."""
    import SampleData

    for sample in samples():
        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category=_("SAMCA Ultrasound"),
            sampleName=sample.name,
            uris=(FOLDER / sample.file).as_uri(),
            fileNames=sample.file,
            nodeNames=sample.name,
            loadFileTypes=sample.kind,
            checksums=f"SHA256:{sample.sha256}",
            thumbnailFileName=str(RESOURCES / "Icons" / f"{sample.name}.png"),
        )


def load(name: str) -> list:
    """Load a sample as Sample Data does, which also shows it; returns the nodes. Refusal if that fails."""
    import SampleData

    nodes = SampleData.SampleDataLogic().downloadSamples(name)
    if not nodes or isinstance(nodes[0], str | None):  # the path of a file that could not be read
        raise Refusal(_("The sample {name} was not loaded: the error log says why.").format(name=name))
    return nodes
