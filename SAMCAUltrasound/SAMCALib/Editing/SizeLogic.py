"""Sizes of the current object while they are wanted: in the view, as words, a volume, a table, a chart.

They follow the segment, whoever changes it, between two ticks: a click does not wait for them.
"""

from __future__ import annotations

import numpy as np
import slicer

from ..Frames import FrameLogic, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Measures.AxisLines import AxisLines
from ..Segments import SegmentLogic
from ..Texts import Refusal, _
from .EditLogic import EditLogic
from .Selection import Selection
from .SizesRun import SizesRun


class SizeLogic:
    """edit: whose frame and object are measured; `follow` is for a timer."""

    def __init__(self, edit: EditLogic):
        self.edit, self.lines, self._selection = edit, AxisLines(), Selection(edit.host)
        self.run = SizesRun()  # of all frames
        self.isMeasuring = False
        self._held = self._seen = None
        self.text = ""  # of the object, to copy; "" where there is none

    @property
    def isHeld(self) -> bool:
        """Whether the outline of a frame is kept for a volume."""
        return self._held is not None

    def use(self, isMeasuring: bool) -> None:
        """Measure from now on, or no more: then the lines go."""
        if isMeasuring == self.isMeasuring:
            return
        self.isMeasuring, self._seen, self.text = isMeasuring, None, ""
        if isMeasuring:
            self.lines.follow()
        else:
            self._held = None
            self.lines.remove()
            self.run.cancel()

    def leave(self) -> None:
        """Nobody looks any more: the lines stay as long as they are right."""
        segmentation, segmentId = self._selection.segment
        if self.isMeasuring and segmentId:
            self.lines.leave(segmentation.GetSegmentation())
        else:
            self.lines.hide()
        self.run.cancel()
        self.isMeasuring, self._held, self._seen, self.text = False, None, None, ""

    def follow(self) -> bool:
        """Measure anew if what is seen has changed; whether it has."""
        if not self.isMeasuring or (sight := self._sight()) == self._seen:
            return False
        self._seen, self.text = sight, ""
        frame = self.edit.frame
        mask = None if sight is None or SequenceLogic.isPlayed(frame.volume) else self._mask(frame)
        if mask is None or not mask.any():
            self.lines.hide()
        else:
            self._show(frame, mask)
        return True

    def hold(self, frame: Frame) -> None:
        """Keep the outline of this frame for a volume with that of another one; if one is kept, let it go.

        Refusal without an object.
        """
        from ..Measures import Ellipsoid  # here and below: scipy is not loaded while Slicer starts

        if self._held is None:
            self._check(frame)
            self._held = Ellipsoid.outlineOf(self._mask(frame), frame)
        else:
            self._held = None
        self._seen = None

    def table(self, frame: Frame) -> None:
        """Put the sizes of the segment in all frames into a table, by `run`. Refusal without a segment."""
        self._check(frame)
        self.run.start(self._selection.place(frame), _table)

    def chart(self, frame: Frame) -> None:
        """The same as a chart of how they grow from frame to frame, which is shown."""
        self._check(frame)
        self.run.start(self._selection.place(frame), _chart)

    def _check(self, frame: Frame) -> None:
        if frame is None or not self._selection.segment[1]:
            raise Refusal(_("There is no object in this frame: outline it first."))

    def _show(self, frame: Frame, mask: np.ndarray) -> None:
        from ..Measures import Ellipsoid, MeasureLogic

        outline = Ellipsoid.outlineOf(mask, frame)
        self.lines.show(*self._selection.segment, frame, outline.measured)
        self.text = MeasureLogic.wordsOf(outline.measured)
        if self._held is not None and self._held.frame != frame:
            try:
                self.text += " " + Ellipsoid.between(self._held, outline).sentence
            except Refusal as why:
                self.text += f" {why}"

    def _mask(self, frame: Frame) -> np.ndarray:
        """(H, W) bool: the parts of the segment that the current object is in; without an object all."""
        from scipy import ndimage

        mask, thing = SegmentLogic.maskOf(*self._selection.segment, frame), self.edit.prompts.object
        if thing.mask is None or thing.pending or thing.mask.shape != mask.shape:
            return mask
        labels, _count = ndimage.label(mask, np.ones((3, 3)))
        own = np.unique(labels[thing.mask & mask])
        return np.isin(labels, own) if own.size else mask

    def _sight(self) -> tuple | None:
        """What the sizes depend on; None where there is nothing to measure."""
        frame, (segmentation, segmentId) = self.edit.frame, self._selection.segment
        if frame is None or not segmentId or not FrameLogic.isShown(frame):
            return None
        node = FrameLogic.nodeAt(frame, segmentation)
        segment = node and node.GetSegmentation().GetSegment(segmentId)
        labelmap = segment and segment.GetRepresentation(SegmentLogic.LABELMAP)
        places = FrameLogic.pictureToRas(frame), FrameLogic.toWorld(frame, segmentation)
        lies = tuple(place.tobytes() for place in places)
        voxels = labelmap and labelmap.GetMTime()
        what = segmentation.GetID(), segmentId, voxels, self.edit.prompts.object.id
        return frame, what, lies, SequenceLogic.isPlayed(frame.volume)


def _table(sizes) -> str:
    return _("{table} is in the module Tables, and saved as CSV.").format(table=sizes.toTable().GetName())


def _chart(sizes) -> str:
    chart = sizes.toChart()
    slicer.modules.plots.logic().ShowChartInLayout(chart)
    return _("{chart} is in the module Plots.").format(chart=chart.GetName())
