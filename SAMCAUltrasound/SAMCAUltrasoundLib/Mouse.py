"""What the mouse does in slice views: the left button clicks and draws, and its place is looked at."""

from __future__ import annotations

import contextlib

import vtk

from SAMCALib.Texts import Refusal, _

from .Gesture import BOX, LASSO, PRESSES, STROKE, Gesture, isSlicers


class Mouse:
    """effect: the SegmentEditorEffect, whose `edit` gets clicks and what is drawn through its `apply`.

    place: (x, y) px of the view in which the mouse moves freely, None elsewhere.
    """

    def __init__(self, effect):
        self.effect, self.gesture = effect, Gesture()
        self.place = self._hovered = None  # the second: of the preview that was asked for last
        self._isOurs = False  # whether the last press was
        self._frame = None  # that was shown then

    @property
    def isDown(self) -> bool:
        """Whether the button was pressed and not yet released."""
        return self.gesture.isRunning

    def forget(self) -> None:
        """No button is held, and nobody knows where the mouse is."""
        self.gesture.forget()
        self.place = None

    def hover(self) -> None:
        """Ask for the preview where the mouse is, if it has moved; for the timer."""
        effect = self.effect
        isWanted = effect.options.hoverPreview and not effect.edit.points.isOver()
        if (place := self.place if isWanted else None) == self._hovered:
            return
        self._hovered, frame = place, effect.edit.frame
        if place is None or frame is None:
            effect.edit.hover(None)
        else:
            effect.edit.hover(frame, *effect.view.xy(frame, place))

    def process(self, interactor, eventId, viewWidget) -> bool:
        """True where the event is ours; points, the other buttons and keys belong to Slicer."""
        isOurs = self._take(interactor, eventId, viewWidget)
        isMove, effect = eventId == vtk.vtkCommand.MouseMoveEvent, self.effect
        if not isMove or effect.options.hoverPreview or effect.view.isOld:
            effect.wake()
        return isOurs

    def _take(self, interactor, eventId, viewWidget) -> bool:
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
            self._frame = self._shown()
        return self._isOurs

    def _goOn(self, interactor, eventId) -> bool:
        if eventId not in (vtk.vtkCommand.MouseMoveEvent, vtk.vtkCommand.LeftButtonReleaseEvent):
            return False
        gesture, shapes = self.gesture, self.effect.shapes
        gesture.move(interactor.GetEventPosition())
        if eventId == vtk.vtkCommand.LeftButtonReleaseEvent:
            shapes.hideDrawn()
            self._finish(gesture)
            gesture.forget()
        elif kind := gesture.kind(self.effect.options.drag):
            shapes.showDrawn(gesture, kind)
        return True

    def _finish(self, gesture: Gesture) -> None:
        """A click or what was drawn, on the frame on which it began; a double click is one click."""
        kind, edit, began = gesture.kind(self.effect.options.drag), self.effect.edit, self._frame
        trail, positive = gesture.trail, gesture.positive
        point = {
            BOX: lambda frame, places: edit.box(frame, *places[0], *places[-1]),
            STROKE: lambda frame, places: edit.stroke(frame, places, positive),
            LASSO: edit.lasso,
            "": lambda frame, places: edit.click(frame, *places[-1], positive),
        }[kind]

        def act(frame) -> None:
            if kind and frame != began:
                raise Refusal(_("The view has gone on to another frame meanwhile: draw again."))
            point(frame, [self.effect.view.xy(frame, place) for place in trail])

        if kind or not gesture.isSecond:
            self.effect.apply(act)

    def _shown(self):
        """The frame that is shown now, None without."""
        with contextlib.suppress(Refusal):
            return self.effect.view.frame()
