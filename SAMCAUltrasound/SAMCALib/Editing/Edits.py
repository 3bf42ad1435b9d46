"""What can be done to the prompts of a frame; each edit names the object, and the click, that it is about.

An edit may have to wait for the one before. Undo, redo and other editors change the prompts meanwhile, so
what it is about is found again when its turn comes, by what it is, never by where it stood.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import ClassVar

from samca.prompts import Click, Prompts

from ..Prompts import Handles
from ..Prompts.Handles import Handle
from ..Prompts.PromptLogic import FramePrompts, asKept
from ..Prompts.TagLogic import MOST_OUTLINES, PromptObject
from ..Segments.MaskLogic import MaskOptions
from . import OptionSteps

ROUND = MOST_OUTLINES + 1  # whole rounds of one, two, three and four outlines


class Unfit(Exception):
    """What an edit would change is not there any more."""


def newId() -> str:
    """For an object that there was not before."""
    return uuid.uuid4().hex[:8]


@dataclass(frozen=True)
class Edit:
    """place: (segmentation id, segment id, frame). object: the id of the object that it is about.

    undo: begins a step of Slicer's history; else it belongs to the step before. A changed object is marked
    pending; what has no prompts any more goes.
    """

    place: tuple
    object: str
    undo: bool = field(default=True, kw_only=True)
    points: ClassVar[bool] = True  # at the object: what was carried there is the user's from then on

    @property
    def about(self) -> tuple[str, ...]:
        """The ids of all objects that it changes."""
        return (self.object,)

    def of(self, prompts: FramePrompts) -> FramePrompts:
        """What becomes of these prompts, with the object current; Unfit if it does not fit them."""
        number = prompts.indexOf(self.object)
        if number == len(prompts.objects):
            raise Unfit
        thing = self.changed(prompts.objects[number])
        thing = replace(thing, carried=thing.carried and not self.points)
        if not thing.prompts:
            return prompts.withoutObject(number)
        if not thing.startsSomewhere:
            thing = PromptObject(thing.prompts, id=thing.id)
        return replace(prompts, current=number).withObject(thing)

    def changed(self, thing: PromptObject) -> PromptObject:
        """What becomes of the object; Unfit if it does not fit it."""
        raise NotImplementedError

    def noteIn(self, segment, isBegun: bool) -> None:
        """Note in the segment what this changes beside prompts; once before and once after it has begun."""


@dataclass(frozen=True)
class Point(Edit):
    """Point at the object with these prompts, too: clicks come after the others, the rest in place of it.

    A mask is what the object covers until it is computed. starts: there is no object before.
    """

    given: Prompts
    starts: bool

    def of(self, prompts: FramePrompts) -> FramePrompts:
        """The same, with a new object if this starts one."""
        if self.starts and prompts.indexOf(self.object) == len(prompts.objects):
            prompts = replace(prompts, objects=(*prompts.objects, PromptObject(Prompts(), id=self.object)))
        return super().of(prompts)

    def changed(self, thing: PromptObject) -> PromptObject:
        """The object with more prompts."""
        given = {name: getattr(self.given, name) for name in ("box", "mask", "suggestion")}
        given = {name: value for name, value in given.items() if value is not None}
        if self.given.lasso or "mask" in given:  # a lasso is a mask to the model: one takes the other's place
            given = {"mask": None, **given, "lasso": self.given.lasso}
        thing = replace(thing, prompts=replace(thing.prompts.plus(*self.given.clicks), **given), pending=True)
        return thing if self.given.mask is None else replace(thing, mask=self.given.mask, under=None)


@dataclass(frozen=True)
class Move(Edit):
    """Move a click or stroke, or a handle, to (x, y) px."""

    click: Click
    x: float
    y: float

    def changed(self, thing: PromptObject) -> PromptObject:
        """The object with the click elsewhere."""
        if isinstance(self.click, Handle):
            prompts = Handles.moved(_having(thing, self.click), self.click, self.x, self.y)
            prompts = replace(prompts, lasso=tuple(map(asKept, prompts.lasso)))
        else:
            prompts = _replaced(thing, self.click, self._moved)
        return replace(thing, prompts=prompts, pending=True)

    @property
    def _moved(self) -> Click:
        moved = self.click.moved_to(self.x, self.y)
        return replace(moved, path=tuple(map(asKept, moved.path)))

    def goesOn(self, edit: Edit) -> bool:
        """Whether the other edit moves the same click on from here, or the same handle."""
        if isinstance(edit, Move) and isinstance(self.click, Handle):
            held = (self.place, self.object, self.click.part)
            return held == (edit.place, edit.object, getattr(edit.click, "part", None))
        return isinstance(edit, Move) and (self.place, self.object, self._moved) == (
            edit.place,
            edit.object,
            edit.click,
        )


@dataclass(frozen=True)
class Remove(Edit):
    """Take a click away, or box or lasso by a handle; the object goes with its last prompt."""

    click: Click

    def changed(self, thing: PromptObject) -> PromptObject:
        """The object without the click."""
        if isinstance(self.click, Handle):
            return replace(
                thing, prompts=Handles.without(_having(thing, self.click), self.click), pending=True
            )
        return replace(thing, prompts=thing.prompts.without(_place(thing, self.click)), pending=True)


@dataclass(frozen=True)
class Another(Edit):
    """Go on to the next outline that the only click may mean."""

    def changed(self, thing: PromptObject) -> PromptObject:
        """The object with that."""
        if not thing.prompts.is_ambiguous:
            raise Unfit
        number = (thing.prompts.alternative + 1) % ROUND
        return replace(thing, prompts=replace(thing.prompts, alternative=number), pending=True)


@dataclass(frozen=True)
class Again(Edit):
    """Compute the mask once more, with other options than before."""

    before: MaskOptions
    after: MaskOptions
    points: ClassVar[bool] = False

    def changed(self, thing: PromptObject) -> PromptObject:
        """The object, marked."""
        return replace(thing, pending=thing.startsSomewhere)

    def noteIn(self, segment, isBegun: bool) -> None:
        """The options."""
        if isBegun or self.undo:
            OptionSteps.note(segment, self.after if isBegun else self.before)


@dataclass(frozen=True)
class Clear(Edit):
    """Take these objects away."""

    objects: tuple[str, ...]

    @property
    def about(self) -> tuple[str, ...]:
        """These objects."""
        return self.objects

    def of(self, prompts: FramePrompts) -> FramePrompts:
        """What is left of the frame."""
        left = tuple(thing for thing in prompts.objects if thing.id not in self.objects)
        if len(left) == len(prompts.objects):
            raise Unfit
        return FramePrompts(left, max(len(left) - 1, 0))


def _having(thing: PromptObject, handle: Handle) -> Prompts:
    if not Handles.isThere(thing.prompts, handle):
        raise Unfit
    return thing.prompts


def _replaced(thing: PromptObject, click: Click, by: Click) -> Prompts:
    clicks, place = thing.prompts.clicks, _place(thing, click)
    return replace(thing.prompts, clicks=(*clicks[:place], by, *clicks[place + 1 :]))


def _place(thing: PromptObject, click: Click) -> int:
    """Where the object has this click, the last of equal ones."""
    places = [i for i, other in enumerate(thing.prompts.clicks) if other == click]
    if not places:
        raise Unfit
    return places[-1]
