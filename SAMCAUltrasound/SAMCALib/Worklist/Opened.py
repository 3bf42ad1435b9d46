"""A case in the scene: what it is made of, where it is saved, and how its nodes leave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import slicer

from ..Texts import Refusal, _


@dataclass
class Opened:
    """A case in the scene.

    path: where its outline is saved, None: nowhere; content: SHA-256 of the file there as we know it; left:
    what of the segmentation is saved, see OutlineFile.fingerprint; group: what a dataset must not split.
    """

    name: str
    volume: object
    segmentation: object
    path: Path | None = None
    content: str = ""
    left: tuple = ()
    group: str = ""

    def fileIn(self, out: Path | None) -> str:
        """What an entry of this folder calls the file of the outline, "" without one."""
        return self.path.relative_to(out).as_posix() if self.content else ""


def isThere(node) -> bool:
    """Whether a node is still in the scene."""
    return slicer.mrmlScene.GetNodeByID(node.GetID() or "") is node


def takeOut(node) -> None:
    """Take a node out of the scene, with what shows and what stores it."""
    shown = [node.GetNthDisplayNode(i) for i in range(node.GetNumberOfDisplayNodes())]
    for each in filter(None, [node, *shown, node.GetStorageNode()]):
        slicer.mrmlScene.RemoveNode(each)


def notSaved(name: str, error: Exception) -> Refusal:
    """What to tell of a case whose outline cannot be written."""
    text = _("{name} is not saved: {error}. It stays open: make room, or save it by hand.")
    return Refusal(text.format(name=name, error=error))
