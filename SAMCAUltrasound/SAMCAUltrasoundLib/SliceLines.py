"""Strokes and lassos in one slice view, in the colours of the points by which they are held."""

from __future__ import annotations

from typing import NamedTuple

import vtk

from SAMCALib.Prompts.PromptPoints import ROLES

from .SliceOutline import SliceOutline


class Line(NamedTuple):
    """places: (x, y) each, in px of the frame or of the view; role: as of ROLES."""

    places: tuple
    role: str
    isClosed: bool = False


class SliceLines(SliceOutline):
    """As an outline, of lines that were drawn."""

    def __init__(self, host):
        super().__init__(host)
        self._mapper.ScalarVisibilityOn()
        self._mapper.SetScalarModeToUseCellData()

    def showDrawn(self, view, line: Line) -> None:
        """A line in view pixels, while it is drawn."""
        self._show(view, shapeOf([line]))

    def _shape(self, lines: list[Line]) -> vtk.vtkPolyData:
        return shapeOf(lines)


def linesOf(prompts) -> list[Line]:
    """What was drawn of all objects in a FramePrompts, in px of the frame."""
    lines = []
    for thing in prompts.objects:
        strokes = ((i, click) for i, click in enumerate(thing.prompts.clicks) if click.path)
        lines += [Line(click.places, thing.roleOf(i)) for i, click in strokes]
        lines += [Line(thing.prompts.lasso, "lasso", isClosed=True)] if thing.prompts.lasso else []
    return lines


def shapeOf(lines: list[Line]) -> vtk.vtkPolyData:
    """A polyline for each, coloured."""
    points, cells, shape = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    colours = vtk.vtkUnsignedCharArray()
    colours.SetNumberOfComponents(3)
    for line in lines:
        ids = [points.InsertNextPoint(x, y, 0) for x, y in line.places]
        ids += ids[:1] if line.isClosed else []
        cells.InsertNextCell(len(ids))
        for number in ids:
            cells.InsertCellPoint(number)
        colours.InsertNextTuple3(*(round(255 * part) for part in ROLES[line.role][2]))
    shape.SetPoints(points)
    shape.SetLines(cells)
    shape.GetCellData().SetScalars(colours)
    return shape
