"""Edits of prompts, each one undo step: into the tag at once, into the voxels when the engine has answered.

Slicer's history keeps whole states, so an edit waits until the one before has its mask: every state that undo
can bring back is complete. Undo while the engine computes takes the last edit back, those before it are done
again: as many steps go as were undone, whether they waited or not.

An answer that is not the last one, of the whole frame or of where a dragged point was before, goes into the
voxels alone (`Shown`), in the same step; the tag is written with the last.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace

import slicer

from samca.prompts import Click, Prompts

from ..Engine.EngineLogic import EngineLogic, Picture, Result
from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Frames.ScreenRegions import regionsOf
from ..Prompts import PromptLogic, TagLogic
from ..Prompts.PromptLogic import FramePrompts
from ..Prompts.TagLogic import PromptObject
from ..Segments.MaskLogic import MaskOptions
from ..Texts import _, counted
from . import ObjectLogic
from .Edits import Again, Edit, Move, Unfit
from .StepLogic import begin

REMEMBERED = 30  # edits; Segment Editor's history has ten steps
SLOW_SECONDS = 0.1  # of a change that is made once only, as inside of one segment of a large volume


@dataclass(frozen=True)
class Work:
    """An edit that is in the tag. before: what `stateOf` said; asked: the prompts that the engine has; added:
    those of their clicks that are new."""

    edit: Edit
    before: int
    asked: Prompts | None = None
    added: tuple[Click, ...] = ()

    @property
    def subject(self) -> tuple:
        """What the engine calls it."""
        return *self.edit.place, self.edit.object


class EditQueue:
    """The edits of one editor in their order. `said`: a sentence if some were dropped, until it is taken."""

    def __init__(self, host, engine: EngineLogic, owner):
        self.host, self.engine, self.owner = host, engine, owner
        self.maskOptions, self.said = MaskOptions(), ""
        self._shown: dict = {}  # subject -> (prompts in the tag, what is in the voxels ahead of it)
        self._seconds = 0.0  # of the processor, that the last change of the voxels took
        self.clear()

    def clear(self) -> None:
        """Forget all that waits; prompts in the tag stay there, marked pending."""
        self._work: Work | None = None
        self._waiting: list[Edit] = []
        self._done: deque[Work] = deque(maxlen=REMEMBERED)
        self._asked: dict = {}  # subject -> prompts that the engine has not answered yet, or could not
        self._written: int | None = None  # the tags as this queue left them
        self._picture: tuple | None = None  # (what it is of, Picture), asked for at each move of a point

    def takeSaid(self) -> str:
        """The sentence about what was dropped, "" if nothing was since the last call."""
        said, self.said = self.said, ""
        return said

    @property
    def isIdle(self) -> bool:
        """Whether nothing waits."""
        return self._work is None and not self._waiting

    def prompts(self, place: tuple, current: str | None) -> FramePrompts:
        """The prompts of a frame as they will be when all waiting edits are done.

        current: id of the current object; the last one if None, one that is to come if there is none of it.
        """
        prompts = _stored(place)
        for edit in self._waiting:
            if edit.place == place:
                prompts = _after(edit, prompts) or prompts
        last = max(len(prompts.objects) - 1, 0)
        return replace(prompts, current=last if current is None else prompts.indexOf(current))

    def problem(self, place: tuple) -> str:
        """Why the stored prompts of a frame cannot be read, "" if they can."""
        return PromptLogic.problemOf(*_target(place)) if _segment(place) else ""

    def isAsWritten(self, place: tuple) -> bool:
        """Whether nobody else has changed prompts since this queue did: no undo, no other editor."""
        return self._written is not None and _stateOf(place) == self._written

    def do(self, edit: Edit) -> None:
        """Do this after all that waits."""
        self._waiting.append(edit)
        self.goOn()

    def extend(self, edit: Move) -> None:
        """Do this as part of the last edit if that moved the same click to where this begins."""
        if self._waiting:
            last = self._waiting[-1]
        else:
            last = self._work.edit if self._work else self._done[-1].edit if self._done else None
        if not (isinstance(last, Move) and last.goesOn(edit)):
            self.do(edit)
        elif self._waiting:
            self._waiting[-1] = replace(last, x=edit.x, y=edit.y)
        elif self._work:
            self._begin(replace(edit, undo=False), self._work.before)
            self._work = self._work and replace(self._work, edit=replace(last, x=edit.x, y=edit.y))
        else:
            self.do(replace(edit, undo=not self.isAsWritten(edit.place)))

    def askFor(self, place: tuple) -> None:
        """Ask for the masks that this frame's prompts still wait for, from a file or from before a cancel."""
        for thing in _stored(place).objects if self.isIdle else ():
            subject = *place, thing.id
            if thing.pending and not self._isAsked(subject, thing.prompts):
                self._ask(subject, thing.prompts, self.pictureOf(place[2]))

    def receive(self, result: Result) -> None:
        """Put an answer into the segment if its prompts are still what the tag says, and go on."""
        work, isAwaited = self._work, self._work is not None and result.subject == self._work.subject
        if not result.isLast or (isAwaited and not TagLogic.samePrompts(result.prompts, work.asked)):
            self._show(result)
            return
        if isAwaited:  # before anything can fail: what comes after it never waits for ever
            self._work = None
            self._done.append(work)
        if not result.error:
            self._apply(result, work.added if isAwaited else ())
            self._asked.pop(result.subject, None)
        elif isAwaited:
            self._settle(work.subject)
        self.goOn()

    def stop(self) -> None:
        """Wait for no answer any more: what is in the voxels is written into the tag, and `clear`."""
        try:
            if self._work is not None:
                self._settle(self._work.subject)
        finally:
            self.clear()

    def follow(self) -> bool:
        """Notice that undo, another editor or a deletion overtook the engine; whether it did. Go on."""
        try:
            isOvertaken = self._work is not None and not self._isAwaited(self._work)
            if isOvertaken:
                self._giveUp(self._work)
        except Exception:  # what cannot even be read is not waited for
            self.clear()
            raise
        self.goOn()
        return isOvertaken

    def goOn(self) -> None:
        """Do the first edit if none is being done, and those after it that need no model."""
        while self._waiting and self._work is None:
            edit = self._waiting.pop(0)
            if self._canChange(edit.place):
                self._begin(edit, _stateOf(edit.place))
            else:
                self._drop(1)

    def pictureOf(self, frame: Frame) -> Picture:
        """A frame for the engine, made once while the image stays the same."""
        of = frame, FrameLogic.imageOf(frame).GetImageData().GetMTime(), FrameLogic.window(frame)
        if self._picture is None or self._picture[0] != of:
            self._picture = of, pictureOf(frame)
        return self._picture[1]

    # Below: how it is done

    def _giveUp(self, work: Work) -> None:
        """Take back what was undone, in steps; where that is not known, what waits is dropped."""
        self.engine.drop(self.owner, work.subject)
        self._asked.pop(work.subject, None)
        self._work, done = None, [*self._done, work]
        state = _stateOf(work.edit.place) if self._canChange(work.edit.place) else None
        places = [i for i, each in enumerate(done) if each.edit.undo and each.before == state]
        if places:
            self._takeBack(done[: places[-1]], done[places[-1] :])
        else:  # nobody knows what became of the edit in work: the tag is the truth
            self._drop(len(self._waiting))
            self.clear()

    def _takeBack(self, left: list[Work], undone: list[Work]) -> None:
        """These were undone: as many steps go from the end of all there are, the others come again."""
        edits = [work.edit for work in undone] + self._waiting
        for _step in range(sum(work.edit.undo for work in undone)):
            gone = None
            while edits and not (gone := edits.pop()).undo:
                pass
            if isinstance(gone, Again):  # it waited, so no note of what was before is brought back
                self.maskOptions = gone.before
        self._done, self._waiting = deque(left, REMEMBERED), edits

    def _drop(self, count: int) -> None:
        if count:
            self.said = counted(
                count,
                _("What you did last was dropped: what it was about has changed meanwhile."),
                _("The last {count} of your edits were dropped: what they were about has changed meanwhile."),
            )

    def _begin(self, edit: Edit, state: int) -> None:
        """Put an edit into the tag, take masks away that it no longer gives, ask for the one it needs."""
        for name in edit.about:
            self._settle((*edit.place, name))
        before = _stored(edit.place)
        if (after := _after(edit, before)) is None:
            self._drop(1)
            return
        thing = _objectIn(after, edit.object)
        isAnswered = thing is None or not thing.pending
        # It may be refused, and nothing is changed yet.
        picture = None if isAnswered else self.pictureOf(edit.place[2])
        edit.noteIn(_segment(edit.place), isBegun=False)
        if edit.undo:
            begin(self.host, *_target(edit.place)[:2])
        edit.noteIn(_segment(edit.place), isBegun=True)
        ObjectLogic.write(self.host, *_target(edit.place), before, after)
        self._written = _stateOf(edit.place)
        if isAnswered:
            self._done.append(Work(edit, state))
            return
        asked = _objectIn(_stored(edit.place), edit.object).prompts  # as the tag keeps them
        thing = _objectIn(before, edit.object)
        old = thing.prompts.clicks if thing else ()
        self._work = Work(edit, state, asked, tuple(click for click in asked.clicks if click not in old))
        self._ask(self._work.subject, asked, picture)

    def _ask(self, subject: tuple, prompts: Prompts, picture: Picture) -> None:
        self._asked[subject] = prompts
        early = self._seconds < SLOW_SECONDS
        self.engine.decode(self.owner, subject, picture, prompts, self.maskOptions, early=early)

    def _isAsked(self, subject: tuple, prompts: Prompts) -> bool:
        asked = self._asked.get(subject)
        return asked is not None and TagLogic.samePrompts(asked, prompts)

    def _isAwaited(self, work: Work) -> bool:
        """Whether the tag still says what the engine was asked for."""
        if not self._canChange(work.edit.place):
            return False
        thing = _objectIn(_stored(work.edit.place), work.edit.object)
        return thing is not None and thing.pending and TagLogic.samePrompts(thing.prompts, work.asked)

    def _apply(self, result: Result, added: tuple[Click, ...]) -> None:
        before = self._pending(result.subject)
        *place, name = result.subject
        if before is None or not TagLogic.samePrompts(_objectIn(before, name).prompts, result.prompts):
            return
        done = replace(_objectIn(before, name), mask=result.mask, pending=False)
        after = replace(before, current=before.indexOf(name)).withObject(done)
        shown, start = self._takeShown(result.subject, before), time.thread_time()
        ObjectLogic.write(self.host, *_target(place), before, after, added, shown)
        self._seconds = time.thread_time() - start
        self._written = _stateOf(place)

    def _show(self, result: Result) -> None:
        """Put an answer that is not the last one into the voxels."""
        before = self._pending(result.subject)
        *place, name = result.subject
        if before is None or result.error:
            return
        thing, work = _objectIn(before, name), self._work
        added = work.added if work is not None and work.subject == result.subject else ()
        put, shown = replace(thing, mask=result.mask, pending=False), self._takeShown(result.subject, before)
        shown = ObjectLogic.show(self.host, *_target(place), before, put, added, shown)
        self._shown[result.subject] = thing.prompts, shown
        while len(self._shown) > REMEMBERED:
            self._shown.pop(next(iter(self._shown)))

    def _settle(self, subject: tuple) -> None:
        """Write what is in the voxels into the tag; the object still waits for its last answer."""
        before, place = self._pending(subject), subject[:3]
        if before is not None and (shown := self._takeShown(subject, before)):
            ObjectLogic.write(self.host, *_target(place), before, shown.among(before), shown=shown)
            self._written = _stateOf(place)
        self._shown.pop(subject, None)  # what was undone, where the object is changed anew

    def _pending(self, subject: tuple) -> FramePrompts | None:
        """The prompts of the frame if they can be changed and the object waits for its mask."""
        *place, name = subject
        before = _stored(place) if self._canChange(place) else FramePrompts()
        thing = _objectIn(before, name)
        return before if thing is not None and thing.pending else None

    def _takeShown(self, subject: tuple, before: FramePrompts) -> ObjectLogic.Shown | None:
        """What the voxels are ahead of the tag, for the last time; undo takes it away, redo brings it."""
        prompts, shown = self._shown.pop(subject, (None, None))
        isThere = prompts is not None and TagLogic.samePrompts(prompts, _objectIn(before, subject[3]).prompts)
        return shown if isThere else None

    def _canChange(self, place) -> bool:
        """Whether this is there, in the editor, and in the item that the Sequence browser shows."""
        editor, node = self.host.parameterSetNode(), _node(place)
        isEdited = editor is not None and node is not None and editor.GetSegmentationNode() is node
        return isEdited and bool(_segment(place)) and FrameLogic.isShown(place[2])


