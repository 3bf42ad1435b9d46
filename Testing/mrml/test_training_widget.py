"""The training panel on a real scene, with a real run played back in place of the training process."""

from __future__ import annotations

import gc
import re
import time
import types
import weakref
from pathlib import Path

import numpy as np
import pytest
import slicer
import training_panel
import volumes
from model_files import adapter
from recorded_run import UI, PlayedLogic
from slicer_scene import Editor

from training_runs import write_case

WINDOW = object()


@pytest.fixture
def qt(application, scene, monkeypatch, tmp_path):
    qt, app = training_panel.install(monkeypatch, WINDOW)
    app.slicerUserSettingsFilePath = str(tmp_path / "Slicer.ini")
    monkeypatch.setattr(
        "SAMCALib.ModelLogic.SHIPPED", adapter(tmp_path / "samca.safetensors", name="SAMCA small")
    )
    return qt


@pytest.fixture
def layout(scene):
    logic = slicer.vtkMRMLLayoutLogic()
    logic.SetMRMLScene(scene)
    node = logic.GetLayoutNode()
    yield node
    logic.SetMRMLScene(None)
    scene.RemoveNode(node)


@pytest.fixture
def panel(qt, recording, tmp_path):
    """`panel()` -> a panel that was entered; all of it is let go of after the test."""
    made = []

    def make(logic=None):
        from SAMCATrainingLib.TrainingWidget import TrainingWidget

        widget = TrainingWidget(str(UI), logic or PlayedLogic(tmp_path, recording))
        made.append(widget)
        widget.enter()
        return widget

    yield make
    for widget in made:
        widget.cleanup()
        if getattr(widget.logic, "playback", None):
            widget.logic.playback.end()
        for step in widget.steps:
            assert not [name for name, child in vars(step.ui).items() if child.isConnected]


@pytest.fixture
def segmented(scene):
    """Two volumes with a lesion each, as Editors."""
    return [lesion(f"Scan {number}") for number in (1, 2)]


def lesion(name, frames=(2, 5), segments=("Lesion",)):
    """An Editor on a volume, with a square of each segment on these frames."""
    pixels = volumes.speckle(9, 60, 80) // (len(name) + ord(name[-1]) % 7)
    editor = Editor(volumes.volume(pixels, name=name), segments)
    editor.segmentation.SetName(f"{name} segmentation")
    for number, segment in enumerate(segments):
        voxels = np.zeros((9, 60, 80), np.uint8)
        voxels[list(frames), 20 + 10 * number : 28 + 10 * number, 30:50] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, segment, editor.volume)
    return editor


def choose(shown, editor):
    shown.data.ui.volumeSelector.setCurrentNode(editor.volume)
    shown.data.ui.segmentationSelector.setCurrentNode(editor.segmentation)


def add(shown, editor):
    """The user adds a segmentation, and waits."""
    choose(shown, editor)
    shown.data.ui.addButton.click()
    wait(shown)


def wait(shown):
    """Until all is added and looked at."""
    until = time.monotonic() + 20
    while shown.data.scene.timer.isRunning or not shown.data.isChecked:
        assert time.monotonic() < until
        shown.data.scene.timer.fire()
        shown.timer.fire()
        time.sleep(0.01)
    shown.timer.fire()


@pytest.fixture
def ready(panel, segmented):
    """A panel with data to train on."""
    shown = panel()
    for editor in segmented:
        add(shown, editor)
    return shown


@pytest.fixture
def running(ready):
    """A panel whose run has ended its first epoch."""
    ready.run.ui.startButton.click()
    ready.logic.playback.play("epoch")
    ready.timer.fire()
    return ready


@pytest.fixture
def finished(running):
    running.logic.playback.play("finish")
    running.logic.playback.end()
    running.timer.fire()
    return running


# Data


