"""What the effect draws in the slice view that is looked at: preview or dragged box, and what is not sure."""

from __future__ import annotations

from .LookedAtView import LookedAtView
from .SliceArea import SliceArea
from .SliceBoxes import SliceBoxes
from .SliceOutline import SliceOutline


class SliceShapes:
    """host: a scriptedEffect; view: whose frame the shapes belong to."""

    def __init__(self, host, view: LookedAtView):
        self._view, self._outline, self._area = view, SliceOutline(host), SliceArea(host)
        self._boxes = SliceBoxes(host)

    def show(self, edit, marks) -> None:
        """What an EditLogic has of its frame, preview and boxes; marks: as of DoubtLogic, filled."""
        frame = edit.frame
        boxes = [thing.prompts.box for thing in edit.prompts.objects if thing.prompts.box is not None]
        preview, around = edit.preview, (frame, boxes) if boxes else None
        for shape, shown in ((self._outline, preview), (self._area, marks), (self._boxes, around)):
            if shown is None or self._view.node is None or shown[0] != frame:
                shape.hide()
            else:
                shape.showOn(self._view.widget, self._view.node, *shown)

    def showBox(self, view, start, end) -> None:
        """A rectangle between two corners in view pixels, in place of the preview."""
        self._outline.showBox(view, start, end)

    def hideBox(self) -> None:
        """The box is done."""
        self._outline.hide()

    def hide(self) -> None:
        """Take all out of the views."""
        self._outline.hide()
        self._area.hide()
        self._boxes.hide()

    def forget(self) -> None:
        """The views may be gone."""
        self._outline.forget()
        self._area.forget()
        self._boxes.forget()
