"""The worklist's part of the panel on Qt itself: its properties and signals exist, it can be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
import slicer
from cases import picture
from PIL import Image

pytest.importorskip("PySide6", reason="PySide6-Essentials is not installed")
import real_qt

import SAMCALib

UI = Path(SAMCALib.__file__).parents[1] / "Resources" / "UI" / "SAMCAUltrasound.ui"
WIDTH = 400  # px of Slicer's panel


@pytest.fixture
def shown(scene, engine, training, monkeypatch):
    """The panel's .ui file with the worklist in it."""
    real_qt.install(monkeypatch)
    monkeypatch.setattr("SAMCALib.Engine.EngineLogic._shared", [engine])
    from PySide6 import QtWidgets

    from SAMCAUltrasoundLib import EditorPlace, WorklistTable, WorklistWidget

    for module in (WorklistTable, WorklistWidget):
        monkeypatch.setattr(module.qt, "QHeaderView", QtWidgets.QHeaderView, raising=False)
    monkeypatch.setattr(EditorPlace, "openEditor", lambda volume, segmentation, inOneView: None)
    monkeypatch.setattr(EditorPlace, "leaveEditor", lambda: None)
    panel = real_qt.loadUI(UI)
    ui = real_qt.childWidgetVariables(panel)
    made = WorklistWidget.WorklistWidget(ui, lambda: training)
    yield panel, made
    made.cleanup()


def test_it_is_gone_through_and_looked_at(shown, folder, engine, tmp_path):
    panel, worklist = shown
    ui = worklist.ui
    ui.worklistButton.collapsed = False
    (folder / "deep").mkdir()
    Image.fromarray(picture(8, (60, 200))).save(folder / "deep" / "a rather long name of an image.png")
    worklist.openFolder(str(folder))
    ui.nextCaseButton.click()
    assert worklist.logic.name == "case1.png"
    ui.backgroundComboBox.setCurrentIndex(1)
    worklist._chooseClass(1)
    names = worklist.logic.listed
    for _turn in range(3000):
        worklist.tick()
        arePictured = all(worklist.thumbnails.of(name) is not None for name in names)
        if arePictured and worklist.logic.counts["suggested"] == 5:
            break
    table = ui.worklistTable.thing
    assert table.rowCount() == 6
    assert not table.item(0, 0).icon().isNull()
    assert table.item(1, 2).text() == "suggested"
    ui.caseSpinBox.value = 3
    assert worklist.logic.name == "case3.png"
    ui.unsureCaseButton.click()
    assert table.item(2, 2).text() == "unsure"
    image = real_qt.picture(panel, WIDTH)
    assert panel.thing.minimumSizeHint().width() <= WIDTH
    assert image.save(str(tmp_path / "panel.png"))
    ui.worklistCloseButton.click()
    assert table.rowCount() == 0
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0
