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
        self._isOurs = False  # whether the last press was

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
            return self._begin(interactor, eventId, viewWidget)
        if eventId == vtk.vtkCommand.MouseMoveEvent:
            self.effect.view.look(viewWidget)
            self.place = interactor.GetEventPosition()
        elif eventId == vtk.vtkCommand.LeaveEvent:
            self.place = None
        return False

    def _begin(self, interactor, eventId, viewWidget) -> bool:
        isSecond = eventId == vtk.vtkCommand.LeftButtonDoubleClickEvent
        isOver = self.effect.edit.points.isOver() and not (isSecond and self._isOurs)
        self._isOurs = not (isOver or interactor.GetShiftKey() or interactor.GetAltKey() or isSlicers())
        if self._isOurs:
            self.effect.view.look(viewWidget)
            self.place = None
            self.gesture.press(viewWidget, interactor, isSecond)
        return self._isOurs

    def _goOn(self, interactor, eventId) -> bool:
        if eventId not in (vtk.vtkCommand.MouseMoveEvent, vtk.vtkCommand.LeftButtonReleaseEvent):
            return False
        gesture, shapes = self.gesture, self.effect.shapes
        gesture.move(interactor.GetEventPosition())
        if eventId == vtk.vtkCommand.LeftButtonReleaseEvent:
            shapes.hideBox()
            self._finish(gesture)
            gesture.forget()
        elif gesture.isBox and gesture.positive:
            shapes.showBox(gesture.view, gesture.start, gesture.end)
        return True

    def _finish(self, gesture: Gesture) -> None:
        """A click or a box, on the frame of the view in which it began; a double click is one click."""
        xy, edit, positive = self.effect.view.xy, self.effect.edit, gesture.positive
        start, end = gesture.start, gesture.end
        if gesture.isBox and positive:
            self.effect.apply(lambda frame: edit.box(frame, *xy(frame, start), *xy(frame, end)))
        elif not (gesture.isBox or gesture.isSecond):
            self.effect.apply(lambda frame: edit.click(frame, *xy(frame, end), positive))