def test_an_empty_panel_says_what_comes_first_and_lets_nothing_start(panel):
    shown = panel()
    assert "No cases yet" in shown.data.ui.countsLabel.text
    assert "step 1" in shown.settings.ui.settingsLabel.text
    assert not shown.run.ui.startButton.enabled
    assert not shown.run.ui.stopButton.enabled
    assert not shown.run.ui.resumeButton.enabled
    assert not shown.result.ui.useButton.enabled
    assert shown.run.ui.runButton.collapsed
    assert not shown.data.ui.dataButton.collapsed


def test_every_segmented_frame_becomes_a_row_with_a_thumbnail(ready):
    table = ready.data.ui.casesTable
    assert table.rows == 4
    assert len({table.items[row, 1].text for row in range(4)}) == 4
    assert len({table.items[row, 2].text for row in range(4)}) == 2, "a volume is a group"
    assert all(table.items[row, 0].icon.data.startswith(b"P6 ") for row in range(4))
    assert "4 cases, 2 patients" in ready.data.ui.countsLabel.text
    assert not ready.data.ui.problemsList.visible


def test_only_ticked_segments_are_added_and_the_group_is_the_users(panel, scene):
    shown = panel()
    editor = lesion("Two", segments=("Lesion", "Cyst"))
    choose(shown, editor)
    assert shown.data.ui.segmentsList.texts == ["Lesion", "Cyst"]
    shown.data.ui.segmentsList.item(1).setCheckState(0)
    shown.data.ui.groupLineEdit.text = "P7"
    shown.data.ui.addButton.click()
    wait(shown)
    lines = [shown.data.ui.casesTable.line(row) for row in range(2)]
    assert {(line[2], line[4]) for line in lines} == {("P7", "1")}


def test_what_the_segment_editor_works_on_is_chosen_already(panel, segmented):
    shown = panel()
    assert shown.data.ui.volumeSelector.currentNode() is segmented[0].volume
    assert shown.data.ui.segmentationSelector.currentNode() is segmented[0].segmentation
    choose(shown, segmented[1])
    shown.enter()
    assert shown.data.ui.volumeSelector.currentNode() is segmented[1].volume


def test_nothing_ticked_or_chosen_is_told(panel, scene):
    shown = panel()
    shown.data.ui.addButton.click()
    assert "Choose the images" in shown.data.ui.dataLabel.text
    choose(shown, lesion("Scan 1"))
    shown.data.ui.segmentsList.item(0).setCheckState(0)
    shown.data.ui.addButton.click()
    assert "Tick" in shown.data.ui.dataLabel.text
    assert not shown.data.scene.timer.isRunning


def test_a_refusal_while_adding_is_a_sentence_and_the_timer_stops(panel, scene):
    shown = panel()
    add(shown, lesion("Empty", frames=()))
    assert "no voxel" in shown.data.ui.dataLabel.text
    assert not shown.data.scene.timer.isRunning
    assert not shown.data.ui.addingProgressBar.visible
    assert shown.data.ui.addButton.enabled


def test_adding_can_be_cancelled_and_leaves_no_dataset(panel, segmented):
    shown = panel()
    choose(shown, segmented[0])
    shown.data.ui.addButton.click()
    assert shown.data.ui.cancelButton.visible
    shown.data.ui.cancelButton.click()
    assert "as it was" in shown.data.ui.dataLabel.text
    assert shown.data.data == []


def test_the_scene_closed_while_adding_cancels_it(panel, segmented, scene):
    shown = panel()
    choose(shown, segmented[0])
    shown.data.ui.addButton.click()
    scene.Clear(0)
    assert not shown.data.scene.timer.isRunning
    shown.data.scene.timer.fire()
    assert shown.data.data == []


def test_corrections_take_the_place_of_what_was_added(ready, segmented):
    editor = segmented[0]
    for other in segmented[1:]:
        slicer.mrmlScene.RemoveNode(other.node)
    voxels = np.zeros((9, 60, 80), np.uint8)
    voxels[2, 5:9, 5:9] = 1
    voxels[7, 5:9, 5:9] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, "Lesion", editor.volume)
    ready.data.ui.correctionsButton.click()
    wait(ready)
    assert ready.data.ui.casesTable.rows == 5
    assert ready.data.ui.dataLabel.text.endswith("Of these were there before, and replaced: 1.")


