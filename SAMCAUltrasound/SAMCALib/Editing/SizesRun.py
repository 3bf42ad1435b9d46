"""Sizes in all frames, for a timer: some frames are measured at each tick, a node is made of them at the end.

Clicks and scrolling go on meanwhile. All sizes are of one state: a change of segment or image ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import slicer

from ..Frames import FrameLogic, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Segments import SegmentLogic
from ..Texts import _, explained
from .NeighbourRun import SLICE_SECONDS

if TYPE_CHECKING:
    from ..Measures.MeasureLogic import Progress, Sizes


class SizesRun:
    """`poll` goes on; an ended run leaves its `message`."""

    def __init__(self):
        self.message = ""
        self._forget()

    @property
    def isRunning(self) -> bool:
        """Whether frames are left to measure."""
        return self._steps is not None

    @property
    def status(self) -> str:
        """One sentence: how far it is; "" where none runs."""
        if not self.isRunning:
            return ""
        if self._progress is None:
            return _("Measuring all frames.")
        text = _("Measuring: {done} of {total} frames.")
        return text.format(done=self._progress.done, total=self._progress.of)

    def start(self, place: tuple, make: Callable[[Sizes], str]) -> None:
        """Measure the segment of a place (segmentation id, segment id, frame) in all frames of its volume.

        make: is given the sizes at the end, and returns the sentence about what it made of them.
        """
        from ..Measures import MeasureLogic  # loads scipy

        segmentationId, segmentId, frame = place
        node = slicer.mrmlScene.GetNodeByID(segmentationId)
        self._steps = MeasureLogic.measuring(node, segmentId, frame.volume)
        self._place, self._make, self._state = place, make, _stateOf(*place)

    def cancel(self) -> None:
        """Stop: nothing is made."""
        if self.isRunning:
            self._finish(_("Cancelled."))

    def poll(self) -> None:
        """Measure for about a slice, one frame at least."""
        if not self.isRunning:
            return
        try:
            if not _isThere(*self._place):
                self._finish(_("Segment or volume is gone: nothing was measured."))
            elif self._hasChanged():
                self._finish(_("Segment or image has changed: stopped measuring, press the button again."))
            else:
                self._measure()
        except Exception as error:  # else the timer would try again and again
            self._finish(explained(error))

    # Below: how it is done

    def _measure(self) -> None:
        until = time.thread_time() + SLICE_SECONDS
        for progress in self._steps:
            self._progress = progress
            if progress.sizes is not None:
                self._finish(self._make(progress.sizes))
                return
            if time.thread_time() >= until:
                return

    def _hasChanged(self) -> bool:
        """Whether what is shown is another than at the last tick, though it is the same item."""
        before, self._state = self._state, _stateOf(*self._place)
        return before[0] == self._state[0] and before != self._state

    def _finish(self, says: str) -> None:
        self.message = says
        self._forget()

    def _forget(self) -> None:
        self._steps: Iterator[Progress] | None = None
        self._progress: Progress | None = None
        self._place = self._make = self._state = None


def _isThere(segmentationId: str, segmentId: str, frame: Frame) -> bool:
    node = slicer.mrmlScene.GetNodeByID(segmentationId)
    hasSegment = node is not None and node.GetSegmentation().GetSegment(segmentId) is not None
    return hasSegment and slicer.mrmlScene.GetNodeByID(frame.volumeId) is not None


def _stateOf(segmentationId: str, segmentId: str, frame: Frame) -> tuple:
    """(item that is shown, what the sizes in it depend on): only what is shown can be changed by hand."""
    shown = replace(frame, item=SequenceLogic.itemOf(frame.volume))
    segmentation = slicer.mrmlScene.GetNodeByID(segmentationId)
    image, node = FrameLogic.nodeAt(shown, frame.volume), FrameLogic.nodeAt(shown, segmentation)
    segment = node and node.GetSegmentation().GetSegment(segmentId)
    labelmap = segment and segment.GetRepresentation(SegmentLogic.LABELMAP)
    voxels = image and image.GetImageData()
    if not voxels:
        return shown.item, None
    places = FrameLogic.pictureToRas(shown), FrameLogic.toWorld(shown, segmentation)
    times = voxels.GetMTime(), labelmap and labelmap.GetMTime()
    return shown.item, *times, *(place.tobytes() for place in places)
