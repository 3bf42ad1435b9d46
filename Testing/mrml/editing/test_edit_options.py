"""Options, masks and previews of an edit."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import volumes
from edit_views import predicted, segment, shown
from effect_editors import at, click, prompts, settled
from slicer_scene import Editor

from samca.prompts import Click, Prompts
from SAMCALib.Frames import FrameLogic
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Segments.SegmentLogic import EditorHost, replaceObject


def test_options_decide_what_becomes_of_the_mask(editor, edit, frame, settle, disc_model):
    disc_model.hole = 1.5
    edit.maskOptions = MaskOptions(largestComponent=True)
    edit.click(frame, 20, 20)
    edit.click(frame, 26, 20, positive=False)  # a notch in the border
    settle(edit)
    tidy = segment(editor, frame)
    edit.clear(frame)
    edit.maskOptions = MaskOptions(False, False)
    edit.click(frame, 20, 20)
    edit.click(frame, 26, 20, positive=False)
    settle(edit)
    raw = segment(editor, frame)
    np.testing.assert_array_equal(
        raw, predicted(disc_model, frame, Prompts((Click(20, 20), Click(26, 20, False))))
    )
    assert tidy.sum() > raw.sum()


def test_a_hole_that_was_clicked_stays_open(editor, edit, frame, settle):
    edit.maskOptions = MaskOptions()
    edit.click(frame, 20, 20)
    edit.click(frame, 20, 20, positive=False)
    settle(edit)
    assert segment(editor, frame)[20, 16]
    assert not segment(editor, frame)[20, 20]


def test_hovering_previews_without_changing_anything(editor, edit, frame, settle, disc_model):
    edit.hover(frame, 30, 20)
    settle(edit)
    where, mask = edit.preview
    assert where == frame
    np.testing.assert_array_equal(mask, predicted(disc_model, frame, Prompts((Click(30, 20),))))
    assert not segment(editor, frame).any()
    assert not editor.logic.CanUndo()
    edit.hover(frame, -50, 20)
    settle(edit)
    assert edit.preview is None
    edit.hover(frame, 30, 20)
    edit.click(frame, 30, 20)
    settle(edit)
    assert edit.preview is None


def test_masking_and_other_segments_are_honoured(scene, editing, settle):
    editor = Editor(volumes.volume(volumes.speckle(9, 60, 80)), ("Lesion", "Nerve"))
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 4)
    nerve = np.zeros((60, 80), bool)
    nerve[:, :30] = True
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Nerve", frame, None, nerve)
    editor.node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments)
    edit.click(frame, 30, 20)
    settle(edit)
    assert segment(editor, frame).any()
    assert not (segment(editor, frame) & nerve).any()
    edit.moveClick(0, 0, 45, 20)
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame, "Nerve"), nerve)
    assert not segment(editor, frame)[20, 31]


def test_neighbours_are_encoded_ahead_unless_switched_off(editor, edit, frame, settle, engine):
    edit.setFrame(frame)
    settle(edit)
    assert engine.cachedFrames == 3
    edit.encodeAhead = False
    edit.setFrame(FrameLogic.frameOf(editor.volume, 0))
    settle(edit)
    assert engine.cachedFrames == 4


def options(**changes):
    return MaskOptions(**{"largestComponent": False, "fillHoles": False, **changes})


@pytest.fixture
def two_objects(edit, frame, settle, disc_model):
    """A disc each, with a hole in it that nobody clicked."""
    disc_model.hole = 1.5
    edit.useOptions(options())
    for x in (20, 60):
        edit.newObject(frame)
        edit.click(frame, x, 30)
        settle(edit)


def test_other_options_change_what_the_frame_shows_in_one_undo_step(editor, edit, frame, settle, two_objects):
    rings, points = segment(editor, frame), shown(edit)
    assert not rings[30, 17]
    edit.useOptions(options(fillHoles=True))
    settle(edit)
    filled = segment(editor, frame)
    assert filled[30, 17]
    assert filled[30, 57]
    assert shown(edit) == points
    editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), rings)
    editor.logic.Redo()
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), filled)


def test_a_spin_box_that_runs_through_its_values_is_one_undo_step(editor, edit, frame, settle, two_objects):
    before = segment(editor, frame)
    for smoothing in (0.5, 1.0, 1.5, 2.0):
        edit.useOptions(options(fillHoles=True, smoothingMm=smoothing))
        settle(edit)
    smooth = segment(editor, frame)
    editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), before)
    edit.useOptions(options(fillHoles=True))  # after undo: a step of its own
    settle(edit)
    editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), before)
    assert (smooth != before).any()


def test_options_change_nothing_where_nothing_was_clicked(editor, edit, frame):
    edit.setFrame(frame)
    edit.useOptions(options(fillHoles=True))
    assert not editor.logic.CanUndo()
    assert edit.maskOptions.fillHoles


def test_undo_while_options_are_applied_takes_them_back_for_all_objects(
    editor, edit, frame, settle, engine, two_objects
):
    before = segment(editor, frame)
    edit.useOptions(options(fillHoles=True))
    assert engine.wait(30)
    editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), before)


def test_undo_of_an_option_shows_it_as_it_was_and_redo_as_it_is(open_editor):
    editor = click(open_editor(), 40, 30)
    for value in (0.5, 1.0, 1.5):  # of one turn of the wheel: one step
        editor.smoothingSpinBox.value = value
        settled(editor)
    click(editor, 50, 30)
    editor.fillHolesCheckBox.click()
    settled(editor)
    editor.logic.Undo()
    settled(editor)
    assert (editor.smoothingSpinBox.value, editor.fillHolesCheckBox.checked) == (1.5, True)
    editor.logic.Undo()
    editor.logic.Undo()
    settled(editor)
    assert (editor.smoothingSpinBox.value, editor.fillHolesCheckBox.checked) == (0.0, True)
    assert editor.effect.edit.maskOptions == editor.effect.options.mask
    assert editor.logic.CanRedo(), "what was undone is not done again by showing it"
    for _ in range(3):
        editor.logic.Redo()
    settled(editor)
    assert (editor.smoothingSpinBox.value, editor.fillHolesCheckBox.checked) == (1.5, False)


def test_undo_of_a_click_leaves_the_options(open_editor):
    editor = click(open_editor(), 40, 30)
    editor.fillHolesCheckBox.click()
    click(settled(editor), 50, 30)
    editor.logic.Undo()
    settled(editor)
    assert not editor.fillHolesCheckBox.checked


def test_a_note_of_options_that_cannot_be_read_is_let_be(open_editor):
    editor = click(open_editor(), 40, 30)
    segment = editor.slicer.segmentation.GetSegmentation().GetSegment("Lesion")
    other_type = '{"largestComponent": 1, "fillHoles": true, "smoothingMm": 0}'
    for text in ("{", "[]", other_type, '{"smoothingMm": 1e9}'):
        segment.SetTag("SAMCA.options", text)
        settled(editor)
        assert editor.smoothingSpinBox.value == 0
        assert editor.largestComponentCheckBox.checked


def test_undo_of_an_option_shows_it_as_it_was_whichever_segment_is_chosen_since(open_editor):
    editor = click(open_editor(), 30, 30)
    editor.fillHolesCheckBox.click()
    settled(editor)
    editor.slicer.segmentation.GetSegmentation().AddEmptySegment("Other", "Other")
    editor.node.SetSelectedSegmentID("Other")
    settled(editor)
    editor.logic.Undo()
    settled(editor)
    assert editor.fillHolesCheckBox.checked
    assert editor.effect.edit.maskOptions.fillHoles
    editor.logic.Redo()
    settled(editor)
    assert not editor.fillHolesCheckBox.checked


def test_undo_of_an_option_that_waits_for_a_click_shows_it_as_it_was(open_editor, gated):
    gated.gate.set()
    editor = open_editor()
    gated.gate.clear()
    editor.view.click(at(editor, 30, 30))
    editor.fillHolesCheckBox.click()
    editor.tick()
    editor.logic.Undo()
    editor.tick()
    gated.gate.set()
    settled(editor)
    assert len(prompts(editor).objects[0].prompts.clicks) == 1
    assert editor.fillHolesCheckBox.checked
    assert editor.effect.edit.maskOptions == editor.effect.options.mask
