"""The training panel. Data: what is added, corrected, removed, and what is wrong with it."""

from __future__ import annotations

import re

import numpy as np
import pytest
import slicer
import volumes
from panel_user import add, choose, lesion, wait
from slicer_scene import Editor

from SAMCALib.Frames import SequenceLogic
from training_runs import write_case


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
    assert {(line[2], line[3]) for line in lines} == {("P7", "1")}


def test_the_next_patient_is_another_one(panel, segmented):
    shown, (first, second) = panel(), segmented
    choose(shown, first)
    shown.data.ui.groupLineEdit.text = "P7"
    add(shown, first)
    add(shown, second)
    groups = {shown.data.ui.casesTable.line(row)[2] for row in range(4)}
    assert len(groups) == 2
    assert "P7" in groups


def test_what_the_segment_editor_works_on_is_chosen_already(panel, segmented):
    shown = panel()
    assert shown.data.ui.volumeSelector.currentNode() is segmented[0].volume
    assert shown.data.ui.segmentationSelector.currentNode() is segmented[0].segmentation
    choose(shown, segmented[1])
    shown.enter()
    assert shown.data.ui.volumeSelector.currentNode() is segmented[1].volume


@pytest.mark.parametrize("ticked", [True, False])
def test_the_tick_says_whether_what_is_no_ultrasound_becomes_black(panel, segmented, monkeypatch, ticked):
    kept = []
    monkeypatch.setattr(
        "SAMCATrainingLib.DatasetLogic.withoutBanner",
        lambda source, frame, picture: kept.append(source.keepsBanner) or picture,
    )
    shown = panel()
    assert shown.data.ui.bannerCheckBox.checked, "unless the user says otherwise"
    shown.data.ui.bannerCheckBox.checked = ticked
    add(shown, segmented[0])
    shown.data.ui.addAllButton.click()
    wait(shown)
    assert set(kept) == {not ticked}
    assert len(kept) == 2 + 4


def test_nothing_ticked_or_chosen_is_told(panel, scene):
    shown = panel()
    shown.data.ui.addButton.click()
    assert "Choose the images" in shown.data.ui.addedLabel.text
    choose(shown, lesion("Scan 1"))
    shown.data.ui.segmentsList.item(0).setCheckState(0)
    shown.data.ui.addButton.click()
    assert "Tick" in shown.data.ui.addedLabel.text
    assert not shown.data.slices.timer.isRunning


def test_a_refusal_while_adding_is_a_sentence_and_the_timer_stops(panel, scene):
    shown = panel()
    add(shown, lesion("Empty", frames=()))
    assert "no voxel" in shown.data.ui.addedLabel.text
    assert not shown.data.slices.timer.isRunning
    assert not shown.data.ui.addingProgressBar.visible
    assert shown.data.ui.addButton.enabled


def test_adding_can_be_cancelled_and_leaves_no_dataset(panel, segmented):
    shown = panel()
    choose(shown, segmented[0])
    shown.data.ui.addButton.click()
    assert shown.data.ui.cancelButton.visible
    shown.data.ui.cancelButton.click()
    assert "as it was" in shown.data.ui.addedLabel.text
    assert shown.data.data == []


def test_the_scene_closed_while_adding_cancels_it(panel, segmented, scene):
    shown = panel()
    choose(shown, segmented[0])
    shown.data.ui.addButton.click()
    scene.Clear(0)
    assert not shown.data.slices.timer.isRunning
    shown.data.slices.timer.fire()
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
    assert ready.data.ui.addedLabel.text.endswith("Of these were there before, and replaced: 1.")


def test_corrections_without_an_editor_are_told(panel, scene):
    shown = panel()
    shown.data.ui.correctionsButton.click()
    assert "Segment Editor" in shown.data.ui.addedLabel.text


