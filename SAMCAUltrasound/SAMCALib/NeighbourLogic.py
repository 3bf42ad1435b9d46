"""This frame and its neighbours: an object carried through a volume or Sequence, in one undo step.

Masks are computed first and written at the end, so what is cancelled or fails leaves the segment as it was.
In a Sequence every item has a segmentation of its own, and Slicer's history reaches the shown one only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from samca.prompts import Prompts

from . import FrameLogic, PromptLogic, SegmentLogic, SequenceLogic
from .EditQueue import pictureOf, union
from .EngineLogic import EngineLogic, Picture
from .FrameLogic import Frame
from .MaskLogic import MaskOptions
from .TagLogic import PromptObject
from .Texts import Refusal, _

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


def found(
    engine: EngineLogic,
    loop: list[Frame],
    prompts: Mapping[int, Prompts],
    bounds: tuple[int, int],
    options: MaskOptions,
    progress: Progress | None = None,
) -> list[Found]:
    """The object in frames first to last of the loop, prompted frames first; empty if progress said False.

    RuntimeError if the model fails, ValueError as of `samca.propagation.order_of` and for a loop of frames of
    different size where the model takes several together.
    """
    from samca.propagation import FrameMask, carried, order_of

    order = order_of(prompts, *bounds)
    results: dict[int, FrameMask] = {}
    for done, (place, source) in enumerate(order, start=1):
        given = prompts[place] if source is None else carried(results[source])
        mask = np.zeros(FrameLogic.shape(loop[place]), bool)
        if given:
            mask = engine.segment(_picture(engine, loop, place), given, options)
        results[place] = FrameMask(place, given, mask, 0.0)
        if progress is not None and progress(done, len(order)) is False:
            return []
    return [
        Found(loop[place], results[place].prompts, results[place].mask, source is not None)
        for place, source in order
    ]


def write(host, target: tuple, things: list[Found]) -> None:
    """Put the masks of all frames into the segment (segmentation node, segment id) as one undo step."""
    shown = SequenceLogic.itemOf(things[0].frame.volume)
    browser = SequenceLogic.browserOf(things[0].frame.volume) if shown else None
    host.saveStateForUndo()
    try:
        for thing in things:
            if browser is not None:
                SequenceLogic.showItem(browser, thing.frame.item)
            _writeFrame(host, target, thing)
    finally:
        if browser is not None:
            SequenceLogic.showItem(browser, shown)


def _writeFrame(host, target: tuple, thing: Found) -> None:
    there = PromptLogic.framePrompts(*target, thing.frame)
    same = [i for i, other in enumerate(there.objects) if _isSame(thing, other)]
    if not same and not thing.mask.any():
        return
    there = replace(there, current=same[0] if same else len(there.objects))
    others = union(there, there.current)
    SegmentLogic.replaceObject(host, *target, thing.frame, there.object.mask, thing.mask, others)
    there = there.withObject(PromptObject(thing.prompts, thing.mask))
    if not thing.mask.any():
        there = there.withoutObject(there.current)
    PromptLogic.setFramePrompts(*target, thing.frame, there)


def _isSame(thing: Found, other: PromptObject) -> bool:
    """The object that started with the same click; of carried ones, what was carried to about this place."""
    if not thing.carried:
        return other.prompts.first(1) == thing.prompts.first(1)
    if other.prompts.mask is None or other.mask is None:
        return False
    return (other.mask & thing.mask).sum() >= SAME * max((other.mask | thing.mask).sum(), 1)


def _picture(engine: EngineLogic, loop: list[Frame], place: int) -> Picture:
    """The frame for the engine, with its neighbours where the model takes several frames together."""
    from samca.datasets.loops import check_sizes, window_around

    picture, around = pictureOf(loop[place]), window_around(place, len(loop), engine.depth)
    if len(around) == 1:
        return picture
    check_sizes([FrameLogic.shape(loop[i]) for i in around], _("This loop"))
    key = (*(FrameLogic.cacheKey(loop[i]) for i in around), place - around.start)
    frames = tuple(FrameLogic.pixels(loop[i]) for i in around)
    return replace(picture, key=key, frames=frames, place=place - around.start)
