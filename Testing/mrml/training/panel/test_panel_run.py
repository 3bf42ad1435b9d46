"""The training panel. A run that is followed, stopped, resumed, and found again."""

from __future__ import annotations

import re
import time
import types

import slicer
from recorded_run import PlayedLogic


def test_a_run_is_followed_from_its_start_to_its_end(ready, layout):
    ui = ready.run.ui
    ui.startButton.click()
    ready.timer.fire()
    assert ready.run.state.isAlive
    assert not ui.startButton.enabled
    assert ui.stopButton.enabled
    assert not ui.resumeButton.enabled
    seen = []
    for _epoch in range(3):
        ready.logic.playback.play("epoch")
        ready.timer.fire()
        seen.append((ui.progressBar.value, ui.stateLabel.text, len(ready.run.state.samples)))
    assert [value for value, *_ in seen] == [33, 66, 100]
    assert "2 of 3" in seen[0][1]
    assert [count for *_, count in seen] == [2, 3, 4], "before, and each epoch"
    ready.logic.playback.play("finish")
    ready.logic.playback.end()
    ready.timer.fire()
    assert ready.run.state.status == "finished"
    assert "Finished" in ui.stateLabel.text
    assert ui.startButton.enabled
    assert not ui.stopButton.enabled
    assert not ui.resumeButton.enabled
    assert "finished" in ui.runsComboBox.items[0]


def test_curves_are_live_and_the_layout_comes_back(running, layout):
    layout.SetViewArrangement(layout.SlicerLayoutFourUpView)
    tables = lambda: slicer.util.getNodesByClass("vtkMRMLTableNode")  # noqa: E731
    assert tables() == [], "nothing is drawn before someone looks"
    running.run.ui.curvesButton.click()
    (dice,) = [table for table in tables() if table.GetName() == "SAMCA dice"]
    assert dice.GetNumberOfRows() == 2, "before, and the first epoch"
    assert dice.GetNumberOfColumns() == 4
    running.logic.playback.play("epoch")
    running.timer.fire()
    assert dice.GetNumberOfRows() == 3
    running.run.ui.curvesButton.click()
    assert layout.GetViewArrangement() == layout.SlicerLayoutFourUpView


def test_a_layout_that_the_user_chooses_switches_the_button_off(running, layout):
    running.run.ui.curvesButton.click()
    layout.SetViewArrangement(layout.SlicerLayoutOneUpRedSliceView)
    running.timer.fire()
    assert not running.run.ui.curvesButton.checked


def test_curves_follow_while_another_module_is_open(running, layout):
    running.run.ui.curvesButton.click()
    running.exit()
    running.logic.playback.play("epoch")
    running.timer.fire()
    assert running.timer.isRunning
    (epochs,) = [t for t in slicer.util.getNodesByClass("vtkMRMLTableNode") if t.GetName() == "SAMCA epochs"]
    assert epochs.GetNumberOfRows() == 2


def test_without_curves_nothing_is_done_while_another_module_is_open(running):
    running.exit()
    running.timer.fire()
    assert not running.timer.isRunning
    running.enter()
    assert running.timer.isRunning


def test_sample_masks_follow_the_newest_epoch_unless_the_user_looks_back(running):
    ui = running.run.ui
    assert "epoch_0001" in ui.samplesLabel.pixmap.path
    assert "Epoch 1: Dice" in ui.epochLabel.text
    running.logic.playback.play("epoch")
    running.timer.fire()
    assert "epoch_0002" in ui.samplesLabel.pixmap.path
    ui.epochSlider.value = 0
    assert "epoch_0000" in ui.samplesLabel.pixmap.path
    assert re.fullmatch(r"Before training: Dice \d+ / \d+ / \d+ %", ui.epochLabel.text)
    running.logic.playback.play("epoch")
    running.timer.fire()
    assert "epoch_0000" in ui.samplesLabel.pixmap.path
    assert ui.epochSlider.maximum == 3