def test_corrections_without_an_editor_are_told(panel, scene):
    shown = panel()
    shown.data.ui.correctionsButton.click()
    assert "Segment Editor" in shown.data.ui.dataLabel.text


def test_removed_cases_are_gone(ready):
    table = ready.data.ui.casesTable
    ready.data.ui.removeButton.click()
    assert "Select" in ready.data.ui.dataLabel.text
    name = table.items[0, 1].text
    table.values["selected"] = [0]
    ready.data.ui.removeButton.click()
    wait(ready)
    assert table.rows == 3
    assert name not in [table.items[row, 1].text for row in range(3)]


def test_a_folder_is_taken_where_it_lies_and_left_out_as_a_whole(panel, qt, tmp_path):
    shown = panel()
    for number in range(4):
        write_case(tmp_path / "discs", f"disc{number}", number)
    qt.QFileDialog.getExistingDirectory = lambda *words: str(tmp_path / "discs")
    shown.data.ui.addFolderButton.click()
    wait(shown)
    assert shown.data.ui.casesTable.rows == 4
    shown.data.ui.addFolderButton.click()
    assert "already" in shown.data.ui.dataLabel.text
    shown.data.ui.casesTable.values["selected"] = [1]
    shown.data.ui.removeButton.click()
    assert shown.data.data == []
    assert len(list((tmp_path / "discs" / "images").iterdir())) == 4


def test_problems_of_the_data_are_listed_and_stop_the_start(panel, tmp_path):
    shown = panel()
    for number in range(4):
        write_case(tmp_path / "discs", f"disc{number}", number)
    (tmp_path / "discs" / "masks" / "disc2.png").write_bytes(b"no picture")
    shown.data.addFolder(tmp_path / "discs")
    wait(shown)
    assert any("disc2.png" in text for text in shown.data.ui.problemsList.texts)
    assert shown.data.ui.problemsList.visible
    assert "step 1" in shown.settings.ui.settingsLabel.text
    assert not shown.run.ui.startButton.enabled
    (tmp_path / "discs" / "masks" / "disc2.png").unlink()
    (tmp_path / "discs" / "images" / "disc2.png").unlink()
    shown.enter()
    wait(shown)
    assert not shown.data.ui.problemsList.visible
    assert shown.run.ui.startButton.enabled


def test_one_patient_of_ones_own_is_enough_beside_a_folder(panel, segmented, tmp_path):
    shown = panel()
    add(shown, segmented[0])
    assert "add a second volume" in shown.data.ui.problemsList.texts[0]
    assert not shown.run.ui.startButton.enabled
    for number in range(3):
        write_case(tmp_path / "discs", f"disc{number}", number)
    shown.data.addFolder(tmp_path / "discs")
    wait(shown)
    assert not shown.data.ui.problemsList.visible
    assert shown.run.ui.startButton.enabled


def test_a_new_dataset_is_called_after_the_segmentation(ready, segmented):
    first = ready.data.dataset
    choose(ready, segmented[0])
    ready.data.ui.newDatasetButton.click()
    assert ready.data.dataset.name == "Scan 1 segmentation"
    assert ready.data.ui.casesTable.rows == 0
    add(ready, segmented[0])
    assert ready.data.ui.casesTable.rows == 2
    ready.data.ui.datasetComboBox.choose(ready.data._datasets.index(first))
    wait(ready)
    assert ready.data.ui.casesTable.rows == 4


# Settings


