"""What the effect does, without its widgets: clicks to prompts, prompts to the engine, masks to the segment.

One instance per effect instance. The segment's tag says which prompts there are (`TagLogic`), `EditQueue`
changes it and the voxels, `PromptPoints` shows it. Undo, redo, loading and Sequences change the tag behind
our back: `poll` notices and follows.
"""

from __future__ import annotations

import numpy as np

from ..Engine.EngineLogic import EngineLogic, Result, sharedEngine
from ..Frames import FrameLogic, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import PromptLogic
from ..Prompts.PromptLogic import FramePrompts
from ..Prompts.PromptPoints import Change, PromptPoints
from ..Segments.MaskLogic import MaskOptions
from ..Texts import Refusal, _, explained
from . import ObjectLogic
from .EditQueue import EditQueue
from .Edits import Again, Clear, Edit, Remove, Unfit
from .Encoding import Encoding
from .FollowRun import FollowRun
from .NeighbourRun import NeighbourRun
from .OutlineLogic import OutlineLogic
from .Pointing import Pointing
from .PreviewLogic import SUBJECT, PreviewLogic
from .SameSegment import SameSegment
from .Selection import Selection
from .StepLogic import StepLogic
from .SuggestLogic import OfClass, SuggestLogic, nothingIn


class EditLogic(Pointing):
    """host: a scriptedEffect or SegmentLogic.EditorHost: parameterSetNode(), saveStateForUndo(),
    modifySegmentByLabelmap(). engine: the shared one by default.

    Every action raises Refusal, with a sentence for the status line, where it cannot be done, and changes
    nothing. message: what became of the last one, until the next; problem: why the frame takes no prompts,
    because those stored there cannot be read, see `startAnew`.
    """

    def __init__(self, host, engine: EngineLogic | None = None):
        """Nothing is added to the scene, and no thread started, before the first frame or click."""
        self.host = host
        self.engine = engine or sharedEngine()
        self.encodeAhead = True
        self.points = PromptPoints()  # points.isOver() tells the effect to leave the mouse to Markups
        self.steps, self._sameSegment = StepLogic(host), SameSegment(host)
        self._selection, self._queue = Selection(host), EditQueue(self.steps, self.engine, self)
        self._preview = PreviewLogic(self.engine, self)
        self._encoding = Encoding(self.engine, self, self._isPassing)
        self.sweep, self.outlines = NeighbourRun(self.steps, self.engine), OutlineLogic()
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
    def isGoingOn(self) -> bool:
        """Whether `poll` has something to do that no event will tell of, beside the engine's answers."""
        return (self.sweep.isRunning and not self.sweep.isResting) or self.steps.isGoingOn

    @property
    def preview(self) -> tuple[Frame, np.ndarray] | None:
        """(frame, (H, W) bool) of the last hover, None without."""
        return self._preview.shown

    @property
    def status(self) -> str:
        """One sentence for the status line."""
        if self.sweep.isRunning:
            return self.sweep.status
        return self.message or self.problem or self.engine.status

    def useOptions(self, options: MaskOptions) -> None:
        """What is done to masks from now on; the objects of the frame are computed again, as one undo step.

        Changes that follow each other are one step too: a spin box goes through many values.
        """
        if options == self.maskOptions:
            return
        before, self.maskOptions = self.maskOptions, options
        if self.isFollowing:
            self.sweep.options = options
        place, prompts = self._place(), self.prompts
        objects = [thing.id for thing in prompts.objects if thing.startsSomewhere]
        if self.sweep.isRunning or not objects or not self.engine.hasModel:
            return
        goesOn = self._isTidying and self._queue.isAsWritten(place)
        for number, name in enumerate(objects):
            self._queue.do(Again(place, name, before, options, undo=not (goesOn or number)))
        self._isTidying, self.message = True, self._queue.takeSaid()
        self._refresh()

    def activate(self) -> None:
        """Follow the editor from now on, by `poll`."""
        self._forget()

    def deactivate(self) -> None:
        """Drop requests and points; prompts stay in the tags."""
        self.engine.cancel(self)
        for end in (self.sweep.end, self._queue.stop, self.steps.finish):
            self._survive(end)
        self.points.remove()
        self._forget()

    def cancel(self) -> None:
        """Stop what is being computed for this editor; the next click or change of frame asks anew.

        A model that is being read is not waited for, either: the one before stays.
        """
        self.engine.cancelLoading()
        if self.sweep.isRunning:
            self.sweep.cancel()
            self.message = self.sweep.message
            return
        self.engine.cancel(self)
        self._survive(self._queue.stop)
        self._preview.forget()
        self.message = _("Cancelled.")

    def setFrame(self, frame: Frame | None) -> None:
        """The frame the user looks at: its points are shown and it is encoded."""
        if frame == self._frame:
            return
        self._frame, self._current, self._dragging, self.message = frame, None, False, ""
        self._isTidying = False
        self._encoding.forget()
        self.hover(None)
        self._refresh()
        if frame is None or not self.engine.hasModel:
            return
        if place := self._place():
            self._queue.askFor(place)
        self._encoding.look(frame, self.encodeAhead)

    # Actions

    def segmentNeighbours(self, frame: Frame, count: int) -> None:
        """Carry the current object through `count` frames to each side, as one undo step when all are done.

        Where the user pointed at something in another of these frames, that leads the frames around it.
        """
        self._goTo(frame)
        thing = self.prompts.object
        if thing.mask is None or not thing.mask.any() or not self._queue.isIdle:
            raise Refusal(_("Click on the object first: neighbours follow from its outline here."))
        run = NeighbourRun(self.steps, self.engine)
        run.start(self._selection.target(frame), frame, thing, count, self.maskOptions)
        self.sweep, self.message = run, ""

    @property
    def isFollowing(self) -> bool:
        """Whether an outline follows the image; clicks mend it meanwhile."""
        return isinstance(self.sweep, FollowRun) and self.sweep.isRunning

    def follow(self, frame: Frame) -> None:
        """Let the outline of the current object follow the image of this frame, as one undo step."""
        self._goTo(frame)
        thing = self.prompts.object
        if thing.mask is None or not thing.mask.any() or not self._queue.isIdle:
            raise Refusal(_("Click on the object first: its outline here is what follows the image."))
        if not self.engine.hasModel:
            raise Refusal(_("No model is loaded yet."))
        run = FollowRun(self.steps, self.engine)
        run.start(self._selection.target(frame), frame, thing, self.maskOptions)
        self.sweep, self.message, self._current = run, "", thing.id
        self._encoding.look(frame, self.encodeAhead)  # when that has ended

    def endFollow(self) -> None:
        """Let the outline stay, on the image that is shown, as an object like any other."""
        self.sweep.cancel()
        self.message = self.sweep.message

    def nextUnsure(self, frame: Frame) -> Frame:
        """Of the frames at which the object was carried no further, the one behind this; Refusal without."""
        unsure = [each for each in self.sweep.unsure if each.volumeId == frame.volumeId]
        if not unsure:
            raise Refusal(_("No frame is known to be unsure: carry an object to its neighbours first."))
        loop = FrameLogic.loopOf(unsure[0])
        here = next((place for place, each in enumerate(loop) if each == frame), -1)
        behind = [each for each in unsure if each in loop and loop.index(each) > here]
        return (behind or unsure)[0]

    def suggestAll(self, frame: Frame, kind: int = 0, finder=None) -> None:
        """The same on all frames that have no prompts, one after the other, as one undo step; see `sweep`.

        finder: in place of a class, as of SuggestLogic.
        """
        self.check(frame)
        sweep = SuggestLogic(self.steps, self.engine, finder or OfClass(self.engine, kind))
        self._goTo(frame)
        if not self._queue.isIdle:
            raise Refusal(_("Wait until the last click is answered."))
        sweep.start(self._selection.target(frame), frame, self.maskOptions)
        self.sweep, self.message = sweep, sweep.message

    def clear(self, frame: Frame) -> None:
        """Drop the frame's prompts and what they segmented; what was painted elsewhere stays."""
        self._goTo(frame)
        if objects := tuple(thing.id for thing in self.prompts.objects):
            self._edit(Clear(self._selection.target(frame), "", objects))

    def startAnew(self, frame: Frame) -> None:
        """Drop what is stored of the frame's prompts and cannot be read, as one undo step; the mask stays."""
        self._checkNoSweep()
        self.setFrame(frame)
        if self.problem:
            ObjectLogic.dropUnreadable(self.steps, *self._selection.segment, frame)
            self._refresh()

    def hover(self, frame: Frame | None, x: float = 0, y: float = 0) -> None:
        """Ask what a positive click here would give, see `preview`; None ends it."""
        isPlace = frame is not None and FrameLogic.contains(frame, x, y)
        if not isPlace or not self.engine.hasModel or self.isFollowing:
            self._preview.forget()
            return
        self.setFrame(frame)
        prompts = self.prompts.object.prompts.plus(PromptLogic.clickAt(x, y))
        self._preview.ask(frame, prompts, self.maskOptions)

    # The timer

    def poll(self) -> bool:
        """Take the engine's answers into the segment, follow points, undo, redo, Sequence; for a timer.

        Returns whether something changed (voxels, points, preview, status). Nothing is raised: what cannot be
        done is in the status, and the next click works.
        """
        before = self._told
        items = self.steps.follow, self._sameSegment.follow, self._encoding.follow, self._pollSweep
        for do in (*items, self._follow, self._takeChanges, self._takeAnswers, self._follow):
            self._survive(do)
        self._told = (self.status, self._seen, id(self.preview), self._answers)
        return self._told != before

    def answer(self, seconds: float = 0.02) -> bool:
        """Wait at most so long for what the engine is asked, and `poll`: a click is seen at once."""
        self.engine.waitForResult(self.sweep if self.sweep.isRunning else self, seconds)
        return self.poll()

    def _survive(self, step, *given) -> None:
        """Do a step; whatever it raises becomes the message, and the next step is done all the same."""
        try:
            step(*given)
        except Exception as error:  # a timer that raises at every tick is a dead effect
            self.message, self._seen = explained(error), None

    def _pollSweep(self) -> None:
        try:
            hasChanged = self.sweep.poll()
        except Exception:
            self.engine.cancel(self.sweep)
            self.sweep = NeighbourRun(self.steps, self.engine)
            raise
        if hasChanged:
            if self.sweep.isRunning:
                self._takeChanges()  # before points are shown anew, which would take back what was moved
            else:
                self.message = self.sweep.message
            self._refresh()

    def _takeChanges(self) -> None:
        for change in self.points.changes():
            self._survive(self._take, change)

    def _takeAnswers(self) -> None:
        for result in self.engine.poll(self):
            self._survive(self._receive, result)
        if self._dragging and not self.points.isHeld:
            self._dragging = False
            self._refresh()

    def _forget(self) -> None:
        self._frame = self._current = self._seen = self._told = None
        for each in (self._preview, self._encoding, self._sameSegment, self.outlines):
            each.forget()
        self._queue.clear()
        self._queue.takeSaid()
        self._dragging, self._isTidying, self._answers = False, False, 0
        self.message = self.problem = ""

    def _isPassing(self, frame: Frame) -> bool:
        """Whether other images come in the place of this frame."""
        return self.isFollowing or SequenceLogic.isPlayed(frame.volume)

    def _place(self) -> tuple | None:
        """(segmentation id, segment id, frame) that is looked at, None if there is none."""
        return self._selection.place(self._frame)

    def check(self, frame: Frame, xy=None) -> None:
        """Refusal unless this frame, and this place on it, can be clicked now; nothing is changed."""
        self._selection.check(frame, xy)
        self._checkNoSweep()
        PromptLogic.checkPrompts(*self._selection.segment, frame)

    def checkPlace(self, frame: Frame, xy=None) -> None:
        """The same for what may mend an outline that follows the image."""
        (self._selection if self.isFollowing else self).check(frame, xy)

    def _goTo(self, frame: Frame, xy=None) -> None:
        """Work on this frame from now on, as it is now; Refusal as of `check`."""
        self.check(frame, xy)
        for do in (self.steps.follow, self._follow):  # what was undone meanwhile comes before this
            self._survive(do)
        self.setFrame(frame)

    def _checkNoSweep(self) -> None:
        if self.sweep.isRunning:
            raise Refusal(self.sweep.inTheWay)

    def _edit(self, edit: Edit, goesOn: bool = False) -> None:
        """Do this, as part of the last edit if that goes on."""
        try:
            after = edit.of(self.prompts)
        except Unfit:
            raise Refusal(_("This point is not there any more.")) from None
        self._current, self._isTidying = after.object.id or None, False
        try:
            (self._queue.extend if goesOn else self._queue.do)(edit)
        finally:
            self.message = self._queue.takeSaid()
            self._preview.forget()
            self._refresh()

    def _refresh(self) -> None:
        """Show the points of the frame, or know why there are none."""
        place = self._place()
        self.problem = self._queue.problem(place) if place else ""
        self.points.show(self._frame, self.prompts)
        self._seen = self._selection.sight(self._frame)

    def _follow(self) -> None:
        if self._frame is not None and not self._selection.hasVoxels(self._frame):
            self.engine.cancel(self)
            for forget in (self._queue.clear, self._preview.forget, self._encoding.forget):
                forget()
            self._frame = self._current = None
        if self._frame is not None and not FrameLogic.isShown(self._frame):
            self.setFrame(FrameLogic.current(self._frame))
        overtaken = self._queue.follow()
        self.message = self._queue.takeSaid() or self.message
        sight = self._selection.sight(self._frame)
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
            self._move(change.object, change.click, change.x, change.y, finished=not self.points.isHeld)
        elif change.kind == "remove":
            self._edit(Remove(self._selection.target(self._frame), change.object, change.click))
        elif change.kind == "add":
            self.click(self._frame, change.x, change.y, change.role != "guidedNegative")
        else:
            self._current = change.object
            self._refresh()

    def _receive(self, result: Result) -> None:
        self._answers += 1
        self.message = result.error or nothingIn(result, self.engine) or self.message
        if result.subject == SUBJECT:
            self._preview.take(result)
        else:
            self.outlines.take(result)
            self._queue.receive(result)
            isDone = result.isLast and not result.error and not self._dragging
            if isDone and result.subject[2] == self._frame:
                self._encoding.lookCloser(self._frame, self._queue.pictureOf(self._frame), result.prompts)
