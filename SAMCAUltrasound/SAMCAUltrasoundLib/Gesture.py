"""What press, moves and release of the left button in a view come to: a click, a box, or what was drawn."""

from __future__ import annotations

import slicer
import vtk

PRESSES = (vtk.vtkCommand.LeftButtonPressEvent, vtk.vtkCommand.LeftButtonDoubleClickEvent)
BOX, STROKE, LASSO = "box", "stroke", "lasso"  # what dragging draws
CLICK_PX = 5  # a hand that clicks moves less than this between press and release
USUAL_DPI = 72  # VTK's for a screen at 100 %


class Gesture:
    """Feed it presses, moves and releases in view pixels; at most one view at a time.

    scale: view pixels in one of the screen at 100 %. isSecond: the press is the second one of a double click.
    """

    def __init__(self):
        self.forget()

    def forget(self) -> None:
        """No button is held."""
        self.view, self.start, self.end, self.positive = None, None, None, True
        self.trail: list = []  # all places from the start on
        self.scale, self.isSecond = 1.0, False

    @property
    def isRunning(self) -> bool:
        """Whether the button was pressed and not yet released."""
        return self.start is not None

    @property
    def isBox(self) -> bool:
        """Whether the mouse has moved too far for a click."""
        return self.isRunning and self._isFar(self.end)

    @property
    def isDrawn(self) -> bool:
        """Whether it was too far for a click on its way, even if it has come back since."""
        return any(map(self._isFar, self.trail))

    def kind(self, chosen: str) -> str:
        """What is being drawn where dragging draws what was chosen, "" for a click; with Ctrl a stroke."""
        kind = (chosen if chosen in (STROKE, LASSO) else BOX) if self.positive else STROKE
        return kind if (self.isBox if kind == BOX else self.isDrawn) else ""

    def press(self, view, interactor, isSecond: bool = False) -> None:
        """The button goes down; with Ctrl it takes away."""
        self.start = self.end = interactor.GetEventPosition()
        self.trail = [self.start]
        self.view, self.positive, self.isSecond = view, not interactor.GetControlKey(), isSecond
        self.scale = max(interactor.GetRenderWindow().GetDPI() / USUAL_DPI, 1.0)

    def move(self, xy: tuple[int, int]) -> None:
        """The mouse moves with the button down."""
        self.end = xy
        if xy != self.trail[-1]:
            self.trail.append(xy)

    def _isFar(self, xy: tuple[int, int]) -> bool:
        return max(abs(a - b) for a, b in zip(self.start, xy, strict=True)) >= CLICK_PX * self.scale


def isSlicers() -> bool:
    """Whether the toolbar gave the left button to somebody else: placing markups, window and level."""
    node = slicer.mrmlScene.GetSingletonNode("Singleton", "vtkMRMLInteractionNode")
    return node is not None and node.GetCurrentInteractionMode() != node.ViewTransform
