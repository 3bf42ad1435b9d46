"""What the steps of the panel share: a .ui file, signals that are let go of, one line for the outcome."""

from __future__ import annotations

import contextlib
from pathlib import Path

import qt
import slicer

from samca.words import size_text
from SAMCALib.Models.StoredData import sizeOf
from SAMCALib.Texts import _, asToolTip

PROBLEMS = (ValueError, OSError, RuntimeError)  # their texts are sentences; a Refusal is a ValueError


class StepWidget:
    """`slots`: name of a button of the .ui file -> what a click on it does."""

    file = ""  # of the step's .ui
    button = ""  # that unfolds the step
    label = ""  # of the line that says what became of the last action
    labels: tuple[str, ...] = ()  # other such lines, each under the buttons it belongs to

    def __init__(self, uiFolder: str, slots: dict):
        self.widget = slicer.util.loadUI(str(Path(uiFolder) / self.file))
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self._connections: list = []
        for button, slot in slots.items():
            self.connect(getattr(self.ui, button), "clicked()", slot)
        self.say("")

    def connect(self, widget, signal: str, slot) -> None:
        """Connect until `cleanup`."""
        widget.connect(signal, slot)
        self._connections.append((widget, signal, slot))

    def cleanup(self) -> None:
        """Let go of every signal, so that the step can be freed."""
        for widget, signal, slot in self._connections:
            widget.disconnect(signal, slot)
        self._connections = []

    def unfold(self, isOpen: bool = True) -> None:
        """Open the step, or close it."""
        getattr(self.ui, self.button).collapsed = not isOpen

    def onUnfold(self, slot) -> None:
        """slot(step, isCollapsed) is called when the step is opened or closed."""
        self.connect(getattr(self.ui, self.button), "contentsCollapsed(bool)", lambda is_: slot(self, is_))

    def say(self, text: str, at: str = "") -> None:
        """Show a sentence in the line of this name, in no other; without one the line takes no room."""
        for name in (self.label, *self.labels):
            showText(getattr(self.ui, name), text if name == (at or self.label) else "")

    @contextlib.contextmanager
    def saying(self, done: str = "", at: str = ""):
        """Run an action; its refusal, or `done`, becomes the line, unless it says something itself."""
        self.say("", at)
        try:
            yield
        except PROBLEMS as problem:
            self.say(str(problem), at)
        else:
            if done:
                self.say(done, at)


def showText(label, text: str) -> None:
    """A text in a label that takes no room without one; untouched where nothing changes."""
    if label.text != text:
        label.text = text
    label.setVisible(bool(text))


def fillCombo(combo, names: list[str], index: int) -> None:
    """Offer these names with one chosen, as if the user had not touched it."""
    blocked = combo.blockSignals(True)
    combo.clear()
    for name in names:
        combo.addItem(name)
    combo.setCurrentIndex(index)
    combo.blockSignals(blocked)


def cell(table, row: int, column: int, text: str, tip: str = ""):
    """Put a text into a table; returns its item."""
    item = qt.QTableWidgetItem(text)
    item.setToolTip(asToolTip(tip))
    table.setItem(row, column, item)
    return item


def pixmapOf(pixels):
    """A QPixmap of an (H, W, 3) uint8 array."""
    from samca.images.overlay import ppm  # which reads pictures: not while Slicer starts

    pixmap = qt.QPixmap()
    pixmap.loadFromData(qt.QByteArray(ppm(pixels)))
    return pixmap


def ask(question: str) -> bool:
    """A question to the user; without a window the answer is no."""
    if not slicer.util.mainWindow():
        return False
    return slicer.util.confirmOkCancelDisplay(question, "SAMCA Training", textFormat=qt.Qt.PlainText)


def agreed(logic, volume, segmentation) -> bool:
    """Whether the segmentation is of this image, as far as is known or the user says."""
    doubt = logic.doubt(volume, segmentation)
    text = _("{doubt} Take its masks for {volume} all the same?")
    return not doubt or ask(text.format(doubt=doubt, volume=volume.GetName()))


def removed(logic, path: Path) -> bool:
    """Whether a run or dataset was removed, after a question; Refusal for one that has to stay."""
    if not ask(logic.removalQuestion(path)):
        return False
    logic.remove(path)
    return True


def withSize(name: str, folder: Path) -> str:
    """A name and how much its folder takes on the disk; the name alone before the folder is made."""
    return f"{name}, {size_text(sizeOf(folder))}" if folder.is_dir() else name


def openPath(path: Path) -> None:
    """Show a file or folder with what the system opens it with."""
    qt.QDesktopServices.openUrl(qt.QUrl(Path(path).as_uri()))
