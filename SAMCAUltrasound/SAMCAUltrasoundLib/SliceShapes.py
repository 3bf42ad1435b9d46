"""What the effect draws in the slice view that is looked at: preview or dragged box, and what is not sure."""

from __future__ import annotations

from .LookedAtView import LookedAtView
from .SliceArea import SliceArea
from .SliceOutline import SliceOutline


class SliceShapes:
    """host: a scriptedEffect; view: whose frame the shapes belong to."""

    def __init__(self, host, view: LookedAtView):
        self._view, self._outline, self._area = view, SliceOutline(host), SliceArea(host)

    def show(self, frame, preview, marks) -> None:
        """Outline the preview and fill the marks: each (frame, (H, W) bool) or None, shown if of `frame`."""
        for shape, shown in ((self._outline, preview), (self._area, marks)):
            if shown is None or self._view.node is None or shown[0] != frame:
                shape.hide()
            else:
                shape.showMask(self._view.widget, self._view.node, *shown)

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

    def forget(self) -> None:
        """The views may be gone."""
        self._outline.forget()
        self._area.forget()
