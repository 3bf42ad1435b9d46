"""What the mouse does in slice views: the left button clicks and drags boxes, and its place is looked at."""

from __future__ import annotations

import vtk

from SAMCALib.Texts import _

from .Gesture import PRESSES, Gesture, isSlicers


class Mouse:
    """effect: the SegmentEditorEffect, whose `edit` gets clicks and boxes through its `apply`.

    place: (x, y) px of the view in which the mouse moves freely, None elsewhere.
    """

    def __init__(self, effect):
        self.effect, self.gesture, self.place = effect, Gesture(), None

    @property
    def isDown(self) -> bool:
        """Whether the button was pressed and not yet released."""
        return self.gesture.isRunning

    def forget(self) -> None:
        """No button is held, and nobody knows where the mouse is."""
        self.gesture.forget()
        self.place = None

    def process(self, interactor, eventId, viewWidget) -> bool:
        """True where the event is ours; points, the other buttons and keys belong to Slicer."""
        if viewWidget.className() != "qMRMLSliceWidget":
            if eventId in PRESSES:
                self.effect.tell(_("Clicks are taken in slice views only."))
            return False
        if self.isDown:
            return self._goOn(interactor, eventId)
        if eventId in PRESSES:
            return self._begin(interactor, viewWidget)
        if eventId == vtk.vtkCommand.MouseMoveEvent:
            self.effect.view.look(viewWidget)
            self.place = interactor.GetEventPosition()
        elif eventId == vtk.vtkCommand.LeaveEvent:
            self.place = None
        return False

    def _begin(self, interactor, viewWidget) -> bool:
        isOver = self.effect.edit.points.isOver()
        if isOver or interactor.GetShiftKey() or interactor.GetAltKey() or isSlicers():
            return False
        self.effect.view.look(viewWidget)
        self.place = None
        self.gesture.press(viewWidget, interactor.GetEventPosition(), not interactor.GetControlKey())
        return True

    def _goOn(self, interactor, eventId) -> bool:
        if eventId not in (vtk.vtkCommand.MouseMoveEvent, vtk.vtkCommand.LeftButtonReleaseEvent):
            return False
        gesture, shapes = self.gesture, self.effect.shapes
        gesture.move(interactor.GetEventPosition())
        if eventId == vtk.vtkCommand.LeftButtonReleaseEvent:
            shapes.hideBox()
            self._finish(gesture.start, gesture.end, gesture.isBox, gesture.positive)
            gesture.forget()
        elif gesture.isBox and gesture.positive:
            shapes.showBox(gesture.view, gesture.start, gesture.end)
        return True

    def _finish(self, start, end, isBox: bool, positive: bool) -> None:
        """A click or a box, on the frame of the view in which it began."""
        xy, edit = self.effect.view.xy, self.effect.edit
        if not isBox:
            self.effect.apply(lambda frame: edit.click(frame, *xy(frame, end), positive))
        elif positive:
            self.effect.apply(lambda frame: edit.box(frame, *xy(frame, start), *xy(frame, end)))
