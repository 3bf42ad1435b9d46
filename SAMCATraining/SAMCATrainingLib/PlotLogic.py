"""Live curves of a run in Slicer's own plot views: one table, its series, two charts, and a layout for them.

Nothing of it is saved with the scene. Nodes that a closed scene took with it are made again when needed.
"""

from __future__ import annotations

import slicer
import vtk

from SAMCALib.Texts import _

LAYOUT = 5137  # a number that no layout of Slicer has
LOSS_VIEW, DICE_VIEW = "SAMCALoss", "SAMCADice"
SLICE_SHARE, PLOT_SHARE = 550, 450  # of the height, in thousandths; without sizes Slicer gives plots 31 px
VIEW = (
    '<item splitSize="500"><view class="{kind}" singletontag="{tag}">'
    '<property name="viewlabel" action="default">{label}</property></view></item>'
)
ROOM = 0.75  # of the epochs, to the right of the lines, where the legend stands
MARGIN = 5.0  # in % of Dice, above and below the lines
COLOURS = ((0.12, 0.47, 0.71), (0.85, 0.37, 0.01), (0.0, 0.55, 0.35), (0.50, 0.35, 0.70), (0.65, 0.45, 0.2))
GREY = (0.6, 0.6, 0.6)
STEPS = 600  # points of the curve within epochs; of longer runs every n-th step is drawn


