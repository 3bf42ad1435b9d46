"""Take back: the button in the panel for steps in a loop that Slicer's own Undo does not reach."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
import volumes
from effect_editors import click, prompts, settled, status

from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Segments.SegmentLogic import maskOf


@pytest.fixture
def loop(scene):
    return volumes.cine(3, (60, 80))


@pytest.fixture
def editor(open_editor, loop):
    return open_editor(loop[1])


@pytest.fixture
def show(loop, editor):
    def shown(item):
        SequenceLogic.showItem(loop[0], item)
        settled(editor)

    return shown


def filled(editor, loop):
    frames = FrameLogic.items(FrameLogic.frameOf(loop[1], 0))
    return [f.item for f in frames if maskOf(editor.slicer.segmentation, "Lesion", f).any()]


def test_it_is_grey_as_long_as_slicers_undo_works_and_undoes_what_slicer_has_dropped(editor, loop, show):
    button = editor.takeBackButton
    assert not button.enabled
    click(editor, 20, 30)
    assert not button.enabled
    show("0.1")
    assert button.enabled
    click(editor, 50, 30)
    assert not button.enabled
    button.click()
    assert filled(editor, loop) == ["0.0", "0.1"]
    editor.logic.Undo()
    settled(editor)
    assert filled(editor, loop) == ["0.0"]
    assert button.enabled
    button.click()
    settled(editor)
    assert filled(editor, loop) == []
    assert status(editor) == "Taken back on frame 0.0."
    assert not button.enabled


def test_points_of_the_shown_frame_go_with_what_was_taken_back(editor, loop, show):
    click(editor, 20, 30)
    show("0.1")
    show("0.0")
    assert len(prompts(editor).objects) == 1
    editor.takeBackButton.click()
    settled(editor)
    assert prompts(editor).objects == ()
    assert editor.effect.edit.points.nodes["initial"].GetNumberOfControlPoints() == 0


def test_slicers_key_undoes_all_items_while_the_effect_is_active(editor, loop, show):
    show("0.1")
    click(editor, 20, 30)
    editor.neighboursButton.click()
    while editor.effect.edit.sweep.isRunning or filled(editor, loop) == ["0.1"]:
        settled(editor)
    assert filled(editor, loop) == ["0.0", "0.1", "0.2"]
    editor.logic.Undo()
    settled(editor)
    assert filled(editor, loop) == ["0.1"]
    editor.logic.Redo()
    settled(editor)
    assert filled(editor, loop) == ["0.0", "0.1", "0.2"]


def test_steps_outlast_another_effect_and_are_refused_while_all_frames_are_done(editor, loop, show):
    click(editor, 20, 30)
    editor.deactivate()
    SequenceLogic.showItem(loop[0], "0.2")
    editor.activate()
    settled(editor)
    assert editor.takeBackButton.enabled
    busy = {"isRunning": True, "isResting": False, "inTheWay": "All frames are being done."}
    editor.effect.edit.sweep = Mock(**busy, status="", message="", poll=lambda: False)
    editor.effect.wake()
    editor.tick()
    assert not editor.takeBackButton.enabled


def test_undo_while_another_effect_is_active_is_seen_afterwards(editor, loop, show):
    show("0.1")
    click(editor, 20, 30)
    editor.neighboursButton.click()
    while len(filled(editor, loop)) < 3 or editor.effect.edit.sweep.isRunning:
        settled(editor)
    editor.deactivate()
    editor.logic.Undo()
    SequenceLogic.showItem(loop[0], "0.2")
    editor.activate()
    settled(editor)
    assert filled(editor, loop) == ["0.1"]


def test_in_a_volume_it_stays_grey(open_editor):
    editor = open_editor()
    click(editor, 20, 30)
    editor.logic.Undo()
    settled(editor)
    assert not editor.takeBackButton.enabled


def test_without_the_editors_button_what_can_be_taken_back_is_offered(editor, loop, show):
    editor.host.optionsFrame = lambda: None
    editor.effect.undo.forget()
    click(editor, 20, 30)
    assert editor.takeBackButton.enabled
