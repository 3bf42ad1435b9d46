"""A question to the user, answered by OK or Cancel."""

from __future__ import annotations

import qt
import slicer


def ask(question: str) -> bool:
    """A question to the user; without a window the answer is no."""
    if not slicer.util.mainWindow():
        return False
    return slicer.util.confirmOkCancelDisplay(question, "SAMCA", textFormat=qt.Qt.PlainText)
