"""The training panel. Settings, what they cost, and the base to start from."""

from __future__ import annotations

import types

import pytest
from model_files import adapter


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


def test_advanced_shows_what_a_training_takes_with_each_preset_and_method(ready):
    ui, step = ready.settings.ui, ready.settings
    for index, (method, _text) in enumerate(step._methods):
        ui.methodComboBox.choose(index)
        for number in range(len(step._presets)):
            ui.presetComboBox.choose(number)
            shown = {setting.name: step.advanced._read(setting) for setting in step.advanced.settings}
            taken = {name: value for name, value in step.settings.items() if name in shown}
            taken.pop("schedule")
            assert taken == {name: shown[name] for name in taken}, (method, step.preset.name)
            assert step.advanced.values() == {}


def test_where_the_shipped_model_is_missing_the_panel_can_be_opened(ready, tmp_path, monkeypatch):
    monkeypatch.setattr("SAMCALib.Models.ModelLogic.SHIPPED", tmp_path / "absent" / "samca.safetensors")
    monkeypatch.setattr("samca.model_files.MODEL_FOLDERS", (tmp_path / "absent",))
    ready.settings.showBases("shipped")
    assert ready.settings.base == "shipped"
    assert ready.settings.hasBase