def test_removed_cases_are_gone_after_a_question(ready, asked):
    table = ready.data.ui.casesTable
    ready.data.ui.removeButton.click()
    assert "Select" in ready.data.ui.dataLabel.text
    name = table.items[0, 1].text
    table.values["selected"] = [0]
    ready.data.ui.removeButton.click()
    assert "Remove 1 case from the dataset Data?" in asked[0]
    assert table.rows == 4
    asked.answer = True
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
    assert "already" in shown.data.ui.addedLabel.text
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


# Whose mask is it


def test_choosing_images_chooses_the_segmentation_that_was_made_on_them(panel, segmented):
    ui = panel().data.ui
    for editor in (*segmented, *reversed(segmented)):
        ui.volumeSelector.setCurrentNode(editor.volume)
        assert ui.segmentationSelector.currentNode() is editor.segmentation
        assert ui.segmentsList.texts == ["Lesion"]
    second = Editor(segmented[1].volume).segmentation
    ui.volumeSelector.setCurrentNode(segmented[1].volume)
    ui.segmentationSelector.setCurrentNode(second)
    ui.volumeSelector.setCurrentNode(None)
    ui.volumeSelector.setCurrentNode(segmented[1].volume)
    assert ui.segmentationSelector.currentNode() is second, "what the user has chosen fits, and stays"
    ui.volumeSelector.setCurrentNode(volumes.volume(volumes.speckle(9, 60, 80), name="Bare"))
    assert ui.segmentationSelector.currentNode() is None


def test_a_mask_of_another_image_is_asked_for(panel, segmented, asked):
    shown, (first, second) = panel(), segmented
    shown.data.ui.volumeSelector.setCurrentNode(first.volume)
    shown.data.ui.segmentationSelector.setCurrentNode(second.segmentation)
    shown.data.ui.addButton.click()
    assert "Scan 2 segmentation was made on Scan 2, not on Scan 1." in asked[0]
    assert shown.data.data == []
    assert "Nothing was added" in shown.data.ui.addedLabel.text
    asked.answer = True
    shown.data.ui.addButton.click()
    wait(shown)
    assert shown.data.ui.casesTable.rows == 2


def test_where_the_images_were_deleted_their_mask_is_given_to_no_others(panel, segmented, asked):
    shown, (first, second) = panel(), segmented
    choose(shown, first)
    slicer.mrmlScene.RemoveNode(first.volume)
    assert shown.data.ui.volumeSelector.currentNode() is second.volume, "as Qt does"
    assert shown.data.ui.segmentationSelector.currentNode() is second.segmentation
    shown.data.ui.segmentationSelector.setCurrentNode(first.segmentation)
    shown.data.ui.addButton.click()
    assert "does not say on which image" in asked[0]
    assert shown.data.data == []


def test_corrections_of_another_image_are_asked_for(panel, segmented, asked):
    shown, (first, second) = panel(), segmented
    slicer.mrmlScene.RemoveNode(second.node)
    first.node.SetAndObserveSourceVolumeNode(second.volume)
    shown.data.ui.correctionsButton.click()
    assert "made on Scan 1, not on Scan 2" in asked[0]
    assert shown.data.data == []


def test_no_question_is_asked_where_image_and_mask_belong_together(ready, asked):
    _browser, proxy = volumes.cine(3, (60, 80))
    editor = Editor(proxy)
    SequenceLogic.synchronise(editor.segmentation, proxy)
    mask = np.zeros((1, 60, 80), np.uint8)
    mask[0, 20:30, 30:50] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, editor.segmentation, "Lesion", proxy)
    (sequence,) = [n for n in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if n.GetName() == "Cine"]
    for images in (proxy, sequence):
        ready.data.ui.volumeSelector.setCurrentNode(images)
        assert ready.data.ui.segmentationSelector.currentNode() is editor.segmentation
        ready.data.ui.addButton.click()
        wait(ready)
    assert asked == []
    assert ready.data.ui.casesTable.rows == 5


# All at once, and names


