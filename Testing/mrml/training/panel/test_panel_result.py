"""The training panel. What comes after a run: the model in use, measured, saved, and trained on."""

from __future__ import annotations

import re
import time
import types
from pathlib import Path

import numpy as np
import pytest
import slicer
import training_panel
from panel_user import wait

from SAMCATrainingLib.Outcome import BETTER, WORSE


def test_the_model_is_used_in_the_segment_editor(finished, monkeypatch, qt, scene):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
    editor = training_panel.SegmentEditorWidget(node)
    module = types.SimpleNamespace(self=lambda: types.SimpleNamespace(editor=editor))
    representation = types.SimpleNamespace(widgetRepresentation=lambda: module)
    monkeypatch.setattr(slicer.modules, "segmenteditor", representation, raising=False)
    finished.result.ui.useButton.click()
    assert qt.opened[-1] == "SegmentEditor"
    (off, _before), (effect, model) = editor.effects
    assert (off, effect) == ("", "SAMCA")
    assert Path(model).is_file()
    assert model in [info.source for info in finished.logic.models.models()]


def correct(editor):
    """Outline a frame more."""
    mask = np.zeros((9, 60, 80), np.uint8)
    mask[[2, 5, 7], 20:28, 30:50] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, editor.segmentation, "Lesion", editor.volume)


@pytest.fixture
def measured(finished):
    """A panel whose run was measured."""
    finished.result.ui.evaluateButton.click()
    finished.timer.fire()
    return finished


def told(panel, **outcome):
    """The panel after one more epoch of its run that says so."""
    losses = {"loss": 0.5, "initial": 0.3, "guided": 0.2, "seconds": 1.0}
    record = {"event": "epoch", "epoch": 2, "of": 3, **losses, "time": time.time()}
    panel.logic.playback.add(record | {"dice": {"1": 70.0, "3": 80.0, "5": 84.0}} | outcome)
    panel.timer.fire()
    return panel.result.ui


def lines(table):
    return [table.line(row) for row in range(table.rows)]


def test_what_training_has_brought_is_told_as_soon_as_it_is_known(running):
    from SAMCATrainingLib.ResultWidget import COLOURS  # once there is a qt

    told(running, gain=6.0, error=1.5, kept=2)
    ui, before = running.result.ui, running.run.state.before
    assert ui.outcomeLabel.text.startswith("So far: Better than before: Dice +6.0 ± 1.5, epoch 2 is kept.")
    assert "Only 2 structures validate" in ui.outcomeLabel.text
    expected = [(c, f"{before[c]:.1f}", after) for c, after in ((1, "70.0"), (3, "80.0"), (5, "84.0"))]
    assert [tuple(line[:3]) for line in lines(ui.diceTable)] == [(str(c), b, a) for c, b, a in expected]
    for row, line in enumerate(lines(ui.diceTable)):
        word, colour = line[3].split(" ", 1)[1], ui.diceTable.items[row, 3].colour
        assert (
            (word, colour) == ("better", COLOURS[BETTER])
            if line[3].startswith("+")
            else ("worse", COLOURS[WORSE])
        )


def test_after_a_training_that_made_it_worse_the_old_model_is_kept_and_the_new_one_not_offered(running):
    ui = told(running, gain=-7.7, error=2.1, kept=0)
    assert (
        "Worse than before: the last epoch is at Dice -7.7 ± 2.1. The old model is kept."
        in ui.outcomeLabel.text
    )
    assert {line[3] for line in lines(ui.diceTable)} == {"+0.0 the same"}
    assert not ui.useButton.enabled
    assert "in the list already" in ui.useButton.toolTip
    assert not ui.saveButton.enabled
    told(running, epoch=3, gain=4.0, error=3.0, kept=3)
    assert "Probably better than before: Dice +4.0 ± 3.0, epoch 3 is kept." in ui.outcomeLabel.text
    assert ui.useButton.enabled
    assert "in the list already" not in ui.useButton.toolTip


def test_the_end_of_a_run_says_whether_it_helped(finished):
    state = finished.run.state
    assert state.outcome.text in finished.run.ui.stateLabel.text
    assert finished.result.ui.outcomeLabel.text == state.outcome.text


def test_the_table_has_every_measure_before_and_after(finished):
    ui = finished.result.ui
    assert not ui.resultTable.visible
    assert not ui.csvButton.enabled
    ui.evaluateButton.click()
    finished.timer.fire()
    assert ui.resultTable.rows == 15
    lines = [ui.resultTable.line(row) for row in range(15)]
    expected = [("Dice", "1"), ("Dice", "3"), ("Dice", "5"), ("IoU", "1")]
    assert [tuple(line[:2]) for line in lines[:4]] == expected
    assert all(re.fullmatch(r"[\d.]+ ± [\d.]+", text) for line in lines for text in line[2:])
    assert any(before != after for *_what, before, after in lines)
    assert "validat" in ui.resultLabel.text.lower()


