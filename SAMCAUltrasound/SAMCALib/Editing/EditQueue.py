"""Edits of prompts, each one undo step: into the tag at once, into the voxels when the engine has answered.

Slicer's history keeps whole states, so an edit waits until the one before has its mask: every state that undo
can bring back is complete. Undo while the engine computes takes the last edit back, those before it are done
again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import slicer

from ..Engine.EngineLogic import EngineLogic, Picture, Result
from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import PromptLogic, TagLogic
from ..Prompts.PromptLogic import FramePrompts
from ..Segments import SegmentLogic
from ..Segments.MaskLogic import MaskOptions


@dataclass(frozen=True)
class Edit:
    """change: FramePrompts -> FramePrompts of one frame of one segment; the object it works on is `current`.

    A changed object is marked pending; an object without mask any more has its voxels taken away.
    """

    segmentationId: str
    segmentId: str
    frame: Frame
    current: int
    change: Callable[[FramePrompts], FramePrompts]
    undo: bool = True

    @property
    def place(self) -> tuple:
        """Where it belongs."""
        return self.segmentationId, self.segmentId, self.frame

    def of(self, prompts: FramePrompts) -> FramePrompts:
        """What becomes of these prompts."""
        return self.change(replace(prompts, current=min(self.current, len(prompts.objects))))


class EditQueue:
    """The edits of one editor in their order; the first one is in the tag, the others wait."""

    def __init__(self, host, engine: EngineLogic, owner):
        self.host, self.engine, self.owner = host, engine, owner
        self.maskOptions = MaskOptions()
        self.clear()

    def clear(self) -> None:
        """Forget all that waits; prompts in the tag stay there, marked pending."""
        self._edits: list[Edit] = []
        self._subject = None  # what the engine computes for the first edit
        self._asked: dict = {}  # subject -> prompts that the engine has not answered yet, or could not
        self._written = ""  # the tag as this queue left it

    @property
    def isIdle(self) -> bool:
        """Whether nothing waits."""
        return not self._edits

    def prompts(self, place: tuple, current: int | None) -> FramePrompts:
        """The prompts of a frame as they will be when all waiting edits are done."""
        prompts = _stored(place)
        first = 0 if self._subject is None else 1  # the first edit is in the tag already
        for edit in self._edits[first:]:
            if edit.place == place:
                prompts = edit.of(prompts)
        last = max(len(prompts.objects) - 1, 0)
        return replace(prompts, current=last if current is None else min(current, len(prompts.objects)))

    def problem(self, place: tuple) -> str:
        """Why the stored prompts of a frame cannot be read, "" if they can."""
        return PromptLogic.problemOf(*_target(place)) if _segment(place) else ""

    def isAsWritten(self, place: tuple) -> bool:
        """Whether nobody else has changed the prompts since this queue did: no undo, no other editor."""
        return self._written != "" and TagLogic.tagText(_segment(place)) == self._written

    def do(self, edit: Edit) -> None:
        """Do this after all that waits."""
        self._edits.append(edit)
        self._start()

    def extend(self, edit: Edit) -> None:
        """Do this as part of the last edit, in place of what that one did: a drag goes on."""
        if not self._edits:
            self.do(replace(edit, undo=False))
            return
        self._edits[-1] = replace(edit, undo=self._edits[-1].undo)
        if len(self._edits) == 1 and self._subject is not None:
            self._write(self._edits[0])

    def askFor(self, place: tuple) -> None:
        """Ask for the masks that this frame's prompts still wait for, from a file or from before a cancel."""
        if not self.isIdle:
            return
        for number, thing in enumerate(_stored(place).objects):
            if thing.pending:
                self._ask((*place, number), thing.prompts)

    def receive(self, result: Result) -> None:
        """Put an answer into the segment if its prompts are still what the tag says, and go on."""
        if not result.error:
            self._asked.pop(result.subject, None)
            self._apply(result)
        if result.subject == self._subject:
            self._subject = None
            self._edits.pop(0)
            self._start()

    def follow(self) -> bool:
        """Notice that undo, or a deleted segment, overtook the engine; whether it did."""
        if self._subject is None:
            return False
        *place, number = self._subject
        if _segment(place) is None or not _isCurrent(self._edits[0]):
            self.engine.drop(self.owner, self._subject)
            self.clear()
            return True
        thing = replace(_stored(tuple(place)), current=number).object
        if thing.pending and TagLogic.samePrompts(thing.prompts, self._asked[self._subject]):
            return False
        self.engine.drop(self.owner, self._subject)
        self._asked.pop(self._subject)
        self._subject = None
        self._dropLastStep()
        self._start()
        return True

    def _dropLastStep(self) -> None:
        """Forget the last undo step, with the edits that belong to it."""
        while self._edits and not self._edits.pop().undo:
            pass

    def _start(self) -> None:
        """Do the first edit if none is being done, and those after it that need no model."""
        while self._edits and self._subject is None:
            edit = self._edits[0]
            if _segment(edit.place) is None or not _isCurrent(edit):
                self._edits.pop(0)
                continue
            if edit.undo:
                self.host.saveStateForUndo()
            self._write(edit)
            if self._subject is None:
                self._edits.pop(0)

    def _write(self, edit: Edit) -> None:
        """Put an edit into the tag, take masks away that it no longer gives, ask for the one it needs."""
        before = _stored(edit.place)
        after = edit.of(before)
        self._store(edit.place, after)
        had, has = union(before), union(after)
        if had is not None and (has is None or (had & ~has).any()):
            SegmentLogic.replaceObject(self.host, *_target(edit.place), had, None, keep=has)
        self._subject = None
        for number, thing in enumerate(_stored(edit.place).objects):
            if thing.pending and number == after.current:
                self._subject = (*edit.place, number)
                self._asked.pop(self._subject, None)
                self._ask(self._subject, thing.prompts)

    def _ask(self, subject: tuple, prompts) -> None:
        asked = self._asked.get(subject)
        if asked is None or not TagLogic.samePrompts(asked, prompts):
            self._asked[subject] = prompts
            picture = pictureOf(subject[2])
            self.engine.decode(self.owner, subject, picture, prompts, self.maskOptions)

    def _apply(self, result: Result) -> None:
        *place, number = result.subject
        segment, frame = _segment(place), place[2]
        editor = self.host.parameterSetNode()
        isEdited = editor and editor.GetSegmentationNode() is _node(place)
        if segment is None or not isEdited or not FrameLogic.isShown(frame):
            return
        prompts = replace(_stored(tuple(place)), current=number)
        thing = prompts.object
        if not thing.pending or not TagLogic.samePrompts(thing.prompts, result.prompts):
            return
        others = union(prompts, number)
        SegmentLogic.replaceObject(self.host, *_target(place), thing.mask, result.mask, others)
        done = prompts.withObject(replace(thing, mask=result.mask, pending=False))
        self._store(place, done)

    def _store(self, place, prompts: FramePrompts) -> None:
        PromptLogic.setFramePrompts(*_target(place), prompts)
        self._written = TagLogic.tagText(_segment(place))


