"""The training panel. Runs and datasets that the user removes from the computer."""

from __future__ import annotations

import pytest
import slicer
from panel_user import add, choose, lesion, wait

from samca.words import size_text
from SAMCALib.Models.StoredData import sizeOf


@pytest.fixture
def questions(monkeypatch):
    """What the user was asked; `answer[0]` is what they say."""
    asked, answer = [], [True]

    def ask(text, title="", **options):
        asked.append(text)
        return answer[0]

    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", ask)
    return asked, answer


def test_runs_and_datasets_are_listed_with_their_sizes(finished):
    for box, folder in {
        finished.run.ui.runsComboBox: finished.run.state.folder,
        finished.data.ui.datasetComboBox: finished.data.dataset,
    }.items():
        assert box.items[box.currentIndex].endswith(size_text(sizeOf(folder)))
    finished.data.ui.newDatasetButton.click()
    assert finished.data.ui.datasetComboBox.items[0] == finished.data.dataset.name, "there is nothing yet"


def test_a_run_is_removed_after_a_question(finished, questions):
    asked, answer = questions
    ui, run = finished.run.ui, finished.run.state.folder
    answer[0] = False
    ui.removeRunButton.click()
    assert run.is_dir()
    answer[0] = True
    ui.removeRunButton.click()
    assert all(run.name in text and "B)" in text and str(run) in text for text in asked)
    assert not run.exists()
    assert ui.runsComboBox.items == []
    assert "was removed" in ui.runsSaidLabel.text
    assert finished.run.state is None
    assert not ui.removeRunButton.enabled
    assert not finished.result.ui.useButton.enabled
    finished.timer.fire()
    assert ui.startButton.enabled, "the data are still there"


def test_a_run_that_is_going_on_cannot_be_removed(running):
    assert not running.run.ui.removeRunButton.enabled


def test_with_the_last_run_its_curves_go(finished, questions, layout):
    layout.SetViewArrangement(layout.SlicerLayoutFourUpView)
    finished.run.ui.curvesButton.click()
    finished.run.ui.removeRunButton.click()
    assert layout.GetViewArrangement() == layout.SlicerLayoutFourUpView
    assert not finished.run.ui.curvesButton.checked


def test_of_two_runs_the_other_one_is_shown(finished, questions):
    first = finished.run.state.folder
    finished.settings.ui.nameLineEdit.text = "Second"
    finished.timer.fire()
    finished.run.ui.startButton.click()
    finished.logic.playback.play("finish")
    finished.logic.playback.end()
    finished.timer.fire()
    finished.run.ui.removeRunButton.click()
    assert finished.run.state.folder == first
    assert finished.run.ui.progressBar.value == 100


def test_the_next_run_does_not_start_from_a_model_that_is_gone(finished, questions):
    finished.goOn(finished.run.state)
    assert str(finished.run.state.folder) in finished.settings.base
    finished.run.ui.removeRunButton.click()
    assert finished.settings.base == "shipped"
    finished.timer.fire()
    assert finished.run.ui.startButton.enabled


def test_a_dataset_is_removed_after_a_question(ready, questions):
    asked, answer = questions
    ui, folder = ready.data.ui, ready.data.dataset
    answer[0] = False
    ui.removeDatasetButton.click()
    assert folder.is_dir()
    answer[0] = True
    ui.removeDatasetButton.click()
    assert all(folder.name in text and "B)" in text and str(folder) in text for text in asked)
    assert not folder.exists()
    assert "was removed" in ui.datasetSaidLabel.text
    assert ui.casesTable.rows == 0
    assert "No cases yet" in ui.countsLabel.text
    ready.timer.fire()
    assert not ready.run.ui.startButton.enabled
    ui.removeDatasetButton.click()
    assert "no cases yet" in ui.datasetSaidLabel.text


def test_another_dataset_takes_its_place_and_the_name_is_free_again(ready, questions, scene):
    first = ready.data.dataset
    ready.data.ui.newDatasetButton.click()
    add(ready, lesion("Scan 3"))
    second = ready.data.dataset
    assert second != first
    ready.data.ui.removeDatasetButton.click()
    wait(ready)
    assert ready.data.dataset == first
    assert ready.data.ui.casesTable.rows == 4
    choose(ready, lesion("Scan 2"))
    ready.data.ui.newDatasetButton.click()
    assert ready.data.dataset == second
    assert ready.data.ui.casesTable.rows == 0


def test_a_dataset_that_stood_beside_another_is_no_longer_trained_on(ready, questions, scene):
    first = ready.data.dataset
    ready.data.ui.newDatasetButton.click()
    add(ready, lesion("Scan 3"))
    second = ready.data.dataset
    ready.data.use([first, second])
    ready.data.ui.datasetComboBox.choose(ready.data._datasets.index(second))
    ready.data.ui.removeDatasetButton.click()
    wait(ready)
    assert ready.data.data == [first]
    assert not ready.data.ui.problemsList.visible


def test_a_dataset_that_a_run_works_with_stays(running, questions):
    folder = running.data.dataset
    running.data.ui.removeDatasetButton.click()
    assert "in use by the training" in running.data.ui.datasetSaidLabel.text
    assert folder.is_dir()
    assert questions[0] == [], "there is nothing to ask"


def test_while_cases_are_added_the_dataset_cannot_be_removed(ready, segmented):
    choose(ready, segmented[0])
    ready.data.ui.addButton.click()
    assert not ready.data.ui.removeDatasetButton.enabled
    ready.data.ui.cancelButton.click()
    assert ready.data.ui.removeDatasetButton.enabled
