"""The training panel: the dataset is exported for another program, in slices, whole or not at all."""

from __future__ import annotations

import pytest
from panel_user import wait

from samca import datasets
from SAMCALib.Texts import Refusal


@pytest.fixture
def chosen(qt, tmp_path):
    """The folder that the user chooses to export into."""
    folder = tmp_path / "handed over"
    folder.mkdir()
    qt.QFileDialog.getExistingDirectory = lambda *words: str(folder)
    return folder


def test_every_format_is_offered_and_written_into_a_new_folder(ready, chosen):
    ui = ready.data.ui
    assert ui.formatComboBox.items == ["COCO, polygons", "COCO, RLE", "YOLO-seg", "nnU-Net v2", "plain PNG"]
    for index in range(5):
        ui.formatComboBox.choose(index)
        ui.exportButton.click()
        assert not ui.exportButton.enabled
        assert ui.exportProgressBar.visible
        wait(ready)
        assert "4 cases of Data as" in ui.exportedLabel.text
        assert ui.exportButton.enabled
    names = {path.name for path in chosen.iterdir()}
    assert names == {"Data-coco", "Data-coco-rle", "Data-yolo", "Dataset501_Data", "Data-png"}
    (case, *_others) = datasets.checked(chosen / "Data-coco").cases
    assert case.kind_of(case.targets()[0]) == "Lesion"
    assert case.spacing_mm == datasets.checked(ready.data.dataset).cases[0].spacing_mm


def test_a_dataset_is_called_there_as_the_user_calls_it(ready, chosen):
    ready.data.ui.datasetNameLineEdit.enter("Nerves / arm")
    ready.data.ui.exportButton.click()
    wait(ready)
    assert [path.name for path in chosen.iterdir()] == ["Nerves---arm-coco"]


def test_cancelled_at_any_step_it_leaves_nothing(ready, chosen):
    for steps in range(6):
        ready.data.ui.exportButton.click()
        jobs = ready.data.slices._jobs["exporting"][0]
        for _step in range(steps):
            next(jobs)
        ready.data.ui.cancelExportButton.click()
        assert ready.data.ui.exportedLabel.text == "Cancelled; nothing was written."
        assert list(chosen.iterdir()) == []


def test_no_folder_chosen_is_no_export(ready, qt):
    qt.QFileDialog.getExistingDirectory = lambda *words: ""
    ready.data.ui.exportButton.click()
    assert not ready.data.slices.timer.isRunning


def test_what_stands_in_the_way_is_a_sentence(ready, panel, chosen, monkeypatch):
    ui = ready.data.ui
    (chosen / "Data-coco").mkdir()
    ui.exportButton.click()
    wait(ready)
    assert "Data-coco is there already: give the name of a folder" in ui.exportedLabel.text
    ui.formatComboBox.choose(4)
    with monkeypatch.context() as patch:
        patch.setattr("tempfile.mkdtemp", _denied)
        ui.exportButton.click()
        wait(ready)
    assert "cannot be written to (Permission denied): choose another folder." in ui.exportedLabel.text
    (damaged, *_others) = (ready.data.dataset / "masks").iterdir()
    damaged.write_bytes(b"no picture")
    ui.exportButton.click()
    wait(ready)
    assert f"{damaged.name} cannot be read" in ui.exportedLabel.text
    assert "(1 of 1): mend that first." in ui.exportedLabel.text
    assert [path.name for path in chosen.iterdir()] == ["Data-coco"]


def test_a_dataset_without_cases_is_told(panel, chosen):
    shown = panel()
    shown.data.ui.exportButton.click()
    wait(shown)
    assert shown.data.ui.exportedLabel.text == "This dataset has no cases yet: add some first."
    assert list(chosen.iterdir()) == []


def test_the_console_has_it_too(ready, chosen):
    text = ready.logic.exportDataset(ready.data.dataset, "yolo", chosen)
    assert "as YOLO-seg" in text
    with pytest.raises(ValueError, match="format 'voc' is not one of coco"):
        ready.logic.exportDataset(ready.data.dataset, "voc", chosen)
    with pytest.raises(Refusal, match="is there already"):
        ready.logic.exportDataset(ready.data.dataset, "yolo", chosen)


def _denied(*words, **options):
    raise PermissionError(13, "Permission denied", str(options.get("dir")))
