"""Slicer's plot views as seen in 5.12.3: how high a layout makes them, and what they draw of a chart.

An axis without a range in the chart node is fitted once, when the view draws it first, and stays. A view that
the layout gives no size has 31 px.
"""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

UNSIZED_PX = 31
AXES = {"X": vtk.vtkAxis.BOTTOM, "Y": vtk.vtkAxis.LEFT}


def heights(description: str, height: int) -> dict[str, float]:
    """The height in px of each view of a vertical layout of so many px, by its tag."""
    rows = ElementTree.fromstring(description).findall("item")
    sizes = [float(row.get("splitSize", 0)) for row in rows]
    free = height - UNSIZED_PX * sizes.count(0)
    found = {}
    for row, size in zip(rows, sizes, strict=True):
        own = free * size / sum(sizes) if size else UNSIZED_PX if sum(sizes) or row.find("layout") else free
        found |= {view.get("singletontag"): own for view in row.iter("view")}
    return found


class PlotView:
    """Draws a vtkMRMLPlotChartNode offscreen, again and again as its tables change."""

    def __init__(self, chart, width: int = 420, height: int = 300):
        self.node, self.view, self.chart = chart, vtk.vtkContextView(), vtk.vtkChartXY()
        self.window = self.view.GetRenderWindow()
        self.window.SetOffScreenRendering(True)
        self.window.SetSize(width, height)
        self.view.GetRenderer().SetBackground(1, 1, 1)
        self.view.GetScene().AddItem(self.chart)
        self._fitted: dict[str, tuple[float, float]] = {}
        self.lines: list[np.ndarray] = []  # (N, 2) of each series

    def draw(self) -> np.ndarray:
        """(H, W, 3) uint8 of the chart as it is now."""
        self.chart.ClearPlots()
        self.lines = []
        for number in range(self.node.GetNumberOfPlotSeriesNodes()):
            self._add(self.node.GetNthPlotSeriesNode(number))
        self.chart.SetTitle(self.node.GetTitle())
        self.chart.SetShowLegend(self.node.GetLegendVisibility())
        for index, (letter, axis) in enumerate(AXES.items()):
            self.chart.GetAxis(axis).SetBehavior(vtk.vtkAxis.FIXED)
            self.chart.GetAxis(axis).SetRange(*self._range(letter, index))
        self.view.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self.window)
        grab.ReadFrontBufferOff()
        grab.Update()
        image = grab.GetOutput()
        width, height, _ = image.GetDimensions()
        return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)[::-1, :, :3]

    @property
    def legend(self) -> tuple[float, float, float, float]:
        """x0, x1, y0, y1 of the legend as it was drawn, in px from the left and from below."""
        rect = self.chart.GetLegend().GetBoundingRect(self.view.GetContext())
        x, y, width, height = (rect[i] for i in range(4))
        return x, x + width, y, y + height

    def pixels(self) -> np.ndarray:
        """(N, 2) places in px of everything on the lines, in between the points, too."""
        found = [np.zeros((0, 2))]
        for line in filter(len, self.lines):
            places = np.linspace(0, len(line) - 1, 40 * len(line))
            columns = [np.interp(places, range(len(line)), line[:, i]) for i in range(2)]
            px = [self._to_px(*pair) for pair in zip(AXES.values(), columns, strict=True)]
            found.append(np.stack(px, axis=1))
        return np.concatenate(found)

    def shown(self) -> bool:
        """Whether every point of every line lies within the axes."""
        ranges = [self.chart.GetAxis(axis) for axis in AXES.values()]
        return all(
            axis.GetMinimum() <= value <= axis.GetMaximum()
            for line in self.lines
            for point in line
            for axis, value in zip(ranges, point, strict=True)
        )

    def _add(self, series) -> None:
        table = series.GetTableNode().GetTable()
        names = series.GetXColumnName(), series.GetYColumnName()
        columns = [vtk_to_numpy(table.GetColumnByName(name)) for name in names if table.GetNumberOfRows()]
        points = np.stack(columns, 1) if columns else np.zeros((0, 2))
        self.lines.append(points[~np.isnan(points).any(1)])
        plot = self.chart.AddPlot(vtk.vtkChart.LINE)
        plot.SetInputData(table, *names)
        plot.SetLabel(series.GetName())
        plot.SetColorF(*series.GetColor())
        plot.SetWidth(series.GetLineWidth())
        plot.GetPen().SetLineType(series.GetLineStyle())
        plot.SetMarkerStyle(series.GetMarkerStyle())

    def _range(self, letter: str, index: int) -> tuple[float, float]:
        if not getattr(self.node, f"Get{letter}AxisRangeAuto")():
            return getattr(self.node, f"Get{letter}AxisRange")()
        values = np.concatenate([line[:, index] for line in self.lines] or [np.zeros(0)])
        if letter not in self._fitted:
            self._fitted[letter] = (values.min(), values.max()) if len(values) else (0.0, 1.0)
        return self._fitted[letter]

    def _to_px(self, axis: int, values: np.ndarray) -> np.ndarray:
        found = self.chart.GetAxis(axis)
        index = list(AXES.values()).index(axis)
        first, last = found.GetPoint1()[index], found.GetPoint2()[index]
        share = (values - found.GetMinimum()) / (found.GetMaximum() - found.GetMinimum())
        return first + share * (last - first)
