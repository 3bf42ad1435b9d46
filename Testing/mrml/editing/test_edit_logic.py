"""Clicks to voxels with real MRML and the segment editor's own undo: the effect without its widgets."""

from __future__ import annotations

import numpy as np
import pytest
import volumes
from edit_views import predicted, segment, shown
from slicer_scene import Editor

from samca.prompts import Click, Prompts
from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import TagLogic
from SAMCALib.Prompts.PromptPoints import ROLES
from SAMCALib.Segments.SegmentLogic import EditorHost, replaceObject


def test_a_click_outlines_what_the_model_says_on_its_frame_only(editor, edit, frame, settle, disc_model):
    edit.click(frame, 30, 20)
    settle(edit)
    mask = predicted(disc_model, frame, Prompts((Click(30, 20),)))
    np.testing.assert_array_equal(segment(editor, frame), mask)
    assert editor.voxels().sum() == mask.sum() > 50
    assert shown(edit) == {"initial": [(30, 20)], "guidedPositive": [], "guidedNegative": []}


def test_guided_clicks_mend_the_outline(editor, edit, frame, settle, disc_model):
    clicks = (Click(30, 20), Click(40, 22), Click(26, 18, False))
    for click in clicks:
        edit.click(frame, click.x, click.y, click.positive)
        settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), predicted(disc_model, frame, Prompts(clicks)))
    assert shown(edit) == {"initial": [(30, 20)], "guidedPositive": [(40, 22)], "guidedNegative": [(26, 18)]}


def test_a_click_that_the_model_leaves_out_is_answered_all_the_same(editor, edit, frame, settle, disc_model):
    disc_model.deaf = True
    edit.click(frame, 30, 20)
    edit.click(frame, 36, 20)
    edit.click(frame, 27, 20, positive=False)
    settle(edit)
    mask = segment(editor, frame)
    assert not predicted(disc_model, frame, Prompts((Click(30, 20),)))[20, 36]
    assert [mask[20, x] for x in (30, 36, 27)] == [True, True, False]


def test_undo_and_redo_go_click_by_click_and_bring_the_points_back(editor, edit, frame, settle):
    masks = [segment(editor, frame)]
    for x, y, positive in ((30, 20, True), (40, 22, True), (26, 18, False)):
        edit.click(frame, x, y, positive)
        settle(edit)
        masks.append(segment(editor, frame))
    everything = shown(edit)
    for left in (2, 1, 0):
        editor.logic.Undo()
        settle(edit)
        np.testing.assert_array_equal(segment(editor, frame), masks[left])
        assert sum(map(len, shown(edit).values())) == left
    for there in (1, 2, 3):
        editor.logic.Redo()
        settle(edit)
        np.testing.assert_array_equal(segment(editor, frame), masks[there])
    assert shown(edit) == everything


def test_undo_while_the_model_computes_drops_its_answer(editor, edit, frame, settle, engine):
    edit.click(frame, 30, 20)
    settle(edit)
    before = segment(editor, frame)
    edit.click(frame, 60, 40)
    assert engine.wait(30)
    editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), before)
    assert shown(edit)["guidedPositive"] == []


def test_clicks_made_while_the_frame_is_encoded_are_undone_one_by_one(
    editor, edit, frame, settle, disc_model
):
    clicks = (Click(30, 20), Click(40, 22), Click(26, 18, False))
    for click in clicks:
        edit.click(frame, click.x, click.y, click.positive)
    settle(edit)
    for count in (3, 2, 1):
        expected = predicted(disc_model, frame, Prompts(clicks[:count]))
        np.testing.assert_array_equal(segment(editor, frame), expected)
        editor.logic.Undo()
        settle(edit)
    assert not segment(editor, frame).any()


def test_a_second_object_leaves_the_first_and_is_mended_alone(editor, edit, frame, settle):
    edit.click(frame, 20, 20)
    settle(edit)
    first = segment(editor, frame)
    edit.newObject(frame)
    edit.click(frame, 60, 40)
    settle(edit)
    both = segment(editor, frame)
    assert (both & first).sum() == first.sum()
    assert both[40, 60]
    assert both.sum() == pytest.approx(2 * first.sum(), rel=0.1)
    edit.click(frame, 60, 40, False)
    settle(edit)
    mended = segment(editor, frame)
    np.testing.assert_array_equal(mended & first, first)
    assert first.sum() < mended.sum() < both.sum()
    assert shown(edit)["initial"] == [(20, 20), (60, 40)]


def test_overlapping_objects_do_not_eat_each_other(editor, edit, frame, settle):
    edit.click(frame, 30, 20)
    settle(edit)
    first = segment(editor, frame)
    edit.newObject(frame)
    edit.click(frame, 34, 20)
    settle(edit)
    edit.removeClick(1, 0)
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), first)


def test_painted_voxels_survive_moves_and_clear(editor, edit, frame, settle):
    painted = np.zeros((60, 80), bool)
    painted[50:55, 10:20] = True
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Lesion", frame, None, painted)
    edit.click(frame, 30, 20)
    settle(edit)
    edit.moveClick(0, 0, 50, 20)
    settle(edit)
    assert not segment(editor, frame)[20, 30]
    edit.clear(frame)
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), painted)
    assert sum(map(len, shown(edit).values())) == 0
    editor.logic.Undo()
    settle(edit)
    assert segment(editor, frame)[20, 50]
    assert shown(edit)["initial"] == [(50, 20)]


