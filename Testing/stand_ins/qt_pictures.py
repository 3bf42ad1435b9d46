"""The panels as pictures, without Slicer: `.ui` files loaded by PySide6, in a light and a dark theme.

python Testing/stand_ins/qt_pictures.py FOLDER writes one PNG for each panel and theme.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PySide6 import QtWidgets
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap
from PySide6.QtUiTools import QUiLoader

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("SAMCAUltrasound", "SAMCATraining")
FILES = [file for module in MODULES for file in sorted((ROOT / module / "Resources" / "UI").glob("*.ui"))]
THEMES = {"light": ("#f0f0f0", "#ffffff", "#111111"), "dark": ("#2d2d2d", "#1f1f1f", "#eeeeee")}


class CollapsibleButton(QtWidgets.QGroupBox):
    """Stands for ctkCollapsibleButton, open."""


class Loader(QUiLoader):
    """Makes what Slicer's own widgets look like from Qt's."""

    def createWidget(self, className, parent=None, name=""):
        own = {
            "ctkCollapsibleButton": CollapsibleButton,
            "qMRMLWidget": QtWidgets.QWidget,
            "qMRMLNodeComboBox": QtWidgets.QComboBox,
        }.get(className)
        if own is None:
            return super().createWidget(className, parent, name)
        widget = own(parent)
        widget.setObjectName(name)
        return widget


def application() -> QtWidgets.QApplication:
    """The one Qt application."""
    app = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    app.setStyle("Fusion")
    return app


def load(path: Path) -> QtWidgets.QWidget:
    """The panel of a .ui file; titles of collapsible buttons are shown."""
    application()
    widget = Loader().load(str(path))
    for box in widget.findChildren(CollapsibleButton):
        box.setTitle(box.property("text") or "")
    return widget


def fill(widget: QtWidgets.QWidget) -> None:
    """Put texts of usual length where the running application would."""
    texts = {
        "statusLabel": "Click adds, Ctrl+click takes away.\nThe model is sure of this outline.",
        "sizesLabel": "Computed from the outline, no category: 17.0 x 8.7 mm; depth 8.9 mm, width 16.7 mm; "
        "not taller than wide (0.54); orientation parallel to the skin; shape oval.",
        "installLabel": "torch is not installed. Press Install. Until then outlines and saved points are "
        "shown, saved and edited by all other effects; only new clicks wait.",
        "engineLabel": "Runs on CPU by torch.",
        "deviceLabel": "SAMCA small on CPU by torch; last encoding 0.31 s; last click 14 ms.",
        "modelsLabel": "SAM ViT-B was checked and is now offered in the effect.",
        "countsLabel": "48 cases, 9 patients or loops: 40 to train, 8 to validate.",
        "dataLabel": "12 frames of Nerve scan 3 were added.",
        "estimateLabel": "About 12 minutes on CPU, 1.9 GB of 16 GB memory; measured by 5 steps.",
        "stateLabel": "Epoch 7 of 20 on NVIDIA RTX 4070. Time left: 6 minutes.",
        "epochLabel": "Epoch 6: Dice 71 / 80 / 84 %",
        "outcomeLabel": "Better than before: Dice +8.9 ± 2.1, epoch 4 is kept. Only 8 structures "
        "validate: what they say may be chance. Add images of more patients.",
        "resultLabel": "8 structures in 8 validation images, 5 trials each: mean ± standard deviation.",
    }
    for name, text in texts.items():
        if label := widget.findChild(QtWidgets.QLabel, name):
            label.setText(text)
    for name, text in {
        "modelComboBox": "SAMCA small",
        "classComboBox": "lesion",
        "checkpointComboBox": "SAM ViT-B, 375 MB",
        "pointsSelector": "None",
        "datasetComboBox": "Nerves, 5.12 MB",
        "volumeSelector": "Nerve scan 3",
        "segmentationSelector": "Nerve scan 3 segmentation",
        "axisComboBox": "as stored (across K)",
        "baseComboBox": "SAMCA small",
        "methodComboBox": "SAMCA (Huo et al., ICIC 2025)",
        "presetComboBox": "Balanced",
        "runsComboBox": "Nerve, running, 12.3 MB",
    }.items():
        if box := widget.findChild(QtWidgets.QComboBox, name):
            box.addItem(text)
    for name, rows in {
        "keysTable": [
            ("the next click starts another object", "N"),
            ("another outline that the first click may mean", "Tab"),
        ],
        "modelsTable": [("SAMCA small", "breast lesions, nerves, vessels", "76.9 %", "345 kB")],
        "casesTable": [("", f"Nerve_3_{k:03}", "P03", "Nerve scan 3", "1", "either") for k in range(12)],
        "diceTable": [
            ("1", "58.2", "71.4", "+13.2 better"),
            ("3", "74.1", "81.0", "+6.9 better"),
            ("5", "84.0", "83.5", "-0.5 worse"),
        ],
        "resultTable": [
            (measure, str(clicks), before, trained)
            for measure, before, trained in (
                ("DSC", "58.2 ± 21.0", "71.4 ± 15.2"),
                ("IoU", "44.9 ± 19.8", "58.1 ± 16.0"),
                ("HD95", "31.7 ± 20.4", "18.3 ± 12.9"),
                ("Sensitivity", "61.0 ± 24.1", "76.2 ± 17.7"),
                ("Specificity", "97.9 ± 2.2", "98.6 ± 1.3"),
            )
            for clicks in (1, 3, 5)
        ],
    }.items():
        if table := widget.findChild(QtWidgets.QTableWidget, name):
            fill_table(table, rows)
    if segments := widget.findChild(QtWidgets.QListWidget, "segmentsList"):
        for name, state in {"Median nerve": Qt.Checked, "Artery": Qt.Unchecked}.items():
            item = QtWidgets.QListWidgetItem(name, segments)
            item.setCheckState(state)
    if problems := widget.findChild(QtWidgets.QListWidget, "problemsList"):
        problems.addItem(
            "busi/masks/benign (12)_mask.png: is 400 x 300 px, its image benign (12).png is 402 x 300 px"
        )
    if log := widget.findChild(QtWidgets.QPlainTextEdit, "logText"):
        log.setPlainText(
            "14:02:11  Started on CPU with 40 training and 8 validation images.\n14:02:58  Epoch 1 ..."
        )
    if samples := widget.findChild(QtWidgets.QLabel, "samplesLabel"):
        picture = QPixmap(4 * 99, 2 * 99)
        picture.fill(QColor("#222222"))
        samples.setPixmap(picture.scaledToWidth(370))
    if progress := widget.findChild(QtWidgets.QProgressBar, "progressBar"):
        progress.setValue(33)


def fill_table(table: QtWidgets.QTableWidget, rows) -> None:
    """Put in these texts; an empty one gets a picture."""
    table.setRowCount(len(rows))
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            item = QtWidgets.QTableWidgetItem(text)
            if not text:
                picture = QPixmap(64, 48)
                picture.fill(QColor("#3f6e97"))
                item.setIcon(QIcon(picture))
            table.setItem(row, column, item)
    table.resizeColumnsToContents()
    table.resizeRowsToContents()


def dress(widget: QtWidgets.QWidget, theme: str) -> None:
    """Give it the colours of a theme."""
    window, base, text = map(QColor, THEMES[theme])
    palette = QPalette(window)
    for role, colour in ((QPalette.Base, base), (QPalette.Text, text), (QPalette.WindowText, text)):
        palette.setColor(role, colour)
    palette.setColor(QPalette.ButtonText, text)
    application().setPalette(palette)
    widget.setPalette(palette)


def picture(path: Path, theme: str, width: int = 400):
    """The filled panel as a QPixmap."""
    widget = load(path)
    fill(widget)
    dress(widget, theme)
    widget.setAutoFillBackground(True)
    widget.resize(width, max(widget.heightForWidth(width), widget.sizeHint().height()))
    return widget.grab()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for file in FILES:
        for theme in THEMES:
            picture(file, theme).save(str(folder / f"{file.stem}_{theme}.png"))
