"""Measure in the effect: lines and words that follow the outline, whoever changes it."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from effect_editors import click, count, settled, status

from samca.measures import measure
from SAMCALib.Frames import FrameLogic, TransformLogic


def lines(scene):
    """name -> line node of the axes that are in the scene."""
    nodes = slicer.util.getNodesByClass("vtkMRMLMarkupsLineNode")
    return {node.GetAttribute("SAMCA.axis"): node for node in nodes}


def shown(scene):
    return {role for role, node in lines(scene).items() if node.GetDisplayNode().GetVisibility()}


def length(node):
    ends = [np.array(node.GetNthControlPointPositionWorld(i)) for i in range(2)]
    return float(np.linalg.norm(ends[1] - ends[0]))


@pytest.fixture
def measuring(open_editor):
    """An editor on a frame with pixels of 0.2 x 0.7 mm that measures an object."""
    editor = open_editor(volumes.volume(volumes.speckle(3, 60, 80), "anisotropic"))
    click(editor, 40, 30)
    editor.measureCheckBox.click()
    return settled(editor)


def expected(editor, spacing=(0.7, 0.2)):
    return measure(editor.slicer.voxels()[editor.effect.edit.frame.index], spacing)


def paint(editor, rows, columns, value=1):
    voxels = editor.slicer.voxels()
    voxels[editor.effect.edit.frame.index, rows, columns] = value
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        voxels.astype(np.uint8), editor.slicer.segmentation, "Lesion", editor.slicer.volume
    )
    return settled(editor)


def test_two_lines_lie_on_the_axes_and_the_words_are_in_the_panel(measuring, scene):
    sizes, there = expected(measuring), lines(scene)
    assert set(there) == {"long", "short"}
    assert length(there["long"]) == pytest.approx(sizes.long_axis.length)
    assert length(there["short"]) == pytest.approx(sizes.short_axis.length)
    assert f"{sizes.long_axis.length:.1f} x {sizes.short_axis.length:.1f} mm" in measuring.sizesLabel.text
    assert measuring.sizesLabel.visible
    assert all(node.GetLocked() for node in there.values())
    length_of = there["long"].GetMeasurement("length")
    assert length_of.GetEnabled()
    assert length_of.GetValue() == pytest.approx(sizes.long_axis.length, rel=1e-3)


def test_the_lines_follow_clicks_undo_and_what_is_painted_by_hand(measuring, scene):
    first = length(lines(scene)["long"])
    click(measuring, 40, 38)
    assert length(lines(scene)["long"]) == pytest.approx(expected(measuring).long_axis.length)
    assert length(lines(scene)["long"]) > 1.2 * first
    measuring.logic.Undo()
    settled(measuring)
    assert length(lines(scene)["long"]) == pytest.approx(first)
    paint(measuring, slice(30, 31), slice(40, 75))
    assert length(lines(scene)["long"]) == pytest.approx(expected(measuring).long_axis.length)
    assert len(lines(scene)) == 2


def test_of_several_objects_the_current_one_is_measured(measuring, scene):
    before = length(lines(scene)["long"])
    paint(measuring, slice(2, 5), slice(2, 7))
    assert length(lines(scene)["long"]) == pytest.approx(before)
    measuring.newObjectButton.click()
    click(measuring, 70, 50)
    ends = [measuring_xy(measuring, lines(scene)["long"], number) for number in range(2)]
    assert np.abs(np.mean(ends, axis=0) - (70, 50)).max() < 8


def measuring_xy(editor, node, number):
    return FrameLogic.rasToXy(editor.effect.edit.frame, node.GetNthControlPointPositionWorld(number))


def test_nothing_is_in_the_scene_before_measure_is_on_nor_after_it_is_off(open_editor, scene):
    editor = click(open_editor(), 40, 30)
    assert lines(scene) == {}
    assert not editor.sizesLabel.visible
    before = scene.GetNumberOfNodes()
    for _ in range(2):
        editor.measureCheckBox.click()
        settled(editor)
        assert len(lines(scene)) == 2
        editor.measureCheckBox.click()
        settled(editor)
        assert lines(scene) == {}
        assert scene.GetNumberOfNodes() == before


def test_where_nobody_knows_the_size_of_a_pixel_nothing_is_in_mm(open_editor, scene):
    editor = click(open_editor(), 40, 30)
    editor.measureCheckBox.click()
    settled(editor)
    sizes, node = expected(editor, None), lines(scene)["long"]
    assert node.GetName() == f"Long axis {sizes.long_axis.length:.0f} px"
    assert not node.GetMeasurement("length").GetEnabled()
    assert " px;" in editor.sizesLabel.text
    assert "not in mm" in editor.sizesLabel.text


def test_a_frame_without_an_object_shows_no_lines(measuring, scene):
    measuring.view.node.SetSliceOffset(measuring.view.node.GetSliceOffset() + 3.5)
    measuring.effect.view.isOld = True
    settled(measuring)
    assert shown(scene) == set()
    assert "no object in this frame" in measuring.sizesLabel.text
    measuring.view.node.SetSliceOffset(measuring.view.node.GetSliceOffset() - 3.5)
    measuring.effect.view.isOld = True
    settled(measuring)
    assert shown(scene) == {"long", "short"}


def test_a_transform_moves_the_lines_and_is_in_the_words(measuring, scene):
    turn = np.radians(20)
    turned = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    node = volumes.transform(volumes.ijkToRas(turned, (1.3, 1.3, 1.3)))
    for each in (measuring.slicer.volume, measuring.slicer.segmentation):
        each.SetAndObserveTransformNodeID(node.GetID())
    before, frame = length(lines(scene)["long"]), measuring.effect.edit.frame
    measuring.effect.view.isOld = True
    measuring.view.logic.FitSliceToBackground()
    measuring.view.logic.SnapSliceOffsetToIJK()
    settled(measuring)
    measuring.view.node.JumpSlice(*FrameLogic.xyToRas(frame, 40, 30))
    measuring.effect.view.isOld = True
    settled(measuring)
    assert measuring.effect.edit.frame == frame
    assert length(lines(scene)["long"]) == pytest.approx(1.3 * before)
    ends = [(*lines(scene)["long"].GetNthControlPointPositionWorld(i), 1) for i in range(2)]
    toIjk = TransformLogic.inverse(
        TransformLogic.toWorld(measuring.slicer.volume) @ TransformLogic.ijkToRas(measuring.slicer.volume), ""
    )
    assert [round((toIjk @ end)[2], 6) for end in ends] == [measuring.effect.edit.frame.index] * 2


def test_a_deleted_segment_or_volume_takes_the_lines_out_of_view(measuring, scene):
    measuring.slicer.segmentation.GetSegmentation().RemoveSegment("Lesion")
    settled(measuring)
    assert shown(scene) == set()
    scene.RemoveNode(measuring.slicer.volume)
    settled(measuring)
    assert shown(scene) == set()


def test_with_another_effect_the_lines_stay_until_the_outline_changes(measuring, scene):
    measuring.deactivate()
    assert shown(scene) == {"long", "short"}
    voxels = measuring.slicer.voxels()
    voxels[0, 5:9, 5:9] = True
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        voxels.astype(np.uint8), measuring.slicer.segmentation, "Lesion", measuring.slicer.volume
    )
    assert shown(scene) == set()
    measuring.activate()
    settled(measuring)
    assert shown(scene) == {"long", "short"}
    assert len(lines(scene)) == 2


def test_a_line_that_the_user_has_deleted_comes_again_with_the_next_outline(measuring, scene):
    scene.RemoveNode(lines(scene)["short"])
    click(measuring, 50, 30)
    assert set(lines(scene)) == {"long", "short"}


def test_an_end_of_a_line_takes_no_click_from_the_effect(measuring, scene):
    before = count(measuring)
    x, y = measuring_xy(measuring, lines(scene)["long"], 1)
    click(measuring, x, y, control=1)
    assert count(measuring) < before


def test_two_frames_that_cross_give_a_volume(measuring, view):
    measuring.holdFrameButton.click()
    settled(measuring)
    assert "Ellipsoid" not in measuring.sizesLabel.text
    assert measuring.holdFrameButton.text == "Let go of frame"
    measuring.view.node.SetSliceOffset(measuring.view.node.GetSliceOffset() + 3.5)
    measuring.effect.view.isOld = True
    settled(measuring)
    click(measuring, 40, 30)
    assert "go to a frame that crosses" in measuring.sizesLabel.text
    measuring.holdFrameButton.click()
    settled(measuring)
    assert "crosses" not in measuring.sizesLabel.text


def test_two_stills_give_a_volume(measuring):
    measuring.holdFrameButton.click()
    other = volumes.volume(volumes.speckle(1, 60, 80), "anisotropic", "Other")
    measuring.slicer.node.SetAndObserveSourceVolumeNode(other)
    measuring.view.logic.GetSliceCompositeNode().SetBackgroundVolumeID(other.GetID())
    measuring.view.logic.FitSliceToBackground()
    measuring.effect.sourceVolumeNodeChanged()
    settled(measuring)
    click(measuring, 40, 30)
    assert "Ellipsoid with Scan, frame 2" in measuring.sizesLabel.text
    assert " ml." in measuring.sizesLabel.text


def test_without_an_object_nothing_is_held_and_no_table_is_made(open_editor, scene):
    editor = open_editor()
    editor.measureCheckBox.click()
    settled(editor)
    editor.holdFrameButton.click()
    assert "outline it first" in status(editor)
    editor.slicer.segmentation.GetSegmentation().RemoveSegment("Lesion")
    editor.sizesTableButton.click()
    assert "outline it first" in status(editor)
    assert slicer.util.getNodesByClass("vtkMRMLTableNode") == []


def test_the_table_has_all_frames(measuring, scene):
    measuring.sizesTableButton.click()
    settled(measuring)
    (table,) = slicer.util.getNodesByClass("vtkMRMLTableNode")
    assert table.GetName() in status(measuring)
    assert table.GetNumberOfRows() == 2  # the frame, and the volume


def test_the_lines_come_with_the_scene_and_are_found_again(measuring, scene, tmp_path):
    measuring.deactivate()
    path = str(tmp_path / "scene.mrml")
    scene.SetURL(path)
    scene.Commit()
    text = (tmp_path / "scene.mrml").read_text()
    assert text.count("SAMCA.axis:long") == text.count("SAMCA.axis:short") == 1
    assert text.count(f"SAMCA.segmentation:{measuring.slicer.segmentation.GetID()}") == 2
    measuring.activate()
    measuring.effect.measure.sizes.lines._nodes = {}  # as after loading: nobody holds them
    settled(measuring)
    click(measuring, 50, 30)
    assert len(slicer.util.getNodesByClass("vtkMRMLMarkupsLineNode")) == 2


def test_what_was_measured_is_left_alone_while_nothing_changes(measuring, monkeypatch):
    sizes = measuring.effect.measure.sizes
    monkeypatch.setattr(sizes, "_show", lambda *given: pytest.fail("nothing has changed"))
    for _ in range(5):
        measuring.tick()


def test_a_click_does_not_wait_for_sizes(measuring, monkeypatch):
    sizes, seen = measuring.effect.measure.sizes, []
    show = sizes._show
    monkeypatch.setattr(sizes, "_show", lambda *given: (seen.append(given), show(*given)))
    before = count(measuring)
    measuring.view.click(measuring.view.pixelOf(FrameLogic.xyToRas(measuring.effect.edit.frame, 52, 30)))
    assert count(measuring) != before
    assert seen == []
    settled(measuring)
    assert len(seen) == 1
