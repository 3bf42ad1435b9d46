"""What waits for the model while the user undoes, deletes and goes on: the next click always works."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import volumes
from edit_views import segment, shown
from slicer_scene import Editor

from samca.prompts import Click
from SAMCALib.Editing import ObjectLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments import GridLogic
from SAMCALib.Texts import Refusal


def clicks(edit):
    return [[(c.x, c.y, c.positive) for c in thing.prompts.clicks] for thing in edit.prompts.objects]


def undo(editor, times=1):
    for _ in range(times):
        editor.logic.Undo()


@pytest.fixture
def clicked(editor, edit, frame, settle, engine, gated):
    """(edit, what each click after another gave) after three clicks; the model is closed again."""
    editor.logic.SetMaximumNumberOfUndoStates(20)
    gated.gate.set()
    states = [segment(editor, frame)]
    for x in (20, 34, 48):
        edit.click(frame, x, 20)
        settle(edit)
        states.append(segment(editor, frame))
    gated.close()
    return edit, states


# how an edit is done that is in work, and one that waits
IN_WORK = {
    "a move": lambda edit, frame: edit.moveClick(0, 2, 60, 40),
    "a deletion": lambda edit, frame: edit.removeClick(0, 2),
    "a click": lambda edit, frame: edit.click(frame, 70, 50),
    "a box": lambda edit, frame: edit.box(frame, 10, 10, 40, 40),
    "a new object": lambda edit, frame: (edit.newObject(frame), edit.click(frame, 70, 50)),
}
WAITING = {
    "a click": lambda edit, frame: edit.click(frame, 10, 50),
    "a move of the same click": lambda edit, frame: edit.moveClick(0, len(clicks(edit)[0]) - 1, 62, 42),
    "a deletion of the same click": lambda edit, frame: edit.removeClick(0, len(clicks(edit)[0]) - 1),
    "clearing": lambda edit, frame: edit.clear(frame),
    "a new object": lambda edit, frame: (edit.newObject(frame), edit.click(frame, 70, 8)),
}


@pytest.mark.parametrize("waits", WAITING)
@pytest.mark.parametrize("works", IN_WORK)
@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_as_many_steps_go_as_were_undone_between_two_ticks(
    editor, clicked, frame, settle, gated, works, waits, times
):
    edit, states = clicked
    IN_WORK[works](edit, frame)
    WAITING[waits](edit, frame)
    undo(editor, times)
    edit.poll()
    gated.gate.set()
    settle(edit)
    assert edit.status.startswith("Ready")
    if times >= 2:
        np.testing.assert_array_equal(segment(editor, frame), states[5 - times])
        assert clicks(edit) == [[(x, 20, True) for x in (20, 34, 48)[: 5 - times]]]
    edit.click(frame, 75, 55)
    settle(edit)
    assert segment(editor, frame)[55, 75]


def test_undone_one_by_one_or_at_once_it_is_the_same(editor, clicked, frame, settle, gated):
    edit, states = clicked
    for x, y in ((70, 50), (10, 50), (40, 50)):
        edit.click(frame, x, y)
    for _ in range(2):
        undo(editor)
        edit.poll()
    gated.gate.set()
    settle(edit)
    assert [click[:2] for click in clicks(edit)[0]] == [(20, 20), (34, 20), (48, 20), (70, 50)]
    undo(editor)
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), states[3])


def test_undo_and_redo_between_two_ticks_are_as_if_nothing_was(editor, clicked, frame, settle, gated):
    edit, _states = clicked
    edit.click(frame, 70, 50)
    edit.click(frame, 10, 50)
    undo(editor, 2)
    editor.logic.Redo()
    editor.logic.Redo()
    edit.poll()
    gated.gate.set()
    settle(edit)
    mask = segment(editor, frame)
    assert mask[50, 70]
    assert mask[50, 10]


def test_a_click_right_after_undo_is_not_what_was_undone(editor, clicked, frame, settle, gated):
    edit, _states = clicked
    edit.click(frame, 70, 50)
    edit.click(frame, 10, 50)
    undo(editor)
    edit.click(frame, 40, 50)  # no tick between
    gated.gate.set()
    settle(edit)
    assert [click[:2] for click in clicks(edit)[0]] == [(20, 20), (34, 20), (48, 20), (70, 50), (40, 50)]
    assert segment(editor, frame)[50, 40]


def test_undo_goes_over_several_segments(scene, editing, settle, gated):
    editor = Editor(volumes.volume(volumes.speckle(2, 60, 80)), ("Lesion", "Nerve"))
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 1)
    gated.gate.set()
    edit.click(frame, 20, 20)
    settle(edit)
    gated.close()
    editor.node.SetSelectedSegmentID("Nerve")
    edit.poll()
    edit.click(frame, 50, 20)
    edit.click(frame, 60, 40)
    undo(editor, 2)
    edit.poll()
    gated.gate.set()
    settle(edit)
    assert segment(editor, frame)[20, 20]
    assert not segment(editor, frame, "Nerve").any()
    assert not edit.prompts.objects


def test_what_another_editor_does_meanwhile_is_neither_doubled_nor_lost(
    editor, editing, frame, settle, gated
):
    one, two = editing(editor), editing(editor)
    for edit in (one, two):
        edit.setFrame(frame)
    one.click(frame, 20, 20)
    one.click(frame, 34, 20)
    two.click(frame, 60, 40)
    one.poll()
    assert "dropped" in one.status
    gated.gate.set()
    for edit in (one, two, one):
        settle(edit)
    assert clicks(one) == clicks(two) == [[(20, 20, True), (60, 40, True)]]
    mask = segment(editor, frame)
    assert mask[20, 20]
    assert mask[40, 60]
    one.click(frame, 34, 20)
    settle(one)
    assert segment(editor, frame)[20, 34]


def test_edits_of_what_is_gone_are_dropped_with_a_word(editor, edit, frame, settle, gated, scene):
    other = Editor(editor.volume, ("Other",))
    edit.click(frame, 20, 20)
    edit.click(frame, 34, 20)
    edit.click(frame, 48, 20)
    editor.node.SetAndObserveSegmentationNode(other.segmentation)
    editor.node.SetSelectedSegmentID("Other")
    edit.poll()
    assert edit.status == (
        "The last 2 of your edits were dropped: what they were about has changed meanwhile."
    )
    gated.gate.set()
    settle(edit)
    edit.click(frame, 60, 40)
    settle(edit)
    assert segment(other, frame, "Other")[40, 60]


def test_a_point_that_is_gone_can_neither_be_moved_nor_deleted(editor, edit, frame, settle):
    edit.click(frame, 20, 20)
    settle(edit)
    undo(editor)
    for action in (lambda: edit.moveClick(0, 0, 5, 5), lambda: edit.removeClick(0, 0)):
        with pytest.raises(Refusal, match="not there any more"):
            action()
    assert not segment(editor, frame).any()


def test_a_drag_goes_on_after_another_edit_came_between(editor, edit, frame, settle):
    edit.click(frame, 20, 20)
    settle(edit)
    edit.moveClick(0, 0, 30, 20, finished=False)
    edit.click(frame, 60, 40)
    edit.moveClick(0, 0, 34, 24)
    settle(edit)
    assert clicks(edit) == [[(34, 24, True), (60, 40, True)]]
    undo(editor)
    settle(edit)
    assert clicks(edit) == [[(30, 20, True), (60, 40, True)]]
    undo(editor, 3)
    settle(edit)
    assert clicks(edit) == []
    assert not segment(editor, frame).any()


@pytest.mark.parametrize("failure", [RuntimeError("out of memory"), Refusal("Not here."), KeyError("x")])
@pytest.mark.parametrize("where", ["answer", "tag", "points", "picture"])
def test_whatever_fails_in_the_timer_is_said_and_the_next_click_works(
    editor, edit, frame, settle, monkeypatch, failure, where
):
    def fail(*_):
        raise failure

    edit.click(frame, 20, 20)
    settle(edit)
    with monkeypatch.context() as patch:
        place = {
            "answer": (ObjectLogic.SegmentLogic, "replaceObject"),
            "tag": (PromptLogic, "setFramePrompts"),
            "points": (edit.points, "changes"),
            "picture": (FrameLogic, "window"),
        }[where]
        if where in ("answer", "points"):
            edit.click(frame, 34, 20)
            edit.click(frame, 48, 20)
        patch.setattr(*place, fail)
        if where in ("tag", "picture"):
            with pytest.raises(type(failure)):
                edit.click(frame, 34, 20)
        settle(edit)
        if where in ("answer", "points"):
            assert str(failure).strip("'") in edit.status
    settle(edit)
    edit.click(frame, 60, 40)
    settle(edit)
    assert segment(editor, frame)[40, 60]
    assert segment(editor, frame)[20, 20]
    assert edit.status.startswith("Ready")


def test_an_outline_that_the_grid_cannot_reach_is_said_once_and_the_next_click_works(
    editor, edit, frame, settle, monkeypatch
):
    geometry = GridLogic.referenceGeometry(editor.segmentation)
    geometry.SetExtent(0, 39, 0, 59, 0, 8)
    text = slicer.vtkSegmentationConverter.SerializeImageGeometry(geometry)
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    editor.segmentation.GetSegmentation().SetConversionParameter(name, text)
    monkeypatch.setattr(GridLogic, "MOST_VOXELS", 40 * 60 * 9)
    edit.click(frame, 60, 20)
    edit.click(frame, 20, 40)
    settle(edit)
    assert "To reach this outline" in edit.status
    assert not segment(editor, frame).any()
    edit.removeClick(0, 0)
    settle(edit)
    assert segment(editor, frame)[40, 20]
    assert shown(edit)["initial"] == [(20, 40)]


def test_equal_clicks_are_moved_and_removed_one_at_a_time(editor, edit, frame, settle):
    for _ in range(2):
        edit.click(frame, 20, 20)
    edit.moveClick(0, 1, 40, 40)
    settle(edit)
    assert clicks(edit) == [[(20, 20, True), (40, 40, True)]]
    edit.removeClick(0, 0)
    settle(edit)
    assert edit.prompts.objects[0].prompts.clicks == (Click(40, 40),)
