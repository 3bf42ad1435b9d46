"""What press, moves and release of the left button in a view come to: a click, or a box that was dragged."""

from __future__ import annotations

import slicer
import vtk

PRESSES = (vtk.vtkCommand.LeftButtonPressEvent, vtk.vtkCommand.LeftButtonDoubleClickEvent)
CLICK_PX = 5  # a hand that clicks moves less than this between press and release


class Gesture:
    """Feed it presses, moves and releases in view pixels; at most one view at a time."""

    def __init__(self):
        self.forget()

    def forget(self) -> None:
        """No button is held."""
        self.view, self.start, self.end, self.positive = None, None, None, True

    @property
    def isRunning(self) -> bool:
        """Whether the button was pressed and not yet released."""
        return self.start is not None

    @property
    def isBox(self) -> bool:
        """Whether the mouse has moved too far for a click."""
        return (
            self.isRunning and max(abs(a - b) for a, b in zip(self.start, self.end, strict=True)) >= CLICK_PX
        )

    def press(self, view, xy: tuple[int, int], positive: bool) -> None:
        """The button goes down; positive is False with Ctrl."""
        self.view, self.start, self.end, self.positive = view, xy, xy, positive

    def move(self, xy: tuple[int, int]) -> None:
        """The mouse moves with the button down."""
        self.end = xy


def isSlicers() -> bool:
    """Whether the toolbar gave the left button to somebody else: placing markups, window and level."""
    node = slicer.mrmlScene.GetSingletonNode("Singleton", "vtkMRMLInteractionNode")
    return node is not None and node.GetCurrentInteractionMode() != node.ViewTransform
