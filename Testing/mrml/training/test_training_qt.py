"""The training panel with real Qt, PythonQt's way, and a recorded run: its signals, its size, its looks."""

from __future__ import annotations

import time

import numpy as np
import pytest

pytest.importorskip("PySide6", reason="PySide6-Essentials is not installed")
import qt_pictures
import real_qt
import slicer
import slicer.util
from model_files import adapter
from PIL import Image
from PySide6 import QtCore, QtGui, QtWidgets
from recorded_run import UI, PlayedLogic
from segmented_scene import segmented

from training_runs import write_case

WINDOW = object()
PANEL_WIDTH_PX = 400


@pytest.fixture
def panel(application, scene, monkeypatch, recording, tmp_path):
    """The panel in a column as wide as Slicer's, with two volumes and a run in its second epoch."""
    real_qt.install(monkeypatch, WINDOW)
    shipped = adapter(tmp_path / "samca.safetensors", name="SAMCA small")
    monkeypatch.setattr("SAMCALib.Models.ModelLogic.SHIPPED", shipped)
    from SAMCATrainingLib.TrainingWidget import TrainingWidget

    shown = TrainingWidget(str(UI), PlayedLogic(tmp_path, recording))
    shown.widget.thing.resize(PANEL_WIDTH_PX, 1400)
    shown.enter()
    yield shown
    shown.cleanup()
    if shown.logic.playback:
        shown.logic.playback.end()
    shown.widget.thing.deleteLater()


def work(reached):
    """Let Qt work until this is true."""
    until = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < until
        QtCore.QCoreApplication.processEvents()
        time.sleep(0.01)


def add(panel, editor):
    ui = panel.data.ui
    ui.volumeSelector.setCurrentNode(editor.volume)
    ui.segmentationSelector.setCurrentNode(editor.segmentation)
    ui.addButton.click()
    work(lambda: ui.addButton.enabled and panel.data.isChecked)


@pytest.fixture
def running(panel):
    for number in range(2):
        add(panel, segmented(number))
    panel.tick()
    panel.run.ui.startButton.click()
    panel.logic.playback.play("epoch")
    panel.tick()
    return panel


def test_the_timers_of_qt_add_look_and_follow(running):
    table = running.data.ui.casesTable
    assert table.rowCount == 6
    icon = table.item(0, 0).icon()
    assert not icon.isNull()
    running.logic.playback.play("epoch")
    work(lambda: running.run.ui.progressBar.value == 66)


def test_thumbnails_show_frame_and_outline(running):
    image = running.data.ui.casesTable.item(0, 0).icon().pixmap(96, 96).toImage()
    colours = {QtGui.QColor(image.pixel(x, y)).getRgb()[:3] for x in range(96) for y in range(96)}
    assert any(max(colour) - min(colour) > 60 for colour in colours), "the outline is coloured"
    assert any(max(colour) - min(colour) < 10 and max(colour) > 30 for colour in colours)


def test_rows_that_are_selected_are_removed(running):
    work(lambda: running.data.isChecked)  # what is looked at anew has no row to select
    running.data.ui.casesTable.selectRow(2)
    running.data.ui.removeButton.click()
    work(lambda: running.data.ui.casesTable.rowCount == 5)


def test_what_the_user_types_and_turns_arrives_in_the_settings(running):
    advanced = running.settings.advanced
    advanced.widgets["epochs"].value = 9
    advanced.widgets["learning_rate"].text = "0,002"
    advanced.widgets["optimizer"].setCurrentIndex(1)
    advanced.widgets["optimizer"].thing.activated.emit(1)
    running.settings.ui.nameLineEdit.text = "Nerve"
    settings = running.settings.settings
    assert [settings[name] for name in ("epochs", "learning_rate", "optimizer", "name")] == [
        9, 0.002, "adamw", "Nerve",
    ]  # fmt: skip
    advanced.resetButton.click()
    assert running.settings.settings["epochs"] != 9


def test_the_slider_goes_through_the_epochs(running):
    for _epoch in range(2):
        running.logic.playback.play("epoch")
    running.tick()
    ui = running.run.ui
    assert (ui.epochSlider.maximum, ui.epochSlider.value) == (3, 3)
    ui.epochSlider.setValue(1)
    assert "Epoch 1" in ui.epochLabel.text
    ui.epochSlider.setValue(0)
    assert "Before training" in ui.epochLabel.text
    assert ui.samplesLabel.thing.pixmap().width() >= 240


