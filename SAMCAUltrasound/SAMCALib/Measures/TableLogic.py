"""Rows of numbers and words as a table node of the scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import slicer
import vtk

from ..Texts import _

COLOURS = ((0.12, 0.47, 0.71), (0.85, 0.37, 0.01), (0.0, 0.55, 0.35), (0.5, 0.5, 0.5))
MARK_SIZE = 15


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


def chart(
    name: str,
    x: str,
    curves: Sequence[str],
    rows: Sequence[Sequence],
    marks: Mapping[str, tuple[float, float]],
):
    """A chart node with a line for each curve; rows: x and a value of each, None for none.

    marks: single points (x, y) by what they are called, in the colour of the first curve.
    """
    title = _("{name} growth").format(name=name)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", title)
    node.SetTitle(name)
    node.SetXAxisTitle(x)
    table = _named(title, name, (x, *curves), rows)
    for curve, colour in zip(curves, COLOURS, strict=False):
        node.AddAndObservePlotSeriesNodeID(_series(table, x, curve, colour).GetID())
    for mark, point in marks.items():
        series = _series(_named(mark, name, (x, mark), [point]), x, mark, COLOURS[0])
        series.SetMarkerStyle(series.MarkerStyleDiamond)
        series.SetMarkerSize(MARK_SIZE)
        node.AddAndObservePlotSeriesNodeID(series.GetID())
    return node


def _named(title: str, name: str, heading: Sequence[str], rows: Sequence[Sequence]):
    return fill(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", title), name, heading, rows)


def _series(table, x: str, y: str, colour: tuple[float, float, float]):
    series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", y)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(x)
    series.SetYColumnName(y)
    series.SetPlotType(series.PlotTypeScatter)  # numbers on both axes; PlotTypeLine counts rows
    series.SetColor(*colour)
    return series


def _column(cells: list):
    isText = any(isinstance(cell, str) for cell in cells)
    column = vtk.vtkStringArray() if isText else vtk.vtkDoubleArray()
    for cell in cells:
        if isText:
            column.InsertNextValue("" if cell is None else str(cell))
        else:
            column.InsertNextValue(float("nan") if cell is None else float(cell))
    return column
