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
from ..prompts import Click, Prompts
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

    until_unsure: nothing is carried on from a frame that is not sure; it may come once more, from the other
    side.
    """
    course = Course(prompts, first, last, until_unsure)
    while (step := course.next()) is not None:
        index, before = step
        given = prompts[index] if before is None else carried(before)
        said = session_on(index).predict(given)
        yield course.take(FrameMask(index, given, said.mask, said.iou, said.agreement))


class Course:
    """Which frame comes next, as the ways from the prompted frames go on, end, and are met from beyond."""

    def __init__(self, prompts: Mapping[int, Prompts], first: int, last: int, until_unsure: bool = False):
        """As of `carry`; ValueError as of `order_of`."""
        self._order = order_of(prompts, first, last)
        self._frames, self._until_unsure = range(first, last + 1), until_unsure
        self._masks: dict[int, FrameMask] = {}
        self._origins: dict[int, FrameMask] = {}  # the prompted frame that each came from
        self._tried: set[tuple[int, int]] = set()  # (frame, the one it was carried from)

    def next(self) -> tuple[int, FrameMask | None] | None:
        """A frame and the one that it is carried from, None if it has prompts of its own; None at the end.

        A way that ended may be met from a prompted frame on the other side.
        """
        while self._order:
            index, source = self._order[0]
            before = None if source is None else self._masks.get(source)
            if source is None or not self._until_unsure or (before is not None and before.is_sure):
                self._step = index, before
                return self._step
            self._order.pop(0)
        self._step = next(self._met(), None) if self._until_unsure else None
        return self._step

    def take(self, found: FrameMask) -> FrameMask:
        """What became of the frame that `next` gave; the same with `is_sure`."""
        index, before = self._step
        if self._order:
            self._order.pop(0)
        origin = found if before is None else self._origins[before.index]
        if before is not None:
            self._tried.add((index, before.index))
            found = found._replace(is_sure=_is_sure(found, before, origin))
        if found.is_sure or index not in self._masks:
            self._masks[index], self._origins[index] = found, origin
        return found

    def _met(self) -> Iterator[tuple[int, FrameMask]]:
        """Frames that no sure mask has been carried to, beside one that has one."""
        for index in self._frames:
            there = self._masks.get(index)
            for beside in (index - 1, index + 1) if there is None or not there.is_sure else ():
                before = self._masks.get(beside)
                if before is not None and before.is_sure and (index, beside) not in self._tried:
                    yield index, before


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
    outside = tuple(c for c in found.prompts.clicks if not c.positive and _goes_along(c, found.mask))
    return Prompts(deepest + outside, mask=found.mask)


def _goes_along(click: Click, mask: np.ndarray) -> bool:
    """Whether a negative click lies on the image, which may be a smaller one, and not on the mask."""
    rows, columns = np.transpose(click.pixels)
    if (
        min(rows.min(), columns.min()) < 0
        or (rows >= mask.shape[0]).any()
        or (columns >= mask.shape[1]).any()
    ):
        return False
    return not mask[rows, columns].any()


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
