"""Widgets as strict as PythonQt's: only the properties and signals that the real class has can be used."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree


class Widget:
    """A widget of a panel: the properties and signals of its class, and nothing else."""

    properties: ClassVar[dict] = {}
    signals: tuple = ()

    def __init__(self, name=""):
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "slots", {})
        object.__setattr__(
            self, "values", {"visible": True, "enabled": True, "toolTip": "", **self.properties}
        )

    def __getattr__(self, name):
        if name in self.values:
            return self.values[name]
        raise AttributeError(f"{type(self).__name__} has no property {name}")

    def __setattr__(self, name, value):
        if name not in self.values:
            raise AttributeError(f"{type(self).__name__} has no property {name}")
        self.values[name] = type(self.values[name])(value)

    def setVisible(self, isVisible):
        self.values["visible"] = bool(isVisible)

    def setMRMLScene(self, scene):
        self.values["scene"] = scene

    def blockSignals(self, isBlocked):
        before, self.values["blocked"] = self.values.get("blocked", False), isBlocked
        return before

    def connect(self, signal, slot):
        assert signal in self.signals, f"{type(self).__name__} has no signal {signal}"
        self.slots.setdefault(signal, []).append(slot)

    def disconnect(self, signal, slot):
        self.slots[signal].remove(slot)

    def emit(self, signal, *arguments):
        """What Qt does when the user acts, or a value changes."""
        if not self.values.get("blocked"):
            for slot in list(self.slots.get(signal, [])):
                slot(*arguments)

    @property
    def isConnected(self):
        return any(self.slots.values())


class Label(Widget):
    properties: ClassVar[dict] = {"text": ""}


class Button(Widget):
    properties: ClassVar[dict] = {"text": "", "checked": False}
    signals = ("clicked()",)

    def click(self):
        """The user presses it; one that is grey answers nothing."""
        if self.enabled:
            self.emit("clicked()")


class CheckBox(Button):
    def click(self):
        self.checked = not self.checked
        self.emit("clicked()")


class SpinBox(Widget):
    properties: ClassVar[dict] = {"value": 0.0}
    signals = ("valueChanged(double)",)

    def __setattr__(self, name, value):
        changed = name == "value" and value != self.value
        super().__setattr__(name, value)
        if changed:
            self.emit(self.signals[0], value)


class WholeSpinBox(SpinBox):
    properties: ClassVar[dict] = {"value": 1, "maximum": 99}
    signals = ("valueChanged(int)",)


class LineEdit(Widget):
    properties: ClassVar[dict] = {"text": ""}
    signals = ("returnPressed()",)

    def enter(self, text):
        """The user writes this and presses Enter."""
        self.text = text
        self.emit("returnPressed()")


class ComboBox(Widget):
    properties: ClassVar[dict] = {"currentIndex": -1}
    signals = ("activated(int)",)

    def __init__(self, name=""):
        super().__init__(name)
        self.values["items"] = []

    def addItem(self, text):
        self.items.append(text)

    @property
    def count(self):
        return len(self.items)

    def itemText(self, index):
        return self.items[index]

    def clear(self):
        self.items.clear()

    def setCurrentIndex(self, index):
        self.currentIndex = index

    def choose(self, index):
        """The user picks an entry."""
        self.currentIndex = index
        self.emit("activated(int)", index)


class NodeComboBox(Widget):
    signals = ("currentNodeChanged(vtkMRMLNode*)",)

    def currentNode(self):
        return self.values.get("node")

    def setCurrentNode(self, node):
        self.values["node"] = node
        self.emit(self.signals[0], node)


class Header:
    """QHeaderView."""

    def setSectionResizeMode(self, column, mode):
        """Nothing to see here."""


class Table(Widget):
    signals = ("itemSelectionChanged()", "cellClicked(int,int)")

    def __init__(self, name=""):
        super().__init__(name)
        self.values.update(cells={}, tips={}, icons={}, row=-1)

    def horizontalHeader(self):
        return Header()

    def setRowCount(self, count):
        self.values.update(cells={}, tips={}, rows=count, row=min(self.row, count - 1))

    def setItem(self, row, column, item):
        self.cells[row, column] = item.text
        self.tips[row, column] = item.tip
        self.icons[row, column] = item

    def selectRow(self, row):
        self.values["row"] = row

    def press(self, row):
        """The user clicks into a line."""
        self.emit("cellClicked(int,int)", row, 1)

    def select(self, row):
        """The user clicks on a line."""
        self.values["row"] = row
        self.emit("itemSelectionChanged()")

    def currentRow(self):
        return self.row

    def resizeColumnsToContents(self):
        """Nothing to see here."""


class ProgressBar(Widget):
    properties: ClassVar[dict] = {"value": 0}


class KeySequence(str):
    """QKeySequence."""

    def toString(self):
        return str(self)


class KeySequenceEdit(Widget):
    """QKeySequenceEdit."""

    def __init__(self, name=""):
        super().__init__(name)
        self.values["keySequence"] = KeySequence()

    def setKeySequence(self, sequence):
        self.values["keySequence"] = sequence

    press = setKeySequence  # the user presses this key in it


CLASSES = {
    "QLabel": Label,
    "QPushButton": Button,
    "QToolButton": Button,
    "QCheckBox": CheckBox,
    "QDoubleSpinBox": SpinBox,
    "QSpinBox": WholeSpinBox,
    "QComboBox": ComboBox,
    "QLineEdit": LineEdit,
    "QTableWidget": Table,
    "QProgressBar": ProgressBar,
    "QKeySequenceEdit": KeySequenceEdit,
    "qMRMLNodeComboBox": NodeComboBox,
}


def loadUI(path):
    """The panel of a .ui file."""
    panel = Widget(Path(path).stem)
    children = {}
    for element in ElementTree.parse(path).iter("widget"):
        child = CLASSES.get(element.get("class"), Widget)(element.get("name"))
        tip = element.find("property[@name='toolTip']/string")
        child.values["toolTip"] = "" if tip is None else tip.text
        if element.find("property[@name='checked']") is not None:
            child.values["checked"] = element.findtext("property[@name='checked']/bool") == "true"
        child.values["enabled"] = element.findtext("property[@name='enabled']/bool") != "false"
        children[element.get("name")] = child
    panel.values["children"] = children
    return panel


class Timer(Widget):
    signals = ("timeout()",)
    running: ClassVar[list] = []

    def setInterval(self, milliseconds):
        self.values["interval"] = milliseconds

    def start(self, milliseconds=None):
        if milliseconds is not None:
            self.setInterval(milliseconds)
        self.stop()
        self.running.append(self)

    def stop(self):
        if self.isRunning:
            self.running.remove(self)

    @property
    def isRunning(self):
        return self in self.running

    def fire(self):
        """The interval has passed."""
        if self.isRunning:
            self.emit("timeout()")


def processEvents():
    """One turn of the event loop, long enough for every timer."""
    for timer in list(Timer.running):
        timer.fire()


class Icon(str):
    """The path of a picture."""

    def isNull(self):
        return not Path(self).is_file()


class Settings:
    """QSettings: what was never set is None."""

    def __init__(self):
        self.values = {}

    def value(self, key):
        return self.values.get(key)

    def setValue(self, key, value):
        self.values[key] = value

    def remove(self, key):
        self.values.pop(key, None)


class Shortcut(Widget):
    """QShortcut, a child of its window, or of a view where it works while that has the focus."""

    properties: ClassVar[dict] = {"objectName": ""}
    signals = ("activated()", "activatedAmbiguously()")

    def __init__(self, key, window):
        super().__init__()
        self.values.update(key=key, window=window)
        window.children.append(self)

    def __setattr__(self, name, value):
        if self.window is None:
            raise AttributeError(f"Trying to set attribute '{name}' on a destroyed QShortcut object")
        super().__setattr__(name, value)

    def setContext(self, context):
        self.values["context"] = context

    def setParent(self, parent):
        assert parent is None

    def deleteLater(self):
        self.window.children.remove(self)
        self.values["window"] = None


class Action(Widget):
    """QAction in a menu of the window."""

    signals = ("triggered()",)

    def __init__(self, key, window, text=""):
        super().__init__()
        self.values.update(shortcut=key, text=text)
        window.children.append(self)

    def setShortcut(self, key):
        self.values["shortcut"] = key


class Window:
    """The main window, or a view that has the focus; `press` does with a key what Qt does: one that two want
    is given to neither."""

    KINDS: ClassVar[dict] = {"QShortcut": Shortcut, "QAction": Action}

    def __init__(self):
        self.children = []

    def findChildren(self, kind):
        return [child for child in self.children if isinstance(child, self.KINDS[kind])]

    def keys(self):
        """The keys of all shortcuts that can be pressed now."""
        return sorted(str(each.key) for each in self.findChildren("QShortcut") if each.enabled)

    def press(self, key):
        shortcuts = [each for each in self.findChildren("QShortcut") if each.key == key and each.enabled]
        actions = [each for each in self.findChildren("QAction") if each.shortcut == key and each.enabled]
        if len(shortcuts + actions) > 1:
            for each in shortcuts:
                each.emit("activatedAmbiguously()")
            return
        for each in shortcuts:
            each.emit("activated()")
        for each in actions:
            each.emit("triggered()")
