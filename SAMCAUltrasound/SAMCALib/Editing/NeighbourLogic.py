"""This frame and its neighbours: an object carried through a volume or Sequence, in one undo step.

Masks are computed first and written at the end, so what is cancelled or fails leaves the segment as it was.
In a Sequence every item has a segmentation of its own, and Slicer's history reaches the shown one only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from samca.prompts import Prompts

from ..Engine.EngineLogic import EngineLogic, Picture
from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import PromptLogic
from ..Prompts.MovedPrompts import onFrame
from ..Prompts.TagLogic import PromptObject
from ..Segments import SegmentLogic
from ..Segments.MaskLogic import MaskOptions
from ..Texts import Refusal, _
from . import ObjectLogic
from .EditQueue import pictureOf
from .Edits import newId
from .StepLogic import begin

Progress = Callable[[int, int], object]  # frames done, of how many; False ends it
SAME = 0.3  # IoU from which a carried object takes the place of one that was carried here before


@dataclass(frozen=True)
class Found:
    """One frame, its prompts (the user's or carried ones), and its (H, W) bool mask."""

    frame: Frame
    prompts: Prompts
    mask: np.ndarray
    carried: bool


def rangeOf(
    loop: list[Frame], frame: Frame, frames: tuple[int, int] | None = None, neighbours: int = 0
) -> tuple[int, int]:
    """(first, last), counted from 0: `frames` itself, or `neighbours` to each side of `frame`.

    ValueError for a range that is no part of the loop.
    """
    here, end = loop.index(frame), len(loop) - 1
    if frames is None:
        if neighbours < 1:
            raise ValueError(f"neighbours is {neighbours}: expected at least 1, or frames=(first, last)")
        return max(here - neighbours, 0), min(here + neighbours, end)
    first, last = (int(index) for index in frames)
    if not 0 <= first <= last <= end:
        raise ValueError(f"frames {first} to {last}: expected a part of 0 to {end}")
    return first, last


def promptsIn(
    loop: list[Frame], frame: Frame, prompts: Prompts, target: tuple, bounds: tuple[int, int]
) -> Iterator[dict[int, Prompts]]:
    """Prompts by place in the loop, those of one frame more at each step: these on `frame`, and in other
    frames of the bounds what the user pointed at there.

    That is in the segment's tag the first object that was not carried there. target: (segmentation node,
    segment id).
    """
    here, (first, last) = loop.index(frame), bounds
    given = {here: prompts}
    for place in range(first, last + 1):
        own = PromptLogic.framePrompts(*target, loop[place]).objects if place != here else ()
        own = [thing for thing in own if thing.prompts.mask is None]
        if own and own[0].startsSomewhere:
            given[place] = own[0].prompts
        yield given


def promptsOf(loop: list[Frame], frame: Frame, points) -> dict[int, Prompts]:
    """Prompts by place in the loop, from (initial, guidedPositive, guidedNegative) fiducials.

    In a volume each frame gets those that lie on it. In a Sequence, whose frames all lie at one place, they
    belong to `frame`. Refusal if none has an initial point.
    """
    if frame.item:
        return {loop.index(frame): PromptLogic.promptsFromFiducials(frame, *points)}
    prompts, refusal = {}, None
    for place, each in enumerate(loop):
        try:
            prompts[place] = PromptLogic.promptsFromFiducials(each, *points)
        except Refusal as error:
            refusal = error
    if not prompts:
        raise refusal
    return prompts


class Carrying:
    """An object on its way through the frames first to last of a loop, prompted frames first.

    ValueError as of `samca.interaction.propagation.order_of`. Refusal for frames of different size where the
    model takes several together.
    """

    def __init__(
        self, engine: EngineLogic, loop: list[Frame], prompts: Mapping[int, Prompts], bounds: tuple[int, int]
    ):
        from samca.interaction.propagation import order_of

        self._engine, self.loop, self._prompts = engine, loop, prompts
        self._order = order_of(prompts, *bounds)
        self._results: list[Found] = []

    @property
    def done(self) -> tuple[int, int]:
        """Frames done, of how many."""
        return len(self._results), len(self._order)

    @property
    def status(self) -> str:
        """One sentence."""
        done, count = self.done
        if done < count:
            return statusOf(done, count)
        return _("The object was carried through {count} frames.").format(count=count)

    def next(self) -> tuple[Picture, Prompts] | None:
        """What to ask the engine for now; None at the end. Where the object was lost nothing is asked."""
        from samca.interaction.propagation import FrameMask, carried

        by_place = {place: thing for (place, _), thing in zip(self._order, self._results, strict=False)}
        while len(self._results) < len(self._order):
            place, source = self._order[len(self._results)]
            if source is None:
                return self._picture(place), self._prompts[place]
            before = by_place[source]
            lies = onFrame(self.loop[source], self.loop[place], before.prompts, before.mask)
            given = carried(FrameMask(source, *lies, 0.0))
            if given:
                return self._picture(place), given
            self.take(given, np.zeros(FrameLogic.shape(self.loop[place]), bool))
            by_place[place] = self._results[-1]
        return None

    def take(self, prompts: Prompts, mask: np.ndarray) -> None:
        """The engine's answer to what `next` gave."""
        place, source = self._order[len(self._results)]
        self._results.append(Found(self.loop[place], prompts, mask, source is not None))

    @property
    def things(self) -> list[Found]:
        """All frames that are done."""
        return list(self._results)

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


def around(frame: Frame, count: int) -> tuple[list[Frame], tuple[int, int]]:
    """The loop of this frame, and the first and last place of `count` frames to each side in it.

    Refusal for a frame without neighbours.
    """
    loop = FrameLogic.loopOf(frame)
    if len(loop) < 2:
        raise Refusal(_("This frame has no neighbours: it is neither in a volume nor in a Sequence."))
    return loop, rangeOf(loop, frame, neighbours=count)


def statusOf(done: int, count: int) -> str:
    """How far it is, in words."""
    return _("Neighbours: {done} of {count} frames.").format(done=done, count=count)


def found(
    engine: EngineLogic,
    loop: list[Frame],
    prompts: Mapping[int, Prompts],
    bounds: tuple[int, int],
    options: MaskOptions,
    progress: Progress | None = None,
) -> list[Found]:
    """All frames of `Carrying`, waited for; none if progress said False. RuntimeError if the model fails."""
    carrying = Carrying(engine, loop, prompts, bounds)
    while asked := carrying.next():
        picture, given = asked
        carrying.take(given, engine.segment(picture, given, options))
        if progress is not None and progress(*carrying.done) is False:
            return []
    return carrying.things


def write(host, target: tuple, things: list[Found]) -> None:
    """Put the masks of all frames into the segment (segmentation node, segment id) as one undo step.

    Refusal, before anything is changed, if the segmentation cannot grow to one of them, or if what is stored
    there cannot be read.
    """
    for _frame in writing(host, target, things):
        pass


def writing(host, target: tuple, things: list[Found]) -> Iterator[Frame]:
    """The same bit by bit: each frame is looked at first, then written."""
    for thing in things:
        PromptLogic.checkPrompts(*target, thing.frame)
        if thing.mask.any():
            SegmentLogic.checkReach(target[0], thing.frame, thing.mask)
        yield thing.frame
    begin(host, *target)
    for thing in things:
        _writeFrame(host, target, thing)
        yield thing.frame


def _writeFrame(host, target: tuple, thing: Found) -> None:
    there = PromptLogic.framePrompts(*target, thing.frame)
    same = [i for i, other in enumerate(there.objects) if _isSame(thing, other)]
    if not same and not thing.mask.any():
        return
    there = replace(there, current=same[0] if same else len(there.objects))
    put = PromptObject(thing.prompts, thing.mask, id=there.object.id or newId())
    after = there.withObject(put) if thing.mask.any() else there.withoutObject(there.current)
    ObjectLogic.write(host, *target, thing.frame, there, after)


def _isSame(thing: Found, other: PromptObject) -> bool:
    """The object that started with the same click; of carried ones, what was carried to about this place."""
    if not thing.carried:
        return other.prompts.first(1) == thing.prompts.first(1)
    if other.prompts.mask is None or other.mask is None:
        return False
    return (other.mask & thing.mask).sum() >= SAME * max((other.mask | thing.mask).sum(), 1)
