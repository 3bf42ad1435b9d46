"""This frame and its neighbours: prompts on one or several frames of a loop, carried from frame to frame.

Medical SAM Adapter's paper prompts every slice. Here the user prompts some; the object is carried to the
others, going outwards from the prompted frame that is nearest, in one of the ways of `carriers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from ..datasets.loops import check_sizes, window_around
from ..prompts import Prompts
from .carriers import Carrier, carrier_for, last_mask
from .carriers.frame_mask import FrameMask
from .carriers.last_mask import carried
from .session import Session

__all__ = ["Course", "FrameMask", "carried", "carry", "order_of", "segment_frames", "session_on"]


def segment_frames(
    model,
    frames: Sequence[np.ndarray],
    prompts: Mapping[int, Prompts],
    first: int = 0,
    last: int | None = None,
    window: tuple[float, float] | None = None,
    carrier: str = "",
) -> Iterator[FrameMask]:
    """The object that `prompts` point at, in frames `first` to `last` of a loop, both included.

    model: as of `samca.load`; one of several frames (config.depth) encodes each with its neighbours, which
    may lie outside the range. frames: each (H, W), (H, W, 3) or (H, W, 4), all of one size. prompts: by index
    of the frame, in image pixels. window: as of `Session.set_image`. carrier: as of `carriers.carrier_for`.
    Yields a frame at a time in the order of `order_of`, so that the caller can show progress, and can end it
    by not asking for more.
    Raises ValueError for frames of different size and for prompts or a range that are no frames.
    """
    last = len(frames) - 1 if last is None else last
    check_sizes([np.shape(frame)[:2] for frame in frames], "this loop")
    if not 0 <= first <= last < len(frames):
        raise ValueError(f"frames {first} to {last}: expected a part of 0 to {len(frames) - 1}")
    way = carrier_for(model, carrier)
    yield from carry(lambda index: session_on(model, frames, index, window), prompts, first, last, way)


def carry(
    session_on: Callable[[int], Session],
    prompts: Mapping[int, Prompts],
    first: int,
    last: int,
    carrier: Carrier,
    until_unsure: bool = False,
) -> Iterator[FrameMask]:
    """The same where the caller has a session on each frame; it is asked for once a frame and way.

    until_unsure: nothing is carried on from a frame that is not sure, unless the carrier finds an object
    again; such a frame may come once more, from the other side.
    """
    course = Course(prompts, first, last, until_unsure and not carrier.goes_on, carrier.is_sure)
    while (step := course.next()) is not None:
        index, before = step
        session = session_on(index)
        if before is None:
            said = session.predict(prompts[index])
            found = FrameMask(index, prompts[index], said.mask, said.iou, said.agreement)
        else:
            found = carrier.carry(session, index, before)
        found = course.take(found)
        carrier.take(session, found, before is None)
        yield found


class Course:
    """Which frame comes next, as the ways from the prompted frames go on, end, and are met from beyond."""

    def __init__(
        self,
        prompts: Mapping[int, Prompts],
        first: int,
        last: int,
        until_unsure: bool = False,
        is_sure: Callable[[FrameMask, FrameMask, FrameMask], bool] = last_mask.is_sure,
    ):
        """As of `carry`; is_sure: as of a carrier. ValueError as of `order_of`."""
        self._is_sure = is_sure
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
            found = found._replace(is_sure=self._is_sure(found, before, origin))
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
    """(frame, the frame that it is carried from, None if it has prompts of its own), each after its source,
    those with prompts first.

    A frame belongs to the nearest prompted one; of two equally near, the earlier.
    """
    own = sorted(index for index, prompts in prompted.items() if prompts)
    if not own or own[0] < first or own[-1] > last:
        raise ValueError(f"prompts on frames {own}: expected at least one frame, all from {first} to {last}")
    order: list[tuple[int, int | None]] = [(index, None) for index in own]
    for index in own:
        for step in (1, -1):
            frame = index + step
            while first <= frame <= last and min(own, key=lambda o: (abs(o - frame), o)) == index:
                order.append((frame, frame - step))
                frame += step
    return order


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
