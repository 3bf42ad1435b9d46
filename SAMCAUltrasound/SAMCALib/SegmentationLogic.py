"""Segmentation from the Python console: one frame, every item of a Sequence, or the pictures of a folder."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import slicer

from samca.prompts import Prompts

from .Editing import LeadLogic, NeighbourLogic, ObjectLogic
from .Editing.Carrying import Carrying
from .Editing.EditQueue import pictureOf
from .Editing.Edits import newId
from .Editing.LeadLogic import Lead, Leads
from .Editing.SuggestLogic import OfClass, SuggestLogic
from .Engine.EngineLogic import EngineLogic, sharedEngine
from .Frames import FolderLogic, FrameLogic, Given, SequenceLogic
from .Frames.FrameLogic import Frame
from .Handover import DicomLogic
from .Measures import Ellipsoid, MeasureLogic
from .Measures.MeasureLogic import Sizes
from .Prompts import DrawnCurves, PromptLogic
from .Prompts.TagLogic import PromptObject
from .Segments import SegmentLogic
from .Segments.MaskLogic import MaskOptions
from .Segments.SegmentLogic import EditorHost
from .Texts import Refusal

logger = logging.getLogger(__name__)


class SegmentationLogic:
    """Works with no window; the engine is the application's own by default.

    message: how far the model was sure of an object that was carried through a loop last, in words.
    """

    def __init__(self, engine: EngineLogic | None = None):
        """The shipped model is loaded at the first call, if the engine has none."""
        self.engine, self.message = engine or sharedEngine(), ""

    def segment(
        self,
        volumeNode,
        initial=None,
        guidedPositive=None,
        guidedNegative=None,
        segmentationNode=None,
        segmentId: str = "",
        frame: Frame | int | None = None,
        options: MaskOptions | None = None,
        frames: tuple[int, int] | None = None,
        neighbours: int = 0,
        progress: NeighbourLogic.Progress | None = None,
        strokes: Sequence | None = None,
        lasso=None,
        outline: int = 0,
    ) -> str:
        """Segment one frame, or all frames of a Sequence or folder, and return the segment id.

        volumeNode: a volume; a Sequence node or a folder of pictures, all of whose frames are done, those
        without an initial point left out, or only item `frame`, counted from 0. initial, guidedPositive,
        guidedNegative: fiducial nodes, or sequences of world RAS positions in mm; fiducials that the
        Sequence's browser moves are taken where they are in each item. segmentationNode, segmentId: where it
        goes, a new one each if not given; it is synchronised with a Sequence. frame: an index along the
        volume's last axis, a FrameLogic.Frame, or None for where the first initial point lies. The same
        initial point again mends the object it started.
        ValueError where something does not fit, RuntimeError if the model fails.

        strokes, lasso: curve nodes, or sequences of world RAS positions; (positions, False) is a stroke along
        what does not belong to the object. They are for one frame, on which no initial point is needed then.
        outline: of what a single initial point may mean the n-th other outline, the surest first.

        frames or neighbours: carry the object from the frames with an initial point through frames (first,
        last), counted from 0, or through so many to each side; of a Sequence from the item that is shown. It
        stops where the model is not sure: `message` says where, as a warning in the log does, and those
        frames stay as they are. So do frames where somebody pointed at the object, mended or completed it.
        progress: called with (frames done, of how many) after each; if it returns False, nothing is written
        and the answer is "".
        """
        points, options = (initial, guidedPositive, guidedNegative), options or MaskOptions()
        if strokes or lasso is not None or outline:
            drawn = strokes or (), lasso, outline
            where = volumeNode, segmentationNode, segmentId, frame
            return self._segmentDrawn(*where, points, drawn, options, frames is not None or neighbours)
        if initial is None:
            raise ValueError("nothing points at an object: give initial, strokes or a lasso")
        volumeNode, items = _opened(volumeNode, segmentationNode)
        frame = _itemOf(items, frame)
        if frames is not None or neighbours:
            frame = _frameOf(volumeNode, 0 if items and frame is None else frame, initial)
            target = segmentationNode, segmentId
            return self._segmentNeighbours(frame, points, target, options, (frames, neighbours), progress)
        if items and frame is None:
            return self._segmentItems(items, points, segmentationNode, segmentId, options)
        frame = _frameOf(volumeNode, frame, initial)
        prompts = PromptLogic.promptsFromFiducials(frame, *points)
        return self._segmentFrame(frame, prompts, segmentationNode, segmentId, options)[1]

    def suggest(
        self,
        volumeNode,
        kind: int = 0,
        segmentationNode=None,
        segmentId: str = "",
        frame: Frame | int | None = None,
        options: MaskOptions | None = None,
        goesOn: Callable[[int, int], bool] = lambda done, total: True,
    ) -> str:
        """Let the model find its class `kind` in one frame, or in all of a volume, Sequence or folder.

        Nobody clicks; frames in which nothing is found stay empty, those that have prompts stay as they are.
        goesOn(done, total) is asked before each frame; False cancels, what was found stays. Returns the
        segment id. ValueError where something does not fit, RuntimeError if the model fails.
        """
        volumeNode, items = _opened(volumeNode, segmentationNode)
        frame = _itemOf(items, frame)
        self._ensureModel()
        finder = OfClass(self.engine, kind)
        shown = _frameOf(volumeNode, 0 if frame is None else frame, ())
        node, segmentId = self._target(volumeNode, segmentationNode, segmentId)
        with _editorHost(node, volumeNode) as host:
            sweep = SuggestLogic(host, self.engine, finder)
            only = None if frame is None else [shown]
            sweep.start((node.GetID(), segmentId), shown, options or MaskOptions(), only)
            while sweep.isRunning:
                if not goesOn(sweep.done, sweep.total):
                    sweep.cancel()
                self.engine.wait()
                sweep.poll()
        if sweep.error:
            raise RuntimeError(sweep.error)
        return segmentId

    def exportDicom(
        self,
        segmentationNode,
        volumeNode,
        path: str | Path,
        report: str | Path | None = None,
        segmentIds: list[str] | None = None,
        keepPatient: bool = False,
        ask: Callable[[str], bool] = lambda question: False,
    ) -> str:
        """Write what is outlined on a volume or Sequence from DICOM as SEG, and a report (SR) with sizes.

        segmentIds: all segments if not given. keepPatient: with name, number and dates of patient and study;
        else they are empty. ask: question -> whether highdicom may be installed, if it is missing. Returns
        what was written, in sentences; ValueError, with nothing written, says what is wrong.
        """
        words = segmentationNode, volumeNode, path, report, segmentIds, keepPatient, ask
        return DicomLogic.export(*words)

    def measure(
        self, segmentationNode, segmentId: str, volumeNode, frame: Frame | int | None = None
    ) -> Sizes:
        """Sizes of a segment in the frames of a volume or Sequence that it lies in, or in one; see `Sizes`.

        Lengths are in mm of the world, under all transforms, where the size of a pixel is known, else in px.
        ValueError where something does not fit.
        """
        volumeNode, items = _opened(volumeNode, segmentationNode)
        frame = _itemOf(items, frame)
        if frame is not None:
            frame = _frameOf(volumeNode, frame, ())
        return MeasureLogic.ofSegment(segmentationNode, segmentId, volumeNode, frame)

    def ellipsoid(self, one: tuple, other: tuple) -> Ellipsoid.Ellipsoid:
        """The ellipsoid of an object from its outlines in two frames that cross, or of two images.

        one, other: (segmentation node, segment id, volume or Sequence node, frame), as of `measure`.
        """
        outlines = []
        for segmentationNode, segmentId, volumeNode, frame in (one, other):
            volumeNode, items = _opened(volumeNode, segmentationNode)
            frame = _frameOf(volumeNode, _itemOf(items, frame), ())
            SegmentLogic.ensureSegment(segmentationNode, segmentId or "(none)")
            mask = SegmentLogic.maskOf(segmentationNode, segmentId, frame)
            outlines.append(Ellipsoid.outlineOf(mask, frame))
        return Ellipsoid.between(*outlines)

    def _segmentDrawn(
        self, volumeNode, segmentationNode, segmentId: str, frame, points, drawn, options, isCarried
    ) -> str:
        """One frame, with strokes, a lasso or another outline."""
        volumeNode, items = _opened(volumeNode, segmentationNode)
        if isCarried or (items and frame is None):
            raise ValueError("strokes, lasso and outline are for one frame: give that as frame")
        first = points[0] if points[0] is not None else DrawnCurves.firstOf(*drawn[:2])
        frame = _frameOf(volumeNode, _itemOf(items, frame), first)
        prompts = DrawnCurves.promptsOf(frame, points, *drawn)
        return self._segmentFrame(frame, prompts, segmentationNode, segmentId, options)[1]

    def _segmentItems(self, items, points, segmentationNode, segmentId: str, options: MaskOptions) -> str:
        target, refusal, done = (segmentationNode, segmentId), None, False
        for frame in items:
            try:
                prompts = PromptLogic.promptsFromFiducials(frame, *points)
                target = self._segmentFrame(frame, prompts, *target, options)
                done = True
            except Refusal as error:
                refusal = error
        if not done:
            raise refusal
        return target[1]

    def _segmentNeighbours(self, frame: Frame, points, target, options, asked, progress) -> str:
        loop = FrameLogic.loopOf(frame)
        bounds = NeighbourLogic.rangeOf(loop, frame, *asked)
        prompts = NeighbourLogic.promptsOf(loop, frame, points)
        prompts = {place: given for place, given in prompts.items() if bounds[0] <= place <= bounds[1]}
        leads = Leads({place: Lead(given) for place, given in prompts.items()})
        if all(target):
            LeadLogic.checkOpen(target, frame)
            for _read in LeadLogic.reading(leads, loop, frame, None, target, bounds):
                pass
        self._ensureModel()
        carrying = Carrying(self.engine, loop, leads, bounds)
        if not NeighbourLogic.carry(self.engine, carrying, options, progress):
            return ""
        self.message = carrying.status
        if carrying.unsure:
            logger.warning("%s", self.message)
        target = self._target(frame.volume, *target)
        with _editorHost(target[0], frame.volume) as host:
            NeighbourLogic.write(host, target, carrying.things)
        return target[1]

    def _ensureModel(self) -> None:
        if not self.engine.hasModel:
            self.engine.useModel("shipped")
        self.engine.waitForModel()

    def _segmentFrame(
        self, frame: Frame, prompts: Prompts, segmentationNode, segmentId: str, options: MaskOptions
    ) -> tuple:
        """Add an object, or mend the one that started with the same click; return its target."""
        self._ensureModel()
        mask = self.engine.segment(pictureOf(frame), prompts, options)
        target = self._target(frame.volume, segmentationNode, segmentId)
        PromptLogic.checkPrompts(*target, frame)
        there = PromptLogic.framePrompts(*target, frame)
        start = prompts.initial_and_guided()[0]
        own = [thing.prompts.initial_and_guided()[0] for thing in there.objects]
        same = [i for i, each in enumerate(own) if replace(each, alternative=start.alternative) == start]
        there = replace(there, current=same[0] if same else len(there.objects))
        after = there.withObject(PromptObject(prompts, mask, id=there.object.id or newId()))
        with _editorHost(target[0], frame.volume) as host:
            ObjectLogic.write(host, *target, frame, there, after)
        return target

    def _target(self, volumeNode, segmentationNode, segmentId: str) -> tuple:
        """(segmentation node, segment id), made where not given, an own one for each item of a Sequence."""
        if segmentationNode is not None and segmentId:
            SegmentLogic.ensureSegment(segmentationNode, segmentId)  # before anything is changed
        if segmentationNode is None:
            name = f"{volumeNode.GetName()} segmentation"
            segmentationNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        SequenceLogic.checkLoop(segmentationNode, volumeNode)
        SegmentLogic.prepareSegmentation(segmentationNode, volumeNode)
        SequenceLogic.synchronise(segmentationNode, volumeNode)
        segmentId = SegmentLogic.ensureSegment(segmentationNode, segmentId)
        SequenceLogic.addSegmentToItems(segmentationNode, segmentId)
        return segmentationNode, segmentId


def _opened(images, segmentationNode) -> tuple:
    """(volume node, []) of a volume; (proxy volume, its frame in each item) of a Sequence or a folder.

    Refusal for what is none of these, and for another thing than a segmentation or None.
    """
    if segmentationNode is not None:
        Given.checkSegmentation(segmentationNode)
    if isinstance(images, (str, Path)):
        images = FolderLogic.loadSequence(images)
    Given.checkImages(images)
    if images is None or images.IsA(Given.VOLUME):
        FrameLogic.checkVolume(images)
        return images, []
    proxy = SequenceLogic.browse(images)[1]
    return proxy, FrameLogic.items(FrameLogic.frameOf(proxy, 0))


def _itemOf(items: list[Frame], frame: Frame | int | None) -> Frame | int | None:
    """The frame that a number means in a Sequence; Refusal for one that it does not have."""
    if not items or frame is None or isinstance(frame, Frame):
        return frame
    FrameLogic.checkIndex(frame, len(items), items[0].volume)
    return items[frame]


def _frameOf(volumeNode, frame: Frame | int | None, initial) -> Frame:
    FrameLogic.checkVolume(volumeNode)
    if isinstance(frame, Frame):
        return frame
    if frame is not None:
        return FrameLogic.frameOf(volumeNode, frame)
    positions = PromptLogic.positionsOf(initial)
    if not positions:
        raise ValueError("initial has no point: place one inside the structure, or give RAS positions in mm")
    return FrameLogic.frameAt(volumeNode, positions[0])


@contextlib.contextmanager
def _editorHost(segmentationNode, volumeNode) -> Iterator[EditorHost]:
    """A segment editor for one change, with nothing masked; it leaves the scene afterwards."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
    logic = slicer.vtkSlicerSegmentEditorLogic()
    logic.SetMRMLScene(slicer.mrmlScene)
    logic.SetSegmentEditorNode(node)
    node.SetAndObserveSegmentationNode(segmentationNode)
    node.SetAndObserveSourceVolumeNode(volumeNode)
    try:
        yield EditorHost(logic)
    finally:
        logic.SetSegmentEditorNode(None)
        logic.SetMRMLScene(None)
        slicer.mrmlScene.RemoveNode(node)