def pictureOf(frame: Frame) -> Picture:
    """A frame for the engine: copies only, nothing of MRML."""
    key, pixels, window = FrameLogic.cacheKey(frame), FrameLogic.pixels(frame), FrameLogic.window(frame)
    return Picture(key, pixels, window, FrameLogic.spacing(frame), frame.name, volumeId=frame.volumeId)


def union(prompts: FramePrompts, without: int | None = None) -> np.ndarray | None:
    """(H, W) bool: what the objects cover, one of them left out if wanted; None for nothing."""
    masks = [t.mask for i, t in enumerate(prompts.objects) if i != without and t.mask is not None]
    return np.logical_or.reduce(masks) if masks else None


def _node(place):
    return slicer.mrmlScene.GetNodeByID(place[0])


def _segment(place):
    node = _node(place)
    volume = slicer.mrmlScene.GetNodeByID(place[2].volumeId)
    return node and volume and node.GetSegmentation().GetSegment(place[1])


def _target(place) -> tuple:
    return _node(place), place[1], place[2]


def _isCurrent(edit: Edit) -> bool:
    """Whether the frame is in the item that the Sequence browser shows, and can be changed."""
    return FrameLogic.isShown(edit.frame)


def _stored(place) -> FramePrompts:
    """The prompts of the frame as the tag has them."""
    return PromptLogic.framePrompts(*_target(place)) if _segment(place) else FramePrompts()
