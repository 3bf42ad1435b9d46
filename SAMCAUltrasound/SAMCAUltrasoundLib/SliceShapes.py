"""What the effect draws in the slice view that is looked at: preview, boxes and lines, what is not sure."""

from __future__ import annotations

from .Gesture import BOX, LASSO, Gesture
from .LookedAtView import LookedAtView
from .SliceArea import SliceArea
from .SliceBoxes import SliceBoxes
from .SliceLines import Line, SliceLines, linesOf
from .SliceOutline import SliceOutline


class SliceShapes:
    """host: a scriptedEffect; view: whose frame the shapes belong to."""

    def __init__(self, host, view: LookedAtView):
        self._view, self._outline, self._area = view, SliceOutline(host), SliceArea(host)
        self._boxes, self._lines, self._drawn = SliceBoxes(host), SliceLines(host), SliceLines(host)
        self._all = self._outline, self._area, self._boxes, self._lines, self._drawn

    def show(self, edit, marks) -> None:
        """What an EditLogic has of its frame, preview, boxes and lines; marks: as of DoubtLogic, filled."""
        frame = edit.frame
        boxes = [thing.prompts.box for thing in edit.prompts.objects if thing.prompts.box is not None]
        lines = linesOf(edit.prompts)
        around, drawn = (frame, boxes) if boxes else None, (frame, lines) if lines else None
        shapes = self._outline, self._area, self._boxes, self._lines
        for shape, shown in zip(shapes, (edit.preview, marks, around, drawn), strict=True):
            if shown is None or self._view.node is None or shown[0] != frame:
                shape.hide()
            else:
                shape.showOn(self._view.widget, self._view.node, *shown)

    def showDrawn(self, gesture: Gesture, kind: str) -> None:
        """What the mouse is drawing, in place of the preview."""
        if kind == BOX:
            self._outline.showBox(gesture.view, gesture.start, gesture.end)
        else:
            role = "lasso" if kind == LASSO else "guidedPositive" if gesture.positive else "guidedNegative"
            self._outline.hide()
            self._drawn.showDrawn(gesture.view, Line(tuple(gesture.trail), role, kind == LASSO))

    def hideDrawn(self) -> None:
        """It is done."""
        self._outline.hide()
        self._drawn.hide()

    def hide(self) -> None:
        """Take all out of the views."""
        for shape in self._all:
            shape.hide()

    def forget(self) -> None:
        """The views may be gone."""
        for shape in self._all:
            shape.forget()
