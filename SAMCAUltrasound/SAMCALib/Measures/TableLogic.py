"""Rows of numbers and words as a table node of the scene."""

from __future__ import annotations

from collections.abc import Sequence

import slicer
import vtk

from ..Texts import _

COLOURS = ((0.12, 0.47, 0.71), (0.85, 0.37, 0.01), (0.0, 0.55, 0.35))


def fill(tableNode, name: str, heading: Sequence[str], rows: Sequence[Sequence]):
    """The node with these rows in place of what it had; a new one, named after this, for None.

    A column of words is one of texts, any other one of numbers, where None is not a number.
    """
    if tableNode is None:
        title = _("{name} sizes").format(name=name)
        tableNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", title)
    modified = tableNode.StartModify()
    tableNode.RemoveAllColumns()
    for title, *cells in zip(heading, *rows, strict=True):
        column = _column(cells)
        column.SetName(title)
        tableNode.AddColumn(column)
    tableNode.SetUseColumnTitleAsColumnHeader(True)
    tableNode.EndModify(modified)
    return tableNode


def chart(name: str, x: str, curves: Sequence[str], rows: Sequence[Sequence[float]]):
    """A chart node with a line for each curve; rows: x and a value of each."""
    scene = slicer.mrmlScene
    title = _("{name} growth").format(name=name)
    table = fill(scene.AddNewNodeByClass("vtkMRMLTableNode", title), name, (x, *curves), rows)
    node = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", title)
    node.SetTitle(name)
    node.SetXAxisTitle(x)
    for curve, colour in zip(curves, COLOURS, strict=True):
        series = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", curve)
        series.SetAndObserveTableNodeID(table.GetID())
        series.SetXColumnName(x)
        series.SetYColumnName(curve)
        series.SetPlotType(series.PlotTypeScatter)  # numbers on both axes; PlotTypeLine counts rows
        series.SetColor(*colour)
        node.AddAndObservePlotSeriesNodeID(series.GetID())
    return node


def _column(cells: list):
    isText = any(isinstance(cell, str) for cell in cells)
    column = vtk.vtkStringArray() if isText else vtk.vtkDoubleArray()
    for cell in cells:
        if isText:
            column.InsertNextValue("" if cell is None else str(cell))
        else:
            column.InsertNextValue(float("nan") if cell is None else float(cell))
    return column
