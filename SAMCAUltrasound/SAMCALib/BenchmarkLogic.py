"""Time from a click to the changed segment, by the way that the effect takes with the model that it ships.

The effect's own logic, engine and segment editor, without window and rendering. `samca benchmark` calls
`measure` where Slicer's classes can be imported; the core itself knows nothing of Slicer.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import slicer
import slicer.util

from samca import phantoms
from samca.clicks import CLICKS
from samca.prompts import Click
from samca.prompts.prompts import box_around
from samca.prompts.windows import share_of

from .Editing.DoubtLogic import DoubtLogic
from .Editing.EditLogic import EditLogic
from .Engine.EngineLogic import EngineLogic
from .Frames import FrameLogic
from .Segments.SegmentLogic import LABELMAP, EditorHost, maskOf

PER_OBJECT = 8  # clicks of the simulated user, who mends the largest mistake
MOST_SECONDS = 60.0  # that an answer may take
TICK_SECONDS, YIELD_SECONDS = 0.03, 0.02  # of the effect's timer
BEAT_SECONDS = 0.005
RATE, LIVE_SECONDS = 25, 8.0  # images a second of a probe, and for how long they come
SWAY_PX = 8  # to each side, what moves in them
SIZES = 0.1, 0.45  # of the sides of a frame, what is clicked on: small enough for a closer look


@dataclass(frozen=True)
class Setting:
    """A volume of (K, J, I) or (K, J, I, 3) uint8 voxels, and whether edits pass through masks."""

    name: str
    shape: tuple[int, ...]
    isMasked: bool


class Times(NamedTuple):
    """Seconds from a click to the changed segment: of the first click on an object and of those after it; and
    to its last outline, which takes longer where a window has to be encoded. gap: for how long an interface
    stood still at most while a frame was encoded and clicked on."""

    first: float
    next: float
    last: float
    gap: float


class Following(NamedTuple):
    """Images a second that an outline was carried to, of RATE that come, and the longest gap of the interface
    in seconds."""

    rate: float
    gap: float


IMAGES = {
    "512 x 400": (1, 400, 512),
    "1024 x 768 RGB": (1, 768, 1024, 3),
    "512 x 512 x 300": (300, 512, 512),
}
SETTINGS = tuple(Setting(name, shape, masked) for name, shape in IMAGES.items() for masked in (False, True))


def measure(model, repeats: int, settings: Iterable[Setting] = SETTINGS) -> Iterator[tuple[Setting, Times]]:
    """Each setting with the medians over `repeats` objects in as many frames, after one that warms up."""
    for setting in settings:
        with _ownScene():
            yield setting, _medians(model, setting, repeats)


def following(model, setting: Setting = SETTINGS[0], seconds: float = LIVE_SECONDS) -> Following:
    """What Follow does while another image comes RATE times a second: a simulated frame that sways, and an
    outline of one click in it."""
    with _ownScene(), _editing(model, setting) as edit:
        return _followed(edit, *next(_targets(setting, 1)), seconds)


def _followed(edit: EditLogic, image: np.ndarray, truth: np.ndarray, seconds: float) -> Following:
    frame, loop = _shown(edit, image), _EventLoop(edit)
    (click,) = CLICKS["error_deepest"](truth, None, 1, np.random.default_rng(0)).clicks
    loop.run(lambda: edit.click(frame, click.x, click.y))
    loop.run(lambda: edit.follow(frame))
    voxels, loop.longest = slicer.util.arrayFromVolume(frame.volume), 0.0

    def show(number: int) -> None:
        voxels[frame.index] = np.roll(image, round(SWAY_PX * np.sin(number / RATE * np.pi)), axis=1)
        frame.volume.GetImageData().Modified()

    answers = loop.watch(show, seconds)
    return Following(answers / seconds, loop.longest)


def _medians(model, setting: Setting, repeats: int) -> Times:
    with _editing(model, setting) as edit:
        edit.encodeAhead = False
        objects = [_clicks(edit, *target) for target in _targets(setting, repeats + 1)][1:]
        gaps = [_longestGap(edit, *target) for target in _targets(setting, repeats)]
    first = [clicks[0][0] for clicks in objects]
    later = [changed for clicks in objects for changed, _last in clicks[1:]] or first
    last = [last for clicks in objects for _, last in clicks]
    return Times(*map(statistics.median, (first, later, last)), max(gaps))


def _targets(setting: Setting, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Simulated frames and a structure in each: (H, W) uint8, (H, W) bool."""
    rng, (height, width) = np.random.default_rng(0), setting.shape[1:3]
    while count:
        phantom = phantoms.make(rng, height, width, lesions=1)
        truth = phantom.labels == 1
        if truth.any() and SIZES[0] < share_of(box_around(truth), height, width) < SIZES[1]:
            count -= 1
            yield phantom.image, truth


def _clicks(edit: EditLogic, image: np.ndarray, truth: np.ndarray) -> list[tuple[float, float]]:
    """Seconds until the segment has changed and until its last outline, of each click on an encoded frame."""
    frame, times = _shown(edit, image), []
    for click in _mending(edit, frame, truth):
        times.append(_timed(edit, frame, click))
        edit.engine.wait()  # a user takes longer for the next click than what is encoded ahead
    return times


