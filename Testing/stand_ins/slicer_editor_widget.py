"""qMRMLSegmentEditorWidget, as far as the self tests of Testing/Python use it."""

from __future__ import annotations

import types

import slicer
from slicer_application import EffectEditor, registered


class SegmentEditorWidget:
    """Effects are cloned when it gets its editor node; one of them is active or none."""

    def __init__(self):
        self._logic, self._effects, self._active = slicer.vtkSlicerSegmentEditorLogic(), {}, None

    def setMRMLScene(self, scene):
        self._logic.SetMRMLScene(scene)

    def setMRMLSegmentEditorNode(self, node):
        self._logic.SetSegmentEditorNode(node)
        own = types.SimpleNamespace(node=node, logic=self._logic)
        self._effects = {host.name: EffectEditor(host, own) for host in registered}

    def mrmlSegmentEditorNode(self):
        return self._logic.GetSegmentEditorNode()

    def setMaximumNumberOfUndoStates(self, count):
        self._logic.SetMaximumNumberOfUndoStates(count)

    def setSegmentationNode(self, node):
        self.mrmlSegmentEditorNode().SetAndObserveSegmentationNode(node)

    def setSourceVolumeNode(self, node):
        self.mrmlSegmentEditorNode().SetAndObserveSourceVolumeNode(node)

    def availableEffectNames(self):
        return tuple(host.name for host in registered)

    def setActiveEffectByName(self, name):
        if self._active is not None:
            self._active.deactivate()
        self._active = self._effects.get(name)
        if self._active is not None:
            self._active.activate()

    def activeEffect(self):
        return self._active and self._active.host

    def undo(self):
        self._logic.Undo()

    def redo(self):
        self._logic.Redo()


def editorModule(monkeypatch):
    """Put the Segment Editor among Slicer's modules; what it was given to work on: segmentation, volume,
    effect."""
    works = types.SimpleNamespace(segmentation=None, volume=None, effect="")
    works.setSegmentationNode = lambda node: setattr(works, "segmentation", node)
    works.setSourceVolumeNode = lambda node: setattr(works, "volume", node)
    works.setActiveEffectByName = lambda name: setattr(works, "effect", name)
    panel = types.SimpleNamespace(self=lambda: types.SimpleNamespace(editor=works))
    module = types.SimpleNamespace(widgetRepresentation=lambda: panel)
    monkeypatch.setattr(slicer.modules, "segmenteditor", module, raising=False)
    return works


def flatViews(monkeypatch):
    """Showing a volume flat in a view does nothing, and the view "Red" is one without a window."""
    monkeypatch.setattr("SAMCALib.Editing.StartLogic.showFlat", lambda sliceLogic, volume: None)
    red, others = types.SimpleNamespace(sliceLogic=lambda: None), slicer.app.layoutManager().sliceWidget
    ofName = lambda name: red if name == "Red" else others(name)  # noqa: E731
    monkeypatch.setattr(slicer.app.layoutManager(), "sliceWidget", ofName)
