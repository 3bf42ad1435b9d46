"""Strokes and lassos with the mouse: one prompt and one step each, in view, in the tag, moved and deleted."""

from __future__ import annotations

import json

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from effect_editors import at, click, count, prompts, settled, status

from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import TagLogic
from SAMCALib.Prompts.PromptPoints import ROLES


def draw(editor, *places, control=0):
    """The left button drags over these places in px of the frame."""
    editor.view.drag(*(at(editor, *place) for place in places), control=control)
    return settled(editor)


def stroke(editor, *places, control=0):
    if editor.effect.options.drag != "stroke":
        slicer.util.mainWindow().press("D")
    return draw(editor, *places, control=control)


def lasso(editor, *places):
    if editor.effect.options.drag != "lasso":
        slicer.util.mainWindow().press("X")
    return draw(editor, *places)


def pixels(editor):
    """(H, W) bool of the segment on the frame."""
    return editor.slicer.voxels("Lesion")[0]


ACROSS = (20, 30), (30, 30), (40, 30), (55, 30)
AROUND = (20, 15), (50, 15), (50, 40), (20, 40), (21, 16)


def test_a_stroke_is_one_prompt_and_one_step_and_every_pixel_of_it_is_answered(open_editor):
    editor = stroke(open_editor(), *ACROSS)
    (thing,) = prompts(editor).objects
    (drawn,) = thing.prompts.clicks
    assert drawn.positive
    assert drawn.places[0] == pytest.approx((20, 30), abs=0.5)
    assert drawn.places[-1] == pytest.approx((55, 30), abs=0.5)
    assert all(pixels(editor)[place] for place in drawn.pixels)
    editor.logic.Undo()
    settled(editor)
    assert prompts(editor).objects == ()
    assert count(editor) == 0
    editor.logic.Redo()
    settled(editor)
    assert prompts(editor).objects[0].prompts.clicks == (drawn,)


@pytest.mark.parametrize("chosen", ["box", "stroke", "lasso"])
def test_with_ctrl_it_is_along_what_does_not_belong_whatever_is_chosen(open_editor, chosen):
    editor = click(open_editor(), 40, 30)
    editor.effect.options.drag = chosen
    draw(editor, (38, 34), (42, 34), (46, 32), control=1)
    drawn = prompts(editor).objects[0].prompts.clicks[1]
    assert (drawn.positive, len(drawn.places) > 2) == (False, True)
    assert not any(pixels(editor)[place] for place in drawn.pixels)
    assert pixels(editor)[30, 40]


def test_the_first_stroke_of_an_object_goes_inside(open_editor):
    editor = draw(open_editor(), *ACROSS, control=1)
    assert status(editor).startswith("The first click of an object goes inside it")
    assert prompts(editor).objects == ()


def test_a_lasso_holds_what_is_in_it_and_clicks_mend_it(open_editor):
    editor = lasso(open_editor(), *AROUND)
    (thing,) = prompts(editor).objects
    assert len(thing.prompts.lasso) >= 4, "though it ends where it began"
    assert pixels(editor)[16:40, 21:50].all()
    assert not pixels(editor)[45:].any()
    click(editor, 35, 27, control=1)
    assert not pixels(editor)[27, 35]
    assert len(prompts(editor).objects) == 1


@pytest.mark.parametrize("key", ["D", "X"])
def test_a_click_stays_a_click_and_the_key_brings_the_box_back(open_editor, key):
    editor = open_editor()
    slicer.util.mainWindow().press(key)
    assert editor.strokeButton.checked == (key == "D")
    assert editor.lassoButton.checked == (key == "X")
    click(editor, 40, 30)
    (clicked,) = prompts(editor).objects[0].prompts.clicks
    assert clicked.path == ()
    slicer.util.mainWindow().press(key)
    assert [button.checked for button in (editor.strokeButton, editor.lassoButton)] == [False, False]
    draw(editor, (20, 15), (35, 25), (50, 40))
    assert prompts(editor).objects[0].prompts.box is not None


def test_one_kind_is_drawn_at_a_time(open_editor):
    editor = open_editor()
    editor.strokeButton.click()
    editor.lassoButton.click()
    assert (editor.strokeButton.checked, editor.lassoButton.checked) == (False, True)
    assert status(editor).startswith("Drag around the structure")


def test_points_are_dragged_as_before_whatever_is_drawn(open_editor):
    editor = click(open_editor(), 20, 30)
    stroke(editor, (20, 30), (25, 32), (40, 30))
    (moved,) = prompts(editor).objects[0].prompts.clicks
    assert (moved.x, moved.y, moved.path) == (pytest.approx(40, abs=0.7), pytest.approx(30, abs=0.7), ())