def test_each_frame_keeps_its_prompts_and_coming_back_shows_them(editor, edit, frame, settle):
    other = FrameLogic.frameOf(editor.volume, 6)
    across = FrameLogic.frameOf(editor.volume, 33, axis=0)
    for where, x in ((frame, 30), (other, 40), (across, 5)):
        edit.click(where, x, 4)
        settle(edit)
        assert shown(edit)["initial"] == [(x, 4)]
    edit.setFrame(FrameLogic.frameOf(editor.volume, 2))
    assert shown(edit)["initial"] == []
    edit.setFrame(frame)
    assert shown(edit)["initial"] == [(30, 4)]


def test_an_answer_for_a_frame_left_behind_still_arrives(editor, edit, frame, settle):
    edit.click(frame, 30, 20)
    edit.setFrame(FrameLogic.frameOf(editor.volume, 7))
    settle(edit)
    assert segment(editor, frame).any()
    assert shown(edit)["initial"] == []


def test_a_box_gives_a_mask_and_later_clicks_mend_it(editor, edit, frame, settle):
    edit.box(frame, 50.0, 40.0, 20.0, 10.0)
    settle(edit)
    boxed = segment(editor, frame)
    rows, columns = np.flatnonzero(boxed.any(1)), np.flatnonzero(boxed.any(0))
    assert abs(rows - np.arange(10, 41)).max() <= 1 if len(rows) == 31 else len(rows) in (30, 32)
    assert columns[0] in (20, 21)
    edit.click(frame, 30, 20, positive=False)
    settle(edit)
    assert 0 < segment(editor, frame).sum() < boxed.sum()
    assert shown(edit)["guidedNegative"] == [(30, 20)]


def test_the_segments_present_mask_is_a_prompt_and_may_shrink(editor, edit, frame, settle):
    painted = np.zeros((60, 80), bool)
    painted[20:40, 20:50] = True
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Lesion", frame, None, painted)
    edit.useMask(frame)
    settle(edit)
    used = segment(editor, frame)
    assert (used ^ painted).sum() < 0.1 * painted.sum()
    edit.click(frame, 35, 30, positive=False)
    settle(edit)
    assert not segment(editor, frame)[30, 35]
    editor.logic.Undo()
    editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), painted)


def test_deleting_the_initial_click_lets_the_next_positive_one_start(editor, edit, frame, settle, disc_model):
    for x, y, positive in ((20, 20, True), (24, 20, False), (50, 40, True)):
        edit.click(frame, x, y, positive)
    settle(edit)
    edit.removeClick(0, 0)
    settle(edit)
    clicks = (Click(24, 20, False), Click(50, 40))
    assert shown(edit) == {"initial": [(50, 40)], "guidedPositive": [], "guidedNegative": [(24, 20)]}
    np.testing.assert_array_equal(segment(editor, frame), predicted(disc_model, frame, Prompts(clicks)))
    edit.removeClick(0, 1)
    settle(edit)
    assert not segment(editor, frame).any()
    edit.removeClick(0, 0)
    settle(edit)
    assert TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion")) == ""


def test_existing_fiducials_are_taken_as_prompts(editor, edit, frame, settle, scene):
    points = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Mine")
    for x, y in ((30, 20), (40, 22)):
        points.AddControlPointWorld(*FrameLogic.xyToRas(frame, x, y))
    edit.takeFiducials(frame, points)
    settle(edit)
    assert shown(edit)["initial"] == [(30, 20)]
    assert shown(edit)["guidedPositive"] == [(40, 22)]
    assert segment(editor, frame).any()
    assert points.GetNumberOfControlPoints() == 2


def test_the_first_click_makes_a_segment_where_there_is_none(scene, editing, settle):
    editor = Editor(volumes.volume(), ())
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 4)
    edit.click(frame, 12, 10)
    settle(edit)
    segmentId = editor.node.GetSelectedSegmentID()
    assert segment(editor, frame, segmentId).any()


def test_all_roles_differ_in_glyph_and_colour():
    assert len({glyph for _name, glyph, _colour in ROLES.values()}) == len(ROLES)
    assert len({colour for _name, _glyph, colour in ROLES.values()}) == len(ROLES)


def test_a_transform_that_moves_the_image_moves_its_points_and_no_outline(editor, edit, frame, settle):
    edit.click(frame, 30, 20)
    settle(edit)
    before = editor.voxels()
    node = volumes.transform()
    for each in (editor.volume, editor.segmentation):
        each.SetAndObserveTransformNodeID(node.GetID())
    settle(edit)
    assert np.array_equal(editor.voxels(), before)
    assert [(click.x, click.y) for click in edit.prompts.object.prompts.clicks] == [(30, 20)]
    place = edit.points.nodes["initial"].GetNthControlPointPositionWorld(0)
    assert FrameLogic.rasToXy(frame, place) == pytest.approx((30, 20))
