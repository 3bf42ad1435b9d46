"""Tells that something in the scene has changed on which an editor's work depends: nobody has to poll.

Which node says what is left to those who look then: any event of the nodes in use counts.
"""

from __future__ import annotations

from collections.abc import Callable

import slicer
import vtk

from ..Frames import SequenceLogic
from ..Prompts.PromptPoints import PromptPoints
from .Selection import Selection


class ChangeWatch:
    """host: as of EditLogic; points: its points. changed(): called within events of the scene."""

    def __init__(self, host, points: PromptPoints, changed: Callable[[], None]):
        self._host, self._points, self._changed = host, points, changed
        self._selection = Selection(host)
        self._observed: dict = {}  # object -> observation

    def follow(self) -> None:
        """Watch what is in use now, and nothing else."""
        wanted = self._inUse()
        for each in self._observed.keys() - wanted:
            each.RemoveObserver(self._observed.pop(each))
        for each in wanted - self._observed.keys():
            self._observed[each] = each.AddObserver(vtk.vtkCommand.AnyEvent, lambda *_: self._changed())

    def stop(self) -> None:
        """Watch nothing."""
        for each, observation in self._observed.items():
            each.RemoveObserver(observation)
        self._observed = {}

    def _inUse(self) -> set:
        """The scene, the editor's nodes, the Sequence they are in, and the points that are shown."""
        segmentation, volume = self._selection.segment[0], self._selection.volume
        nodes = [node for node in (segmentation, volume) if node is not None]
        inner = segmentation and segmentation.GetSegmentation()
        browsers = map(SequenceLogic.browserOf, nodes)
        inUse = slicer.mrmlScene, self._host.parameterSetNode(), inner, *nodes, *browsers, *self._points.made
        return {each for each in inUse if each is not None}
