"""Undo, redo and Take back of all that the effect does in a loop, as the timer sees it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import volumes
from slicer_scene import Editor

from samca.prompts import Box, Prompts
from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Segments.SegmentLogic import maskOf
from SAMCALib.Texts import Refusal

LOOPS = {"master": volumes.cine, "beside a tracker": volumes.tracked}


class Everywhere:
    """Finds the same box on every frame."""

    isDone = True

    def look(self, frame):
        pass

    def take(self):
        return Prompts(box=Box(50, 10, 70, 30))

    def forget(self):
        pass


@pytest.fixture(params=LOOPS)
def loop(scene, request):
    return LOOPS[request.param](5, (60, 80))


@pytest.fixture
def editor(loop):
    return Editor(loop[1], ("Lesion", "Vessel"))


@pytest.fixture
def edit(editing, editor):
    return editing(editor)


@pytest.fixture
def show(loop, edit):
    """`show(number)`: the frame of this item, shown."""

    def shown(number):
        SequenceLogic.showItem(loop[0], SequenceLogic.itemsOf(loop[0])[number])
        edit.poll()
        return FrameLogic.frameOf(loop[1], 0)

    return shown


@pytest.fixture
def run(edit, settle):
    """`run()`: the timer, until nothing goes on."""

    def until():
        settle(edit)
        while edit.sweep.isRunning:
            settle(edit)

    return until


def there(editor, loop):
    """Voxels and prompts of every item."""
    frames = FrameLogic.items(FrameLogic.frameOf(loop[1], 0))
    masks = [maskOf(editor.segmentation, "Lesion", frame) for frame in frames]
    prompts = [PromptLogic.framePrompts(editor.segmentation, "Lesion", frame).objects for frame in frames]
    return [
        (mask.tobytes(), [thing.prompts for thing in each]) for mask, each in zip(masks, prompts, strict=True)
    ]


def filled(editor, loop):
    frames = FrameLogic.items(FrameLogic.frameOf(loop[1], 0))
    return [i for i, frame in enumerate(frames) if maskOf(editor.segmentation, "Lesion", frame).any()]


def through_all(edit, frame):
    edit.segmentNeighbours(frame, 9)


def on_all(edit, frame):
    edit.suggestAll(frame, finder=Everywhere())


ACTIONS = {"neighbours": (through_all, [0, 1, 2, 3, 4]), "all frames": (on_all, [0, 1, 2, 3, 4])}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("number", [0, 3])
def test_one_undo_takes_all_items_back_and_one_redo_brings_them(
    editor, edit, loop, show, run, action, number
):
    edit.click(show(number), 15, 30)
    run()
    edit.click(show(number), 40, 45)
    run()
    before = there(editor, loop)
    act, expected = ACTIONS[action]
    act(edit, edit.frame)
    run()
    assert filled(editor, loop) == expected
    after = there(editor, loop)
    for _ in range(2):
        editor.logic.Undo()
        run()
        assert there(editor, loop) == before
        editor.logic.Redo()
        run()
        assert there(editor, loop) == after
    for _ in range(3):
        editor.logic.Undo()
    run()
    assert filled(editor, loop) == []
    assert not editor.logic.CanUndo()


@pytest.mark.parametrize("action", ACTIONS)
def test_when_another_item_was_shown_the_same_is_taken_back_by_us(editor, edit, loop, show, run, action):
    edit.click(show(1), 15, 30)
    run()
    before = there(editor, loop)
    ACTIONS[action][0](edit, edit.frame)
    run()
    show(4)
    assert not editor.logic.CanUndo()
    assert edit.steps.canTakeBack
    assert edit.steps.takeBack() == "Taken back on 5 frames."
    run()
    assert there(editor, loop) == before
    assert edit.steps.takeBack() == f"Taken back on frame {SequenceLogic.itemsOf(loop[0])[1]}."
    run()
    assert filled(editor, loop) == []
    assert not edit.steps.canTakeBack


def test_nothing_flickers_while_all_items_are_done(editor, edit, loop, show, run):
    shown = []
    frame = show(2)
    tag = loop[0].AddObserver("ModifiedEvent", lambda *_: shown.append(SequenceLogic.itemOf(loop[1])))
    on_all(edit, frame)
    run()
    loop[0].RemoveObserver(tag)
    assert set(shown) <= {SequenceLogic.itemOf(loop[1])}
    assert SequenceLogic.itemOf(loop[1]) == SequenceLogic.itemsOf(loop[0])[2]


def test_the_user_may_look_at_other_items_meanwhile(editor, edit, loop, show, run, disc_model, monkeypatch):
    go, predict = threading.Semaphore(2), disc_model.predict
    monkeypatch.setattr(disc_model, "predict", lambda *given: go.acquire(timeout=30) and predict(*given))
    on_all(edit, show(0))
    for _ in range(40):
        edit.poll()
    assert edit.sweep.isRunning
    show(3)
    go.release(20)
    run()
    assert filled(editor, loop) == [0, 1, 2, 3, 4]
    assert SequenceLogic.itemOf(loop[1]) == SequenceLogic.itemsOf(loop[0])[3]
    edit.steps.takeBack()
    run()
    assert filled(editor, loop) == []


def test_undo_meanwhile_ends_it_and_takes_back_what_it_did(
    editor, edit, loop, show, run, disc_model, monkeypatch
):
    go, predict = threading.Semaphore(3), disc_model.predict
    monkeypatch.setattr(disc_model, "predict", lambda *given: go.acquire(timeout=30) and predict(*given))
    on_all(edit, show(2))
    while len(filled(editor, loop)) < 2:
        edit.poll()
    editor.logic.Undo()
    edit.poll()
    go.release(20)
    run()
    assert "Undone: stopped after" in edit.status
    assert filled(editor, loop) == []


@pytest.mark.parametrize("action", ACTIONS)
def test_a_frame_that_leaves_the_loop_meanwhile_ends_it_in_words(
    editor, edit, loop, show, run, disc_model, monkeypatch, action
):
    edit.click(show(1), 15, 30)
    run()
    go, predict = threading.Semaphore(2), disc_model.predict
    monkeypatch.setattr(disc_model, "predict", lambda *given: go.acquire(timeout=30) and predict(*given))
    ACTIONS[action][0](edit, edit.frame)
    loop[0].GetMasterSequenceNode().RemoveDataNodeAtValue(SequenceLogic.itemsOf(loop[0])[4])
    go.release(20)
    run()
    assert "0.4" in edit.status
    assert "went wrong" not in edit.status
    edit.click(FrameLogic.frameOf(loop[1], 0), 60, 30)
    run()
    assert len(edit.prompts.objects[-1].prompts.clicks) == 2


def test_a_click_that_was_mended_by_dragging_is_taken_back_as_slicer_would(editor, edit, loop, show, run):
    edit.click(show(0), 20, 30)
    run()
    clicked = there(editor, loop)
    for x, finished in ((25, False), (30, False), (35, True)):
        edit.moveClick(0, 0, x, 30, finished)
    run()
    editor.logic.Undo()
    run()
    assert there(editor, loop) == clicked
    editor.logic.Redo()
    run()
    show(1)
    edit.steps.takeBack()
    assert there(editor, loop) == clicked
    edit.steps.takeBack()
    assert filled(editor, loop) == []


def test_more_steps_than_slicer_keeps_are_taken_back(editor, edit, loop, show, run):
    states = []
    for number in range(7):  # Slicer keeps four here
        states.append(there(editor, loop))
        edit.click(show(0), 10 + 10 * number, 30)
        run()
    while editor.logic.CanUndo():
        editor.logic.Undo()
        run()
        assert there(editor, loop) == states.pop()
    while edit.steps.canTakeBack:
        edit.steps.takeBack()
        run()
        assert there(editor, loop) == states.pop()
    assert states == []
    assert edit.prompts.objects == ()


def test_other_options_for_a_frame_are_one_step(editor, edit, loop, show, run):
    frame = show(1)
    for x in (20, 60):
        edit.newObject(frame)
        edit.click(frame, x, 30)
        run()
    before = there(editor, loop)
    edit.useOptions(MaskOptions(smoothingMm=2.0))
    run()
    assert there(editor, loop) != before
    show(0)
    edit.steps.takeBack()
    assert there(editor, loop) == before


def test_points_follow_what_is_taken_back_in_the_item_that_is_shown(editor, edit, loop, show, run):
    edit.click(show(2), 20, 30)
    run()
    show(0)
    show(2)
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 1
    edit.steps.takeBack()
    edit.poll()
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 0
    with pytest.raises(Refusal, match="nothing to take back"):
        edit.steps.takeBack()


def test_any_row_of_clicks_runs_undos_and_changes_of_item_can_be_taken_back_to_the_start(
    editor, edit, loop, show, run
):
    rng = np.random.default_rng(5)
    states = [there(editor, loop)]
    for _ in range(25):
        kind = rng.choice(["click", "show", "run", "undo", "take back"], p=[0.4, 0.25, 0.1, 0.15, 0.1])
        if kind == "show":
            show(int(rng.integers(5)))
        elif kind == "click":
            edit.click(FrameLogic.frameOf(loop[1], 0), *rng.integers(5, 55, 2))
        elif kind == "run" and edit.prompts.object.startsSomewhere:
            edit.segmentNeighbours(edit.frame, int(rng.integers(1, 4)))
        elif kind == "undo" and editor.logic.CanUndo():
            editor.logic.Undo()
        elif kind == "take back" and edit.steps.canTakeBack and not editor.logic.CanUndo():
            edit.steps.takeBack()
        else:
            continue
        run()
        if kind in ("click", "run"):
            states.append(there(editor, loop))
        elif kind != "show":
            states.pop()
        assert there(editor, loop) == states[-1]
    while editor.logic.CanUndo() or edit.steps.canTakeBack:
        editor.logic.Undo() if editor.logic.CanUndo() else edit.steps.takeBack()
        run()
        states.pop()
        assert there(editor, loop) == states[-1]
    assert filled(editor, loop) == []
