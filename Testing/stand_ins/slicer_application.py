"""What the slicer-core package leaves out, as far as SAMCA uses it: qt, panels, effects and their C++ host.

Widgets are as strict as PythonQt's: only properties and signals that the real class has can be used.
`install(monkeypatch)` puts it all where `import` finds it.
"""

from __future__ import annotations

import enum
import sys
import types
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

import slicer
import slicer.util
import vtk


class Widget:
    """A widget of a panel: the properties and signals of its class, and nothing else."""

    properties: ClassVar[dict] = {}
    signals: tuple = ()

    def __init__(self, name=""):
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "slots", {})
        object.__setattr__(self, "values", {"visible": True, "enabled": True, **self.properties})

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
        """The user presses it."""
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
            self.emit("valueChanged(double)", value)


class ComboBox(Widget):
    properties: ClassVar[dict] = {"currentIndex": -1}
    signals = ("activated(int)",)

    def __init__(self, name=""):
        super().__init__(name)
        self.values["items"] = []

    def addItem(self, text):
        self.items.append(text)

    def clear(self):
        self.items.clear()

    def setCurrentIndex(self, index):
        self.currentIndex = index

    def choose(self, index):
        """The user picks an entry."""
        self.currentIndex = index
        self.emit("activated(int)", index)


class NodeComboBox(Widget):
    def currentNode(self):
        return self.values.get("node")

    def setCurrentNode(self, node):
        self.values["node"] = node


class Table(Widget):
    def __init__(self, name=""):
        super().__init__(name)
        self.values.update(cells={}, row=-1)

    def setRowCount(self, count):
        self.values.update(cells={}, rows=count)

    def setItem(self, row, column, item):
        self.cells[row, column] = item.text

    def currentRow(self):
        return self.row

    def resizeColumnsToContents(self):
        """Nothing to see here."""


class ProgressBar(Widget):
    properties: ClassVar[dict] = {"value": 0}


CLASSES = {
    "QLabel": Label,
    "QPushButton": Button,
    "QToolButton": Button,
    "QCheckBox": CheckBox,
    "QDoubleSpinBox": SpinBox,
    "QComboBox": ComboBox,
    "QTableWidget": Table,
    "QProgressBar": ProgressBar,
    "qMRMLNodeComboBox": NodeComboBox,
}


def loadUI(path):
    """The panel of a .ui file."""
    panel = Widget(Path(path).stem)
    children = {}
    for element in ElementTree.parse(path).iter("widget"):
        children[element.get("name")] = CLASSES.get(element.get("class"), Widget)(element.get("name"))
    panel.values["children"] = children
    return panel


class Timer(Widget):
    signals = ("timeout()",)

    def setInterval(self, milliseconds):
        self.values["interval"] = milliseconds

    def start(self):
        self.values["running"] = True

    def stop(self):
        self.values["running"] = False

    @property
    def isRunning(self):
        return self.values.get("running", False)

    def fire(self):
        """The interval has passed."""
        if self.isRunning:
            self.emit("timeout()")


class Shortcut(Widget):
    signals = ("activated()",)
    alive: ClassVar[list] = []

    def __init__(self, key, parent):
        super().__init__(key)
        self.alive.append(self)

    def setParent(self, parent):
        assert parent is None

    def deleteLater(self):
        self.alive.remove(self)


class Modes(enum.IntEnum):
    """qSlicerSegmentEditorAbstractEffect::ModificationMode, which VTK's classes do not take."""

    ModificationModeSet = 0
    ModificationModeAdd = 1
    ModificationModeRemove = 2

    @property
    def inVtk(self):
        return getattr(slicer.vtkSlicerSegmentEditorLogic, self.name)