# In view


def lines(editor):
    """The lines that are shown: (its places in view pixels, colour 0..1) each."""
    found = []
    for actor in editor.host.actors:
        shape = actor.GetMapper().GetInput()
        colours = shape.GetCellData().GetScalars()
        for number in range(shape.GetNumberOfCells() if colours else 0):
            points = shape.GetCell(number).GetPoints()
            places = [points.GetPoint(i)[:2] for i in range(points.GetNumberOfPoints())]
            found.append((places, tuple(part / 255 for part in colours.GetTuple3(number))))
    return found


def test_what_is_drawn_is_in_view_while_it_is_drawn_and_after(open_editor):
    editor, seen = click(open_editor(), 40, 30), []
    ways = [at(editor, *place) for place in ((38, 34), (42, 34), (46, 32))]
    editor.view.drag(*ways, between=lambda: seen.append(lines(editor)), control=1)
    (now,) = seen[-1]
    assert [now[0][0], now[0][-1]] == [ways[0], ways[-1]]
    settled(editor)
    (kept,) = lines(editor)
    assert kept[0][0] == pytest.approx(ways[0], abs=2)
    assert kept[0][-1] == pytest.approx(ways[-1], abs=2)
    for _places, colour in (now, kept):
        assert colour == pytest.approx(ROLES["guidedNegative"][2], abs=0.01)


def test_a_lasso_is_in_view_as_a_closed_line(open_editor):
    ((places, colour),) = lines(lasso(open_editor(), *AROUND))
    assert places[0] == places[-1]
    assert colour == pytest.approx(ROLES["lasso"][2], abs=0.01)


def test_lines_are_those_of_the_frame_that_is_shown(open_editor):
    editor = stroke(open_editor(volumes.volume(volumes.speckle(3, 60, 80))), *ACROSS)
    editor.view.logic.SetSliceOffset(editor.view.logic.GetSliceOffset() + 1)
    settled(editor)
    assert lines(editor) == []
    editor.view.logic.SetSliceOffset(editor.view.logic.GetSliceOffset() - 1)
    settled(editor)
    assert len(lines(editor)) == 1
    editor.deactivate()
    assert editor.host.actors == []


def test_the_line_can_be_told_from_the_picture(open_editor):
    editor = stroke(open_editor(), *ACROSS)
    before = editor.view.picture()
    editor.effect.shapes.hide()
    assert np.abs(before - editor.view.picture()).max(axis=2).astype(bool).sum() > 50


# Held by a point


def test_a_stroke_is_held_where_it_begins_and_moves_as_a_whole(open_editor):
    editor = stroke(open_editor(), *ACROSS)
    (before,) = prompts(editor).objects[0].prompts.clicks
    draw(editor, (20, 30), (22, 33), (24, 36))
    (after,) = prompts(editor).objects[0].prompts.clicks
    shifts = np.subtract(after.places, before.places)
    assert np.ptp(shifts, axis=0) == pytest.approx((0, 0), abs=0.01)
    assert shifts[0] == pytest.approx((4, 6), abs=0.8)
    editor.logic.Undo()
    settled(editor)
    assert prompts(editor).objects[0].prompts.clicks == (before,)


def test_it_stays_on_the_image_however_far_it_is_dragged(open_editor):
    editor = stroke(open_editor(), *ACROSS)
    draw(editor, (20, 30), (40, 45), (78, 58))
    (after,) = prompts(editor).objects[0].prompts.clicks
    assert max(x for x, _y in after.places) == pytest.approx(79, abs=0.01)
    frame = editor.effect.edit.frame
    assert all(FrameLogic.contains(frame, *place) for place in after.places)


def test_a_lasso_is_moved_by_its_corner(open_editor):
    editor = lasso(open_editor(), *AROUND)
    before = prompts(editor).objects[0].prompts.lasso
    draw(editor, (20, 15), (22, 17), (24, 20))
    shifts = np.subtract(prompts(editor).objects[0].prompts.lasso, before)
    assert np.ptp(shifts, axis=0) == pytest.approx((0, 0), abs=0.01)
    assert shifts[0] == pytest.approx((4, 5), abs=0.8)


@pytest.mark.parametrize(("way", "role"), [(stroke, "initial"), (lasso, "lasso")])
def test_they_go_with_their_point_and_come_back_with_undo(open_editor, way, role):
    editor = way(open_editor(), *AROUND)
    editor.effect.edit.points.nodes[role].RemoveAllControlPoints()
    settled(editor)
    assert prompts(editor).objects == ()
    assert count(editor) == 0
    assert editor.host.actors == []
    editor.logic.Undo()
    settled(editor)
    assert len(lines(editor)) == 1


