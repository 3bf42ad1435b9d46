"""The curves of a run are tables and charts of the scene, live, and nothing of them stays behind."""

from __future__ import annotations

import math
import re

import numpy as np
import plot_views
import pytest
import slicer

from SAMCATrainingLib import PlotLogic
from SAMCATrainingLib.RunState import EpochRecord


@pytest.fixture
def plots(scene):
    plots = PlotLogic.PlotLogic()
    yield plots
    plots.remove()


def epochs(count, clicks=(1, 3, 5)):
    return tuple(
        EpochRecord(n, 1 / n, 0.6 / n, 0.4 / n, {c: 50.0 + n + c for c in clicks})
        for n in range(1, count + 1)
    )


def chart(tag):
    view = slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLPlotViewNode")
    return slicer.mrmlScene.GetNodeByID(view.GetPlotChartNodeID())


def curves(tag):
    """{legend: [(x, y), ...]} of the chart in a plot view."""
    found = {}
    node = chart(tag)
    for number in range(node.GetNumberOfPlotSeriesNodes()):
        series = node.GetNthPlotSeriesNode(number)
        table = series.GetTableNode().GetTable()
        x, y = (table.GetColumnByName(name) for name in (series.GetXColumnName(), series.GetYColumnName()))
        found[series.GetName()] = [(x.GetValue(i), y.GetValue(i)) for i in range(x.GetNumberOfTuples())]
    return found


def nodes():
    scene = slicer.mrmlScene
    return sorted(scene.GetNthNode(i).GetID() for i in range(scene.GetNumberOfNodes()))


def test_loss_and_dice_of_all_clicks_are_drawn_in_two_plot_views(plots, layout):
    plots.update(epochs(2), ((0.5, 1.5), (1.5, 0.7)))
    plots.show()
    assert curves(PlotLogic.LOSS_VIEW) == {
        "step": [(0.5, 1.5), (1.5, 0.7)],
        "epoch": [(1, 1), (2, 0.5)],
    }
    assert curves(PlotLogic.DICE_VIEW) == {
        "1 click": [(1, 52), (2, 53)], "3 clicks": [(1, 54), (2, 55)], "5 clicks": [(1, 56), (2, 57)],
    }  # fmt: skip


BEFORE = {1: 48.0, 3: 72.0, 5: 80.0}


def test_the_model_before_is_epoch_0_of_the_curve_and_a_line_to_the_end(plots, layout):
    plots.update(epochs(2), (), BEFORE, 8)
    plots.show()
    found = curves(PlotLogic.DICE_VIEW)
    assert found["3 clicks"] == [(0, 72), (1, 54), (2, 55)]
    assert found["3 clicks, before"] == [(0, 72), (8, 72)]
    node = chart(PlotLogic.DICE_VIEW)
    series = [node.GetNthPlotSeriesNode(number) for number in range(node.GetNumberOfPlotSeriesNodes())]
    by = {each.GetName(): each for each in series}
    assert by["3 clicks"].GetColor() == by["3 clicks, before"].GetColor() != by["1 click"].GetColor()
    assert by["3 clicks"].GetLineStyle() != by["3 clicks, before"].GetLineStyle()


def test_the_plots_have_nearly_half_of_the_height():
    found = plot_views.heights(PlotLogic.layoutText(), 700)
    assert min(found[tag] for tag in (PlotLogic.LOSS_VIEW, PlotLogic.DICE_VIEW)) > 250
    assert found["Red"] > 300


def test_the_axes_follow_the_lines_of_a_view_that_fits_them_once(plots, layout):
    plots.update(epochs(1), ((0.5, 1.5),), BEFORE, 9)
    plots.show()
    views = [plot_views.PlotView(chart(tag)) for tag in (PlotLogic.LOSS_VIEW, PlotLogic.DICE_VIEW)]
    for count, steps in ((1, ((0.5, 1.5),)), (5, ((0.5, 1.5), (4.5, 3.0))), (12, ())):
        plots.update(epochs(count), steps, BEFORE, 9)
        for view in views:
            view.draw()
            assert view.shown(), f"all of {count} epochs"


