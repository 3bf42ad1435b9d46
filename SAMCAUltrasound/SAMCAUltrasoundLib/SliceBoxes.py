"""The boxes of a frame in one slice view, as long as they are prompts."""

from __future__ import annotations

import vtk

from .SliceOutline import SliceOutline, rectangles

COLOUR = (0.45, 0.75, 1.0)  # of the handles, too


class SliceBoxes(SliceOutline):
    """As an outline, around boxes."""

    def __init__(self, host):
        super().__init__(host)
        self._actor.GetProperty().SetColor(COLOUR)

    def _shape(self, boxes) -> vtk.vtkPolyData:
        return rectangles([(box.x0, box.y0, box.x1, box.y1) for box in boxes])
