"""The panels as pictures, without Slicer: `.ui` files loaded by PySide6, in a light and a dark theme.

python Testing/stand_ins/qt_pictures.py FOLDER writes one PNG for each panel and theme.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from PySide6 import QtWidgets
from PySide6.QtGui import QColor, QPalette
from PySide6.QtUiTools import QUiLoader

UI = Path(__file__).resolve().parents[2] / "SAMCAUltrasound" / "Resources" / "UI"
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
        "statusLabel": "Ready on CPU: last encoding 0.31 s, last click 0.04 s.",
        "installLabel": "torch is not installed. Press Install. Until then outlines and saved points are "
        "shown, saved and edited by all other effects; only new clicks wait.",
        "deviceLabel": "Device: known after the first click.",
        "modelsLabel": "SAM ViT-B was checked and is now offered in the effect.",
    }
    for name, text in texts.items():
        if label := widget.findChild(QtWidgets.QLabel, name):
            label.setText(text)
    for name, text in {
        "modelComboBox": "SAMCA small (shipped)",
        "checkpointComboBox": "SAM ViT-B, 375 MB",
        "pointsSelector": "None",
    }.items():
        if box := widget.findChild(QtWidgets.QComboBox, name):
            box.addItem(text)
    if table := widget.findChild(QtWidgets.QTableWidget, "modelsTable"):
        table.setRowCount(1)
        for column, text in enumerate(("SAMCA small", "21 MB", "with SAMCA", "Apache-2.0", "dice 0.812")):
            table.setItem(0, column, QtWidgets.QTableWidgetItem(text))
        table.resizeColumnsToContents()


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
    for file in sorted(UI.glob("*.ui")):
        for theme in THEMES:
            picture(file, theme).save(str(folder / f"{file.stem}_{theme}.png"))
