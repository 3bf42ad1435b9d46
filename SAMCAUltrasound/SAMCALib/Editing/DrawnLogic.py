"""How much of the current outline is in the segment, in words: masking, other segments and erasers cut it."""

from __future__ import annotations

from ..Segments import SegmentLogic
from ..Texts import Refusal, _
from . import ObjectLogic
from .EditLogic import EditLogic
from .Selection import Selection

ALL = 0.95  # of an outline; less is not passed over in silence


class DrawnLogic:
    """edit: whose current object this is about."""

    def __init__(self, edit: EditLogic):
        self._edit, self._selection = edit, Selection(edit.host)
        self._seen, self._text = None, ""

    @property
    def text(self) -> str:
        """One sentence, "" where all of the outline is there, or none is asked for."""
        thing, frame = self._edit.prompts.object, self._edit.frame
        node, segmentId = self._selection.segment
        if frame is None or not segmentId or thing.pending or not thing.startsSomewhere:
            return ""
        labelmap = node.GetSegmentation().GetSegment(segmentId).GetRepresentation(SegmentLogic.LABELMAP)
        seen = self._selection.sight(frame), thing.id, labelmap and labelmap.GetMTime()
        if seen != self._seen:
            self._seen, self._text = seen, _told(node, segmentId, frame, thing)
        return self._text


def _told(*target) -> str:
    try:
        return _words(ObjectLogic.shareOf(*target))
    except Refusal as why:  # of a segmentation that a transform has squeezed flat
        return str(why)


def _words(share: float) -> str:
    if share >= ALL:
        return ""
    if share < 0.005:
        return _("Nothing of this outline is in the segment: masking or another segment keeps it out.")
    text = _(
        "Only {percent:.0f} % of this outline is in the segment: the rest was erased, or masking or another "
        "segment keeps it out."
    )
    return text.format(percent=100 * share)
