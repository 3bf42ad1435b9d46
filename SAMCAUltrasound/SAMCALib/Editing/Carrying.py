"""An object on its way through a loop: what is asked for next, and as far as the model is sure of it.

How a frame is told what the one beside it shows is in `_given`; which frame comes next, and whether what was
found there is sure, `samca.interaction.propagation.Course` says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from samca.prompts import Prompts

from .. import KeyTable
from ..Engine.EngineLogic import EngineLogic, Picture, Result
from ..Engine.Trail import Step, Trail
from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Prompts.MovedPrompts import onFrame
from ..Texts import Refusal, _
from .EditQueue import pictureOf
from .LeadLogic import Leads

NAMED = 4  # frames in a sentence


@dataclass(frozen=True)
class Found:
    """One frame, its prompts (the user's or carried ones), and its (H, W) bool mask."""

    frame: Frame
    prompts: Prompts
    mask: np.ndarray
    carried: bool
    isSure: bool = True


class Carrying:
    """An object on its way through the frames first to last of a loop, from where something leads.

    ValueError as of `samca.interaction.propagation.order_of`. Refusal for frames of different size where the
    model takes several together.
    """

    def __init__(self, engine: EngineLogic, loop: list[Frame], leads: Leads, bounds: tuple[int, int]):
        from samca.interaction.propagation import Course

        self._engine, self.loop, self._leads, self._bounds = engine, loop, leads, bounds
        prompts = {place: lead.prompts for place, lead in leads.by.items()}
        self._course = Course(prompts, *bounds, until_unsure=True, is_sure=self._isSure)
        self._trail, self._isRecalled = Trail(), False
        self._largest = max(loop[bounds[0] : bounds[1] + 1], key=_area)
        self._found: dict[int, Found] = {}
        self._asked: tuple[int, Prompts, bool] = 0, Prompts(), False
        self._isOver = False

    @property
    def done(self) -> tuple[int, int]:
        """Frames done, of how many."""
        first, last = self._bounds
        count = last - first + 1
        return count if self._isOver else len(self._found), count

    @property
    def status(self) -> str:
        """One sentence; at the end how far the model is sure, and what to do there."""
        if not self._isOver:
            return statusOf(*self.done)
        if unsure := self.unsure:
            return f"{self._howFar()} {_whereNot(unsure)}"
        return _("The object was carried through {count} frames.").format(count=len(self._sure))

    @property
    def unsure(self) -> tuple[Frame, ...]:
        """The frames at which it stopped, in their order: the first ones of each gap that something may be
        carried to, from each side that is sure."""
        sure, (first, last), places = set(self._sure), self._bounds, set()
        for way in (range(first, last + 1), range(last, first - 1, -1)):
            isBehindSure = False
            for place in way:
                if place in sure:
                    isBehindSure = True
                elif isBehindSure and place not in self._leads.closed:
                    places.add(place)
                    isBehindSure = False
        return tuple(self.loop[place] for place in sorted(places))

    @property
    def things(self) -> list[Found]:
        """What is to be written: all that is sure, but for what is there already."""
        return [self._found[place] for place in self._sure if not self._isThere(place)]

    @property
    def step(self) -> Step:
        """What `next` gave last, on the trail of the object."""
        place, _given, isCarried = self._asked
        lead = self._leads.by.get(place)
        return Step(self._trail, place, isCarried, None if isCarried or lead is None else lead.mask)

    def next(self) -> tuple[Picture, Prompts] | None:
        """What to ask the engine for now; None at the end. Where the object was lost nothing is asked."""
        while (step := self._course.next()) is not None:
            place, before = step
            isCarried = before is not None
            given = self._given(before.index, place) if isCarried else self._leads.by[place].prompts
            self._asked = place, given, isCarried
            if given and place not in self._leads.closed:
                return self._picture(place), given
            self._put(np.zeros(FrameLogic.shape(self.loop[place]), bool), 0.0, None)
        self._isOver = True
        return None

    def take(self, result: Result) -> None:
        """The engine's answer to what `next` gave."""
        from samca.interaction.propagation import FrameMask, carried

        place, given, isCarried = self._asked
        stays, self._isRecalled = not isCarried and self._isThere(place), result.isRecalled
        if result.isRecalled:  # whoever points at it there goes on from this mask
            self._asked = place, carried(FrameMask(place, given, result.mask, result.iou)), isCarried
        self._put(self._leads.by[place].mask if stays else result.mask, result.iou, result.agreement)

    # Below: how it is done

    def _given(self, source: int, place: int) -> Prompts:
        """What a frame is asked by what was found in another one."""
        from samca.interaction.propagation import FrameMask, carried

        before = self._found[source]
        lies = onFrame(self.loop[source], self.loop[place], before.prompts, before.mask)
        return carried(FrameMask(source, *lies, 0.0))

    def _isSure(self, found, before, pointedAt) -> bool:
        from samca.interaction.carriers import last_mask, recall

        rule = recall.is_sure(found) if self._isRecalled else last_mask.is_sure(found, before, pointedAt)
        self._isRecalled = False
        return rule

    def _put(self, mask: np.ndarray, iou: float, agreement: float | None) -> None:
        from samca.interaction.propagation import FrameMask

        place, given, isCarried = self._asked
        said = self._course.take(FrameMask(place, given, self._alike(place, mask), iou, agreement))
        if said.is_sure or place not in self._found:
            self._found[place] = Found(self.loop[place], given, mask, isCarried, said.is_sure)

    def _alike(self, place: int, mask: np.ndarray) -> np.ndarray:
        """The mask in pixels of one size in all frames, by which the course knows how large it is."""
        return onFrame(self.loop[place], self._largest, Prompts(), mask)[1]

    @property
    def _sure(self) -> list[int]:
        return sorted(place for place, found in self._found.items() if found.isSure)

    def _isThere(self, place: int) -> bool:
        """Whether this frame leads by what is in the segment."""
        lead = self._leads.by.get(place)
        return lead is not None and lead.mask is not None

    def _howFar(self) -> str:
        sure, (first, last) = self._sure, self._bounds
        if sure[-1] - sure[0] + 1 > len(sure):
            text = _("Sure in {count} of {total} frames.")
        elif sure[0] == first:
            text = _("Sure up to frame {last}.")
        else:
            text = _("Sure from frame {first} to frame {last}.")
        ends = {"first": self.loop[sure[0]].number, "last": self.loop[sure[-1]].number}
        return text.format(count=len(sure), total=last - first + 1, **ends)

    def _picture(self, place: int) -> Picture:
        """The frame for the engine, with its neighbours where the model takes several frames together."""
        from samca.datasets.loops import check_sizes, window_around

        loop = self.loop
        picture, around = pictureOf(loop[place]), window_around(place, len(loop), self._engine.depth)
        if len(around) == 1:
            return picture
        try:
            check_sizes([FrameLogic.shape(loop[i]) for i in around], _("This loop"))
        except ValueError as error:
            raise Refusal(str(error)) from error
        key = (*(FrameLogic.cacheKey(loop[i]) for i in around), place - around.start)
        frames = tuple(FrameLogic.pixels(loop[i]) for i in around)
        return replace(picture, key=key, frames=frames, place=place - around.start)


def statusOf(done: int, count: int) -> str:
    """How far it is, in words."""
    return _("Neighbours: {done} of {count} frames.").format(done=done, count=count)


def _whereNot(unsure: tuple[Frame, ...]) -> str:
    frames = ", ".join(frame.number for frame in unsure[:NAMED]) + (", ..." if len(unsure) > NAMED else "")
    key = KeyTable.keys()["nextUnsure"]
    if len(unsure) == 1:
        text = _("Frame {frames} is not sure: press {key} to go there, and click.")
        text = text if key else _("Frame {frames} is not sure: go there, and click.")
    else:
        text = _("Frames {frames} are not sure: press {key} to go there, and click.")
        text = text if key else _("Frames {frames} are not sure: go there, and click.")
    return text.format(frames=frames, key=key)


def _area(frame: Frame) -> float:
    """mm2 of a frame."""
    return float(np.prod(FrameLogic.shape(frame)) * np.prod(FrameLogic.spacing(frame)))
