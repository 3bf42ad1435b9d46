"""Why a button of the effect cannot work now."""

from __future__ import annotations

from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Segments import SegmentLogic
from ..Texts import _
from .EditLogic import EditLogic
from .Selection import Selection


class ReasonLogic:
    """edit: whose frame and objects the buttons act on."""

    def __init__(self, edit: EditLogic):
        self.edit, self._selection = edit, Selection(edit.host)
        self._frame: Frame | None = None
        self._hasNeighbours = False

    def reasons(self, general: str) -> dict[str, str]:
        """By button why it cannot work now, "" if it can; general: what holds for all of them."""
        general = self._againstAll() or general
        prompts = self.edit.prompts
        nothing = "" if prompts.objects else _("There is no object on this frame yet: click inside one.")
        isNext = bool(prompts.objects) and prompts.current == len(prompts.objects)
        already = _("The next click starts another object already.") if isNext else ""
        first = _("Click on the object first: it is carried on from its outline here.") if isNext else ""
        own = {
            "newObject": nothing or already,
            "clear": nothing,
            "useMask": self._againstMask(),
            "neighbours": self._againstNeighbours() or nothing or first,
            "another": self.edit.againstAnother,
            "suggest": "",
            "suggestAll": "",
            "takePoints": "",
        }
        reasons = {name: general or reason for name, reason in own.items()}
        isFollowing = self.edit.isFollowing  # then it is the way to end that
        return reasons | {"follow": "" if isFollowing else general or nothing or first}

    def againstTakeBack(self, undoWorks: bool) -> str:
        """The same for Take back; undoWorks: whether Slicer's own Undo has a step."""
        if not self.edit.steps.canTakeBack:
            return self._againstAll() or _("There is nothing that Undo (Z) could not take back.")
        return self._againstAll() or (_("Undo (Z) works: press that.") if undoWorks else "")

    def _againstAll(self) -> str:
        return self.edit.sweep.inTheWay if self.edit.sweep.isRunning else ""

    def _againstMask(self) -> str:
        segmentation, segmentId = self._selection.segment
        segment = segmentation.GetSegmentation().GetSegment(segmentId) if segmentId else None
        labelmap = segment and segment.GetRepresentation(SegmentLogic.LABELMAP)
        if labelmap is None or not labelmap.GetNumberOfPoints():
            return _("The segment is empty: paint or click first.")
        return ""

    def _againstNeighbours(self) -> str:
        if self.edit.frame != self._frame:  # a long loop is not counted at every tick
            self._frame = self.edit.frame
            self._hasNeighbours = self._frame is not None and bool(FrameLogic.neighbours(self._frame))
        return "" if self._hasNeighbours else _("This image has one frame only.")
