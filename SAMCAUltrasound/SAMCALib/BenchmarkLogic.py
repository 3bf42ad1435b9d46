"""Time from a click to the changed segment with a model that answers at once: all that is not the network.

`samca benchmark` calls `measure` where Slicer's classes can be imported.
"""

from __future__ import annotations

import contextlib
import statistics
import time
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import slicer
import slicer.util

from .Editing.EditLogic import EditLogic
from .Engine.EngineLogic import EngineLogic
from .Frames import FrameLogic
from .Segments.SegmentLogic import EditorHost

SIZE, RADIUS = 256, 30.0  # px of the model; of the disc that it answers with


@dataclass(frozen=True)
class Setting:
    """A volume of (K, J, I) or (K, J, I, 3) uint8 voxels, and whether edits pass through masks."""

    name: str
    shape: tuple[int, ...]
    isMasked: bool


IMAGES = {
    "512 x 512": (1, 512, 512),
    "1024 x 768 RGB": (1, 768, 1024, 3),
    "512 x 512 x 300": (300, 512, 512),
}
SETTINGS = tuple(Setting(name, shape, masked) for name, shape in IMAGES.items() for masked in (False, True))


class InstantModel:
    """Stands in for a network: a disc around the last click, cut from what was drawn before."""

    def __init__(self):
        self.config = types.SimpleNamespace(
            image_size=SIZE, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=False
        )
        y, x = np.mgrid[-SIZE : SIZE + 1, -SIZE : SIZE + 1]
        self._logits = (RADIUS - np.hypot(x, y)).astype(np.float32)

    def embed(self, pixels):
        """Nothing to remember of a picture."""
        return ()

    def predict(self, features, prompts, previous):
        """(SIZE, SIZE) logits and an IoU."""
        left, top = (SIZE - round(place) for place in (prompts.clicks[-1].x, prompts.clicks[-1].y))
        return self._logits[top : top + SIZE, left : left + SIZE], 1.0


def measure(repeats: int, settings: Iterable[Setting] = SETTINGS) -> Iterator[tuple[Setting, float]]:
    """Each setting with the median seconds of `repeats` clicks on one frame, after one that warms up."""
    for setting in settings:
        with _ownScene():
            yield setting, _median(setting, repeats)


def _median(setting: Setting, repeats: int) -> float:
    engine = EngineLogic()
    engine.setModel(InstantModel(), "instant")
    with _editor(setting) as host:
        edit = EditLogic(host, engine)
        edit.encodeAhead = False
        edit.activate()
        try:
            frame = FrameLogic.frameOf(host.parameterSetNode().GetSourceVolumeNode(), setting.shape[0] // 2)
            return statistics.median(_clicks(edit, frame, repeats + 1)[1:])
        finally:
            edit.deactivate()
            engine.stop()


def _clicks(edit: EditLogic, frame: FrameLogic.Frame, count: int) -> list[float]:
    """Seconds of each click; every one moves the disc a bit."""
    height, width = FrameLogic.shape(frame)
    times = []
    for number in range(count):
        start = time.perf_counter()
        edit.click(frame, width / 2 + 3 * number, height / 2)
        while edit.prompts.object.pending:
            edit.engine.wait()
            edit.poll()
        times.append(time.perf_counter() - start)
    return times


@contextlib.contextmanager
def _ownScene() -> Iterator[None]:
    """A scene for as long as it is needed, in place of the application's, if there is one."""
    before = getattr(slicer, "mrmlScene", None)
    slicer.mrmlScene = slicer.vtkMRMLScene()
    segmentations = slicer.vtkSlicerSegmentationsModuleLogic()  # knows how segments are made
    segmentations.SetMRMLScene(slicer.mrmlScene)
    try:
        yield
    finally:
        slicer.mrmlScene = before
        if before is None:
            del slicer.mrmlScene


@contextlib.contextmanager
def _editor(setting: Setting) -> Iterator[EditorHost]:
    """A segment editor on a volume of speckle with two segments."""
    scene = slicer.mrmlScene
    volume = slicer.util.addVolumeFromArray(
        np.random.default_rng(0).integers(0, 255, setting.shape, np.uint8),
        nodeClassName="vtkMRMLVectorVolumeNode" if len(setting.shape) == 4 else None,
    )
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    for name in ("Lesion", "Other"):
        segmentation.GetSegmentation().AddEmptySegment(name, name)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    for node in (volume, segmentation):  # without the application nobody else does
        hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)
    logic = slicer.vtkSlicerSegmentEditorLogic()
    logic.SetMRMLScene(scene)
    logic.SetSegmentEditorNode(_editorNode(setting, volume, segmentation))
    try:
        yield EditorHost(logic)
    finally:
        logic.SetSegmentEditorNode(None)
        logic.SetMRMLScene(None)


def _editorNode(setting: Setting, volume, segmentation):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
    node.SetAndObserveSegmentationNode(segmentation)
    node.SetAndObserveSourceVolumeNode(volume)
    node.SetSelectedSegmentID("Lesion")
    node.SetOverwriteMode(node.OverwriteNone)
    if setting.isMasked:
        node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments)
        node.SourceVolumeIntensityMaskOn()
        node.SetSourceVolumeIntensityMaskRange(20, 230)
    return node