class PlotLogic:
    """Give it a run's records; it keeps nodes up to date and opens or leaves the layout that shows them."""

    def __init__(self):
        self._nodes: dict = {}  # by name
        self._before = None  # the layout that was left for ours
        self._clicks: tuple = ()

    def update(self, epochs, steps=(), before=None, of=0) -> None:
        """epochs: EpochRecords in their order. steps: (epoch as a fraction, loss), drawn between them.

        before: Dice by number of clicks of the model before, which is epoch 0. of: epochs of the whole run.
        """
        before = before or {}
        self._clicks = tuple(sorted({*before, *(clicks for record in epochs for clicks in record.dice)}))
        rows = [(record.epoch, record.loss) for record in epochs]
        thinned = steps[:: len(steps) // STEPS + 1]
        self._fill("epochs", ["epoch", "loss"], rows)
        self._fill("steps", ["epoch", "loss"], thinned)
        lines = self._dice(epochs, before)
        last = max([of, 1, *(record.epoch for record in epochs)])
        self._fill("before", ["epoch", *map(_diceColumn, before)], [(x, *before.values()) for x in (0, last)])
        losses = [("steps", "loss", _("step")), ("epochs", "loss", _("epoch"))]
        dice = [("dice", _diceColumn(clicks), _clicksText(clicks)) for clicks in self._clicks]
        dice += [("before", _diceColumn(c), _beforeText(c)) for c in self._clicks if c in before]
        highest = max([y for _x, y in (*rows, *thinned)], default=1.0)
        self._chart("loss", _("Training loss"), losses, last, (0.0, 1.05 * highest or 1.0))
        self._chart("dice", _("Validation Dice in %"), dice, last, _around(lines))
        self._showCharts()

    def _dice(self, epochs, before: dict) -> list:
        """A row for each epoch, 0 first; one that was not validated has no numbers."""
        nan = float("nan")
        of = ([(0, before)] if before else []) + [(record.epoch, record.dice) for record in epochs]
        rows = [(epoch, *(dice.get(clicks, nan) for clicks in self._clicks)) for epoch, dice in of]
        self._fill("dice", ["epoch", *map(_diceColumn, self._clicks)], rows)
        return [value for _epoch, *values in rows for value in values if value == value]

    # Layout

    @property
    def isShown(self) -> bool:
        """Whether Slicer shows the curves now."""
        node = layoutNode()
        return node is not None and node.GetViewArrangement() == LAYOUT

    def show(self) -> None:
        """Put the curves beside the slice view, in a layout of their own."""
        node = layoutNode()
        if node is None or self.isShown:
            return
        if not node.IsLayoutDescription(LAYOUT):
            node.AddLayoutDescription(LAYOUT, layoutText())
        self._before = node.GetViewArrangement()
        node.SetViewArrangement(LAYOUT)
        self._showCharts()

    def hide(self) -> None:
        """Go back to the layout before, unless the user has chosen another one meanwhile."""
        if self.isShown and self._before is not None:
            layoutNode().SetViewArrangement(self._before)
        self._before = None

    def remove(self) -> None:
        """Take all nodes out of the scene."""
        for node in self._nodes.values():
            if node.GetScene():
                node.GetScene().RemoveNode(node)
        self._nodes = {}

    def _showCharts(self) -> None:
        for tag, name in ((LOSS_VIEW, "loss chart"), (DICE_VIEW, "dice chart")):
            view = slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLPlotViewNode")
            chart = self._nodes.get(name)
            if view is not None and chart is not None and view.GetPlotChartNodeID() != chart.GetID():
                view.SetDoPropagatePlotChartSelection(False)  # else both show what is selected elsewhere
                view.SetPlotChartNodeID(chart.GetID())

    # Nodes

    def _node(self, name: str, kind: str):
        """The node of this name, made if it is not (any more) in the scene."""
        node = self._nodes.get(name)
        if node is None or node.GetScene() is not slicer.mrmlScene:
            node = slicer.mrmlScene.CreateNodeByClass(kind)
            node.UnRegister(None)
            node.SetName(f"SAMCA {name}")
            node.SetSaveWithScene(False)
            node.SetHideFromEditors(True)
            slicer.mrmlScene.AddNode(node)
            self._nodes[name] = node
        return node

    def _fill(self, name: str, columns: list[str], rows: list) -> None:
        table = self._node(name, "vtkMRMLTableNode")
        content = vtk.vtkTable()
        for index, column in enumerate(columns):
            content.AddColumn(_column(column, rows, index))
        table.SetAndObserveTable(content)

    def _chart(self, name: str, title: str, curves: list[tuple[str, str, str]], last: int, y) -> None:
        """curves: (table, its column, words for the legend). last: epoch of the run; y: range."""
        chart = self._node(f"{name} chart", "vtkMRMLPlotChartNode")
        chart.SetTitle(title)
        chart.SetXAxisTitle(_("epoch"))
        chart.SetGridVisibility(True)
        chart.SetLegendVisibility(True)
        for axis, found in (("X", (0.0, (1 + ROOM) * last)), ("Y", y)):  # a view fits them only once
            getattr(chart, f"Set{axis}AxisRangeAuto")(False)
            getattr(chart, f"Set{axis}AxisRange")(*found)
        wanted = [self._series(*curve) for curve in curves]
        present = [chart.GetNthPlotSeriesNodeID(i) for i in range(chart.GetNumberOfPlotSeriesNodes())]
        if present != [series.GetID() for series in wanted]:
            chart.RemoveAllPlotSeriesNodeIDs()
            for series in wanted:
                chart.AddAndObservePlotSeriesNodeID(series.GetID())

    def _series(self, table: str, column: str, legend: str):
        series = self._node(f"{table} {column} curve", "vtkMRMLPlotSeriesNode")
        series.SetName(legend)
        series.SetAndObserveTableNodeID(self._nodes[table].GetID())
        series.SetXColumnName("epoch")
        series.SetYColumnName(column)
        series.SetPlotType(series.PlotTypeScatter)  # numbers on both axes; PlotTypeLine counts rows
        isFine = table in ("steps", "before")
        series.SetMarkerStyle(series.MarkerStyleNone if isFine else series.MarkerStyleCircle)
        series.SetLineStyle(series.LineStyleDash if table == "before" else series.LineStyleSolid)
        series.SetLineWidth(1 if isFine else 2)
        series.SetColor(*(GREY if table == "steps" else self._colourOf(column)))
        return series

    def _colourOf(self, column: str) -> tuple[float, float, float]:
        """One for each number of clicks, for before and after alike."""
        columns = list(map(_diceColumn, self._clicks))
        return COLOURS[columns.index(column) % len(COLOURS)] if column in columns else COLOURS[0]


def layoutNode():
    """The node that says which views Slicer shows; None without an application."""
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")


def layoutText() -> str:
    """One slice view over two plot views."""
    loss = VIEW.format(kind="vtkMRMLPlotViewNode", tag=LOSS_VIEW, label="L")
    dice = VIEW.format(kind="vtkMRMLPlotViewNode", tag=DICE_VIEW, label="D")
    red = VIEW.format(kind="vtkMRMLSliceNode", tag="Red", label="R")
    plots = f'<layout type="horizontal" split="true">{loss}{dice}</layout>'
    red = red.replace('splitSize="500"', f'splitSize="{SLICE_SHARE}"')
    return f'<layout type="vertical" split="true">{red}<item splitSize="{PLOT_SHARE}">{plots}</item></layout>'


def _diceColumn(clicks: int) -> str:
    return f"dice {clicks}"


def _clicksText(clicks: int) -> str:
    return _("1 click") if clicks == 1 else _("{number} clicks").format(number=clicks)


def _beforeText(clicks: int) -> str:
    return _("{clicks}, before").format(clicks=_clicksText(clicks))


def _around(values: list[float]) -> tuple[float, float]:
    """A range in % with some room around the values."""
    return max(0.0, min(values, default=0.0) - MARGIN), min(100.0, max(values, default=100.0) + MARGIN)


def _column(name: str, rows: list, index: int) -> vtk.vtkDoubleArray:
    column = vtk.vtkDoubleArray()
    column.SetName(name)
    for row in rows:
        column.InsertNextValue(row[index])
    return column
