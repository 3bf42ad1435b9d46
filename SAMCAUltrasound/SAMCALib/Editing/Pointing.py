"""What the user can point with at the objects of a frame: clicks, strokes, a lasso, a box, a mask."""

from __future__ import annotations

from samca.prompts import Click, Prompts

from ..Frames.FrameLogic import Frame
from ..Prompts import Drawing, PromptLogic
from ..Texts import Refusal, _
from . import ObjectLogic
from .Edits import Another, Move, Point, Remove, newId
from .SuggestLogic import checkKind


class Pointing:
    """The actions of an EditLogic that point at something; how they come into the segment is its own."""

    def click(self, frame: Frame, x: float, y: float, positive: bool = True) -> None:
        """Add a click to the current object; the first one of an object must be positive."""
        self.checkPlace(frame, (x, y))
        self._give(frame, Prompts((PromptLogic.clickAt(x, y, positive),)))

    def stroke(self, frame: Frame, places: list[tuple[float, float]], positive: bool = True) -> None:
        """Draw along what belongs to the current object, or along what does not; places: (x, y) px each."""
        self.checkPlace(frame)
        self._give(frame, Prompts((Drawing.strokeAlong(frame, places, positive),)))

    def lasso(self, frame: Frame, places: list[tuple[float, float]]) -> None:
        """Draw around the current object, in place of an earlier lasso or a mask; places: (x, y) px each."""
        self.checkPlace(frame)
        self._give(frame, Prompts(lasso=Drawing.lassoAlong(frame, places)))

    def another(self, frame: Frame) -> None:
        """Show the next outline that the only click on the current object may mean, round and round."""
        self._goTo(frame)
        if says := self.againstAnother:
            raise Refusal(says)
        self._edit(Another(self._selection.target(frame), self.prompts.object.id))

    @property
    def againstAnother(self) -> str:
        """Why the current object has no other outline, "" if it may have."""
        if self.engine.modelName and not self.engine.givesAlternatives:
            return _("This model gives one outline for a click.")
        if not self.prompts.object.prompts:
            return _("Click on an object first: there are other outlines that a click may mean.")
        if not self.prompts.object.prompts.is_ambiguous:
            return _("Other outlines are what one click may mean: here more was pointed at.")
        return ""

    def box(self, frame: Frame, x0: float, y0: float, x1: float, y1: float) -> None:
        """Put a box, by two opposite corners in px, around the current object, in place of an earlier one."""
        self.checkPlace(frame)
        self._give(frame, Prompts(box=PromptLogic.boxBetween(frame, (x0, y0), (x1, y1))))

    def useMask(self, frame: Frame) -> None:
        """Take what the segment covers here, other objects aside, as mask prompt of the current object."""
        self._goTo(frame)
        self._point(Prompts(mask=ObjectLogic.maskBeside(*self._selection.segment, frame, self.prompts)))

    def suggest(self, frame: Frame, kind: int = 0) -> None:
        """Let the model find what is of this class (from 0) as the current object; clicks mend it."""
        self.check(frame)
        checkKind(self.engine, kind)
        self._goTo(frame)
        self._point(Prompts(suggestion=kind))

    def newObject(self, frame: Frame) -> None:
        """The next click starts another object in the same segment and frame."""
        self._goTo(frame)
        self._current = newId()
        self._refresh()

    def takeFiducials(self, frame: Frame, initial, guidedPositive=None, guidedNegative=None) -> None:
        """A new object from the points of existing fiducial lists that lie on the frame."""
        self.check(frame)
        taken = PromptLogic.promptsFromFiducials(frame, initial, guidedPositive, guidedNegative)
        self._goTo(frame)
        self._current = newId()
        self._point(taken)

    def moveClick(self, object: int, index: int, x: float, y: float, finished: bool = True) -> None:
        """Move a click of the frame; a drag is one undo step from its first move to the finished one."""
        self._survive(self._follow)
        self._move(*self.prompts.pointAt(object, index), x, y, finished)

    def removeClick(self, object: int, index: int) -> None:
        """Take a click of the frame away; the object goes with its last one."""
        self._survive(self._follow)
        point = self.prompts.pointAt(object, index)
        self._edit(Remove(self._selection.target(self._frame), *point))

    def _give(self, frame: Frame, given: Prompts) -> None:
        """Point at the current object with these, too; at one that follows the image, if there is one."""
        if self.isFollowing:
            self.sweep.point(frame, given)
            return
        self._goTo(frame)
        if any(not click.positive for click in given.clicks) and not self.prompts.object.startsSomewhere:
            raise Refusal(_("The first click of an object goes inside it: click without Ctrl."))
        self._point(given)

    def _point(self, given: Prompts) -> None:
        """Point at the current object with these, too."""
        name, starts = self.prompts.object.id, not self.prompts.object.id
        name = name or self._current or newId()
        self._edit(Point(self._selection.target(self._frame), name, given, starts))

    def _move(self, name: str, click: Click, x: float, y: float, finished: bool) -> None:
        there = PromptLogic.clickAt(*Drawing.reached(self._frame, click, x, y))
        goesOn, self._dragging = self._dragging, not finished
        self._edit(Move(self._selection.target(self._frame), name, click, there.x, there.y), goesOn)
