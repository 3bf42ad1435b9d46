"""Sample data without a download: simulated frames and a cine loop as nodes, and where they are segmented."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import slicer
import slicer.util

from ..Frames import SequenceLogic
from ..Texts import _

if TYPE_CHECKING:
    from samca import phantoms

HEIGHT, WIDTH = 384, 512  # px of a frame
LOOP_FRAMES, LOOP_SECONDS = 12, 1.2
LOOP_MM = (2.5, 1.0)  # how far the lesion moves to each side, x and z


@dataclass(frozen=True)
class Sample:
    """One entry of Slicer's Sample Data module."""

    name: str  # of the node, and of the sample
    title: str
    seed: int
    geometry: str
    lesions: int = 1
    isLoop: bool = False


SAMPLES = (
    Sample("SAMCALesion", _("Lesion, linear probe (simulated)"), 24, "linear"),
    Sample("SAMCATwoLesions", _("Two structures, curved probe (simulated)"), 24, "fan", lesions=2),
    Sample("SAMCALoop", _("Cine loop of a moving lesion (simulated)"), 22, "linear", isLoop=True),
)


def load(sample: Sample):
    """Compute a sample, add it to the scene and return its volume node; of a loop, its browser's."""
    node = nodeOf(sample)
    node.SetName(slicer.mrmlScene.GenerateUniqueName(sample.name))
    slicer.mrmlScene.AddNode(node)
    if sample.isLoop:
        return SequenceLogic.browse(node)[1]
    node.CreateDefaultDisplayNodes()
    return node


def nodeOf(sample: Sample):
    """A sample as a volume node, a loop as a Sequence node; outside the scene."""
    return _sequence(sample) if sample.isLoop else _volume(phantom(sample), sample.name)


def phantom(sample: Sample) -> phantoms.Phantom:
    """The frame of a sample; equal each time."""
    phantoms = _phantoms()
    return phantoms.make(np.random.default_rng(sample.seed), HEIGHT, WIDTH, sample.lesions, sample.geometry)


def loop(sample: Sample) -> list[phantoms.Phantom]:
    """The frames of a loop: one scene whose structures swing once from side to side."""
    scene = _phantoms().describe(
        np.random.default_rng(sample.seed), HEIGHT // 2, WIDTH // 2, sample.lesions, sample.geometry
    )
    return [_moved(scene, 2 * np.pi * number / LOOP_FRAMES) for number in range(LOOP_FRAMES)]


def volumeInUse():
    """The volume that the views show, else the first of the scene; None in an empty scene."""
    application = getattr(slicer.app, "applicationLogic", lambda: None)() if hasattr(slicer, "app") else None
    active = application and application.GetSelectionNode().GetActiveVolumeID()
    return slicer.mrmlScene.GetNodeByID(active or "") or _firstVolume()


def segmentationFor(volume):
    """The segmentation that was made on this volume, else a new one with its geometry."""
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        if node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is volume:
            return node
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{volume.GetName()} segmentation")
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    return node


def _moved(scene, phase: float) -> phantoms.Phantom:
    dx, dz = LOOP_MM[0] * np.sin(phase), LOOP_MM[1] * (1 - np.cos(phase))
    structures = tuple(replace(s, x_mm=s.x_mm + dx, z_mm=s.z_mm + dz) for s in scene.structures)
    phantoms, rng = _phantoms(), np.random.default_rng(0)
    image, labels = phantoms.render(replace(scene, structures=structures), rng)
    return phantoms.Phantom(image, labels, (scene.view.spacing_mm, scene.view.spacing_mm))


def _sequence(sample: Sample):
    sequence = slicer.vtkMRMLSequenceNode()
    sequence.SetName(sample.name)
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    for number, frame in enumerate(loop(sample)):
        time = f"{number * LOOP_SECONDS / LOOP_FRAMES:.1f}"
        sequence.SetDataNodeAtValue(_volume(frame, sample.name), time)
    return sequence


def _volume(frame: phantoms.Phantom, name: str):
    """One frame as a volume that an axial view shows upright."""
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(name)
    slicer.util.updateVolumeFromArray(node, frame.image[None])
    node.SetSpacing(*frame.spacing_mm, 1.0)
    node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    return node


def _firstVolume():
    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return volumes[0] if volumes else None


def _phantoms():
    """The core's simulator; it brings SciPy, which Slicer's start should not wait for."""
    from samca import phantoms

    return phantoms
