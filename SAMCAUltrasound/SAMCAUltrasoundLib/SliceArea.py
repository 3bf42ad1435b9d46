"""A see-through area in one slice view: pixels of a frame that are to be looked at."""

from __future__ import annotations

import numpy as np
import vtk
from vtk.util import numpy_support

from .SliceOutline import SliceOutline

COLOUR, OPACITY = (1.0, 0.35, 0.1), 0.55  # no colour of a point or of the preview


class SliceArea(SliceOutline):
    """As an outline, but filled."""

    def __init__(self, host):
        super().__init__(host)
        self._actor.GetProperty().SetColor(COLOUR)
        self._actor.GetProperty().SetOpacity(OPACITY)

    def _shape(self, mask: np.ndarray) -> vtk.vtkPolyData:
        return area(mask)


def area(mask: np.ndarray) -> vtk.vtkPolyData:
    """A rectangle for each run of pixels in a row of an (H, W) bool mask, in its (x, y) pixels."""
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, first = np.nonzero(steps > 0)
    _rows, past = np.nonzero(steps < 0)
    corners = np.zeros((len(rows), 4, 3), np.float32)
    corners[:, :, 0] = np.stack([first, past, past, first], axis=1) - 0.5
    corners[:, :, 1] = rows[:, None] + np.array([-0.5, -0.5, 0.5, 0.5])
    points, cells, shape = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    points.SetData(numpy_support.numpy_to_vtk(corners.reshape(-1, 3), deep=True))
    ends = np.arange(0, 4 * len(rows) + 1, 4)
    numbers = (numpy_support.numpy_to_vtkIdTypeArray(n, deep=True) for n in (ends, np.arange(4 * len(rows))))
    cells.SetData(*numbers)
    shape.SetPoints(points)
    shape.SetPolys(cells)
    return shape
