"""The curve of a loop: what was carried through it, or followed while it played, as chart and as table."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from effect_editors import click as click_in
from effect_editors import settled
from live_images import SeeingModel, picture
from vtk.util import numpy_support

RADII = 8, 9, 10, 9, 8, 7, 6, 7, 8
SPACING = 0.5


@pytest.fixture
def beating(open_editor, engine, monkeypatch):
    """`beating(kind)`: an editor on a disc that grows and shrinks, in a volume or a Sequence."""
    engine.setModel(SeeingModel(), "seeing")
    slicer.modules.plots.logic()

    def make(kind):
        images = [picture(32, radius=radius) for radius in RADII]
        browser = None
        if kind == "volume":
            volume = volumes.volume(np.concatenate(images), name="Heart")
        else:
            browser, volume = volumes.clip(*images, name="Heart")
            sequence = browser.GetMasterSequenceNode()
            for number in range(len(RADII)):
                sequence.GetNthDataNode(number).SetSpacing(SPACING, SPACING, 1)
        volume.SetSpacing(SPACING, SPACING, 1)
        editor = open_editor(volume)
        editor.browser = browser
        click_in(editor, 32, 32)
        return editor

    return make


def finished(editor):
    edit = editor.effect.edit
    while edit.sweep.isRunning:
        settled(editor)
    return editor


def curve(editor):
    """Area in mm2 by frame, as the chart has it, with the places of its marks."""
    editor.measureCheckBox.click()
    settled(editor)
    editor.sizesChartButton.click()
    while editor.effect.measure.isBusy:
        editor.tick()
    (chart,) = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    series = [chart.GetNthPlotSeriesNode(i) for i in range(chart.GetNumberOfPlotSeriesNodes())]
    points = {each.GetName(): numbers(each) for each in series}
    name = next(name for name in points if "area" in name.lower() and len(points[name]) > 1)
    marks = [points[each][0] for each in points if len(points[each]) == 1]
    return points[name], marks


def numbers(series):
    table = series.GetTableNode().GetTable()
    columns = [table.GetColumnByName(name()) for name in (series.GetXColumnName, series.GetYColumnName)]
    return np.transpose([numpy_support.vtk_to_numpy(column) for column in columns])


@pytest.mark.parametrize("kind", ["volume", "sequence"])
def test_what_was_carried_through_a_loop_has_its_curve_with_the_largest_and_the_smallest_marked(
    beating, kind
):
    editor = beating(kind)
    editor.effect.edit.segmentNeighbours(editor.effect.edit.frame, 9)
    points, marks = curve(finished(editor))
    truth = [(picture(32, radius=radius) > 100).sum() * SPACING**2 for radius in RADII]
    np.testing.assert_allclose(points[:, 1], truth)
    assert sorted(mark[1] for mark in marks) == [min(truth), max(truth)]


def test_what_was_followed_while_it_played_has_its_curve_with_gaps_where_images_were_passed_over(beating):
    editor = beating("sequence")
    editor.followButton.click()
    for number in (1, 2, 3, 5, 6, 8):
        editor.browser.SetSelectedItemNumber(number)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(editor.browser)
        settled(editor)
    editor.followButton.click()
    points, marks = curve(settled(editor))
    followed = [0, 1, 2, 3, 5, 6, 8]
    truth = [(picture(32, radius=RADII[number]) > 100).sum() * SPACING**2 for number in followed]
    areas = points[:, 1]
    np.testing.assert_allclose(areas[np.isfinite(areas) & (areas > 0)], truth)
    assert sorted(mark[1] for mark in marks) == [min(truth), max(truth)]


def test_its_table_is_saved_as_csv(beating, tmp_path):
    editor = beating("sequence")
    editor.effect.edit.segmentNeighbours(editor.effect.edit.frame, 9)
    finished(editor).measureCheckBox.click()
    settled(editor)
    editor.sizesTableButton.click()
    while editor.effect.measure.isBusy:
        editor.tick()
    (table,) = slicer.util.getNodesByClass("vtkMRMLTableNode")
    storage = slicer.vtkMRMLTableStorageNode()
    storage.SetFileName(str(tmp_path / "curve.csv"))
    assert storage.WriteData(table)
    heading, *rows = (tmp_path / "curve.csv").read_text().splitlines()
    assert "area" in heading.lower()
    assert len(rows) == len(RADII)
