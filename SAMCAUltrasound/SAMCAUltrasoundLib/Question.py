"""Questions to the user: one that is answered by OK or Cancel, and for a file of a model."""

from __future__ import annotations

import qt
import slicer

from SAMCALib.Models import ModelFile
from SAMCALib.Texts import _


def ask(question: str) -> bool:
    """A question to the user; without a window the answer is no."""
    if not slicer.util.mainWindow():
        return False
    return slicer.util.confirmOkCancelDisplay(question, "SAMCA", textFormat=qt.Qt.PlainText)


def askForModelFile() -> str:
    """Path of a model file from a dialog, "" if the user left it."""
    kinds = " ".join(f"*{suffix}" for suffix in ModelFile.SUFFIXES)
    title, models = _("Add a model file"), f"{_('Models')} ({kinds})"
    return qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), title, "", models)
