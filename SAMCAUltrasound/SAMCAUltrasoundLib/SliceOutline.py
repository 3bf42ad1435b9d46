"""A line in one slice view: the outline of a mask, or a box that is being dragged."""

from __future__ import annotations

import numpy as np
import vtk
from vtk.util import numpy_support

from SAMCALib.Frames import FrameLogic, TransformLogic

COLOUR, WIDTH_PX = (1.0, 0.85, 0.1), 2.0  # the colour of initial points: this is what the next one would give


class SliceOutline:
    """One actor, in the view in which something was shown last; in none before that and after `hide`."""

    def __init__(self, host):
        """host: a scriptedEffect, which adds actors to views and renders them."""
        self.host, self._view, self._renderer = host, None, None
        self._mapper = vtk.vtkPolyDataMapper2D()
        self._mapper.ScalarVisibilityOff()  # of the mask, which would become colours
        self._actor = vtk.vtkActor2D()
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().SetColor(COLOUR)
        self._actor.GetProperty().SetLineWidth(WIDTH_PX)

    @property
    def isShown(self) -> bool:
        """Whether there is something to see."""
        return self._view is not None

    def showOn(self, view, sliceNode, frame, thing) -> None:
        """Show what `shape` makes of a thing on a frame that this view shows; here an (H, W) bool mask."""
        xyToRas = TransformLogic.arrayOf(sliceNode.GetXYToRAS())
        toView = TransformLogic.inverse(xyToRas, sliceNode.GetName()) @ FrameLogic.pictureToRas(frame)
        toView[2] = 0  # the view is flat, whatever the depth of the frame
        matrix = vtk.vtkTransform()
        matrix.SetMatrix(toView.ravel().tolist())
        moved = vtk.vtkTransformPolyDataFilter()
        moved.SetTransform(matrix)
        moved.SetInputData(self._shape(thing))
        moved.Update()
        self._show(view, moved.GetOutput())

    def showBox(self, view, start, end) -> None:
        """A rectangle between two corners in view pixels."""
        self._show(view, rectangles([(*start, *end)]))

    def hide(self) -> None:
        """Take the line out of its view."""
        if self._view is not None:
            view, self._view, self._renderer = self._view, None, None
            self.host.removeActor2D(view, self._actor)
            self.host.scheduleRender(view)

    def forget(self) -> None:
        """The views may be gone; if this one is not, the line must not stay in it."""
        if self._view is not None:
            self._renderer.RemoveViewProp(self._actor)
            self._view = self._renderer = None

    def _shape(self, mask: np.ndarray) -> vtk.vtkPolyData:
        return contour(mask)

    def _show(self, view, lines: vtk.vtkPolyData) -> None:
        self._mapper.SetInputData(lines)
        if view != self._view:
            self.hide()
            self._view, self._renderer = view, self.host.renderer(view)
            self.host.addActor2D(view, self._actor)
        self.host.scheduleRender(view)


def rectangles(corners) -> vtk.vtkPolyData:
    """A closed line for each (x0, y0, x1, y1)."""
    points, lines, shape = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    for x0, y0, x1, y1 in corners:
        lines.InsertNextCell(5)
        for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)):
            lines.InsertCellPoint(points.InsertNextPoint(x, y, 0))
    shape.SetPoints(points)
    shape.SetLines(lines)
    return shape


def contour(mask: np.ndarray) -> vtk.vtkPolyData:
    """Lines around an (H, W) bool mask, in its (x, y) pixels."""
    padded = np.pad(mask, 1).astype(np.uint8)
    image = vtk.vtkImageData()
    image.SetDimensions(padded.shape[1], padded.shape[0], 1)
    image.SetOrigin(-1, -1, 0)
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(padded.ravel(), deep=True))
    squares = vtk.vtkMarchingSquares()
    squares.SetInputData(image)
    squares.SetValue(0, 0.5)
    squares.Update()
    return squares.GetOutput()