def test_the_log_is_there_to_read(running):
    ui = running.run.ui
    assert not ui.logText.visible
    ui.logButton.click()
    assert "Epoch 1 of 3" in ui.logText.plainText
    running.logic.playback.play("epoch")
    running.timer.fire()
    assert "Epoch 2 of 3" in ui.logText.plainText
    assert ui.logText.hidden == 0, "its lines begin at the left"


def test_stop_asks_the_run_and_pressed_again_ends_it_at_once(running):
    ui, run = running.run.ui, running.run.state.folder
    ui.stopButton.click()
    assert (run / "stop").exists()
    assert ui.stopButton.text == "Stop at once"
    ui.stopButton.click()
    running.timer.fire()
    assert running.logic.calls == ["kill"]
    assert not running.run.state.isAlive
    assert ui.resumeButton.enabled


def test_a_stopped_run_is_resumed(running):
    ui, run, playback = running.run.ui, running.run.state.folder, running.logic.playback
    ui.stopButton.click()
    (run / "stop").unlink()
    playback.add({"event": "stopped", "epoch": 2, "step": 1, "time": time.time()})
    playback.end()
    running.timer.fire()
    assert running.run.state.status == "stopped"
    ui.resumeButton.click()
    assert running.run.state.isAlive
    playback.play("epoch")
    running.timer.fire()
    assert "3 of 3" in ui.stateLabel.text


def test_a_failed_run_says_why_and_what_to_do(running):
    says = "[Errno 28] No space left on device"
    running.logic.playback.add({"event": "failed", "says": says, "time": time.time()})
    running.logic.playback.end()
    running.timer.fire()
    assert says in running.run.ui.stateLabel.text
    assert len(running.run.ui.stateLabel.text) > len(says) + 10
    assert running.run.ui.resumeButton.enabled


def test_the_panel_of_the_next_session_finds_the_run_again(running, panel, recording, tmp_path, layout):
    logic = PlayedLogic(tmp_path, recording)
    logic.playback = running.logic.playback
    again = panel(logic)
    assert again.run.state.folder == running.run.state.folder
    assert again.run.state.isAlive
    assert again.run.ui.progressBar.value == 33
    assert not again.run.ui.runButton.collapsed
    assert again.data.ui.dataButton.collapsed
    logic.playback.play("epoch")
    again.timer.fire()
    assert again.run.ui.progressBar.value == 66


def test_of_several_runs_the_chosen_one_is_shown(finished):
    first = finished.run.state.folder
    finished.settings.ui.nameLineEdit.text = "Second"
    finished.timer.fire()
    finished.run.ui.startButton.click()
    assert finished.run.state.folder != first
    assert len(finished.run.ui.runsComboBox.items) == 2
    finished.run.ui.runsComboBox.choose(finished.run._runs.index(first))
    assert finished.run.state.folder == first
    assert finished.run.ui.progressBar.value == 100


def test_the_scene_closed_during_a_run_changes_nothing_but_redraws_the_curves(running, layout, scene):
    running.run.ui.curvesButton.click()
    scene.Clear(0)
    running.timer.fire()
    running.logic.playback.play("epoch")
    running.timer.fire()
    (epochs,) = [t for t in slicer.util.getNodesByClass("vtkMRMLTableNode") if t.GetName() == "SAMCA epochs"]
    assert epochs.GetNumberOfRows() == 2
    assert running.run.state.isAlive


def test_what_is_missing_for_training_is_told_and_can_be_installed(panel, recording, tmp_path, monkeypatch):
    statuses = [
        types.SimpleNamespace(ready=False, text="monai is missing."),
        types.SimpleNamespace(ready=True, text=""),
    ]
    missing = types.SimpleNamespace(status=lambda: statuses[0], install=lambda: statuses[1])
    monkeypatch.setattr(PlayedLogic, "installation", lambda self, ask, say: missing)
    shown = panel()
    assert shown.run.ui.installLabel.text == "monai is missing."
    assert not shown.run.ui.startButton.enabled
    shown.run.ui.installButton.click()
    assert not shown.run.ui.installButton.visible
