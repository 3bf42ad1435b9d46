"""Sizes in Slicer's module Segment Statistics: one row a segment, of its largest frame."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import slicer
import slicer.util
import slicer_statistics
import volumes
from segmented_scene import segmented_loop
from slicer_scene import Editor

from SAMCALib.Frames import SequenceLogic
from SAMCALib.Measures import MeasureLogic

PLUGIN = "SAMCASegmentStatisticsPlugin"


@pytest.fixture
def registered(shell, monkeypatch):
    """Slicer's logic, after the application has started."""
    logic = slicer_statistics.install(monkeypatch)
    shell.registerStatistics()
    return logic


@pytest.fixture
def editor(scene):
    """Two segments in a sweep, the second one empty."""
    volume = volumes.volume(volumes.speckle(4, 40, 60), "anisotropic")
    editor, voxels = Editor(volume, ("Lesion", "Nerve")), np.zeros((4, 40, 60), np.uint8)
    voxels[1, 10:20, 10:30] = voxels[2, 10:24, 10:40] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, "Lesion", volume)
    return editor


def computed(logic, segmentation, volume, **parameters):
    """(the logic after it has computed, its table)."""
    made = logic()
    node = made.getParameterNode()
    node.SetParameter("Segmentation", segmentation.GetID())
    if volume is not None:
        node.SetParameter("ScalarVolume", volume.GetID())
    for name, value in parameters.items():
        node.SetParameter(f"{PLUGIN}.{name}.enabled", value)
    made.computeStatistics()
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    made.exportToTable(table)
    return made, table


def test_each_segment_has_a_row_with_the_sizes_of_its_largest_frame(registered, editor):
    logic, table = computed(registered, editor.segmentation, editor.volume)
    frame, sizes = MeasureLogic.ofSegment(editor.segmentation, "Lesion", editor.volume).largest
    of = {key.split(".")[-1]: value for (name, key), value in logic.statistics.items() if name == "Lesion"}
    assert frame.index == 2
    assert (of["frame"], of["shape"], of["notes"]) == ("3", sizes.shape, "")
    assert of["long_axis"] == pytest.approx(sizes.long_axis.length)
    assert of["area"] == pytest.approx(14 * 30 * 0.14)
    assert of["volume"] == pytest.approx((200 + 420) * 0.14 * 3.5)
    assert of["depth_to_width"] == pytest.approx(14 * 0.7 / (30 * 0.2))
    assert table.GetNumberOfRows() == 2
    column = table.GetTable().GetColumnByName("Long Axis [mm]")
    assert column.GetValue(0) == pytest.approx(sizes.long_axis.length)
    assert math.isnan(column.GetValue(1))
    assert "nothing to measure" in table.GetTable().GetColumnByName("Notes").GetValue(1)


def test_a_segmentation_under_a_transform_is_measured_in_the_world(registered, editor):
    node = volumes.transform()
    for each in (editor.volume, editor.segmentation):
        each.SetAndObserveTransformNodeID(node.GetID())
    logic, _table = computed(registered, editor.segmentation, editor.volume)
    assert logic.statistics["Lesion", f"{PLUGIN}.area"] == pytest.approx(1.69 * 14 * 30 * 0.14)


def test_where_the_size_of_a_pixel_is_not_known_no_column_is_in_mm(registered, scene):
    volume = volumes.volume(volumes.speckle(1, 40, 60))
    editor = Editor(volume)
    mask = np.ones((1, 40, 60), np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, editor.segmentation, "Lesion", volume)
    logic, table = computed(registered, editor.segmentation, volume)
    titles = [table.GetTable().GetColumn(i).GetName() for i in range(table.GetNumberOfColumns())]
    assert "Long Axis [px]" in titles
    assert "Area [px2]" in titles
    assert not any("mm" in title for title in titles)
    assert "not in mm" in logic.statistics["Lesion", f"{PLUGIN}.notes"]


def test_in_a_loop_the_item_that_is_shown_counts(registered, scene):
    browser, proxy, segmentation, segmentId = segmented_loop(3)
    SequenceLogic.showItem(browser, SequenceLogic.itemsOf(browser)[1])
    segmentation.SetAndObserveTransformNodeID(volumes.transform(np.eye(4)).GetID())  # measured as a copy
    logic, _table = computed(registered, segmentation, proxy)
    assert logic.statistics[segmentId, f"{PLUGIN}.area"] == pytest.approx(4 * 10 * 0.14)
    assert logic.statistics[segmentId, f"{PLUGIN}.frame"] == "0.1"


def test_only_what_is_asked_for_is_told_and_nothing_without_a_volume(registered, editor):
    logic, _table = computed(registered, editor.segmentation, editor.volume, long_axis="False")
    assert ("Lesion", f"{PLUGIN}.long_axis") not in logic.statistics
    assert ("Lesion", f"{PLUGIN}.short_axis") in logic.statistics
    logic, _table = computed(registered, editor.segmentation, None)
    assert set(logic.statistics) == {("Lesion", "Segment"), ("Nerve", "Segment")}


def test_what_cannot_be_measured_says_why_in_its_row(registered, editor):
    bent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    editor.volume.SetAndObserveTransformNodeID(bent.GetID())
    logic, table = computed(registered, editor.segmentation, editor.volume)
    assert "bends" in logic.statistics["Lesion", f"{PLUGIN}.notes"]
    assert table.GetNumberOfRows() == 2


def test_every_key_has_a_name_before_anything_is_computed(registered):
    (plugin,) = registered().plugins
    assert set(plugin.labels) == set(plugin.keys)
    assert plugin.getMeasurementInfo("other") is None


def test_an_application_without_the_module_goes_on(shell, monkeypatch):
    monkeypatch.setitem(sys.modules, "SegmentStatistics", None)
    shell.registerStatistics()
