"""What the effect does, without its widgets: clicks to prompts, prompts to the engine, masks to the segment.

One instance per effect instance. A click changes the segment's tag at once, after the state before it was kept for
undo; the voxels follow, in the same step, when the engine has answered. An answer to prompts that are no longer in
the tag is dropped. Undo, redo, loading and Sequences change the tag behind our back: `poll` notices and follows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samca.prompts import Box, Click, Prompts

from . import FrameLogic, PromptLogic, SegmentLogic, SequenceLogic, TagLogic
from .EngineLogic import EngineLogic, Picture, Result, sharedEngine
from .FrameLogic import Frame
from .MaskLogic import MaskOptions
from .PromptLogic import FramePrompts
from .PromptPoints import Change, PromptPoints
from .TagLogic import PromptObject
from .Texts import Refusal, _

PREVIEW = "preview"


class EditLogic:
    """host: a scriptedEffect or SegmentLogic.EditorHost: parameterSetNode(), saveStateForUndo(),
    modifySegmentByLabelmap(). engine: the shared one by default.

    Every action raises Refusal, with a sentence for the status line, where it cannot be done, and changes nothing.
    """

    def __init__(self, host, engine: EngineLogic | None = None):
        """Nothing is added to the scene, and no thread started, before the first frame or click."""
        self.host = host
        self.engine = engine or sharedEngine()
        self.maskOptions = MaskOptions()
        self.encodeAhead = True
        self.points = PromptPoints()  # points.isOver() tells the effect to leave the mouse to Markups
        self._forget()

    @property
    def frame(self) -> Frame | None:
        """The frame whose points are shown."""
        return self._frame

    @property
    def prompts(self) -> FramePrompts:
        """What points at the objects of the frame, and which of them is the current one."""
        segmentation, segmentId = self._selection()
        if self._frame is None or segmentation is None:
            return FramePrompts()
        return PromptLogic.framePrompts(segmentation, segmentId, self._frame, self._current)

    @property
    def preview(self) -> tuple[Frame, np.ndarray] | None:
        """(frame, (H, W) bool) of the last hover, None without."""
        return self._preview

    @property
    def status(self) -> str:
        """One sentence for the status line."""
        return self._message or self.engine.status

    def activate(self) -> None:
        """Follow the editor from now on, by `poll`."""
        self._forget()

    def deactivate(self) -> None:
        """Drop requests and points; prompts stay in the tags."""
        self.engine.cancel(self)
        self.points.remove()
        self._forget()

    def cancel(self) -> None:
        """Stop what is being computed for this editor; the next click or change of frame asks anew."""
        self.engine.cancel(self)
        self._asked = {}
        self._message = _("Cancelled.")

    def setFrame(self, frame: Frame | None) -> None:
        """The frame the user looks at: its points are shown and it is encoded."""
        if frame == self._frame:
            return
        self._frame, self._current, self._dragging = frame, None, False
        self.hover(None)
        self._refresh()
        if frame is not None and self.engine.hasModel:
            self.engine.encode(self, pictureOf(frame))
            ahead = FrameLogic.neighbours(frame) if self.encodeAhead else []
            self.engine.encodeAhead(self, [pictureOf(beside) for beside in ahead])

    # Actions

    def click(self, frame: Frame, x: float, y: float, positive: bool = True) -> None:
        """Add a click to the current object; the first one of an object must be positive."""
        self._check(frame, (x, y))
        self.setFrame(frame)
        thing = self.prompts.object
        if not positive and not thing.startsSomewhere:
            raise Refusal(_("The first click of an object goes inside it: click without Ctrl."))
        self._point(thing, thing.prompts.plus(Click(float(x), float(y), positive)))

    def box(self, frame: Frame, x0: float, y0: float, x1: float, y1: float) -> None:
        """Put a box, by any two opposite corners in px, around the current object, in place of an earlier one."""
        self._check(frame)
        height, width = FrameLogic.shape(frame)
        left, right = sorted(min(max(float(x), 0.0), width - 1.0) for x in (x0, x1))
        top, bottom = sorted(min(max(float(y), 0.0), height - 1.0) for y in (y0, y1))
        if right - left < 1 or bottom - top < 1:
            raise Refusal(_("The box is thinner than a pixel of the image: drag from corner to corner inside it."))
        self.setFrame(frame)
        thing = self.prompts.object
        self._point(thing, replace(thing.prompts, box=Box(left, top, right, bottom)))

    def useMask(self, frame: Frame) -> None:
        """Take what the segment covers on the frame, other objects aside, as mask prompt of the current object."""
        self._check(frame)
        self.setFrame(frame)
        prompts, (segmentation, segmentId) = self.prompts, self._selection()
        others = _union(prompts, prompts.current)
        mask = self._present(segmentation, segmentId, frame)
        mask = mask if others is None else mask & ~others
        if not mask.any():
            raise Refusal(_("The segment is empty on this frame: paint or click first, then use the mask."))
        self._point(replace(prompts.object, mask=mask), replace(prompts.object.prompts, mask=mask))

    def newObject(self, frame: Frame) -> None:
        """The next click starts another object in the same segment and frame."""
        self._check(frame)
        self.setFrame(frame)
        self._current = len(self.prompts.objects)
        self._refresh()

    def clear(self, frame: Frame) -> None:
        """Drop the frame's prompts and what they segmented; what was painted elsewhere stays."""
        self._check(frame)
        self.setFrame(frame)
        prompts = self.prompts
        if prompts.objects:
            self._change(FramePrompts(), erase=_union(prompts))

    def takeFiducials(self, frame: Frame, initial, guidedPositive=None, guidedNegative=None) -> None:
        """A new object from the points of existing fiducial lists that lie on the frame."""
        self._check(frame)
        taken = PromptLogic.promptsFromFiducials(frame, initial, guidedPositive, guidedNegative)
        self.setFrame(frame)
        self._current = len(self.prompts.objects)
        self._point(PromptObject(Prompts()), taken)

    def moveClick(self, object: int, index: int, x: float, y: float, finished: bool = True) -> None:
        """Move a click of the frame; a drag is one undo step from its first move to the finished one."""
        height, width = FrameLogic.shape(self._frame)
        x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
        self._current = object
        thing = self.prompts.object
        self._point(thing, thing.prompts.moved(index, x, y), undo=not self._dragging)
        self._dragging = not finished

    def removeClick(self, object: int, index: int) -> None:
        """Take a click of the frame away; the object goes with its last one."""
        self._current = object
        prompts = self.prompts
        rest = prompts.object.prompts.without(index)
        changed = replace(prompts.object, prompts=rest, pending=True)
        if changed.startsSomewhere:
            self._point(prompts.object, rest)
            return
        mask, keep = prompts.object.mask, _union(prompts, object)
        left = prompts.withObject(replace(changed, mask=None, pending=False)) if rest else prompts.withoutObject(object)
        self._change(left, erase=mask, keep=keep)

    def hover(self, frame: Frame | None, x: float = 0, y: float = 0) -> None:
        """Ask what a positive click here would give, see `preview`; None ends it."""
        if frame is None or not FrameLogic.contains(frame, x, y) or not self.engine.hasModel:
            self.engine.drop(self, PREVIEW)
            self._preview = self._hovered = None
            return
        self.setFrame(frame)
        self._hovered = frame
        prompts = self.prompts.object.prompts.plus(Click(float(x), float(y)))
        self.engine.decode(self, PREVIEW, pictureOf(frame), prompts, self.maskOptions)

    # The timer

    def poll(self) -> bool:
        """Take the engine's answers into the segment and follow points, undo, redo and Sequence; call it by a timer.

        Returns whether something changed (voxels, points, preview, status).
        """
        before = self._told
        try:
            self._follow()
            for change in self.points.changes():
                self._take(change)
            for result in self.engine.poll(self):
                self._receive(result)
            self._follow()
        except Refusal as refusal:
            self._message = str(refusal)
            self._refresh()
        self._told = (self.status, self._seen, id(self._preview))
        return self._told != before

    # Below: how it is done

    def _forget(self) -> None:
        self._frame = self._current = self._preview = self._hovered = self._seen = self._told = None
        self._asked: dict = {}  # subject -> the prompts that the engine was asked about
        self._dragging, self._message = False, ""

    def _selection(self):
        """(segmentation node or None, segment id or "") of the editor."""
        editor = self.host.parameterSetNode()
        segmentation = editor and editor.GetSegmentationNode()
        if segmentation is None or segmentation.GetSegmentation() is None:
            return None, ""
        segmentId = editor.GetSelectedSegmentID() or ""
        known = segmentId and segmentation.GetSegmentation().GetSegment(segmentId) is not None
        return segmentation, segmentId if known else ""

    def _check(self, frame: Frame, xy=None) -> None:
        """Refusal unless this frame, and this place on it, can be clicked now; nothing is changed."""
        editor = self.host.parameterSetNode()
        volume = editor and editor.GetSourceVolumeNode()
        FrameLogic.checkVolume(volume)
        if self._selection()[0] is None:
            raise Refusal(_("There is no segmentation: choose or create one above."))
        if frame is None or frame.volumeId != volume.GetID():
            raise Refusal(_("This view shows another volume than {name}.").format(name=volume.GetName()))
        if xy is not None and not FrameLogic.contains(frame, *xy):
            raise Refusal(_("The click is outside the image: click inside it."))
        self._message = ""

    def _present(self, segmentation, segmentId: str, frame: Frame) -> np.ndarray:
        if not segmentId:
            return np.zeros(FrameLogic.shape(frame), bool)
        return SegmentLogic.maskOf(segmentation, segmentId, frame)

    def _point(self, thing: PromptObject, prompts: Prompts, undo: bool = True) -> None:
        """Make this the current object, with these prompts and its present mask, and ask for its new mask."""
        self._change(self.prompts.withObject(replace(thing, prompts=prompts, pending=True)), undo)

    def _change(self, prompts: FramePrompts, undo: bool = True, erase=None, keep=None) -> None:
        """Keep the state for undo, put the prompts into the tag, and take a mask that they no longer give away."""
        segmentation, segmentId = self._target()
        if undo:
            self.host.saveStateForUndo()
        PromptLogic.setFramePrompts(segmentation, segmentId, self._frame, prompts)
        if erase is not None:
            SegmentLogic.replaceObject(self.host, segmentation, segmentId, self._frame, erase, None, keep)
        self._current, self._message = prompts.current, ""
        self.engine.drop(self, PREVIEW)
        self._preview = self._hovered = None
        self._refresh()

    def _target(self):
        """(segmentation node, segment id) to change, prepared; the first click makes a segment if there is none."""
        editor, (segmentation, segmentId) = self.host.parameterSetNode(), self._selection()
        volume = self._frame.volume
        SegmentLogic.prepareSegmentation(segmentation, volume)
        SequenceLogic.synchronise(segmentation, volume)
        if not segmentId:
            segmentId = SegmentLogic.ensureSegment(segmentation)
            editor.SetSelectedSegmentID(segmentId)
        SequenceLogic.addSegmentToItems(segmentation, segmentId)
        return segmentation, segmentId

    def _refresh(self) -> None:
        """Show the points of the frame, and ask for masks that are not there yet."""
        prompts = self.prompts
        self.points.show(self._frame, prompts)
        segmentation, segmentId = self._selection()
        for number, thing in enumerate(prompts.objects):
            subject = (segmentation.GetID(), segmentId, self._frame, number)
            asked = self._asked.get(subject)
            if thing.pending and not (asked is not None and TagLogic.samePrompts(asked, thing.prompts)):
                self._asked[subject] = thing.prompts
                self.engine.decode(self, subject, pictureOf(self._frame), thing.prompts, self.maskOptions)
        self._seen = self._sight()

    def _sight(self) -> tuple:
        """What the points and requests depend on; another one means that somebody else changed it."""
        segmentation, segmentId = self._selection()
        if segmentation is None:
            return (None, "", "", self._frame, self.engine.modelName)
        segment = segmentation.GetSegmentation().GetSegment(segmentId) if segmentId else None
        text = TagLogic.tagText(segment)
        return (segmentation.GetID(), segmentId, text, self._frame, self.engine.modelName)

    def _follow(self) -> None:
        editor = self.host.parameterSetNode()
        volume = editor and editor.GetSourceVolumeNode()
        if self._frame is not None and (volume is None or volume.GetID() != self._frame.volumeId):
            self.engine.cancel(self)
            self._asked = {}
            self._frame = self._current = self._preview = self._hovered = None
        if self._frame is not None and FrameLogic.current(self._frame) != self._frame:
            self.setFrame(FrameLogic.current(self._frame))
        sight = self._sight()
        if self._seen is None or sight == self._seen:
            self._seen = sight
            return
        if sight[:2] != self._seen[:2]:
            self._current = None
        if sight[-1] != self._seen[-1]:
            self._asked = {}  # another model may manage what the one before did not
        self._refresh()

    def _take(self, change: Change) -> None:
        """What the user did to a point."""
        if change.kind == "move":
            self.moveClick(change.object, change.click, change.x, change.y, finished=not self.points.isHeld)
        elif change.kind == "remove":
            self.removeClick(change.object, change.click)
        elif change.kind == "add":
            self.click(self._frame, change.x, change.y, change.role != "guidedNegative")
        else:
            self._current = change.object
            self._refresh()

    def _receive(self, result: Result) -> None:
        if result.error:
            self._message = result.error
        elif result.subject == PREVIEW:
            self._preview = self._hovered and (self._hovered, result.mask)
        else:
            self._asked.pop(result.subject, None)
            self._apply(result)

    def _apply(self, result: Result) -> None:
        """Put a mask into its segment, if its prompts are still what the tag says."""
        segmentationId, segmentId, frame, number = result.subject
        segmentation, _selected = self._selection()
        if segmentation is None or segmentation.GetID() != segmentationId or FrameLogic.current(frame) != frame:
            return
        prompts = PromptLogic.framePrompts(segmentation, segmentId, frame, number)
        thing = prompts.object
        if not thing.pending or not TagLogic.samePrompts(thing.prompts, result.prompts):
            return
        others = _union(prompts, number)
        SegmentLogic.replaceObject(self.host, segmentation, segmentId, frame, thing.mask, result.mask, others)
        done = prompts.withObject(replace(thing, mask=result.mask, pending=False))
        PromptLogic.setFramePrompts(segmentation, segmentId, frame, done)


def pictureOf(frame: Frame) -> Picture:
    """A frame for the engine: copies only, nothing of MRML."""
    key, pixels, window = FrameLogic.cacheKey(frame), FrameLogic.pixels(frame), FrameLogic.window(frame)
    return Picture(key, pixels, window, FrameLogic.spacing(frame), frame.name)


def _union(prompts: FramePrompts, without: int | None = None) -> np.ndarray | None:
    """(H, W) bool: what the objects cover, one of them left out if wanted; None for nothing."""
    masks = [t.mask for i, t in enumerate(prompts.objects) if i != without and t.mask is not None]
    return np.logical_or.reduce(masks) if masks else None