def test_settings_are_those_of_the_preset_until_they_are_changed(ready):
    presets = {preset.name: preset for preset in ready.logic.presets()}
    assert ready.settings.preset.name == "balanced"
    epochs = ready.settings.advanced.widgets["epochs"]
    before = ready.settings.settings
    assert before["epochs"] == epochs.value
    ready.settings.ui.presetComboBox.choose([p.name for p in ready.logic.presets()].index("quick"))
    assert epochs.value == presets["quick"].settings["epochs"] < before["epochs"]
    epochs.value = 7
    ready.settings.ui.presetComboBox.choose([p.name for p in ready.logic.presets()].index("thorough"))
    assert ready.settings.settings["epochs"] == 7, "what the user has set stays"
    ready.settings.advanced.resetButton.click()
    assert ready.settings.settings["epochs"] == presets["thorough"].settings["epochs"]


def test_every_advanced_setting_can_be_read_back_and_says_what_it_is(ready):
    advanced = ready.settings.advanced
    assert advanced.values() == {}
    assert len(advanced.settings) >= 5
    assert all(widget.toolTip for widget in advanced.widgets.values())


@pytest.mark.parametrize("text", ["many", "0", "-1", "7", ""])
def test_a_bad_value_is_told_and_stops_the_start(ready, text):
    ready.settings.advanced.widgets["learning_rate"].text = text
    ready.timer.fire()
    assert "earning" in ready.settings.ui.settingsLabel.text
    assert not ready.run.ui.startButton.enabled
    ready.settings.advanced.widgets["learning_rate"].text = "2e-4"
    ready.timer.fire()
    assert not ready.settings.ui.settingsLabel.visible
    assert ready.run.ui.startButton.enabled
    assert ready.settings.settings["learning_rate"] == 2e-4


def test_an_estimate_is_there_before_anything_starts(ready):
    assert "inute" in ready.settings.ui.estimateLabel.text or "hour" in ready.settings.ui.estimateLabel.text


class Trial:
    """An Estimation that is done when it is told."""

    def __init__(self):
        self.answer, self.cancelled = None, False

    def poll(self):
        return self.answer

    def cancel(self):
        self.cancelled = True


def test_the_measured_estimate_takes_the_place_of_the_quick_one_until_something_changes(ready, monkeypatch):
    trial = Trial()
    monkeypatch.setattr(ready.logic, "startEstimate", lambda settings: trial)
    button, label = ready.settings.ui.estimateButton, ready.settings.ui.estimateLabel
    button.click()
    assert button.text == "Cancel"
    ready.timer.fire()
    assert "Measuring" in label.text
    trial.answer = types.SimpleNamespace(text="About 3 minutes on CPU.", error="")
    ready.timer.fire()
    assert label.text == "About 3 minutes on CPU."
    assert button.text == "Measure"
    ready.settings.advanced.widgets["epochs"].value = 3
    ready.timer.fire()
    assert label.text != "About 3 minutes on CPU."


def test_a_trial_ends_when_it_is_cancelled_or_the_settings_change(ready, monkeypatch):
    trials = [Trial(), Trial()]
    waiting = list(trials)
    monkeypatch.setattr(ready.logic, "startEstimate", lambda settings: waiting.pop(0))
    ready.settings.ui.estimateButton.click()
    ready.settings.ui.estimateButton.click()
    ready.settings.ui.estimateButton.click()
    ready.settings.ui.nameLineEdit.text = "Nerve"
    assert [trial.cancelled for trial in trials] == [True, True]


def test_bases_are_the_models_there_are_and_a_file_can_be_given(ready, qt, tmp_path):
    assert ready.settings.ui.baseComboBox.items == ["SAMCA small"]
    assert ready.settings.base == "shipped"
    path = adapter(tmp_path / "elsewhere" / "nerve.safetensors", name="Nerve")
    qt.QFileDialog.getOpenFileName = lambda *words: str(path)
    ready.settings.ui.baseFileButton.click()
    assert ready.settings.base == str(path)
    assert ready.settings.settings["base"] == str(path)
    (tmp_path / "x.txt").write_text("x")
    qt.QFileDialog.getOpenFileName = lambda *words: str(tmp_path / "x.txt")
    ready.settings.ui.baseFileButton.click()
    assert "x.txt is no model" in ready.settings.ui.settingsLabel.text


