"""The panels load, fit, are readable in both themes, and every control says what it is for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6", reason="PySide6-Essentials is not installed")
import qt_pictures
from PySide6 import QtWidgets
from PySide6.QtGui import QImage

FILES = qt_pictures.FILES
CONTROLS = (
    QtWidgets.QAbstractButton,
    QtWidgets.QComboBox,
    QtWidgets.QAbstractSpinBox,
    QtWidgets.QTableWidget,
    QtWidgets.QLineEdit,
    QtWidgets.QListWidget,
    QtWidgets.QPlainTextEdit,
    QtWidgets.QProgressBar,
    QtWidgets.QSlider,
)
PANEL_WIDTH_PX = 400  # Slicer's module panel, as it opens


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def file(request) -> Path:
    return request.param


def controls(panel):
    """Controls of the .ui file, not those that Qt puts inside others."""
    return [
        child
        for kind in CONTROLS
        for child in panel.findChildren(kind)
        if not child.objectName().startswith("qt_")
    ]


def test_there_is_a_panel_for_the_effect_one_for_its_module_and_one_for_each_step_of_training():
    steps = ["SAMCATrainingData", "SAMCATrainingResult", "SAMCATrainingRun", "SAMCATrainingSettings"]
    assert [file.stem for file in FILES] == ["SAMCAEffect", "SAMCAUltrasound", *steps]


def test_every_control_has_a_tooltip(file):
    panel = qt_pictures.load(file)
    own = [control for control in controls(panel) if control.objectName()]
    assert len(own) > 5
    assert [control.objectName() for control in own if not control.toolTip()] == []


def test_every_panel_fits_into_slicers_module_panel(file):
    panel = qt_pictures.load(file)
    qt_pictures.fill(panel)
    assert panel.minimumSizeHint().width() <= PANEL_WIDTH_PX


@pytest.mark.parametrize("theme", qt_pictures.THEMES)
def test_pictures_are_drawn_in_both_themes(file, theme):
    image = qt_pictures.picture(file, theme).toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    shades = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)[:, : image.width()]
    assert np.ptp(shades) > 180  # text is there, and stands out from the ground
    assert (np.median(shades) > 128) == (theme == "light")
