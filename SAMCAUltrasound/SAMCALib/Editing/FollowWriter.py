"""What Follow finds, into the segment: at once, as an object like any other, and all of it as one step.

In a Sequence it goes into the item that it was found in. A Sequence that is recorded leaves what it shows as
it is and copies it into a new item whenever it changes; so there the outline that is shown is changed, and
copied into the item of its image.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer

from samca.prompts import Prompts

from ..Frames import FrameLogic, ItemLogic, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import PromptLogic, TagLogic
from ..Prompts.PromptLogic import FramePrompts, PromptWatch
from ..Prompts.TagLogic import PromptObject
from . import LeadLogic, NeighbourLogic, ObjectLogic
from .Carrying import Found
from .Edits import newId
from .LeadLogic import Lead
from .StepLogic import StepLogic, begin


class FollowWriter:
    """steps: of the editor; target: (segmentation id, segment id); thing: the object that is followed, as it
    is in `frame` now."""

    def __init__(self, steps: StepLogic, target: tuple, frame: Frame, thing: PromptObject):
        self._steps, self._target, self._thing = steps, target, thing
        self._volumeId, self._hasBegun = frame.volumeId, False
        self._isRecorded = self._recorder is not None
        self._isAlone = len(PromptLogic.framePrompts(*self.segment, frame).objects) < 2
        self._look(frame)

    @property
    def segment(self) -> tuple | None:
        """(segmentation node, segment id), None if they or the volume are gone."""
        node = slicer.mrmlScene.GetNodeByID(self._target[0])
        gone = node is None or node.GetSegmentation().GetSegment(self._target[1]) is None
        gone = gone or slicer.mrmlScene.GetNodeByID(self._volumeId) is None
        return None if gone else (node, self._target[1])

    def isOvertaken(self, frame: Frame) -> bool:
        """Whether somebody else has changed the outline, or undone it; frame: that is shown now."""
        if (self._recorder is not None) != self._isRecorded:  # Slicer changes what is shown, then
            self._isRecorded = not self._isRecorded
            with SequenceLogic.recordingImagesOnly(frame.volume):
                SequenceLogic.synchronise(self.segment[0], frame.volume)
            self._look(frame)
        return self._watch.isOvertaken

    def leadIn(self, frame: Frame) -> tuple[Lead | None, bool]:
        """As LeadLogic.leadIn, for an item of a Sequence that is played; elsewhere nothing leads."""
        isPlayed = bool(frame.item) and not self._isRecorded
        return (
            LeadLogic.leadIn(self.segment, frame, self._thing, self._isAlone) if isPlayed else (None, False)
        )

    def write(self, frame: Frame, prompts: Prompts, mask: np.ndarray | None, isPointedAt: bool) -> None:
        """Put the object into the frame, in place of what it was there before; None takes it out.

        Nothing happens where the frame has gone. Refusal if the segmentation cannot grow so far.
        """
        if not _isThere(frame):
            return
        if self._recorder is None:
            self._put(frame, prompts, mask, isPointedAt)
            return
        shown = FrameLogic.current(frame) or frame
        if mask is None or FrameLogic.shape(shown) == mask.shape:
            with SequenceLogic.recordingImagesOnly(frame.volume):
                SequenceLogic.synchronise(self.segment[0], frame.volume)
                self._put(shown, prompts, mask, isPointedAt)
                self._record(frame)

    # Below: how it is done

    @property
    def _recorder(self):
        volume = slicer.mrmlScene.GetNodeByID(self._volumeId)
        return volume and SequenceLogic.recorderOf(volume)

    def _put(self, frame: Frame, prompts: Prompts, mask: np.ndarray | None, isPointedAt: bool) -> None:
        segment = self.segment
        if not self._hasBegun:
            begin(self._steps, *segment)
            self._hasBegun = True
        there = self._there(frame)
        if mask is None:
            after = there.withoutObject(there.current) if there.current < len(there.objects) else there
        else:
            there = replace(there, current=self._placeOf(Found(frame, prompts, mask, not isPointedAt), there))
            thing = PromptObject(prompts, mask, id=self._thing.id, carried=not isPointedAt)
            after = there.withObject(thing)
        host = self._steps.host if self._isRecorded else self._steps
        ObjectLogic.write(host, *segment, frame, _asAnother(there, self._thing.id), after)
        self._look(frame)
        if mask is not None:
            now = PromptLogic.framePrompts(*segment, frame)
            self._thing = now.objects[now.indexOf(self._thing.id)]

    def _there(self, frame: Frame) -> FramePrompts:
        """The objects of a frame, what was followed there current."""
        segment = self.segment
        TagLogic.takeAlong(PromptLogic.segmentOf(*segment, frame), self._thing.id, frame.key)
        if not frame.item and PromptLogic.problemOf(*segment, frame):  # the image has another size now
            PromptLogic.dropUnreadable(*segment, frame)
            return FramePrompts((self._thing,))
        there = PromptLogic.framePrompts(*segment, frame)
        return replace(there, current=there.indexOf(self._thing.id))

    def _placeOf(self, found: Found, there: FramePrompts) -> int:
        """Where what was found goes among the objects of its frame."""
        if there.current < len(there.objects):
            return there.current
        same = (i for i, other in enumerate(there.objects) if NeighbourLogic.isSame(found, other))
        return next(same, len(there.objects))

    def _record(self, frame: Frame) -> None:
        """Put what is shown into the item of the image that it was found in."""
        node, segmentId = self.segment
        if frame.item and SequenceLogic.browserOf(node) is not None:
            own = SequenceLogic.record(node, frame.item).GetSegmentation().GetSegment(segmentId)
            TagLogic.takeAlong(own, self._thing.id, frame.key)

    def _look(self, frame: Frame) -> None:
        """Know how the outline is now."""
        shown = replace(frame, item="") if self._isRecorded else frame  # a recorded item has what was there
        self._watch = PromptWatch(*self.segment, shown)


def _asAnother(there: FramePrompts, name: str) -> FramePrompts:
    """The same with another object in place of this: what was erased in one image is not in the next."""
    things = (replace(thing, id=newId()) if thing.id == name else thing for thing in there.objects)
    return replace(there, objects=tuple(things))


def _isThere(frame: Frame) -> bool:
    """Whether the item that a frame was of is in its Sequence still."""
    if not frame.item:
        return True
    browser = SequenceLogic.browserOf(frame.volume)
    return browser is not None and ItemLogic.hasItem(browser, frame.item)