def _mending(edit: EditLogic, frame: FrameLogic.Frame, truth: np.ndarray) -> Iterator[Click]:
    """Clicks of a user who mends the segment until it is as it should be; then it is cleared."""
    rng, segmentation = np.random.default_rng(0), edit.host.parameterSetNode().GetSegmentationNode()
    for _number in range(PER_OBJECT):
        found = maskOf(segmentation, "Lesion", frame)
        if (found == truth).all():
            break
        yield CLICKS["error_deepest"](truth, found, 1, rng).clicks[0]
    edit.clear(frame)  # before the image is another one: what the mask of the new one shuts out would stay


def _longestGap(edit: EditLogic, image: np.ndarray, truth: np.ndarray) -> float:
    """Seconds for which an event loop with the effect's timer could do nothing else, at most."""
    loop = _EventLoop(edit)
    frame = _painted(edit, image)
    loop.run(lambda: edit.setFrame(frame))
    for click in _mending(edit, frame, truth):
        loop.run(lambda click=click: edit.click(frame, click.x, click.y, click.positive))
    return loop.longest


class _EventLoop:
    """What Slicer's does while the effect works, with nothing to draw. longest: seconds between two beats."""

    def __init__(self, edit: EditLogic):
        self._edit, self._doubt, self.longest = edit, DoubtLogic(edit), 0.0
        self._beaten = 0.0

    def run(self, act: Callable[[], None]) -> None:
        """Do something as the user, and go on until nothing is asked for any more; RuntimeError where that
        takes too long."""
        self._beaten = start = time.perf_counter()
        until = start + MOST_SECONDS
        act()
        self._tick()
        while self._edit.engine.isBusy or self._edit.prompts.object.pending:
            if time.perf_counter() > until:
                raise RuntimeError(self._edit.status)
            while time.perf_counter() - start < TICK_SECONDS:
                time.sleep(BEAT_SECONDS)
                self._beat()
            start = time.perf_counter()
            self._tick()

    def watch(self, show: Callable[[int], None], seconds: float) -> int:
        """Let images come for so long, RATE a second; how often the segment has changed."""
        self._beaten = start = ticked = time.perf_counter()
        shown, seen, changes = 0, _version(self._edit), 0
        while (now := time.perf_counter()) < start + seconds:
            if (now - start) * RATE >= shown:
                shown += 1
                show(shown)
            if now - ticked >= TICK_SECONDS:
                ticked = now
                self._tick()
                before, seen = seen, _version(self._edit)
                changes += before != seen
            time.sleep(BEAT_SECONDS)
            self._beat()
        return changes

    def _tick(self) -> None:
        self._edit.answer(YIELD_SECONDS)
        self._doubt.follow()
        self._beat()

    def _beat(self) -> None:
        before, self._beaten = self._beaten, time.perf_counter()
        self.longest = max(self.longest, self._beaten - before)


def _timed(edit: EditLogic, frame: FrameLogic.Frame, click) -> tuple[float, float]:
    before, changed, start = _version(edit), 0.0, time.perf_counter()
    edit.click(frame, click.x, click.y, click.positive)
    while edit.prompts.object.pending:
        if not edit.engine.waitForResult(edit, MOST_SECONDS):
            raise RuntimeError(edit.status)
        edit.answer()
        if not changed and _version(edit) != before:
            changed = time.perf_counter() - start
    last = time.perf_counter() - start
    return changed or last, last


def _version(edit: EditLogic) -> int:
    """Another number once the segment's voxels are others."""
    segmentation = edit.host.parameterSetNode().GetSegmentationNode().GetSegmentation()
    labelmap = segmentation.GetSegment("Lesion").GetRepresentation(LABELMAP)
    return labelmap.GetMTime() if labelmap else 0


def _shown(edit: EditLogic, image: np.ndarray) -> FrameLogic.Frame:
    """The image as the volume's middle frame, encoded."""
    frame = _painted(edit, image)
    edit.setFrame(frame)
    edit.engine.wait()
    edit.poll()
    return frame


def _painted(edit: EditLogic, image: np.ndarray) -> FrameLogic.Frame:
    """The image as the volume's middle frame, which nobody looks at yet."""
    volume = edit.host.parameterSetNode().GetSourceVolumeNode()
    voxels = slicer.util.arrayFromVolume(volume)
    frame = FrameLogic.frameOf(volume, len(voxels) // 2)
    edit.setFrame(None)
    voxels[frame.index] = image if voxels.ndim == 3 else image[..., None]
    volume.GetImageData().Modified()
    return frame


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
def _editing(model, setting: Setting) -> Iterator[EditLogic]:
    """The effect's logic, at work in such an editor with this model."""
    engine = EngineLogic()
    engine.setModel(model, "benchmark")
    with _editor(setting) as host:
        edit = EditLogic(host, engine)
        edit.activate()
        try:
            yield edit
        finally:
            edit.deactivate()
            engine.stop()


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
