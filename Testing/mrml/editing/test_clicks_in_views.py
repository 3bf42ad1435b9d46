"""Real mouse events in real slice views: placed, dragged and deleted points become prompts and voxels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import volumes
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments.SegmentLogic import maskOf

ORIENTATIONS = ("Axial", "Sagittal", "Coronal")


def scan(geometry="as scanners store"):
    return volumes.volume(volumes.speckle(40, 50, 60), geometry)


@pytest.fixture
def stage(editing, view, settle):
    """`stage(volume, orientation)` -> (editor, edit, view, frame), the view lined up with the frame."""

    def make(volume, orientation="Axial"):
        editor = Editor(volume)
        edit, shown = editing(editor), view(volume, orientation)
        FrameLogic.turnToFrame(shown.node, volume)
        frame = FrameLogic.frameShownIn(shown.node, volume)
        edit.setFrame(frame)
        settle(edit)
        return editor, edit, shown, frame

    return make


def clicks(editor, frame):
    prompts = PromptLogic.framePrompts(editor.segmentation, "Lesion", frame)
    return [(c.x, c.y, c.positive) for thing in prompts.objects for c in thing.prompts.clicks]


def under(shown, frame, pixel):
    """(x, y) px of the frame under a window pixel."""
    return FrameLogic.rasToXy(frame, shown.rasOf(pixel))


def pixel_of(shown, frame, x, y):
    return shown.pixelOf(FrameLogic.xyToRas(frame, x, y))


def holds_near(mask, x, y):
    return mask[round(y), round(x)]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("transformed", [False, True])
@pytest.mark.parametrize("geometry", volumes.GEOMETRIES)
def test_clicks_and_a_drag_land_where_the_mouse_was(scene, stage, settle, geometry, transformed, orientation):
    volume = scan(geometry)
    if transformed:
        volume.SetAndObserveTransformNodeID(volumes.transform().GetID())
    editor, edit, shown, frame = stage(volume, orientation)
    height, width = FrameLogic.shape(frame)
    start = pixel_of(shown, frame, 0.3 * width, 0.4 * height)
    away = pixel_of(shown, frame, 0.35 * width, 0.4 * height)
    nodes = edit.points.nodes
    for node, pixel in ((nodes["initial"], start), (nodes["guidedNegative"], away)):
        shown.place(node)
        shown.click(pixel)
        settle(edit)
    shown.place(None)
    (x, y, first), (x1, y1, second) = clicks(editor, frame)
    assert (first, second) == (True, False)
    np.testing.assert_allclose((x, y), under(shown, frame, start), atol=0.05)
    np.testing.assert_allclose((x1, y1), under(shown, frame, away), atol=0.05)
    mask = maskOf(editor.segmentation, "Lesion", frame)
    assert mask.any()
    assert not holds_near(mask, x1, y1)

    end = pixel_of(shown, frame, 0.7 * width, 0.7 * height)
    shown.drag(start, end)
    settle(edit)
    (x, y, _), _other = clicks(editor, frame)
    np.testing.assert_allclose((x, y), under(shown, frame, end), atol=0.6)
    mask = maskOf(editor.segmentation, "Lesion", frame)
    assert holds_near(mask, x, y)
    voxels = editor.voxels()
    assert voxels.sum() == mask.sum()
    np.testing.assert_array_equal(np.moveaxis(voxels, 2 - frame.axis, 0)[frame.index], mask)


def test_the_outline_follows_while_dragging_and_one_undo_takes_the_drag_back(scene, stage, settle):
    editor, edit, shown, frame = stage(scan())
    edit.click(frame, 15, 15)
    settle(edit)
    before = maskOf(editor.segmentation, "Lesion", frame)
    seen = []

    def look():
        settle(edit)
        seen.append(maskOf(editor.segmentation, "Lesion", frame))

    places = [pixel_of(shown, frame, 15 + step, 15 + step) for step in (0, 6, 12, 18, 24)]
    shown.drag(places[0], *places[1:], between=look)
    settle(edit)
    assert all((a != b).any() for a, b in zip([before, *seen], seen, strict=False))
    np.testing.assert_allclose(clicks(editor, frame)[0][:2], (39, 39), atol=0.6)
    editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), before)
    assert clicks(editor, frame) == [(15, 15, True)]
    np.testing.assert_allclose(
        edit.points.nodes["initial"].GetNthControlPointPositionWorld(0),
        FrameLogic.xyToRas(frame, 15, 15),
        atol=1e-3,
    )


def test_two_drags_are_two_undo_steps(scene, stage, settle):
    editor, edit, shown, frame = stage(scan())
    edit.click(frame, 15, 15)
    settle(edit)
    places = [pixel_of(shown, frame, x, 15) for x in (15, 25, 40)]
    for start, end in itertools.pairwise(places):
        shown.drag(start, end, between=lambda: settle(edit))
        settle(edit)
    for x in (25, 15):
        editor.logic.Undo()
        settle(edit)
        assert clicks(editor, frame)[0][0] == pytest.approx(x, abs=0.6)


def test_a_point_dragged_off_the_image_stays_at_its_border(scene, stage, settle):
    editor, edit, shown, frame = stage(scan())
    edit.click(frame, 15, 15)
    settle(edit)
    shown.drag(pixel_of(shown, frame, 15, 15), pixel_of(shown, frame, -8, 20))
    settle(edit)
    x, y, _ = clicks(editor, frame)[0]
    assert x == 0
    np.testing.assert_allclose(
        edit.points.nodes["initial"].GetNthControlPointPositionWorld(0),
        FrameLogic.xyToRas(frame, x, y),
        atol=1e-3,
    )


def test_a_point_placed_outside_the_image_is_taken_back(scene, stage, settle):
    editor, edit, shown, frame = stage(scan())
    shown.place(edit.points.nodes["initial"])
    shown.click(pixel_of(shown, frame, -6, 20))
    settle(edit)
    assert clicks(editor, frame) == []
    assert "outside the image" in edit.status
    assert edit.points.nodes["initial"].GetNumberOfDefinedControlPoints() == 0


def test_a_first_point_that_takes_away_is_taken_back(scene, stage, settle):
    _editor, edit, shown, frame = stage(scan())
    shown.place(edit.points.nodes["guidedNegative"])
    shown.click(pixel_of(shown, frame, 20, 20))
    settle(edit)
    assert "click without Ctrl" in edit.status
    assert edit.points.nodes["guidedNegative"].GetNumberOfDefinedControlPoints() == 0


def test_a_deleted_point_changes_the_mask(scene, stage, settle):
    editor, edit, _shown, frame = stage(scan())
    edit.click(frame, 15, 15)
    edit.click(frame, 40, 30)
    settle(edit)
    edit.points.nodes["guidedPositive"].RemoveNthControlPoint(0)  # what its context menu does
    settle(edit)
    assert clicks(editor, frame) == [(15, 15, True)]
    assert not maskOf(editor.segmentation, "Lesion", frame)[30, 40]
    editor.logic.Undo()
    settle(edit)
    assert len(clicks(editor, frame)) == 2
    assert maskOf(editor.segmentation, "Lesion", frame)[30, 40]


def test_all_points_of_a_node_deleted_at_once(scene, stage, settle):
    editor, edit, _shown, frame = stage(scan())
    for x in (15, 25, 35):
        edit.click(frame, x, 15)
    settle(edit)
    edit.points.nodes["guidedPositive"].RemoveAllControlPoints()
    settle(edit)
    assert clicks(editor, frame) == [(15, 15, True)]
    edit.points.nodes["initial"].RemoveAllControlPoints()
    settle(edit)
    assert not maskOf(editor.segmentation, "Lesion", frame).any()


def test_pressing_a_point_makes_its_object_the_current_one(scene, stage, settle):
    editor, edit, shown, frame = stage(scan())
    edit.click(frame, 15, 15)
    edit.newObject(frame)
    edit.click(frame, 40, 30)
    settle(edit)
    assert edit.prompts.current == 1
    place = pixel_of(shown, frame, 15, 15)
    shown.drag(place, place)
    settle(edit)
    assert edit.prompts.current == 0
    selected = edit.points.nodes["initial"].GetNthControlPointSelected
    assert (selected(0), selected(1)) == (True, False)
    edit.click(frame, 20, 15)
    settle(edit)
    things = PromptLogic.framePrompts(editor.segmentation, "Lesion", frame).objects
    assert [len(thing.prompts.clicks) for thing in things] == [2, 1]


def test_the_mouse_over_a_point_is_told_apart_from_free_image(scene, stage, settle):
    _editor, edit, shown, frame = stage(scan())
    assert not edit.points.isOver()
    edit.click(frame, 15, 15)
    settle(edit)
    shown.send("EnterEvent", (1, 1))
    shown.send("MouseMoveEvent", pixel_of(shown, frame, 15, 15))
    assert edit.points.isOver()
    shown.send("MouseMoveEvent", pixel_of(shown, frame, 40, 40))
    assert not edit.points.isOver()


def test_undo_in_place_mode_keeps_the_points_right(scene, stage, settle):
    editor, edit, shown, frame = stage(scan())
    shown.place(edit.points.nodes["initial"])
    shown.click(pixel_of(shown, frame, 15, 15))
    settle(edit)
    shown.place(edit.points.nodes["guidedPositive"])
    for x in (25, 35):
        shown.click(pixel_of(shown, frame, x, 15))
        settle(edit)
    editor.logic.Undo()
    settle(edit)
    shown.click(pixel_of(shown, frame, 45, 40))
    settle(edit)
    assert [round(x) for x, _y, _positive in clicks(editor, frame)] == [15, 25, 45]
    assert edit.points.nodes["guidedPositive"].GetNumberOfDefinedControlPoints() == 2


@pytest.mark.parametrize("channels", [3, 4])
def test_clicks_in_a_colour_frame(scene, stage, settle, channels):
    editor, edit, shown, frame = stage(volumes.volume(volumes.speckle(1, 50, 60, channels)))
    shown.place(edit.points.nodes["initial"])
    shown.click(pixel_of(shown, frame, 20, 30))
    settle(edit)
    x, y, _ = clicks(editor, frame)[0]
    np.testing.assert_allclose((x, y), (20, 30), atol=0.2)
    assert maskOf(editor.segmentation, "Lesion", frame)[30, 20]


def test_scrolling_shows_each_frames_points_in_the_view(scene, stage, settle):
    editor, edit, shown, frame = stage(scan())
    edit.click(frame, 15, 15)
    settle(edit)
    step = shown.node.GetSliceOffset()
    shown.node.SetSliceOffset(step + 2)
    edit.setFrame(FrameLogic.frameShownIn(shown.node, editor.volume))
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 0
    shown.node.SetSliceOffset(step)
    edit.setFrame(FrameLogic.frameShownIn(shown.node, editor.volume))
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 1
