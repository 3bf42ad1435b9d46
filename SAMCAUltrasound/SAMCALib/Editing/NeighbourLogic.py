"""This frame and its neighbours: an object carried through a volume or Sequence, in one undo step.

Masks are computed first and written at the end, so what is cancelled or fails leaves the segment as it was.
In a Sequence every item has a segmentation of its own, and Slicer's history reaches the shown one only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from samca.prompts import Prompts

from ..Engine.EngineLogic import EngineLogic
from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import PromptLogic
from ..Prompts.TagLogic import PromptObject
from ..Segments import SegmentLogic
from ..Segments.MaskLogic import MaskOptions
from ..Texts import Refusal, _
from . import ObjectLogic
from .Carrying import Carrying, Found
from .Edits import newId
from .StepLogic import begin

Progress = Callable[[int, int], object]  # frames done, of how many; False ends it
SAME = 0.3  # IoU from which a carried object takes the place of one that was carried here before


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


def around(frame: Frame, count: int) -> tuple[list[Frame], tuple[int, int]]:
    """The loop of this frame, and the first and last place of `count` frames to each side in it.

    Refusal for a frame without neighbours.
    """
    loop = FrameLogic.loopOf(frame)
    if len(loop) < 2:
        raise Refusal(_("This frame has no neighbours: it is neither in a volume nor in a Sequence."))
    return loop, rangeOf(loop, frame, neighbours=count)


def carry(
    engine: EngineLogic, carrying: Carrying, options: MaskOptions, progress: Progress | None = None
) -> bool:
    """Go all the way, waiting for the answers; whether progress never said False. RuntimeError if the model
    fails."""
    while asked := carrying.next():
        carrying.take(engine.answer(*asked, options, carrying.step))
        if progress is not None and progress(*carrying.done) is False:
            return False
    return True


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
    same = [i for i, other in enumerate(there.objects) if isSame(thing, other)]
    if not same and not thing.mask.any():
        return
    there = replace(there, current=same[0] if same else len(there.objects))
    put = PromptObject(thing.prompts, thing.mask, id=there.object.id or newId(), carried=thing.carried)
    after = there.withObject(put) if thing.mask.any() else there.withoutObject(there.current)
    ObjectLogic.write(host, *target, thing.frame, there, after)


def isSame(thing: Found, other: PromptObject) -> bool:
    """The object that started with the same click; of carried ones, what was carried to about this place."""
    if not thing.carried:
        return other.prompts.first(1) == thing.prompts.first(1)
    if not other.carried or other.mask is None:
        return False
    return (other.mask & thing.mask).sum() >= SAME * max((other.mask | thing.mask).sum(), 1)