@pytest.mark.parametrize("width", [380, 800])
def test_the_legend_stands_beside_the_lines(plots, layout, width):
    plots.update(epochs(9), tuple((n / 10, 1.5) for n in range(90)), {1: 95.0, 3: 96.0, 5: 97.0}, 9)
    plots.show()
    for tag in (PlotLogic.LOSS_VIEW, PlotLogic.DICE_VIEW):
        view = plot_views.PlotView(chart(tag), width)
        picture = view.draw()
        assert picture.std() > 10, "something is drawn"
        left, right, low, high = view.legend
        x, y = view.pixels().T
        assert len(x) > 100
        assert not np.any((x > left) & (x < right) & (y > low) & (y < high))
        assert right > width - 60, "and not in the middle"


def test_new_epochs_appear_without_new_nodes(plots, layout):
    plots.update(epochs(1))
    plots.show()
    before = nodes()
    for count in range(2, 6):
        plots.update(epochs(count), tuple((n / 10, 1.0) for n in range(count)))
    assert nodes() == before
    assert [x for x, _y in curves(PlotLogic.DICE_VIEW)["3 clicks"]] == [1, 2, 3, 4, 5]


def test_an_epoch_without_validation_leaves_a_gap(plots, layout):
    plots.update((*epochs(1), EpochRecord(2, 0.5, 0.3, 0.2, {})))
    plots.show()
    assert math.isnan(curves(PlotLogic.DICE_VIEW)["1 click"][1][1])


def test_a_run_that_has_not_begun_has_empty_charts(plots, layout):
    plots.show()
    plots.update((), ())
    assert curves(PlotLogic.DICE_VIEW) == {}
    assert curves(PlotLogic.LOSS_VIEW) == {"step": [], "epoch": []}


def test_another_run_with_other_clicks_takes_the_place_of_the_first(plots, layout):
    plots.update(epochs(3))
    plots.show()
    plots.update(epochs(1, clicks=(2,)))
    assert curves(PlotLogic.DICE_VIEW) == {"2 clicks": [(1, 53)]}


def test_thousands_of_steps_are_thinned(plots, layout):
    plots.update((), tuple((n / 5000, 1.0) for n in range(5000)))
    plots.show()
    assert 300 <= len(curves(PlotLogic.LOSS_VIEW)["step"]) <= PlotLogic.STEPS


def test_the_layout_before_comes_back_and_one_chosen_meanwhile_stays(plots, layout):
    layout.SetViewArrangement(layout.SlicerLayoutFourUpView)
    plots.show()
    assert plots.isShown
    plots.hide()
    assert layout.GetViewArrangement() == layout.SlicerLayoutFourUpView
    plots.show()
    layout.SetViewArrangement(layout.SlicerLayoutOneUpRedSliceView)
    plots.hide()
    assert layout.GetViewArrangement() == layout.SlicerLayoutOneUpRedSliceView


def test_the_slice_view_stays_beside_the_curves(plots, layout):
    plots.show()
    assert re.findall('singletontag="(.*?)"', layout.GetCurrentLayoutDescription()) == [
        "Red", PlotLogic.LOSS_VIEW, PlotLogic.DICE_VIEW
    ]  # fmt: skip


def test_a_chart_shown_elsewhere_does_not_push_ours_out(plots, layout):
    plots.update(epochs(1))
    plots.show()
    views = [
        slicer.mrmlScene.GetSingletonNode(tag, "vtkMRMLPlotViewNode")
        for tag in (PlotLogic.LOSS_VIEW, PlotLogic.DICE_VIEW)
    ]
    assert not any(view.GetDoPropagatePlotChartSelection() for view in views)


def test_after_the_scene_was_closed_the_curves_are_drawn_again(plots, layout, scene):
    plots.update(epochs(2))
    plots.show()
    scene.Clear(0)
    plots.update(epochs(3))
    assert len(curves(PlotLogic.DICE_VIEW)["1 click"]) == 3


def test_nothing_is_left_and_nothing_is_saved(plots, layout, scene):
    plots.show()
    before = nodes()
    plots.update(epochs(2), ((0.5, 1.0),))
    ours = set(nodes()) - set(before)
    assert len(ours) >= 9
    assert not any(scene.GetNodeByID(node).GetSaveWithScene() for node in ours)
    plots.remove()
    assert nodes() == before


def test_without_an_application_nothing_is_shown(plots, scene):
    assert PlotLogic.layoutNode() is None
    plots.update(epochs(1))
    plots.show()
    plots.hide()
    assert not plots.isShown
