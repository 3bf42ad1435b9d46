"""Table and Chart of the effect: all frames are measured in slices of its timer, nothing is half made."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from effect_editors import click, settled, status

from SAMCALib.Editing import SizesRun

FRAMES = 6


def made(kind):
    return slicer.util.getNodesByClass(f"vtkMRML{kind}Node")


def fill(editor, rows=slice(20, 40)):
    """The segment has a rectangle in each frame."""
    voxels = np.zeros((FRAMES, 60, 80), np.uint8)
    voxels[:, rows, 30:50] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        voxels, editor.slicer.segmentation, "Lesion", editor.slicer.volume
    )


@pytest.fixture
def sweep(open_editor, monkeypatch):
    """An editor that measures a segment of six frames, and no more than one at each tick."""
    monkeypatch.setattr(SizesRun, "SLICE_SECONDS", 0)
    editor = open_editor(volumes.volume(volumes.speckle(FRAMES, 60, 80), "anisotropic"))
    fill(editor)
    editor.measureCheckBox.click()
    return settled(editor)


def ticks(editor):
    """How many it takes until nothing is measured any more, and what the status said after each."""
    said = []
    while editor.effect.measure.isBusy:
        editor.tick()
        said.append(status(editor))
        assert len(said) < 100
    return said


def test_a_tick_measures_a_slice_and_the_table_comes_with_the_last(sweep):
    sweep.sizesTableButton.click()
    assert "Measuring" in status(sweep)
    *before, last = ticks(sweep)
    assert len(before) >= FRAMES
    assert "Measuring: 3 of 6 frames." in before[3]
    (table,) = made("Table")
    assert table.GetNumberOfRows() == FRAMES + 1  # and the volume
    assert table.GetName() in last
    assert "Measuring" not in last


def test_no_table_is_there_while_frames_are_measured(sweep):
    before = slicer.mrmlScene.GetNumberOfNodes()
    sweep.sizesTableButton.click()
    for _ in range(3):
        sweep.tick()
        assert sweep.effect.measure.isBusy
        assert slicer.mrmlScene.GetNumberOfNodes() == before
    assert sweep.sizesTableButton.text == "Stop"
    assert sweep.cancelButton.visible


@pytest.mark.parametrize("button", ["cancelButton", "sizesTableButton"])
def test_cancel_and_a_second_press_stop_it(sweep, button):
    before = slicer.mrmlScene.GetNumberOfNodes()
    sweep.sizesTableButton.click()
    sweep.tick()
    getattr(sweep, button).click()
    assert not sweep.effect.measure.isBusy
    assert "Cancelled" in status(sweep)
    settled(sweep)
    assert "Measuring" not in status(sweep)
    assert slicer.mrmlScene.GetNumberOfNodes() == before
    assert sweep.sizesTableButton.text == "Table"
    sweep.sizesTableButton.click()
    ticks(sweep)
    assert len(made("Table")) == 1


def removeSegment(editor):
    editor.slicer.segmentation.GetSegmentation().RemoveSegment("Lesion")


def removeSegmentation(editor):
    slicer.mrmlScene.RemoveNode(editor.slicer.segmentation)


def removeVolume(editor):
    slicer.mrmlScene.RemoveNode(editor.slicer.volume)


@pytest.mark.parametrize("remove", [removeSegment, removeSegmentation, removeVolume])
def test_what_is_deleted_meanwhile_ends_it_with_a_sentence(sweep, remove):
    sweep.sizesTableButton.click()
    sweep.tick()
    remove(sweep)
    assert "nothing was measured" in ticks(sweep)[-1]
    assert made("Table") == []


def paint(editor):
    fill(editor, slice(20, 41))


def paintImage(editor):
    voxels = slicer.util.arrayFromVolume(editor.slicer.volume)
    voxels[0] = 0
    slicer.util.arrayFromVolumeModified(editor.slicer.volume)


def changeSpacing(editor):
    editor.slicer.volume.SetSpacing(2, 2, 2)


@pytest.mark.parametrize("change", [paint, paintImage, changeSpacing])
def test_what_is_changed_meanwhile_ends_it_with_a_sentence(sweep, change):
    sweep.sizesTableButton.click()
    sweep.tick()
    change(sweep)
    sweep.tick()
    assert not sweep.effect.measure.isBusy
    assert "has changed" in status(sweep)
    assert made("Table") == []


def test_with_another_effect_or_without_measure_it_ends(sweep):
    sweep.sizesTableButton.click()
    sweep.tick()
    sweep.measureCheckBox.click()
    sweep.tick()
    assert not sweep.effect.measure.isBusy
    sweep.measureCheckBox.click()
    settled(sweep)
    sweep.sizesTableButton.click()
    sweep.deactivate()
    assert not sweep.effect.measure.isBusy
    assert made("Table") == []


def test_what_nobody_expected_ends_it_too(sweep, monkeypatch):
    sweep.sizesTableButton.click()
    sweep.tick()
    monkeypatch.setattr("SAMCALib.Measures.MeasureLogic.ofMask", lambda *given: 1 / 0)
    assert "ZeroDivisionError" in ticks(sweep)[-1]
    assert made("Table") == []


def test_a_chart_shows_how_sizes_grow(sweep):
    sweep.sizesChartButton.click()
    sweep.tick()
    assert not sweep.sizesChartButton.visible
    said = ticks(sweep)
    (chart,) = made("PlotChart")
    assert chart.GetName() in said[-1]
    assert chart.GetNumberOfPlotSeriesNodes() == 6
    selected = slicer.app.applicationLogic().GetSelectionNode()
    assert selected.GetActivePlotChartID() == chart.GetID()


def test_a_loop_can_be_scrolled_while_it_is_measured(open_editor, monkeypatch):
    monkeypatch.setattr(SizesRun, "SLICE_SECONDS", 0)
    browser, proxy = volumes.cine(5, (60, 80))
    editor = click(open_editor(proxy), 40, 30)
    editor.measureCheckBox.click()
    settled(editor)
    editor.sizesTableButton.click()
    for item in (1, 2, 0):
        browser.SetSelectedItemNumber(item)
        editor.effect.view.isOld = True
        editor.tick()
        assert editor.effect.measure.isBusy
    assert "Tables" in ticks(editor)[-1]
    (table,) = made("Table")
    assert table.GetNumberOfRows() == 1  # it lies in the first item alone