def test_a_change_has_its_colour_beside_its_word(running):
    running.logic.playback.play("epoch")
    record = {
        "event": "epoch",
        "epoch": 2,
        "of": 3,
        "loss": 0.5,
        "initial": 0.3,
        "guided": 0.2,
        "seconds": 1.0,
    }
    told = {"dice": {"1": 99.0, "3": 0.0}, "gain": 5.0, "error": 1.0, "kept": 2, "time": 1e9}
    running.logic.playback.add(record | told)
    running.tick()
    table = running.result.ui.diceTable.thing
    found = [
        (table.item(row, 3).text().split()[-1], table.item(row, 3).foreground().color().name())
        for row in (0, 1)
    ]
    assert found == [("better", "#1f8f4d"), ("worse", "#d64541")]


def test_segments_can_be_unticked(running):
    box = running.data.ui.segmentsList
    assert box.count == 1
    box.item(0).setCheckState(QtCore.Qt.Unchecked)
    running.data.ui.addButton.click()
    assert "Tick" in running.data.ui.addedLabel.text


def test_everything_that_can_be_used_says_what_it_is_for(running):
    kinds = (QtWidgets.QAbstractButton, QtWidgets.QComboBox, QtWidgets.QAbstractSpinBox, QtWidgets.QLineEdit)
    found = [child for kind in kinds for child in running.widget.thing.findChildren(kind)]
    own = [child for child in found if not child.objectName().startswith("qt_")]
    assert len(own) > 40
    silent = [child for child in own if not child.toolTip() and not inside(child)]
    assert [child.objectName() for child in silent] == []


def inside(child) -> bool:
    """Whether Qt has put it into another control or a table."""
    kinds = (QtWidgets.QAbstractSpinBox, QtWidgets.QComboBox, QtWidgets.QAbstractItemView)
    return isinstance(child.parent(), kinds)


@pytest.mark.parametrize("theme", qt_pictures.THEMES)
def test_the_whole_panel_fits_and_is_readable(running, theme):
    for step in running.steps:
        assert step.widget.thing.minimumSizeHint().width() <= PANEL_WIDTH_PX, step.file
    image = draw(running, theme).convertToFormat(QtGui.QImage.Format.Format_Grayscale8)
    shades = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)[:, : image.width()]
    assert image.width() == PANEL_WIDTH_PX
    assert np.ptp(shades) > 180
    assert (np.median(shades) > 128) == (theme == "light")


SIGHT_PX = 560  # of a module's panel at 1366 x 768, under Slicer's menu, tool bars and module choice


def test_the_whole_of_each_step_and_train_are_in_sight_on_a_small_screen(running):
    tall = np.zeros((800, 200), np.uint8)  # one image validates
    Image.fromarray(tall).save(running.run.state.folder / "samples" / "epoch_0009.png")
    for step in running.steps:
        step.unfold()
        running.tick()
        height = draw(running, "light").height()
        assert height <= SIGHT_PX, (step.file, height)
        assert not running.run.ui.startButton.thing.isHidden()


def draw(panel, theme):
    """The panel as a picture."""
    qt_pictures.dress(panel.widget.thing, theme)
    return real_qt.picture(panel.widget, PANEL_WIDTH_PX)


EVIL = "<img src=x><b>bold</b>"


def test_foreign_names_are_shown_as_they_are_written(panel, monkeypatch, tmp_path):
    folder = tmp_path / EVIL.replace("/", "_")
    write_case(folder, "a&b", 0)
    write_case(folder, "c", 1)
    (folder / "cases.csv").write_text(f"id,group\na&b,{EVIL}\nc,{EVIL} 2\n")
    (folder / "masks" / "<i>lonely</i>".replace("/", "_")).with_suffix(".png").write_bytes(b"")
    panel.data.addFolder(folder)
    work(lambda: panel.data.isChecked)
    table = panel.data.ui.casesTable
    shown = [[table.item(row, column).text() for column in (1, 2)] for row in range(table.rowCount)]
    assert shown == [["a&b", EVIL], ["c", f"{EVIL} 2"]]
    tip = table.item(0, 1).toolTip()
    document = QtGui.QTextDocument()
    document.setHtml(tip) if QtGui.Qt.mightBeRichText(tip) else document.setPlainText(tip)
    assert document.toPlainText() == f"{folder}\n64 x 64 px"
    assert "<i>lonely<_i>.png" in panel.data.ui.problemsList.item(0).text()
    asked = []
    monkeypatch.setattr(
        slicer.util, "confirmOkCancelDisplay", lambda *words, **options: asked.append(options)
    )
    from SAMCATrainingLib import StepWidget

    StepWidget.ask(EVIL)
    assert asked == [{"textFormat": QtCore.Qt.PlainText}]