def pictureOf(frame: Frame) -> Picture:
    """A frame for the engine: copies only, nothing of MRML."""
    key, pixels, window = FrameLogic.cacheKey(frame), FrameLogic.pixels(frame), FrameLogic.window(frame)
    spacing, regions = FrameLogic.spacing(frame), regionsOf(frame)
    return Picture(key, pixels, window, spacing, frame.name, regions=regions, volumeId=frame.volumeId)


def _after(edit: Edit, prompts: FramePrompts) -> FramePrompts | None:
    """What the edit makes of these prompts, None if it does not fit them."""
    try:
        return edit.of(prompts)
    except Unfit:
        return None


def _objectIn(prompts: FramePrompts, name: str) -> PromptObject | None:
    return next((thing for thing in prompts.objects if thing.id == name), None)


def _node(place):
    return slicer.mrmlScene.GetNodeByID(place[0])


def _segment(place):
    node = _node(place)
    volume = slicer.mrmlScene.GetNodeByID(place[2].volumeId)
    return node and volume and node.GetSegmentation().GetSegment(place[1])


def _target(place) -> tuple:
    return _node(place), place[1], place[2]


def _stored(place) -> FramePrompts:
    """The prompts of the frame as the tag has them."""
    return PromptLogic.framePrompts(*_target(place)) if _segment(place) else FramePrompts()


def _stateOf(place) -> int:
    """Another number whenever the prompts of any segment are others: Slicer's undo changes all of them."""
    segmentation = _node(place).GetSegmentation()
    segmentIds = segmentation.GetSegmentIDs()
    return hash(tuple((each, TagLogic.tagText(segmentation.GetSegment(each))) for each in segmentIds))
