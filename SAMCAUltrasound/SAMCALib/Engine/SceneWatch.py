"""Tells which nodes have left the scene, one by one or all with it when it is closed."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import slicer
import vtk


class SceneWatch:
    """gone(id), a method, is called for each node, from `start` until `stop` or until its object is freed."""

    def __init__(self, gone: Callable[[str], None]):
        self._gone, self._scene, self._observation = weakref.WeakMethod(gone), None, 0

    def start(self) -> None:
        """Look at the application's scene; nothing happens if it is looked at already."""
        if self._scene is not slicer.mrmlScene:
            self.stop()
            self._scene = slicer.mrmlScene
            self._observation = self._scene.AddObserver(self._scene.NodeRemovedEvent, self._removed)

    def stop(self) -> None:
        """Look no more."""
        if self._scene is not None:
            self._scene.RemoveObserver(self._observation)
        self._scene = None

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _removed(self, _scene, _event, node=None) -> None:
        if (gone := self._gone()) is None:
            self.stop()
        elif node is not None:
            gone(node.GetID())
