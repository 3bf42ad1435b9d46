"""This frame and its neighbours: prompts on one or several frames of a loop, carried from frame to frame.

Medical SAM Adapter's paper prompts every slice. Here the user prompts some; each other frame gets what the
mask of the frame before it says, going outwards from the prompted frame that is nearest: that mask as mask
prompt, and a click at its deepest place. With three clicks on one of eight frames (14 simulated training
loops, the model shipped first) the other frames reached Dice 87.6 so, 86.6 with the click alone, 81.1 with
click and box. Negative clicks go along as long as the mask does not cover them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..clicks import error_deepest
from ..datasets.loops import check_sizes, window_around
from ..prompts import Prompts
from .session import Session

SURE = 0.75  # of what a model said of itself where the user pointed: below, it is not sure
ALIKE = 2.0  # times that an object may grow or shrink from a frame to the next


class FrameMask(NamedTuple):
    """The (H, W) bool mask of frame `index`, the prompts that gave it, and how sure the model is of it."""

    index: int
    prompts: Prompts  # carried ones, unless the user gave some; none where the object was gone
    mask: np.ndarray
    iou: float  # the model's estimate
    agreement: float | None = None  # of two looks, where there are two
    is_sure: bool = True  # as far as can be told beside the frame it came from and the one that was prompted


def segment_frames(
    model,
    frames: Sequence[np.ndarray],
    prompts: Mapping[int, Prompts],
    first: int = 0,
    last: int | None = None,
    window: tuple[float, float] | None = None,
) -> Iterator[FrameMask]:
    """The object that `prompts` point at, in frames `first` to `last` of a loop, both included.

    model: as of `samca.load`; one of several frames (config.depth) encodes each with its neighbours, which
    may lie outside the range. frames: each (H, W), (H, W, 3) or (H, W, 4), all of one size. prompts: by index
    of the frame, in image pixels. window: as of `Session.set_image`. Yields a frame at a time in the order of
    `order_of`, so that the caller can show progress, and can end it by not asking for more.
    Raises ValueError for frames of different size and for prompts or a range that are no frames.
    """
    last = len(frames) - 1 if last is None else last
    check_sizes([np.shape(frame)[:2] for frame in frames], "this loop")
    if not 0 <= first <= last < len(frames):
        raise ValueError(f"frames {first} to {last}: expected a part of 0 to {len(frames) - 1}")
    yield from carry(lambda index: session_on(model, frames, index, window), prompts, first, last)


def carry(
    session_on: Callable[[int], Session],
    prompts: Mapping[int, Prompts],
    first: int,
    last: int,
    until_unsure: bool = False,
) -> Iterator[FrameMask]:
    """The same where the caller has a session on each frame; it is asked for once a frame.

    until_unsure: nothing is carried on from a frame that is not sure.
    """
    masks: dict[int, FrameMask] = {}
    pointed_at = None
    for index, source in order_of(prompts, first, last):
        before = None if source is None else masks.get(source)
        if until_unsure and source is not None and not (before and before.is_sure):
            continue
        given = prompts[index] if source is None else carried(before)
        said = session_on(index).predict(given)
        found = FrameMask(index, given, said.mask, said.iou, said.agreement)
        pointed_at = found if source is None else pointed_at
        masks[index] = (
            found if source is None else found._replace(is_sure=_is_sure(found, before, pointed_at))
        )
        yield masks[index]


def order_of(prompted: Mapping[int, Prompts], first: int, last: int) -> list[tuple[int, int | None]]:
    """(frame, the frame that it gets its prompts from, None if it has its own), each after its source.

    A frame belongs to the nearest prompted one; of two equally near, the earlier.
    """
    own = sorted(index for index, prompts in prompted.items() if prompts)
    if not own or own[0] < first or own[-1] > last:
        raise ValueError(f"prompts on frames {own}: expected at least one frame, all from {first} to {last}")
    order: list[tuple[int, int | None]] = []
    for index in own:
        order.append((index, None))
        for step in (1, -1):
            frame = index + step
            while first <= frame <= last and min(own, key=lambda o: (abs(o - frame), o)) == index:
                order.append((frame, frame - step))
                frame += step
    return order


def carried(found: FrameMask) -> Prompts:
    """The prompts of a neighbouring frame; none where nothing was found."""
    if not found.mask.any():
        return Prompts()
    deepest = error_deepest.place(found.mask, None, 1, np.random.default_rng(0)).clicks  # draws nothing
    outside = tuple(
        click
        for click in found.prompts.clicks
        if not click.positive and not any(found.mask[pixel] for pixel in click.pixels)
    )
    return Prompts(deepest + outside, mask=found.mask)


def _is_sure(found: FrameMask, before: FrameMask, pointed_at: FrameMask) -> bool:
    """Whether what was carried to is as likely as what the user pointed at, and as large as it just was."""
    sizes = sorted((int(found.mask.sum()), int(before.mask.sum())))
    agrees = found.agreement is None or found.agreement >= SURE * pointed_at.agreement
    return agrees and found.iou >= SURE * pointed_at.iou and 0 < sizes[1] <= ALIKE * sizes[0]


def session_on(
    model, frames: Sequence[np.ndarray], index: int, window: tuple[float, float] | None = None
) -> Session:
    """A session on a frame of a loop, with its neighbours where the model takes several together."""
    session = Session(model)
    around = window_around(index, len(frames), model.config.depth)
    if len(around) == 1:
        session.set_image(frames[index], window)
    else:
        session.set_frames([frames[i] for i in around], index - around.start, window)
    return session
