"""Live curves of a run in Slicer's own plot views: one table, its series, two charts, and a layout for them.

Nothing of it is saved with the scene. Nodes that a closed scene took with it are made again when needed.
"""

from __future__ import annotations

import slicer
import vtk

from SAMCALib.Texts import _

LAYOUT = 5137  # a number that no layout of Slicer has
LOSS_VIEW, DICE_VIEW = "SAMCALoss", "SAMCADice"
VIEW = (
    '<item><view class="{kind}" singletontag="{tag}">'
    '<property name="viewlabel" action="default">{label}</property></view></item>'
)
COLOURS = ((0.12, 0.47, 0.71), (0.85, 0.37, 0.01), (0.0, 0.55, 0.35), (0.50, 0.35, 0.70), (0.65, 0.45, 0.2))
STEPS = 600  # points of the curve within epochs; of longer runs every n-th step is drawn


class PlotLogic:
    """Give it a run's records; it keeps nodes up to date and opens or leaves the layout that shows them."""

    def __init__(self):
        self._nodes: dict = {}  # by name
        self._before = None  # the layout that was left for ours
        self._clicks: tuple = ()

    def update(self, epochs, steps=()) -> None:
        """epochs: EpochRecords in their order. steps: (epoch as a fraction, loss), drawn between them."""
        self._clicks = tuple(sorted({clicks for record in epochs for clicks in record.dice}))
        rows = [(record.epoch, record.loss) for record in epochs]
        self._fill("epochs", [_column("epoch", rows, 0), _column("loss", rows, 1), *self._dice(epochs)])
        thinned = steps[:: len(steps) // STEPS + 1]
        self._fill("steps", [_column("epoch", thinned, 0), _column("loss", thinned, 1)])
        losses = [("steps", "loss", _("latest step")), ("epochs", "loss", _("mean of the epoch"))]
        dice = [("epochs", _diceColumn(clicks), _clicksText(clicks)) for clicks in self._clicks]
        self._chart("loss", _("Training loss"), losses)
        self._chart("dice", _("Validation Dice in %"), dice)
        self._showCharts()

    def _dice(self, epochs) -> list:
        """One column for each number of clicks; an epoch that was not validated has no number."""
        nan = float("nan")
        return [
            _column(_diceColumn(clicks), [(record.dice.get(clicks, nan),) for record in epochs], 0)
            for clicks in self._clicks
        ]

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

    def _fill(self, name: str, columns: list) -> None:
        table = self._node(name, "vtkMRMLTableNode")
        content = vtk.vtkTable()
        for column in columns:
            content.AddColumn(column)
        table.SetAndObserveTable(content)

    def _chart(self, name: str, title: str, curves: list[tuple[str, str, str]]) -> None:
        """curves: (name of the table, its column, words for the legend)."""
        chart = self._node(f"{name} chart", "vtkMRMLPlotChartNode")
        chart.SetTitle(title)
        chart.SetXAxisTitle(_("epoch"))
        chart.SetGridVisibility(True)
        wanted = [self._series(number, *curve) for number, curve in enumerate(curves)]
        present = [chart.GetNthPlotSeriesNodeID(i) for i in range(chart.GetNumberOfPlotSeriesNodes())]
        if present != [series.GetID() for series in wanted]:
            chart.RemoveAllPlotSeriesNodeIDs()
            for series in wanted:
                chart.AddAndObservePlotSeriesNodeID(series.GetID())

    def _series(self, number: int, table: str, column: str, legend: str):
        series = self._node(f"{table} {column} curve", "vtkMRMLPlotSeriesNode")
        series.SetName(legend)
        series.SetAndObserveTableNodeID(self._nodes[table].GetID())
        series.SetXColumnName("epoch")
        series.SetYColumnName(column)
        series.SetPlotType(series.PlotTypeScatter)  # numbers on both axes; PlotTypeLine counts rows
        isFine = table == "steps"
        series.SetMarkerStyle(series.MarkerStyleNone if isFine else series.MarkerStyleCircle)
        series.SetLineStyle(series.LineStyleSolid)
        series.SetLineWidth(1 if isFine else 2)
        series.SetColor(*((0.6, 0.6, 0.6) if isFine else COLOURS[number % len(COLOURS)]))
        return series


def layoutNode():
    """The node that says which views Slicer shows; None without an application."""
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")


def layoutText() -> str:
    """One slice view over two plot views."""
    loss = VIEW.format(kind="vtkMRMLPlotViewNode", tag=LOSS_VIEW, label="L")
    dice = VIEW.format(kind="vtkMRMLPlotViewNode", tag=DICE_VIEW, label="D")
    red = VIEW.format(kind="vtkMRMLSliceNode", tag="Red", label="R")
    plots = f'<item><layout type="horizontal" split="true">{loss}{dice}</layout></item>'
    return f'<layout type="vertical" split="true">{red}{plots}</layout>'


def _diceColumn(clicks: int) -> str:
    return f"dice {clicks}"


def _clicksText(clicks: int) -> str:
    return _("1 click") if clicks == 1 else _("{number} clicks").format(number=clicks)


def _column(name: str, rows: list, index: int) -> vtk.vtkDoubleArray:
    column = vtk.vtkDoubleArray()
    column.SetName(name)
    for row in rows:
        column.InsertNextValue(row[index])
    return column
