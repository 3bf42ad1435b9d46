"""What the slicer-core package leaves out, as far as SAMCA uses it: qt, panels, effects and their C++ host.

`install(monkeypatch)` puts it all where `import` finds it.
"""

from __future__ import annotations

import enum
import sys
import types
from pathlib import Path
from typing import ClassVar

import slicer
import slicer.util
import vtk
from slicer_scene import HiddenView
from slicer_widgets import Icon, KeySequence, Settings, Shortcut, Timer, Window, loadUI, processEvents


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

    def optionsFrame(self):
        return Place("QFrame", "EffectsOptionsFrame", Place("QGroupBox", "", EditorWidget(self.editor)))

    # Views

    def addOptionsWidget(self, widget):
        self.widgets.append(widget)

    def viewNode(self, viewWidget):
        return viewWidget.view.node

    def renderer(self, viewWidget):
        return viewWidget.view.renderer

    def addActor2D(self, viewWidget, actor):
        self.actors.append(actor)
        viewWidget.view.renderer.AddViewProp(actor)

    def removeActor2D(self, viewWidget, actor):
        self.actors.remove(actor)
        viewWidget.view.renderer.RemoveViewProp(actor)

    def scheduleRender(self, viewWidget):
        self.rendered += 1


class Place:
    """A QWidget of no other interest than what it is in, and what is in it."""

    def __init__(self, className, name, parent=None, *children):
        self.name, self._className, self._parent, self._children = name, className, parent, children

    def className(self):
        return self._className

    def parent(self):
        return self._parent

    def children(self):
        return list(self._children)


class EditorWidget(Place):
    """A qMRMLSegmentEditorWidget with its buttons for Undo and Redo."""

    def __init__(self, editor):
        super().__init__("qMRMLSegmentEditorWidget", "editor", None, UndoButton(editor), RedoButton(editor))


class UndoButton(Place):
    """Enabled as long as the editor's history has a step."""

    def __init__(self, editor):
        super().__init__("QToolButton", "UndoButton")
        self.editor = editor

    @property
    def enabled(self):
        return self.editor.logic.CanUndo()


class RedoButton(Place):
    """Enabled as long as something is undone."""

    def __init__(self, editor):
        super().__init__("QToolButton", "RedoButton")
        self.editor = editor

    def click(self):
        if self.editor.logic.CanRedo():
            self.editor.logic.Redo()


class ViewWidget:
    """A qMRMLSliceWidget (or another one, by its class name) around a slice view of slicer_scene."""

    def __init__(self, view, className="qMRMLSliceWidget"):
        self.view, self._className = view, className

    def className(self):
        return self._className

    def sliceLogic(self):
        return self.view.logic

    def sliceView(self):
        """qMRMLSliceView, in which keys can live; always the same one."""
        self.view.keys = getattr(self.view, "keys", None) or Window()
        return self.view.keys


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
            slicer.app.layoutManager().add(widget)
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
        """The effect's timer; one that rests does nothing."""
        self.effect.timer.timer.fire()

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


class PluginHandler:
    """qSlicerSubjectHierarchyPluginHandler; `menus` has what the context menu of each item offers.

    A node gets its item when it is added to the scene, unless it is hidden from editors by then.
    """

    menus: ClassVar[dict] = {}
    items: ClassVar[set] = set()
    watched: ClassVar[tuple | None] = None

    @classmethod
    def instance(cls):
        return cls()

    @classmethod
    def watch(cls, scene):
        """Make items for the nodes of this scene from now on."""
        if cls.watched:
            cls.watched[0].RemoveObserver(cls.watched[1])

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def add(caller, event, node):
            if not node.GetHideFromEditors():
                cls.items.add(node.GetID())

        cls.watched = scene, scene.AddObserver(scene.NodeAddedEvent, add)
        cls.menus.clear()
        cls.items.clear()

    def pluginLogic(self):
        allow = lambda item, names: self.menus.update({item: names})  # noqa: E731
        return types.SimpleNamespace(setAllowedViewContextMenuActionNamesForItem=allow)

    def subjectHierarchyNode(self):
        item = lambda node: node.GetName() if node.GetID() in self.items else 0  # noqa: E731
        return types.SimpleNamespace(GetItemByDataNode=item)


class TableItem:
    """QTableWidgetItem."""

    def __init__(self, text):
        self.text, self.tip, self.icon = text, "", None

    def setToolTip(self, tip):
        self.tip = tip

    def setIcon(self, icon):
        self.icon = icon


class Pixmap:
    """QPixmap."""

    def loadFromData(self, content):
        assert content.startswith(b"P6 "), "a PPM picture"


class Layout:
    """qSlicerLayoutManager: the slice widgets of all editors, and the layout that was chosen."""

    def __init__(self):
        self.widgets, self.chosen = {}, None

    def setLayout(self, layout):
        self.chosen = layout

    def add(self, widget):
        """A view more; the first of all, as in the application, is one of another layout: it is not shown."""
        for each in (*([] if self.widgets else [ViewWidget(HiddenView())]), widget):
            self.widgets[each.view.node.GetID()] = each

    def sliceViewNames(self):
        return list(self.widgets)

    def sliceWidget(self, name):
        return self.widgets[name]


def install(monkeypatch, window=None):
    """Put the stand-ins where the product looks for them; return (qt, slicer.app)."""
    qt = QT
    qt.QTimer, qt.QShortcut, qt.QKeySequence, qt.QIcon = Timer, Shortcut, KeySequence, Icon
    qt.Qt = types.SimpleNamespace(CrossCursor="cross", PlainText=0, WidgetWithChildrenShortcut=3)
    qt.QCursor, qt.QUrl, qt.QPixmap, qt.QByteArray = str, str, Pixmap, bytes
    qt.QTableWidgetItem, qt.QHeaderView = TableItem, types.SimpleNamespace(Stretch=1)
    qt.QFileDialog = types.SimpleNamespace(
        getOpenFileName=lambda *words: "",
        getSaveFileName=lambda *words: "",
        getExistingDirectory=lambda *words: "",
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
    monkeypatch.setattr(slicer, "qSlicerSubjectHierarchyPluginHandler", PluginHandler, raising=False)
    PluginHandler.watch(slicer.mrmlScene)
    slicer.util.loadUI = lambda path: loadUI(path)  # absent from the package: nothing to restore
    slicer.util.childWidgetVariables = lambda panel: types.SimpleNamespace(**panel.children)
    for name, value in {
        "mainWindow": lambda: window,
        "selectModule": lambda name: qt.opened.append(name),
        "showStatusMessage": lambda text, milliseconds=0: qt.opened.append(text),
        "restart": lambda: qt.opened.append("restart"),
        "confirmOkCancelDisplay": lambda text, title="", **options: True,
    }.items():
        monkeypatch.setattr(slicer.util, name, value)
    settings = Settings()
    if keys := sys.modules.get("SAMCALib.KeyTable"):
        keys.forget()  # the application starts anew
    layout = Layout()
    application = types.SimpleNamespace(
        layoutManager=lambda: layout,
        userSettings=lambda: settings,
        processEvents=processEvents,
        applicationLogic=lambda: slicer.modules.volumes.logic().GetMRMLApplicationLogic(),
    )
    monkeypatch.setattr(slicer, "app", application, raising=False)
    del registered[:]
    return qt, application