def test_a_lasso_takes_the_place_of_a_mask_and_a_mask_that_of_a_lasso(open_editor):
    editor = lasso(open_editor(), *AROUND)
    editor.useMaskButton.click()
    settled(editor)
    given = prompts(editor).objects[0].prompts
    assert (given.mask is not None, given.lasso) == (True, ())
    lasso(editor, *AROUND)
    given = prompts(editor).objects[0].prompts
    assert (given.mask, bool(given.lasso)) == (None, True)


# Bad input


@pytest.mark.parametrize(
    ("way", "places", "says"),
    [
        (lasso, ((20, 15), (50, 15), (20, 15)), "The line holds nothing: draw once around the structure."),
        (lasso, ((20, 15), (50, 15)), "The line holds nothing: draw once around the structure."),
        (lasso, ((90, 15), (99, 40), (90, 40)), "The line holds nothing: draw once around the structure."),
        (stroke, ((85, 15), (95, 15), (95, 40)), "The stroke is outside the image: draw inside it."),
    ],
)
def test_what_cannot_be_a_prompt_is_told_and_nothing_changes(open_editor, way, places, says):
    editor = click(open_editor(), 40, 30)
    before = prompts(editor), count(editor)
    way(editor, *places)
    assert status(editor).startswith(says)
    assert (prompts(editor), count(editor)) == before


def test_a_stroke_over_the_edge_is_its_longest_part_on_the_image(open_editor):
    editor = stroke(open_editor(), (60, 30), (70, 30), (90, 30), (90, 35), (75, 35))
    (drawn,) = prompts(editor).objects[0].prompts.clicks
    assert drawn.places[0] == pytest.approx((60, 30), abs=0.5)
    assert max(x for x, _y in drawn.places) <= 79.5
    assert all(y < 32 for _x, y in drawn.places)


def test_a_lasso_over_the_edge_goes_along_it_and_one_that_crosses_itself_holds_both_sides(open_editor):
    editor = lasso(open_editor(), (60, 10), (95, 10), (95, 50), (60, 50))
    assert pixels(editor)[30, 79]
    editor.largestComponentCheckBox.click()
    lasso(editor, (10, 10), (50, 40), (50, 10), (10, 40))
    held = pixels(editor)
    assert held[25, 12]
    assert held[25, 48]
    assert not held[12, 30]


def test_the_frame_that_changes_under_the_mouse_is_told(open_editor):
    editor = stroke(open_editor(volumes.volume(volumes.speckle(3, 60, 80))), *ACROSS)
    before = prompts(editor)
    offset = editor.view.logic.GetSliceOffset()
    ways = [at(editor, x, y + 10) for x, y in ACROSS]
    editor.view.drag(*ways, between=lambda: editor.view.logic.SetSliceOffset(offset + 1))
    settled(editor)
    assert status(editor).startswith("The view has gone on to another frame meanwhile: draw again.")
    editor.view.logic.SetSliceOffset(offset)
    settled(editor)
    assert prompts(editor) == before


# In the tag


def tag(editor):
    segment = editor.slicer.segmentation.GetSegmentation().GetSegment("Lesion")
    return json.loads(TagLogic.tagText(segment))


def test_readers_from_before_read_what_they_know_and_are_told_of_the_rest(open_editor):
    editor = click(open_editor(), 40, 30)
    assert tag(editor)["version"] == 1
    stroke(editor, *ACROSS)
    assert tag(editor)["version"] == 2
    editor.logic.Undo()
    settled(editor)
    assert tag(editor)["version"] == 1
    lasso(editor, *AROUND)
    assert tag(editor)["version"] == 2


@pytest.mark.parametrize("way", [stroke, lasso])
def test_they_come_back_from_a_file(open_editor, way, tmp_path):
    editor = way(open_editor(), *AROUND)
    before = prompts(editor)
    path = str(tmp_path / "drawn.seg.nrrd")
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(path)
    assert storage.WriteData(editor.slicer.segmentation)
    editor.slicer.segmentation.GetSegmentation().RemoveAllSegments()
    settled(editor)
    assert lines(editor) == []
    assert storage.ReadData(editor.slicer.segmentation)
    editor.node.SetSelectedSegmentID("Lesion")
    settled(editor)
    assert prompts(editor) == before
    assert len(lines(editor)) == 1