# The run


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
    assert [count for *_, count in seen] == [1, 2, 3]
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
    (epochs,) = [table for table in tables() if table.GetName() == "SAMCA epochs"]
    assert epochs.GetNumberOfRows() == 1
    assert epochs.GetNumberOfColumns() == 5
    running.logic.playback.play("epoch")
    running.timer.fire()
    assert epochs.GetNumberOfRows() == 2
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
    assert "epoch_0001" in ui.samplesLabel.pixmap.path
    running.logic.playback.play("epoch")
    running.timer.fire()
    assert "epoch_0001" in ui.samplesLabel.pixmap.path
    assert ui.epochSlider.maximum == 2


def test_the_log_is_there_to_read(running):
    ui = running.run.ui
    assert not ui.logText.visible
    ui.logButton.click()
    assert "Epoch 1 of 3" in ui.logText.plainText
    running.logic.playback.play("epoch")
    running.timer.fire()
    assert "Epoch 2 of 3" in ui.logText.plainText


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


# The result


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


@pytest.fixture
def measured(finished):
    """A panel whose run was measured."""
    finished.result.ui.evaluateButton.click()
    finished.timer.fire()
    return finished


def test_the_table_has_every_measure_before_and_after(finished):
    ui = finished.result.ui
    assert not ui.resultTable.visible
    assert not ui.csvButton.enabled
    ui.evaluateButton.click()
    finished.timer.fire()
    assert ui.resultTable.rows == 15
    lines = [ui.resultTable.line(row) for row in range(15)]
    assert [tuple(line[:2]) for line in lines[:4]] == [("DSC", "1"), ("DSC", "3"), ("DSC", "5"), ("IoU", "1")]
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


def test_corrections_go_into_the_next_run_at_once(measured, segmented):
    first = measured.run.state
    measured.result.ui.improveButton.click()
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
    ready.logic.playback.play("epoch")
    ready.timer.fire()
    assert ready.result.ui.useButton.enabled


# Lifetimes


def watched():
    scene = slicer.mrmlScene
    events = ("StartCloseEvent", "EndCloseEvent", "NodeAddedEvent", "NodeRemovedEvent", "StartImportEvent")
    return [event for event in events if scene.HasObserver(getattr(scene, event))]


def nodes():
    scene = slicer.mrmlScene
    return sorted(scene.GetNthNode(i).GetID() for i in range(scene.GetNumberOfNodes()))


def test_a_panel_that_is_reloaded_leaves_nothing_behind(qt, scene, recording, tmp_path, layout):
    from SAMCATrainingLib.TrainingWidget import TrainingWidget

    layout.SetViewArrangement(layout.SlicerLayoutFourUpView)
    first = TrainingWidget(str(UI), PlayedLogic(tmp_path, recording))
    first.enter()
    first.cleanup()  # view nodes of the layout are Slicer's
    before = nodes(), watched()
    shown = TrainingWidget(str(UI), PlayedLogic(tmp_path, recording))
    shown.enter()
    shown.logic.start({"out": str(tmp_path / "user" / "Runs" / "a"), "name": "a"})
    shown.run.enter()
    shown.run.ui.curvesButton.click()
    shown.logic.playback.play("epoch")
    shown.timer.fire()
    timers = [shown.timer, shown.data.scene.timer]
    shown.cleanup()
    shown.logic.playback.end()
    assert not any(timer.isRunning or timer.isConnected for timer in timers)
    views = {node for node in nodes() if "SAMCA" in node or "Red" in node}
    assert (sorted(set(nodes()) - views), watched()) == (sorted(set(before[0]) - views), before[1])
    assert layout.GetViewArrangement() == layout.SlicerLayoutFourUpView
    gone = weakref.ref(shown)
    del shown, timers
    gc.collect()
    assert gone() is None
