"""Prompts of a segment: kept in its tag as JSON, shown as fiducials of three roles, read from fiducials.

The tag is the truth: undo, redo, `.seg.nrrd` and `.mrb` carry it. The fiducials are its picture for one frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from samca.prompts import Prompts

from .FrameLogic import Frame

TAG = "SAMCA.prompts"
ROLES = ("initial", "guidedPositive", "guidedNegative")


@dataclass(frozen=True)
class PromptObject:
    """One structure of a frame: what points at it, and the (H, W) bool mask that this gave, None until computed."""

    prompts: Prompts
    mask: np.ndarray | None = None

    def roleOf(self, index: int) -> str:
        """"initial", "guidedPositive" or "guidedNegative" of click `index`."""


@dataclass(frozen=True)
class FramePrompts:
    """The objects of one frame of one segment, in their order, and which one the next click belongs to.

    current == len(objects): the next click starts a new object.
    """

    objects: tuple[PromptObject, ...] = ()
    current: int = 0


def framePrompts(segmentationNode, segmentId: str, frame: Frame) -> FramePrompts:
    """The prompts of this frame in the segment's tag; empty if it has none."""


def setFramePrompts(segmentationNode, segmentId: str, frame: Frame, prompts: FramePrompts) -> None:
    """Put the prompts of this frame into the segment's tag; empty ones leave the tag."""


def promptsFromFiducials(frame: Frame, initial=None, guidedPositive=None, guidedNegative=None) -> Prompts:
    """Clicks from fiducial nodes (or sequences of world RAS positions), those on this frame only, initial ones first.

    Refusal if no initial point lies on the frame.
    """


class PromptPoints:
    """Three fiducial nodes, one a role, that show the prompts of one frame and tell what the user does to them.

    They belong to one segment editor node, are not saved, and are made at the first `show`.
    onMove(object, click, x, y, finished), onRemove(object, click), onPick(object), onAdd(role, x, y): called for
    changes by the user (drag, delete, press on a point, a point placed in one of the nodes), never for `show`.
    """

    def __init__(self, editorNode, onMove: Callable, onRemove: Callable, onPick: Callable, onAdd: Callable):
        """Nothing is added to the scene yet."""

    @property
    def nodes(self) -> dict:
        """role -> vtkMRMLMarkupsFiducialNode, made where missing."""

    def show(self, frame: Frame | None, prompts: FramePrompts) -> None:
        """Show these prompts of this frame (None: no points), the current object's in full colour."""

    def isOver(self) -> bool:
        """Whether the mouse is over one of the points, which then belongs to Markups, not to the effect."""

    def remove(self) -> None:
        """Take the nodes and the observers away."""