def test_the_result_goes_into_the_scene_a_file_and_a_viewer(measured, qt, monkeypatch, tmp_path):
    ui, shown = measured.result.ui, []
    selection = types.SimpleNamespace(SetActiveTableID=shown.append)
    logic = types.SimpleNamespace(GetSelectionNode=lambda: selection, PropagateTableSelection=lambda: None)
    monkeypatch.setattr(slicer.app, "applicationLogic", lambda: logic, raising=False)
    monkeypatch.setattr(slicer.app, "layoutManager", lambda: None)
    ui.nodeButton.click()
    node = slicer.mrmlScene.GetNodeByID(shown[0])
    assert node.GetNumberOfRows() == 6
    qt.QFileDialog.getSaveFileName = lambda *words: str(tmp_path / "table.csv")
    ui.csvButton.click()
    assert "DSC" in (tmp_path / "table.csv").read_text() or "dice" in (tmp_path / "table.csv").read_text()
    assert "table.csv" in ui.resultLabel.text
    ui.sheetButton.click()
    assert qt.opened[-1].endswith(".png")


def test_the_adapter_is_saved_for_a_colleague(measured, qt, tmp_path):
    qt.QFileDialog.getSaveFileName = lambda *words: str(tmp_path / "sent" / "nerve.safetensors")
    (tmp_path / "sent").mkdir()
    measured.result.ui.saveButton.click()
    assert (tmp_path / "sent" / "nerve.safetensors").is_file()


def test_a_dialog_that_is_left_saves_nothing(measured):
    said = measured.result.ui.resultLabel.text
    measured.result.ui.csvButton.click()
    measured.result.ui.saveButton.click()
    assert measured.result.ui.resultLabel.text == said


def test_a_name_with_a_dot_is_kept_and_nothing_is_written_over_unasked(measured, qt, asked, tmp_path):
    ui = measured.result.ui
    for ending, button in {".safetensors": ui.saveButton, ".csv": ui.csvButton}.items():
        (tmp_path / f"Nerve v1{ending}").write_bytes(b"mine")
        qt.QFileDialog.getSaveFileName = lambda *words: str(tmp_path / "Nerve v1.2")
        button.click()
        saved = tmp_path / f"Nerve v1.2{ending}"
        assert saved.is_file()
        assert (tmp_path / f"Nerve v1{ending}").read_bytes() == b"mine"
        saved.write_bytes(b"mine")
        button.click()
        assert f"Write over {saved}?" in asked[-1]
        assert saved.read_bytes() == b"mine"
        qt.QFileDialog.getSaveFileName = lambda *words, saved=saved: str(saved)
        before = len(asked)
        button.click()
        assert len(asked) == before, "the dialog has asked"
        assert saved.read_bytes() != b"mine"


def test_corrections_go_into_the_next_run_after_a_question(measured, segmented, asked):
    first, rows = measured.run.state, measured.data.ui.casesTable.rows
    correct(segmented[0])
    slicer.mrmlScene.RemoveNode(segmented[1].node)
    measured.result.ui.improveButton.click()
    assert "Scan 1 segmentation on Scan 1" in asked[0]
    assert measured.run.state.folder == first.folder
    asked.answer = True
    measured.result.ui.improveButton.click()
    wait(measured)
    assert measured.data.ui.casesTable.rows == rows + 1
    assert measured.run.state.folder != first.folder
    assert measured.run.state.isAlive
    settings = measured.logic.settingsOf(measured.run.state.folder)
    assert settings["base"] == str(first.weights)


def test_the_next_run_starts_from_this_one_with_the_same_data(finished, tmp_path):
    weights, data = finished.run.state.weights, finished.settings.settings["data"]
    finished.data.newDataset()
    finished.result.ui.continueButton.click()
    wait(finished)
    settings = finished.settings.settings
    assert settings["base"] == str(weights)
    assert settings["data"] == data
    assert settings["name"] == "My model 2"


def test_before_the_first_epoch_there_is_nothing_to_use(ready):
    ready.run.ui.startButton.click()
    ready.timer.fire()
    assert not ready.result.ui.useButton.enabled
    assert not ready.result.ui.resultTable.visible
    ready.logic.playback.play("base")
    ready.timer.fire()
    assert ready.run.state.weights is not None
    assert not ready.result.ui.useButton.enabled, "it is the model before"
    assert "after its first epoch" in ready.result.ui.resultLabel.text
    ready.logic.playback.play("epoch")
    ready.timer.fire()
    assert ready.result.ui.useButton.enabled
