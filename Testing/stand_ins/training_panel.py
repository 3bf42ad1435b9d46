"""The training panel's widgets, as strict as those of slicer_application, and the Segment Editor it opens."""

from __future__ import annotations

import types
import weakref
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

import slicer
import slicer.util
import slicer_application
from slicer_widgets import Widget


class Child(Widget):
    """Every QWidget of a panel."""

    def __init__(self, name=""):
        super().__init__(name)
        for key, value in {"toolTip": "", "width": 380}.items():
            self.values.setdefault(key, value)


class Label(Child):
    properties: ClassVar[dict] = {"text": ""}

    def setPixmap(self, pixmap):
        self.values["pixmap"] = pixmap


class Button(Child):
    properties: ClassVar[dict] = {"text": "", "checked": False, "checkable": False}
    signals = ("clicked()", "toggled(bool)")

    def click(self):
        """The user presses it; a button that is off or hidden cannot be pressed."""
        assert self.enabled, f"{self.name} is disabled"
        assert self.visible, f"{self.name} is hidden"
        if self.checkable:
            self.checked = not self.checked
            self.emit("toggled(bool)", self.checked)
        self.emit("clicked()")


class CheckBox(Button):
    properties: ClassVar[dict] = {**Button.properties, "checkable": True}


class Valued(Child):
    """A number in a range."""

    properties: ClassVar[dict] = {"value": 0, "minimum": 0, "maximum": 99}
    signals = ("valueChanged(int)",)

    def __setattr__(self, name, value):
        before = self.value
        super().__setattr__(name, value)
        self.values["value"] = min(max(self.value, self.minimum), self.maximum)
        if self.value != before:
            self.emit("valueChanged(int)", self.value)


class LineEdit(Child):
    properties: ClassVar[dict] = {"text": ""}
    signals = ("textChanged(QString)", "editingFinished()")

    def enter(self, text):
        """The user types this and presses Enter."""
        self.text = text
        self.emit("editingFinished()")

    def __setattr__(self, name, value):
        before = self.text
        super().__setattr__(name, value)
        if self.text != before:
            self.emit("textChanged(QString)", self.text)


class ComboBox(Child):
    properties: ClassVar[dict] = {"currentIndex": -1}
    signals = ("activated(int)",)

    def __init__(self, name=""):
        super().__init__(name)
        self.values["items"] = []

    def addItem(self, text):
        assert isinstance(text, str)
        self.items.append(text)
        self.values["currentIndex"] = max(self.currentIndex, 0)

    def clear(self):
        self.items.clear()
        self.values["currentIndex"] = -1

    def setCurrentIndex(self, index):
        assert -1 <= index < len(self.items)
        self.values["currentIndex"] = index

    def choose(self, index):
        """The user picks an entry."""
        self.setCurrentIndex(index)
        self.emit("activated(int)", index)


class NodeComboBox(Child):
    """qMRMLNodeComboBox: where the chosen node is deleted, Qt goes to the one beside it."""

    signals = ("currentNodeChanged(vtkMRMLNode*)",)

    def __init__(self, name=""):
        super().__init__(name)
        self.values["nodeTypes"] = ()

    def setMRMLScene(self, scene):
        own = weakref.ref(self)
        follow = lambda *_: own() and own().sceneChanged()  # noqa: E731
        scene.AddObserver(scene.NodeRemovedEvent, follow)

    def sceneChanged(self):
        node = self.values.get("node")
        if node is not None and node.GetScene() is None:
            there = [n for kind in self.nodeTypes for n in slicer.util.getNodesByClass(kind)]
            self.setCurrentNode(there[0] if there else None)

    def currentNode(self):
        node = self.values.get("node")
        return node if node is not None and node.GetScene() is not None else None

    def setCurrentNode(self, node):
        isNew = node is not self.values.get("node")
        self.values["node"] = node
        if isNew:
            self.emit("currentNodeChanged(vtkMRMLNode*)", node)


class ListItem:
    """QListWidgetItem: no QObject, so that its values are methods."""

    def __init__(self, text):
        self._text, self._state = text, None

    def text(self):
        return self._text

    def checkState(self):
        return self._state

    def setCheckState(self, state):
        self._state = state


class ListWidget(Child):
    def __init__(self, name=""):
        super().__init__(name)
        self.values["rows"] = []

    @property
    def count(self):
        return len(self.rows)

    def addItem(self, item):
        self.rows.append(ListItem(item) if isinstance(item, str) else item)

    def item(self, row):
        return self.rows[row]

    def clear(self):
        self.rows.clear()

    @property
    def texts(self):
        return [item.text() for item in self.rows]


class TableItem:
    """QTableWidgetItem."""

    def __init__(self, text):
        self.text, self.icon, self.tip, self.colour = text, None, "", None

    def setToolTip(self, tip):
        self.tip = tip

    def setIcon(self, icon):
        self.icon = icon

    def setForeground(self, brush):
        self.colour = brush