class EffectHost:
    """qSlicerSegmentEditorScriptedEffect: parameters in the editor node, edits by the editor logic."""

    def __init__(self, parent=None):
        self.editor, self.widgets, self.actors, self.errors, self.rendered = None, [], [], [], 0

    def setPythonSource(self, path):
        """As C++: package after the folder, class after the file, from an imported package."""
        package = sys.modules[Path(path).parent.name]
        self.python = getattr(package, Path(path).stem)(self)
        self.python.filePath = path

    def self(self):
        return self.python

    # Parameters: strings with six digits

    def _attribute(self, name):
        return f"{self.name}.{name}"

    def parameterDefined(self, name):
        return self.parameterSetNode().GetAttribute(self._attribute(name)) is not None

    def parameter(self, name):
        if not self.parameterDefined(name):
            self.errors.append(f"Parameter named {name} cannot be found for effect {self.name}")
            return ""
        return self.parameterSetNode().GetAttribute(self._attribute(name))

    def integerParameter(self, name):
        return int(self.parameter(name) or 0)

    def doubleParameter(self, name):
        return float(self.parameter(name) or 0)

    def setParameter(self, name, value):
        text = f"{value:g}" if isinstance(value, float) else str(value)
        node = self.parameterSetNode()
        if node.GetAttribute(self._attribute(name)) != text:
            node.SetAttribute(self._attribute(name), text)
            self.editor.onParameterModified()

    def setParameterDefault(self, name, value):
        if not self.parameterDefined(name):
            self.setParameter(name, value)

    # Edits

    def parameterSetNode(self):
        return self.editor.node

    def saveStateForUndo(self):
        self.editor.logic.SaveStateForUndo()

    def modifySegmentByLabelmap(self, segmentationNode, segmentID, labelmap, mode, bypassMasking=False):
        assert not bypassMasking, "masks are the user's"
        assert isinstance(mode, Modes), f"PythonQt knows no overload for a {type(mode).__name__}"
        self.editor.logic.ModifySegmentByLabelmap(
            segmentationNode, segmentID, labelmap, mode.inVtk, True, bypassMasking
        )

    def confirmCurrentSegmentVisible(self):
        return self.editor.confirms

    # Views

    def addOptionsWidget(self, widget):
        self.widgets.append(widget)

    def viewNode(self, viewWidget):
        return viewWidget.view.node

    def addActor2D(self, viewWidget, actor):
        self.actors.append(actor)
        viewWidget.view.renderer.AddViewProp(actor)

    def removeActor2D(self, viewWidget, actor):
        self.actors.remove(actor)
        viewWidget.view.renderer.RemoveViewProp(actor)

    def scheduleRender(self, viewWidget):
        self.rendered += 1


class ViewWidget:
    """A qMRMLSliceWidget (or another one, by its class name) around a slice view of slicer_scene."""

    def __init__(self, view, className="qMRMLSliceWidget"):
        self.view, self._className = view, className

    def className(self):
        return self._className


class EffectEditor:
    """qMRMLSegmentEditorWidget: one clone of every effect, events of its views before Markups sees them."""

    EVENTS = (
        "LeftButtonPressEvent",
        "LeftButtonReleaseEvent",
        "LeftButtonDoubleClickEvent",
        "RightButtonPressEvent",
        "RightButtonReleaseEvent",
        "MouseMoveEvent",
        "EnterEvent",
        "LeaveEvent",
        "KeyPressEvent",
    )

    def __init__(self, prototype, editor, *views):
        self.node, self.logic, self.confirms = editor.node, editor.logic, 1
        self.host = prototype.self().clone()
        self.effect, self.host.editor = self.host.self(), self
        self.widgets = [view if isinstance(view, ViewWidget) else ViewWidget(view) for view in views]
        for widget in self.widgets:
            slicer.app.layoutManager().widgets[widget.view.node.GetID()] = widget
        self.isActive, self._observed = False, []
        self.effect.setMRMLDefaults()
        self.effect.setupOptionsFrame()

    def __getattr__(self, name):
        return self.effect.panel.ui.__getattribute__(name)

    def activate(self):
        """The user picks the effect."""
        self.effect.sourceVolumeNodeChanged()
        self.isActive = True
        self.effect.updateGUIFromMRML()
        self.effect.activate()
        for widget in self.widgets:
            for event in self.EVENTS:
                self._observe(widget.view.interactor, event, widget)
            node = widget.view.node
            follow = lambda node, event, widget=widget: self.effect.processViewNodeEvents(node, event, widget)  # noqa: E731
            self._observed.append((node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, follow)))

    def deactivate(self):
        """The user picks another effect, or the scene is closed."""
        for caller, tag in self._observed:
            caller.RemoveObserver(tag)
        self._observed, self.isActive = [], False
        self.effect.deactivate()

    def tick(self):
        """The effect's timer."""
        self.effect.timer.fire()

    def onParameterModified(self):
        if self.isActive:
            self.effect.updateGUIFromMRML()

    def _observe(self, interactor, event, widget):
        def react(caller, name):
            answer = self.effect.processInteractionEvents(caller, getattr(vtk.vtkCommand, name), widget)
            assert isinstance(answer, bool), "processInteractionEvents must return bool"
            interactor.GetCommand(tag).SetAbortFlag(answer)

        tag = interactor.AddObserver(event, react, 1.0)
        self._observed.append((interactor, tag))


