"""PythonQt's way with real Qt: PySide6's widgets with properties as attributes and signals by signature.

`install(monkeypatch)` gives the module qt and what slicer.util makes of .ui files; panels can then be used,
measured and drawn as they are, without Slicer. Only Slicer's own widgets are stood in for.
"""

from __future__ import annotations

import ctypes
import sys
import types
from pathlib import Path

import qt_pictures
import slicer
import slicer.util
import slicer_application
from PySide6 import QtCore, QtGui, QtWidgets


class Wrapped:
    """A QObject as PythonQt shows it; anything that PythonQt would refuse is an AttributeError."""

    def __init__(self, thing):
        object.__setattr__(self, "thing", thing)
        object.__setattr__(self, "joints", {})  # by signature and slot: what Qt really calls

    def __getattr__(self, name):
        if self.thing.metaObject().indexOfProperty(name) >= 0:
            return self.thing.property(name)
        method = getattr(self.thing, name)
        return lambda *words: wrap(method(*map(unwrap, words)))

    def __setattr__(self, name, value):
        assert self.thing.metaObject().indexOfProperty(name) >= 0, f"no property {name}"
        assert self.thing.setProperty(name, value), f"{name} cannot be {value!r}"

    def connect(self, signal, slot):
        if isinstance(self.thing, NodeComboBox) and "Node" in signal:
            self.thing.slots.append(slot)
        else:
            name, words = signal.rstrip(")").split("(")
            count = len(words.split(",")) if words else 0
            joint = self.joints[signal, slot] = lambda *given: slot(*given[:count])
            assert self.thing.metaObject().indexOfSignal(signal) >= 0, signal
            getattr(self.thing, name).connect(joint)

    def disconnect(self, signal, slot):
        if isinstance(self.thing, NodeComboBox) and "Node" in signal:
            self.thing.slots.remove(slot)
        else:
            getattr(self.thing, signal.split("(")[0]).disconnect(self.joints.pop((signal, slot)))


def wrap(thing):
    """QObjects as PythonQt shows them, other things as they are."""
    return Wrapped(thing) if isinstance(thing, QtCore.QObject) else thing


def unwrap(thing):
    """What Qt itself takes."""
    return thing.thing if isinstance(thing, Wrapped) else thing


class NodeComboBox(QtWidgets.QComboBox):
    """qMRMLNodeComboBox, as far as a panel uses it."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.slots, self.node = [], None

    def setMRMLScene(self, scene):
        """The nodes are given by hand."""

    def currentNode(self):
        return self.node if self.node is not None and self.node.GetScene() else None

    def setCurrentNode(self, node):
        self.node = node
        self.clear()
        self.addItem(node.GetName() if node else "")
        for slot in list(self.slots):
            slot(node)


class Collapsible(qt_pictures.CollapsibleButton):
    """ctkCollapsibleButton: collapsed, only its title is left."""

    contentsCollapsed = QtCore.Signal(bool)

    def isCollapsed(self):
        return self._collapsed if hasattr(self, "_collapsed") else False

    def setCollapsed(self, isCollapsed):
        if isCollapsed == self.isCollapsed():
            return
        self._collapsed = isCollapsed
        if isCollapsed:  # as CTK: what is hidden in it stays so when it is opened
            children = self.findChildren(QtWidgets.QWidget, options=QtCore.Qt.FindDirectChildrenOnly)
            self._shown = [child for child in children if not child.isHidden()]
        for child in self._shown:
            child.setVisible(not isCollapsed)
        self.setMaximumHeight(self.fontMetrics().height() + 6 if isCollapsed else 16777215)
        self.contentsCollapsed.emit(isCollapsed)

    collapsed = QtCore.Property(bool, isCollapsed, setCollapsed)
    text = QtCore.Property(str, QtWidgets.QGroupBox.title, QtWidgets.QGroupBox.setTitle)


class MRMLWidget(QtWidgets.QWidget):
    """qMRMLWidget."""

    def setMRMLScene(self, scene):
        """Nothing in these panels follows it."""


class Loader(qt_pictures.Loader):
    """The .ui files with these widgets."""

    own = {  # noqa: RUF012 - as in the base
        "ctkCollapsibleButton": Collapsible,
        "qMRMLWidget": MRMLWidget,
        "qMRMLNodeComboBox": NodeComboBox,
    }

    def createWidget(self, className, parent=None, name=""):
        if className not in self.own:
            return super().createWidget(className, parent, name)
        widget = self.own[className](parent)
        widget.setObjectName(name)
        return widget


def loadUI(path):
    """slicer.util.loadUI."""
    qt_pictures.application()
    return Wrapped(Loader().load(str(Path(path))))


def childWidgetVariables(panel):
    """slicer.util.childWidgetVariables."""
    children = panel.thing.findChildren(QtWidgets.QWidget)
    return types.SimpleNamespace(**{c.objectName(): Wrapped(c) for c in children if c.objectName()})


def made(kind):
    """The class of a QObject, whose instances are wrapped."""
    return lambda *words: Wrapped(kind(*map(unwrap, words)))


def install(monkeypatch, window=None):
    """Put it where the product looks for it; return the module qt."""
    qt, _app = slicer_application.install(monkeypatch, window)
    qt_pictures.application()
    spare_none()
    for name in ("QWidget", "QVBoxLayout", "QSpinBox", "QLineEdit", "QCheckBox", "QComboBox", "QPushButton"):
        monkeypatch.setattr(qt, name, made(getattr(QtWidgets, name)), raising=False)
    monkeypatch.setattr(qt, "QTimer", made(QtCore.QTimer))
    for source, names in {
        QtWidgets: ("QTableWidgetItem", "QListWidgetItem"),
        QtGui: ("QBrush", "QColor", "QIcon", "QPalette", "QPixmap", "QTextCursor"),
        QtCore: ("QByteArray", "Qt"),
    }.items():
        for name in names:
            monkeypatch.setattr(qt, name, getattr(source, name), raising=False)
    monkeypatch.setattr(slicer.util, "loadUI", loadUI)
    monkeypatch.setattr(slicer.util, "childWidgetVariables", childWidgetVariables)
    return qt


def spare_none():
    """Give None references to lose: PySide6 6.12 takes one at each call that returns nothing, until Python
    3.11 and older abort; from 3.12 on None cannot be lost."""
    if sys.version_info < (3, 12):
        ctypes.c_ssize_t.from_address(id(None)).value += 10**9


def picture(panel, width):
    """A panel as a QImage, as high as it needs at this width."""
    widget = panel.thing
    widget.setAutoFillBackground(True)
    widget.resize(width, max(widget.heightForWidth(width), widget.sizeHint().height()))
    widget.ensurePolished()
    return widget.grab().toImage()