class Table(Child):
    def __init__(self, name=""):
        super().__init__(name)
        self.values.update(items={}, rows=0, selected=[])

    def setRowCount(self, count):
        kept = {place: item for place, item in self.items.items() if place[0] < count}
        self.values.update(rows=count, items=kept, selected=[])

    def setItem(self, row, column, item):
        assert row < self.rows
        self.items[row, column] = item

    def resizeColumnsToContents(self):
        """Nothing to see here."""

    resizeRowsToContents = resizeColumnsToContents

    def selectionModel(self):
        indices = [types.SimpleNamespace(row=lambda row=row: row) for row in self.selected]
        return types.SimpleNamespace(selectedRows=lambda: indices)

    def line(self, row):
        """The texts of one row."""
        return [self.items[place].text for place in sorted(self.items) if place[0] == row]


class ProgressBar(Child):
    properties: ClassVar[dict] = {"value": 0}

    def __setattr__(self, name, value):
        assert isinstance(value, int), "PythonQt takes no float here"
        super().__setattr__(name, value)


class PlainText(Child):
    """QPlainTextEdit that does not wrap: what is left of its cursor is scrolled away in a long line."""

    def setPlainText(self, text):
        self.values.update(plainText=text, hidden=0)

    def moveCursor(self, where):
        self.values["hidden"] = len(self.plainText.splitlines()[-1]) if where == "end" else 0


class Layout:
    """QFormLayout and QVBoxLayout."""

    def __init__(self, parent=None):
        self.rows = []

    def addRow(self, title, widget):
        self.rows.append((title, widget))

    def addWidget(self, widget):
        self.rows.append(widget)

    def addStretch(self, factor):
        """Nothing to see here."""

    def setContentsMargins(self, left, top, right, bottom):
        """Nothing to see here."""


class Collapsible(Child):
    properties: ClassVar[dict] = {"text": "", "collapsed": False}
    signals = ("contentsCollapsed(bool)",)

    def __init__(self, name=""):
        super().__init__(name)
        self.values["form"] = Layout()

    def layout(self):
        return self.form

    def __setattr__(self, name, value):
        before = self.collapsed
        super().__setattr__(name, value)
        if self.collapsed != before:
            self.emit("contentsCollapsed(bool)", self.collapsed)


class Pixmap:
    """QPixmap of a file or of bytes; scaled, it remembers the width."""

    def __init__(self, path=None):
        assert path is None or Path(path).is_file()
        self.path, self.data, self.width = path, b"", 0

    def loadFromData(self, data):
        assert data.startswith(b"P6 ")
        assert b"\0" not in data, "PythonQt may take bytes as a C string"
        self.data = data

    def scaled(self, width, height, aspect, mode):
        self.width = width
        return self


CLASSES = {
    "QLabel": Label,
    "QPushButton": Button,
    "QToolButton": Button,
    "QCheckBox": CheckBox,
    "QSpinBox": Valued,
    "QSlider": Valued,
    "QLineEdit": LineEdit,
    "QComboBox": ComboBox,
    "QListWidget": ListWidget,
    "QTableWidget": Table,
    "QProgressBar": ProgressBar,
    "QPlainTextEdit": PlainText,
    "qMRMLNodeComboBox": NodeComboBox,
    "ctkCollapsibleButton": Collapsible,
    "qMRMLWidget": Child,
}


def loadUI(path):
    """The panel of a .ui file; a widget of a class that nobody stands in for is a KeyError."""
    children = {}
    for element in ElementTree.parse(path).iter("widget"):
        child = children[element.get("name")] = CLASSES[element.get("class")](element.get("name"))
        for entry in element.findall("property"):
            if entry.get("name") in ("text", "toolTip") and len(entry):
                child.values[entry.get("name")] = entry[0].text or ""
            elif entry.get("name") in ("checkable", "checked", "collapsed"):
                child.values[entry.get("name")] = entry[0].text == "true"
            elif entry.get("name") == "nodeTypes":
                child.values["nodeTypes"] = tuple(text.text for text in entry.iter("string"))
    panel = Child(Path(path).stem)
    panel.values["children"] = children
    return panel


class SegmentEditorWidget:
    """qMRMLSegmentEditorWidget of Slicer's module: which effect is chosen, and the node's options then."""

    def __init__(self, node):
        self.node, self.effects = node, []

    def mrmlSegmentEditorNode(self):
        return self.node

    def setActiveEffectByName(self, name):
        self.effects.append((name, self.node.GetAttribute("SAMCA.Model")))


def install(monkeypatch, window=None):
    """As slicer_application.install, with the widgets of this panel."""
    qt, app = slicer_application.install(monkeypatch, window)
    monkeypatch.setattr(slicer.util, "loadUI", loadUI)
    for name, value in {
        "Qt": types.SimpleNamespace(
            CrossCursor="cross", Checked=2, Unchecked=0, PlainText=0, SmoothTransformation=1,
            KeepAspectRatio=1,
        ),
        "QTableWidgetItem": TableItem, "QListWidgetItem": ListItem, "QPixmap": Pixmap, "QByteArray": bytes,
        "QTextCursor": types.SimpleNamespace(End="end", StartOfLine="start of line"),
        "QSpinBox": Valued, "QLineEdit": LineEdit,
        "QCheckBox": CheckBox, "QComboBox": ComboBox, "QPushButton": Button, "QWidget": Child,
        "QVBoxLayout": Layout, "QIcon": lambda picture: picture, "QBrush": lambda colour: colour,
        "QColor": lambda name: name,
    }.items():  # fmt: skip
        monkeypatch.setattr(qt, name, value, raising=False)
    qt.QFileDialog.getSaveFileName = lambda *words: ""
    return qt, app
