"""What the effect does, without its widgets: clicks to prompts, prompts to the engine, masks to the segment.

One instance per effect instance. The segment's tag says which prompts there are (`TagLogic`), `EditQueue`
changes it and the voxels, `PromptPoints` shows it. Undo, redo, loading and Sequences change the tag behind
our back: `poll` notices and follows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samca.prompts import Box, Click

from ..Engine.EngineLogic import EngineLogic, Result, sharedEngine
from ..Frames import FrameLogic, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import PromptLogic, TagLogic
from ..Prompts.PromptLogic import FramePrompts, again, pointed, withoutClick
from ..Prompts.PromptPoints import Change, PromptPoints
from ..Segments import SegmentLogic
from ..Segments.MaskLogic import MaskOptions
from ..Texts import Refusal, _
from .EditQueue import Edit, EditQueue, pictureOf, union
from .NeighbourLogic import NeighbourRun
from .SuggestLogic import OfClass, SuggestLogic, checkKind

PREVIEW = "preview"


class EditLogic:
    """host: a scriptedEffect or SegmentLogic.EditorHost: parameterSetNode(), saveStateForUndo(),
    modifySegmentByLabelmap(). engine: the shared one by default.

    Every action raises Refusal, with a sentence for the status line, where it cannot be done, and changes
    nothing.
    """

    def __init__(self, host, engine: EngineLogic | None = None):
        """Nothing is added to the scene, and no thread started, before the first frame or click."""
        self.host = host
        self.engine = engine or sharedEngine()
        self.encodeAhead = True
        self.points = PromptPoints()  # points.isOver() tells the effect to leave the mouse to Markups
        self._queue = EditQueue(host, self.engine, self)
        self.sweep = NeighbourRun(host, self.engine)
        self._forget()

    @property
    def maskOptions(self) -> MaskOptions:
        """What is done to masks from now on."""
        return self._queue.maskOptions

    @maskOptions.setter
    def maskOptions(self, options: MaskOptions) -> None:
        self._queue.maskOptions = options

    @property
    def frame(self) -> Frame | None:
        """The frame whose points are shown."""
        return self._frame

    @property
    def prompts(self) -> FramePrompts:
        """What points at the objects of the frame, clicks just made included, and which object is current."""
        place = self._place()
        return self._queue.prompts(place, self._current) if place else FramePrompts()

    @property
    def preview(self) -> tuple[Frame, np.ndarray] | None:
        """(frame, (H, W) bool) of the last hover, None without."""
        return self._preview

    @property
    def status(self) -> str:
        """One sentence for the status line."""
        if self.sweep.isRunning:
            return self.sweep.status
        return self._message or self._problem or self.engine.status

    @property
    def isUnreadable(self) -> bool:
        """Whether the frame takes no prompts because those stored there cannot be read; see `startAnew`."""
        return bool(self._problem)

    def useOptions(self, options: MaskOptions) -> None:
        """What is done to masks from now on; the objects of the frame are computed again, as one undo step.

        Changes that follow each other are one step too: a spin box goes through many values.
        """
        if options == self.maskOptions:
            return
        self.maskOptions = options
        place, prompts = self._place(), self.prompts
        numbers = [i for i, thing in enumerate(prompts.objects) if thing.startsSomewhere]
        if self.sweep.isRunning or not numbers or not self.engine.hasModel:
            return
        goesOn = self._isTidying and self._queue.isAsWritten(place)
        for number in numbers:
            self._queue.do(Edit(*place, number, again, undo=not goesOn))
            goesOn = True
        self._current, self._isTidying, self._message = prompts.current, True, ""
        self._refresh()

    def activate(self) -> None:
        """Follow the editor from now on, by `poll`."""
        self._forget()

    def deactivate(self) -> None:
        """Drop requests and points; prompts stay in the tags."""
        self.sweep.cancel()
        self.engine.cancel(self)
        self.points.remove()
        self._forget()

    def cancel(self) -> None:
        """Stop what is being computed for this editor; the next click or change of frame asks anew."""
        if self.sweep.isRunning:
            self.sweep.cancel()
            self._message = self.sweep.message
            return
        self.engine.cancel(self)
        self._queue.clear()
        self._preview = self._hovered = None
        self._message = _("Cancelled.")

    def setFrame(self, frame: Frame | None) -> None:
        """The frame the user looks at: its points are shown and it is encoded."""
        if frame == self._frame:
            return
        self._frame, self._current, self._dragging, self._message = frame, None, False, ""
        self._isTidying = False
        self.hover(None)
        self._refresh()
        if frame is None or not self.engine.hasModel:
            return
        if place := self._place():
            self._queue.askFor(place)
        self.engine.encode(self, pictureOf(frame))
        ahead = FrameLogic.neighbours(frame) if self.encodeAhead else []
        self.engine.encodeAhead(self, [pictureOf(beside) for beside in ahead])

    # Actions

    def click(self, frame: Frame, x: float, y: float, positive: bool = True) -> None:
        """Add a click to the current object; the first one of an object must be positive."""
        self.check(frame, (x, y))
        self.setFrame(frame)
        if not positive and not self.prompts.object.startsSomewhere:
            raise Refusal(_("The first click of an object goes inside it: click without Ctrl."))
        click = Click(float(x), float(y), positive)
        self._edit(lambda prompts: pointed(prompts, prompts.object.prompts.plus(click)))

    def box(self, frame: Frame, x0: float, y0: float, x1: float, y1: float) -> None:
        """Put a box, by two opposite corners in px, around the current object, in place of an earlier one."""
        self.check(frame)
        height, width = FrameLogic.shape(frame)
        left, right = sorted(min(max(float(x), 0.0), width - 1.0) for x in (x0, x1))
        top, bottom = sorted(min(max(float(y), 0.0), height - 1.0) for y in (y0, y1))
        if right - left < 1 or bottom - top < 1:
            raise Refusal(
                _("The box is thinner than a pixel of the image: drag from corner to corner inside it.")
            )
        self.setFrame(frame)
        box = Box(left, top, right, bottom)
        self._edit(lambda prompts: pointed(prompts, replace(prompts.object.prompts, box=box)))

    def useMask(self, frame: Frame) -> None:
        """Take what the segment covers here, other objects aside, as mask prompt of the current object."""
        self.check(frame)
        self.setFrame(frame)
        segmentation, segmentId = self._selection()
        mask = np.zeros(FrameLogic.shape(frame), bool)
        if segmentId:
            mask = SegmentLogic.maskOf(segmentation, segmentId, frame)
        others = union(self.prompts, self.prompts.current)
        mask = mask if others is None else mask & ~others
        if not mask.any():
            raise Refusal(_("The segment is empty on this frame: paint or click first, then use the mask."))
        self._edit(lambda prompts: pointed(prompts, replace(prompts.object.prompts, mask=mask), mask))

    def suggest(self, frame: Frame, kind: int = 0) -> None:
        """Let the model find what is of this class (from 0) as the current object; clicks mend it."""
        self.check(frame)
        checkKind(self.engine, kind)
        self.setFrame(frame)
        self._edit(lambda prompts: pointed(prompts, replace(prompts.object.prompts, suggestion=kind)))

    def segmentNeighbours(self, frame: Frame, count: int) -> None:
        """Carry the current object through `count` frames to each side, as one undo step when all are done.

        Where the user pointed at something in another of these frames, that leads the frames around it.
        """
        self.check(frame)
        self.setFrame(frame)
        if not self.prompts.object.startsSomewhere or not self._queue.isIdle:
            raise Refusal(_("Click on the object first: neighbours follow from its outline here."))
        run = NeighbourRun(self.host, self.engine)
        run.start(self._target(), frame, self.prompts.object.prompts, count, self.maskOptions)
        self.sweep, self._message = run, ""

    def suggestAll(self, frame: Frame, kind: int = 0, finder=None) -> None:
        """The same on all frames that have no prompts, one after the other, as one undo step; see `sweep`.

        finder: in place of a class, as of SuggestLogic.
        """
        self.check(frame)
        sweep = SuggestLogic(self.host, self.engine, finder or OfClass(self.engine, kind))
        self.setFrame(frame)
        if not self._queue.isIdle:
            raise Refusal(_("Wait until the last click is answered."))
        sweep.start(self._target(), frame, self.maskOptions)
        self.sweep, self._message = sweep, sweep.message

    def newObject(self, frame: Frame) -> None:
        """The next click starts another object in the same segment and frame."""
        self.check(frame)
        self.setFrame(frame)
        self._current = len(self.prompts.objects)
        self._refresh()

    def clear(self, frame: Frame) -> None:
        """Drop the frame's prompts and what they segmented; what was painted elsewhere stays."""
        self.check(frame)
        self.setFrame(frame)
        if self.prompts.objects:
            self._edit(lambda prompts: FramePrompts())

    def startAnew(self, frame: Frame) -> None:
        """Drop what is stored of the frame's prompts and cannot be read, as one undo step; the mask stays."""
        self._checkNoSweep()
        self.setFrame(frame)
        if self.isUnreadable:
            self.host.saveStateForUndo()
            PromptLogic.dropUnreadable(*self._selection(), frame)
            self._refresh()

    def takeFiducials(self, frame: Frame, initial, guidedPositive=None, guidedNegative=None) -> None:
        """A new object from the points of existing fiducial lists that lie on the frame."""
        self.check(frame)
        taken = PromptLogic.promptsFromFiducials(frame, initial, guidedPositive, guidedNegative)
        self.setFrame(frame)
        self._current = len(self.prompts.objects)
        self._edit(lambda prompts: pointed(prompts, taken))

    def moveClick(self, object: int, index: int, x: float, y: float, finished: bool = True) -> None:
        """Move a click of the frame; a drag is one undo step from its first move to the finished one."""
        height, width = FrameLogic.shape(self._frame)
        x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
        self._current = object
        goesOn, self._dragging = self._dragging, not finished
        self._edit(lambda prompts: pointed(prompts, prompts.object.prompts.moved(index, x, y)), goesOn)

    def removeClick(self, object: int, index: int) -> None:
        """Take a click of the frame away; the object goes with its last one."""
        self._current = object
        self._edit(lambda prompts: withoutClick(prompts, index))

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
        """Take the engine's answers into the segment, follow points, undo, redo, Sequence; for a timer.

        Returns whether something changed (voxels, points, preview, status).
        """
        before = self._told
        if self.sweep.poll():
            self._message = self._message if self.sweep.isRunning else self.sweep.message
            self._refresh()
        try:
            self._follow()
            for change in self.points.changes():
                self._take(change)
            for result in self.engine.poll(self):
                self._receive(result)
            if self._dragging and not self.points.isHeld:
                self._dragging = False
                self._refresh()
            self._follow()
        except Refusal as refusal:
            self._message = str(refusal)
            self._refresh()
        self._told = (self.status, self._seen, id(self._preview))
        return self._told != before

    # Below: how it is done

    def _forget(self) -> None:
        self._frame = self._current = self._preview = self._hovered = self._seen = self._told = None
        self._queue.clear()
        self._dragging, self._isTidying, self._message, self._problem = False, False, "", ""

    def _selection(self):
        """(segmentation node or None, segment id or "") of the editor."""
        editor = self.host.parameterSetNode()
        segmentation = editor and editor.GetSegmentationNode()
        if segmentation is None or segmentation.GetSegmentation() is None:
            return None, ""
        segmentId = editor.GetSelectedSegmentID() or ""
        known = segmentId and segmentation.GetSegmentation().GetSegment(segmentId) is not None
        return segmentation, segmentId if known else ""

    def _place(self) -> tuple | None:
        """(segmentation id, segment id, frame) that is looked at, None if there is none."""
        segmentation, segmentId = self._selection()
        if self._frame is None or not segmentId:
            return None
        return segmentation.GetID(), segmentId, self._frame

    def check(self, frame: Frame, xy=None) -> None:
        """Refusal unless this frame, and this place on it, can be clicked now; nothing is changed."""
        editor = self.host.parameterSetNode()
        volume = editor and editor.GetSourceVolumeNode()
        FrameLogic.checkVolume(volume)
        self._checkNoSweep()
        if self._selection()[0] is None:
            raise Refusal(_("There is no segmentation: choose or create one above."))
        SequenceLogic.checkLoop(self._selection()[0], volume)
        if frame is None or frame.volumeId != volume.GetID():
            raise Refusal(_("This view shows another volume than {name}.").format(name=volume.GetName()))
        if xy is not None and not FrameLogic.contains(frame, *xy):
            raise Refusal(_("The click is outside the image: click inside it."))
        PromptLogic.checkPrompts(*self._selection(), frame)

    def _checkNoSweep(self) -> None:
        if self.sweep.isRunning:
            raise Refusal(_("All frames are being done: wait, or press Cancel."))

    def _edit(self, change, goesOn: bool = False) -> None:
        """Do this to the prompts of the frame, as part of the last edit if that goes on."""
        current = self.prompts.current
        edit = Edit(*self._target(), current, change)
        after = edit.of(self.prompts)
        (self._queue.extend if goesOn else self._queue.do)(edit)
        self._current = current if goesOn else after.current
        self._message, self._isTidying = "", False
        self.engine.drop(self, PREVIEW)
        self._preview = self._hovered = None
        self._refresh()

    def _target(self) -> tuple:
        """The place to change, prepared; the first click makes a segment if there is none."""
        editor, (segmentation, segmentId) = self.host.parameterSetNode(), self._selection()
        SegmentLogic.prepareSegmentation(segmentation, self._frame.volume)
        SequenceLogic.synchronise(segmentation, self._frame.volume)
        if not segmentId:
            segmentId = SegmentLogic.ensureSegment(segmentation)
            editor.SetSelectedSegmentID(segmentId)
        SequenceLogic.addSegmentToItems(segmentation, segmentId)
        return segmentation.GetID(), segmentId, self._frame

    def _refresh(self) -> None:
        """Show the points of the frame, or know why there are none."""
        place = self._place()
        self._problem = self._queue.problem(place) if place else ""
        self.points.show(self._frame, self.prompts)
        self._seen = self._sight()

    def _sight(self) -> tuple:
        """What the points depend on; another one means that somebody else changed it."""
        segmentation, segmentId = self._selection()
        segment = segmentation.GetSegmentation().GetSegment(segmentId) if segmentId else None
        return (segmentation and segmentation.GetID(), segmentId, TagLogic.tagText(segment), self._frame)

    def _follow(self) -> None:
        editor = self.host.parameterSetNode()
        volume = editor and editor.GetSourceVolumeNode()
        if self._frame is not None and (volume is None or volume.GetID() != self._frame.volumeId):
            self.engine.cancel(self)
            self._queue.clear()
            self._frame = self._current = self._preview = self._hovered = None
        if self._frame is not None and not FrameLogic.isShown(self._frame):
            self.setFrame(FrameLogic.current(self._frame))
        overtaken, sight = self._queue.follow(), self._sight()
        if self._seen is not None and sight[:2] != self._seen[:2]:
            self._current = None
        if overtaken or sight != self._seen:
            self._refresh()
            if place := self._place():
                self._queue.askFor(place)  # redo may have brought back a click that undo took while it waited

    def _take(self, change: Change) -> None:
        """What the user did to a point; while all frames are being done it goes back to its place."""
        if change.kind != "pick":
            self._checkNoSweep()
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
        elif result.prompts.suggestion is not None and not (result.prompts.by_user or result.mask.any()):
            names, kind = self.engine.suggests, result.prompts.suggestion
            if kind < len(names):  # else another model has come into use meanwhile
                self._message = _("The model finds no {name} on this frame.").format(name=names[kind])
        if result.subject == PREVIEW:
            self._preview = (
                self._hovered and result.mask is not None and (self._hovered, result.mask)
            ) or None
        else:
            self._queue.receive(result)