def test_all_pairs_of_the_scene_are_added_in_one_press(panel, segmented, asked):
    shown = panel()
    lesion("Empty", frames=())
    Editor(volumes.volume(volumes.speckle(9, 60, 80), name="Gone"))
    slicer.mrmlScene.RemoveNode(slicer.util.getNode("Gone"))
    shown.data.ui.addAllButton.click()
    wait(shown)
    assert shown.data.ui.casesTable.rows == 4
    said = shown.data.ui.addedLabel.text
    assert said.startswith("Added to Data: 4 cases of 2 images. Left out: Empty segmentation has no voxel")
    assert said.endswith("Segmentation does not say on which image it was made.")
    assert asked == [], "each is on its own image"
    shown.data.ui.addAllButton.click()
    wait(shown)
    assert "replaced: 4" in shown.data.ui.addedLabel.text
    assert shown.data.ui.casesTable.rows == 4


def test_a_scene_without_pairs_is_told(panel, scene):
    shown = panel()
    shown.data.ui.addAllButton.click()
    wait(shown)
    assert "no image with a segmentation" in shown.data.ui.addedLabel.text


def test_the_table_says_images_patients_and_the_rest_in_tool_tips(ready):
    table = ready.data.ui.casesTable
    assert [table.line(row)[1:] for row in range(4)] == [
        [f"Scan-{number}, frame {frame}", f"Scan-{number}", "1", "either"]
        for number in (1, 2)
        for frame in (3, 6)
    ]
    assert re.search(r"Scan-1_k002_[0-9a-f]{8}\nScan-1_[0-9a-f]{8}$", table.items[0, 1].tip)


def test_a_dataset_has_the_name_that_the_user_gives_it(ready, segmented):
    ui, folder = ready.data.ui, ready.data.dataset
    assert ui.datasetNameLineEdit.text == "Data"
    ui.datasetNameLineEdit.enter("Nerves of the arm")
    assert ready.data.dataset == folder, "runs know the folder"
    assert ui.datasetComboBox.items[0].startswith("Nerves of the arm, ")
    assert "called Nerves of the arm now" in ui.datasetSaidLabel.text
    ready.enter()
    wait(ready)
    assert ui.datasetNameLineEdit.text == "Nerves of the arm"
    assert not ui.problemsList.visible
    ui.newDatasetButton.click()
    ui.datasetNameLineEdit.enter("Vessels")
    assert ready.data.dataset.name == "Vessels"
    assert not ready.data.dataset.exists()
    add(ready, segmented[0])
    assert "Added to Vessels" in ui.addedLabel.text
    ui.datasetNameLineEdit.enter("Nerves of the arm")
    assert "already" in ui.datasetSaidLabel.text
    ui.datasetNameLineEdit.enter("  ")
    assert "empty" in ui.datasetSaidLabel.text


def test_questions_and_refusals_know_a_dataset_by_its_name(ready, asked):
    ui = ready.data.ui
    ui.datasetNameLineEdit.enter("Nerves of the arm")
    ui.casesTable.values["selected"] = [0]
    ui.removeButton.click()
    assert "Remove 1 case from the dataset Nerves of the arm?" in asked[0]
    ui.newDatasetButton.click()
    ui.datasetNameLineEdit.enter("Nerves of the arm")
    assert "already" in ui.datasetSaidLabel.text, "a new one, too, is told apart"
    assert len({ready.logic.datasetName(folder) for folder in ready.data._datasets}) == 2


def test_one_step_is_unfolded_at_a_time(ready):
    buttons = [getattr(step.ui, step.button) for step in ready.steps]
    for opened in (*buttons, *reversed(buttons)):
        opened.collapsed = False
        assert [button.collapsed for button in buttons] == [button is not opened for button in buttons]


def test_train_says_in_its_tool_tip_why_it_is_grey(panel, scene):
    shown = panel()
    shown.timer.fire()
    assert not shown.run.ui.startButton.enabled
    assert "step 1" in shown.run.ui.startButton.toolTip