class AbstractScriptedSegmentEditorEffect:
    """The base class of scripted effects."""

    def __init__(self, scriptedEffect):
        self.scriptedEffect = scriptedEffect

    def register(self):
        registered.append(self.scriptedEffect)


registered: list = []
QT = types.ModuleType("qt")  # one for all tests, because the product imports it once


class Layout:
    """qSlicerLayoutManager: the slice widgets of all editors."""

    def __init__(self):
        self.widgets = {}

    def sliceViewNames(self):
        return list(self.widgets)

    def sliceWidget(self, name):
        return self.widgets[name]


def install(monkeypatch, window=None):
    """Put the stand-ins where the product looks for them; return (qt, slicer.app)."""
    qt = QT
    qt.QTimer, qt.QShortcut, qt.QKeySequence, qt.QIcon = Timer, Shortcut, str, str
    qt.Qt = types.SimpleNamespace(CrossCursor="cross")
    qt.QCursor, qt.QUrl = str, str
    qt.QTableWidgetItem = lambda text: types.SimpleNamespace(text=text, setToolTip=lambda tip: None)
    qt.QFileDialog = types.SimpleNamespace(
        getOpenFileName=lambda *words: "", getExistingDirectory=lambda *words: ""
    )
    qt.QDesktopServices = types.SimpleNamespace(openUrl=lambda address: qt.opened.append(address))
    qt.opened = []
    effects = types.ModuleType("qSlicerSegmentationsEditorEffectsPythonQt")
    effects.qSlicerSegmentEditorScriptedEffect = EffectHost
    bases = types.ModuleType("SegmentEditorEffects")
    bases.AbstractScriptedSegmentEditorEffect = AbstractScriptedSegmentEditorEffect
    for module in (qt, effects, bases):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(slicer, "qSlicerSegmentEditorAbstractEffect", Modes, raising=False)
    slicer.util.loadUI = lambda path: loadUI(path)  # absent from the package: nothing to restore
    slicer.util.childWidgetVariables = lambda panel: types.SimpleNamespace(**panel.children)
    for name, value in {
        "mainWindow": lambda: window,
        "selectModule": lambda name: qt.opened.append(name),
        "showStatusMessage": lambda text, milliseconds=0: qt.opened.append(text),
        "restart": lambda: qt.opened.append("restart"),
        "confirmOkCancelDisplay": lambda text, title="": True,
    }.items():
        monkeypatch.setattr(slicer.util, name, value)
    settings = types.SimpleNamespace(
        value=lambda key: None, setValue=lambda *words: None, remove=lambda key: None
    )
    layout = Layout()
    application = types.SimpleNamespace(
        layoutManager=lambda: layout, userSettings=lambda: settings, processEvents=lambda: None
    )
    monkeypatch.setattr(slicer, "app", application, raising=False)
    del registered[:]
    Shortcut.alive = []
    return qt, application
