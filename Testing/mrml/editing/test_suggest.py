"""Suggest: a first outline without a click, mended by clicks; on all frames with progress and cancel."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import volumes
from disc_model import DiscModel
from edit_views import segment, shown
from effect_editors import click, count, prompts, settled, status
from slicer_scene import Editor

from samca.prompts import Prompts
from SAMCALib.Editing import TargetLogic
from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Segments import SegmentLogic
from SAMCALib.Segments.SegmentLogic import maskOf
from SAMCALib.Texts import Refusal


class SuggestingModel(DiscModel):
    """Finds a "lesion" left and a "nerve" right, but not on the frames it is asked about in `blind` turns."""

    suggests = ("lesion", "nerve")

    def __init__(self, blind=()):
        super().__init__()
        self.blind, self.turns = set(blind), 0

    def predict(self, features, prompts, previous):
        logits, iou = super().predict(features, prompts, previous)
        if prompts.suggestion is not None and not prompts.clicks:
            self.turns += 1
            if self.turns - 1 in self.blind:
                return logits, 0.0
        if prompts.suggestion is not None:
            start = 8 if prompts.suggestion == 0 else 40
            for row in (20, 40):  # two parts
                logits[row : row + 8, start : start + 12] = 8.0
            for point in prompts.clicks:
                near = np.hypot(*(np.mgrid[:64, :64] - np.array([point.y, point.x]).reshape(2, 1, 1))) < 3
                logits[near] = 8.0 if point.positive else -8.0
        return logits, iou


@pytest.fixture
def disc_model():
    return SuggestingModel()


@pytest.fixture
def frame(editor):
    return FrameLogic.frameOf(editor.volume, 3)


def areas(editor):
    """Voxels of each frame."""
    return editor.voxels().sum((1, 2)).tolist()


def swept(edit, settle, turns=30):
    for _ in range(turns):
        settle(edit)
        if not edit.sweep.isRunning:
            return
    raise AssertionError("the sweep does not end")


def test_a_suggestion_outlines_without_a_click_and_clicks_mend_it_undo_by_undo(editor, edit, frame, settle):
    edit.suggest(frame)
    settle(edit)
    first = segment(editor, frame)
    assert first.any()
    assert editor.voxels().sum() == first.sum()
    assert sum(map(len, shown(edit).values())) == 0
    edit.click(frame, 70, 50)
    settle(edit)
    edit.click(frame, 20, 25, positive=False)
    settle(edit)
    mended = segment(editor, frame)
    assert mended[50, 70]
    assert not mended[25, 20]
    assert first[25, 20]
    assert shown(edit) == {"initial": [], "guidedPositive": [(70, 50)], "guidedNegative": [(20, 25)]}
    for _ in range(2):
        editor.logic.Undo()
        settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), first)
    editor.logic.Undo()
    settle(edit)
    assert not segment(editor, frame).any()
    assert edit.prompts.objects == ()


def test_each_class_is_found_in_its_place_and_all_its_parts_stay(editing, editor, frame, settle):
    edit = editing(editor)  # with the options as they are at first: only parts with a click
    edit.suggest(frame, 1)
    settle(edit)
    mask = segment(editor, frame)
    assert not mask[:, :40].any()
    assert mask[:30].any()
    assert mask[35:].any()


def test_where_nothing_is_found_the_frame_stays_empty_and_the_status_says_so(
    editor, edit, frame, settle, disc_model
):
    disc_model.blind = {0}
    edit.suggest(frame, 1)
    settle(edit)
    assert not segment(editor, frame).any()
    assert edit.status == "The model finds no nerve on this frame."
    edit.click(frame, 70, 50)
    settle(edit)
    assert segment(editor, frame)[50, 70]


def test_an_empty_suggestion_of_a_model_that_is_no_longer_in_use(edit, frame, disc_model, engine):
    disc_model.blind = {0}
    edit.suggest(frame, 1)
    assert engine.wait(30)
    engine.setModel(DiscModel(), "another")
    edit.poll()
    assert "finds no" not in edit.status
    assert not edit.prompts.object.pending


def test_the_suggestion_comes_back_from_the_segments_tag(editor, edit, frame, settle):
    edit.suggest(frame, 1)
    settle(edit)
    edit.setFrame(FrameLogic.frameOf(editor.volume, 4))
    edit.setFrame(frame)
    assert edit.prompts.object.prompts == Prompts(suggestion=1)
    assert not edit.prompts.object.pending


@pytest.mark.parametrize("kind", [-1, 2])
def test_a_class_that_the_model_does_not_know_is_refused(editor, edit, frame, kind):
    for action in (edit.suggest, edit.suggestAll):
        with pytest.raises(Refusal, match="The model finds lesion, nerve: choose one of them"):
            action(frame, kind)
    assert edit.prompts.objects == ()


def test_a_model_without_predictor_is_refused(edit, engine, frame):
    engine.setModel(DiscModel(), "discs")
    with pytest.raises(Refusal, match="This model makes no suggestions"):
        edit.suggest(frame)


# All frames


def test_a_sweep_does_every_frame_leaves_empty_ones_empty_and_is_one_undo_step(
    editor, edit, frame, settle, disc_model
):
    disc_model.blind = {2, 5, 8}
    edit.suggestAll(frame)
    assert edit.sweep.isRunning
    swept(edit, settle)
    found = [area > 0 for area in areas(editor)]
    assert found == [n not in (2, 5, 8) for n in range(9)]
    assert edit.status == "Found in 6 of 9 frames, the others stay empty."
    editor.logic.Undo()
    settle(edit)
    assert areas(editor) == [0] * 9
    editor.logic.Redo()
    settle(edit)
    assert [area > 0 for area in areas(editor)] == found


def test_a_found_frame_can_be_mended_by_clicks(editor, edit, frame, settle):
    edit.suggestAll(frame)
    swept(edit, settle)
    before = areas(editor)
    edit.click(frame, 70, 50)
    settle(edit)
    assert segment(editor, frame)[50, 70]
    after = areas(editor)
    assert [a == b for a, b in zip(before, after, strict=True)] == [n != 3 for n in range(9)]
    assert edit.prompts.object.prompts.suggestion == 0


def test_frames_with_prompts_of_the_user_stay_as_they_are(editor, edit, frame, settle):
    edit.click(frame, 70, 8)
    settle(edit)
    mine = segment(editor, frame)
    edit.suggestAll(frame)
    assert edit.sweep.total == 8
    swept(edit, settle)
    np.testing.assert_array_equal(segment(editor, frame), mine)
    assert edit.prompts.object.prompts.suggestion is None


def test_progress_is_shown_and_cancel_keeps_what_was_found(editor, edit, frame, settle, engine):
    edit.suggestAll(frame)
    seen = [edit.status]
    for _ in range(3):
        assert engine.wait(30)
        edit.poll()
        seen.append(edit.status)
    assert seen[0] == "Suggesting on all frames: 0 of 9 done, found in 0."
    assert seen[3] == "Suggesting on all frames: 3 of 9 done, found in 3."
    edit.cancel()
    settle(edit)
    assert not edit.sweep.isRunning
    assert edit.status == "Cancelled after 3 of 9 frames."
    assert sum(area > 0 for area in areas(editor)) == 3
    edit.click(frame, 70, 50)
    settle(edit)
    assert segment(editor, frame)[50, 70]


@pytest.mark.parametrize("done", [0, 3])
def test_undo_ends_the_sweep_with_what_it_found_so_far(editor, edit, frame, settle, engine, done):
    edit.click(frame, 70, 8)
    settle(edit)
    edit.suggestAll(frame)
    for _ in range(done):
        assert engine.wait(30)
        edit.poll()
    editor.logic.Undo()
    settle(edit)
    assert not edit.sweep.isRunning
    assert edit.status == f"Undone: stopped after {done} of 8 frames."
    assert [area > 0 for area in areas(editor)] == [n == 3 and done > 0 for n in range(9)]
    edit.click(frame, 70, 50)
    settle(edit)
    assert segment(editor, frame)[50, 70]


def test_a_sweep_that_finds_nothing_is_no_undo_step(editor, edit, frame, settle, disc_model):
    disc_model.blind = set(range(9))
    edit.suggestAll(frame)
    swept(edit, settle)
    assert edit.status == "Found in 0 of 9 frames, the others stay empty."
    assert not editor.logic.CanUndo()


def test_scrolling_through_a_loop_is_not_taken_for_undo(scene, editing, settle, engine):
    browser, proxy = volumes.cine(4, (60, 80))
    editor = Editor(proxy)
    edit = editing(editor)
    edit.suggestAll(FrameLogic.frameOf(proxy, 0))
    assert engine.wait(30)
    edit.poll()
    SequenceLogic.showItem(browser, "0.3")
    swept(edit, settle)
    assert edit.sweep.message == "Found in 4 of 4 frames, the others stay empty."


def test_clicks_wait_for_the_sweep(edit, frame, settle):
    edit.suggestAll(frame)
    with pytest.raises(Refusal, match="wait, or press Cancel"):
        edit.click(frame, 30, 20)
    swept(edit, settle)


def test_a_segment_that_is_deleted_meanwhile_ends_the_sweep(editor, edit, frame, settle):
    edit.suggestAll(frame)
    editor.segmentation.GetSegmentation().RemoveSegment("Lesion")
    swept(edit, settle)
    assert "stopped after 0 of 9" in edit.sweep.message


def test_an_error_of_the_model_ends_the_sweep_with_its_sentence(edit, frame, settle, disc_model, monkeypatch):
    def fail(*_):
        raise RuntimeError("the model failed {badly}")

    monkeypatch.setattr(disc_model, "predict", fail)
    edit.suggestAll(frame)
    swept(edit, settle)
    assert edit.status == "The model failed {badly}."


def test_a_segmentation_that_does_not_reach_a_frame_ends_the_sweep_in_words(edit, frame, settle, monkeypatch):
    def refuse(*_):
        raise Refusal("The segmentation does not reach this frame.")

    monkeypatch.setattr(SegmentLogic, "replaceObject", refuse)
    edit.suggestAll(frame)
    swept(edit, settle)
    assert edit.status == "The segmentation does not reach this frame."


def test_a_sweep_where_every_frame_has_prompts_is_refused(scene, editing, settle):
    editor = Editor(volumes.volume(volumes.speckle(1, 60, 80)))
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 0)
    edit.click(frame, 30, 20)
    settle(edit)
    with pytest.raises(Refusal, match="Every frame has points"):
        edit.suggestAll(frame)


def test_a_cine_loop_gets_one_segmentation_for_each_item(scene, editing, settle, disc_model):
    browser, proxy = volumes.cine(4, (60, 80))
    editor = Editor(proxy)
    edit = editing(editor)
    disc_model.blind = {1}
    SequenceLogic.showItem(browser, "0.2")
    edit.suggestAll(FrameLogic.frameOf(proxy, 0))
    swept(edit, settle)
    assert SequenceLogic.itemOf(proxy) == "0.2"
    found = {}
    for item in SequenceLogic.itemsOf(browser):
        SequenceLogic.showItem(browser, item)
        found[item] = bool(segment(editor, FrameLogic.frameOf(proxy, 0)).any())
    assert found == {"0.0": True, "0.1": False, "0.2": True, "0.3": True}


# The panel


def test_the_button_the_key_and_the_choice_of_a_class(open_editor):
    editor = open_editor()
    assert editor.classComboBox.items == ["lesion", "nerve"]
    editor.suggestButton.click()
    settled(editor)
    assert count(editor) > 0
    click(editor, 70, 50)
    assert [thing.prompts.suggestion for thing in prompts(editor).objects] == [0]
    editor.clearButton.click()
    settled(editor)
    editor.classComboBox.choose(1)
    editor.effect.panel.actions["suggest"]()
    settled(editor)
    assert prompts(editor).object.prompts.suggestion == 1


def test_without_a_predictor_the_buttons_are_not_there_and_the_key_says_why(open_editor, engine, monkeypatch):
    monkeypatch.setattr(TargetLogic, "find_spec", lambda name: None)  # else a target could be named
    editor = open_editor()
    assert editor.suggestButton.visible
    assert editor.suggestButton.enabled
    assert "Key: S" in editor.suggestButton.toolTip
    engine.setModel(DiscModel(), "discs")
    editor.activate()
    settled(editor)
    for widget in (editor.suggestButton, editor.suggestAllButton, editor.classComboBox):
        assert not widget.visible
    editor.effect.panel.actions["suggest"]()
    assert "makes no suggestions" in status(editor)


def test_all_frames_from_the_panel_with_its_cancel_button(open_editor):
    editor = open_editor(volumes.volume(volumes.speckle(9, 60, 80)))
    editor.suggestAllButton.click()
    assert " of 9 done" in status(editor)
    editor.cancelButton.click()
    settled(editor)
    assert "Cancelled after" in status(editor)
    assert slicer.mrmlScene.GetNodeByID(editor.slicer.segmentation.GetID()) is not None


# The console


def test_the_console_does_all_frames_or_one_and_can_be_cancelled(scene, engine, disc_model):
    logic, volume = SegmentationLogic(engine), volumes.volume(volumes.speckle(5, 60, 80))
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    disc_model.blind = {1}
    seen = []
    everything = logic.suggest(volume, 1, node, goesOn=lambda *at: seen.append(at) is None)
    assert seen == [(n, 5) for n in range(5)]
    frames = [FrameLogic.frameOf(volume, n) for n in range(5)]
    found = [bool(maskOf(node, everything, frame).any()) for frame in frames]
    assert found == [True, False, True, True, True]
    one = logic.suggest(volume, 0, node, frame=2)
    assert [bool(maskOf(node, one, frame).any()) for frame in frames] == [n == 2 for n in range(5)]
    few = logic.suggest(volume, 0, node, goesOn=lambda done, total: done < 2)
    assert sum(bool(maskOf(node, few, frame).any()) for frame in frames) == 2


def test_the_console_refuses_and_fails_in_words(scene, engine, disc_model, monkeypatch):
    logic, volume = SegmentationLogic(engine), volumes.volume(volumes.speckle(1, 60, 80))
    with pytest.raises(ValueError, match="The model finds lesion, nerve"):
        logic.suggest(volume, 7)

    def fail(*_):
        raise RuntimeError("no memory of it")

    monkeypatch.setattr(disc_model, "predict", fail)
    with pytest.raises(RuntimeError, match="No memory of it"):
        logic.suggest(volume)
