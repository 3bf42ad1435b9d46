"""Objects that are prompted in one frame of a loop and carried to the others, beside the truth of each frame.

A simulated user clicks at the object in the first frame that shows it. Then, if asked to, one more click in
the frame whose mask is worst, again and again until every frame is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from ..clicks import CLICKS
from ..interaction.carriers import Carrier, carrier_for
from ..interaction.propagation import FrameMask, carry, session_on
from ..interaction.session import Session
from ..prompts import Prompts
from . import metrics
from .evaluate import generator_for, on_grid
from .loop_data import Loop

SLIP, RIGHT = 80.0, 90.0  # Dice below which an object has slipped, and from which a frame is right


@dataclass(frozen=True)
class Carried:
    """One structure in one loop; dice, 0..100, and hd95, px of a 256 x 256 image, of each frame in turn."""

    dataset: str
    loop: str
    target: int  # label value
    kind: str  # class of the loop, empty where the data does not say
    prompted: int  # the frame that was prompted
    dice: tuple[float, ...]
    hd95: tuple[float, ...]
    unsure: tuple[int, ...]  # the frames of whose masks the model was not sure
    clicks: int | None = None  # with which every frame was right; None: more than were tried
    carrier: str = ""  # what carried it

    @property
    def slip(self) -> int | None:
        """The frame nearest to the prompted one in which it has slipped, of two the earlier; None if none."""
        slipped = [i for i, dice in enumerate(self.dice) if dice < SLIP and i != self.prompted]
        return min(slipped, key=lambda i: (abs(i - self.prompted), i), default=None)

    @property
    def announced(self) -> int | None:
        """The nearest frame, beside the prompted, of which the model was not sure."""
        others = (i for i in self.unsure if i != self.prompted)
        return min(others, key=lambda i: (abs(i - self.prompted), i), default=None)

    @property
    def is_announced(self) -> bool:
        """Whether the model was unsure of the frame in which it slipped, or of one on the way there."""
        way = range(*sorted((self.prompted, self.slip))) if self.slip is not None else ()
        return any(i in way or i == self.slip for i in self.unsure if i != self.prompted)


def evaluate_loops(
    model,
    loops: Iterable[Loop],
    clicks: int = 3,
    most: int = 0,
    carriers: Sequence[str] = ("",),
) -> Iterator[Carried]:
    """For each structure of each loop one of each carrier, prompted by so many clicks in the first frame that
    shows it.

    carriers: as of `carriers.carrier_for`. most: clicks that may be spent on a structure until all frames are
    right; 0: that is not asked. ValueError for clicks below 1, and as of `carriers.carrier_for`.
    """
    if clicks < 1 or most < 0:
        raise ValueError(f"clicks {clicks}, most {most}: expected at least 1, and at least 0")
    for carrier in carriers:
        carrier_for(model, carrier)  # says what is amiss before hours have passed
    for loop in loops:
        sessions = lru_cache(None)(partial(session_on, model, loop.frames))
        for value, truths in loop.structures().items():
            for carrier in carriers:
                way = partial(carrier_for, model, carrier)
                user = _User(sessions, way, truths, generator_for(loop.name, value, 0))
                about = loop.dataset, loop.name, value, loop.kind
                yield Carried(*about, user.start, *user.carried(clicks), user.finished(most), carrier)


class _User:
    """Who clicks at one structure of a loop; truths: (H, W) bool of every frame; way: gives a new carrier."""

    def __init__(
        self,
        session_on: Callable[[int], Session],
        way: Callable[[], Carrier],
        truths: Sequence[np.ndarray],
        rng: np.random.Generator,
    ):
        self._session_on, self._way, self._truths, self._rng = session_on, way, truths, rng
        self.start = next(i for i, truth in enumerate(truths) if truth.any())
        self._prompts: dict[int, Prompts] = {}
        self._absent: set[int] = set()  # frames in which the structure was taken away
        self._masks: list[np.ndarray] = []
        self._given: list[Prompts] = []
        self._spent = 0

    def carried(self, clicks: int) -> tuple[tuple[float, ...], tuple[float, ...], tuple[int, ...]]:
        """Dice and HD95 of each frame, and those that are unsure, after clicks in the first one."""
        mask, given = None, Prompts()
        for _ in range(clicks):
            given = self._plus_click(given, self.start, mask)
            mask = self._session_on(self.start).predict(given).mask
        self._prompts[self.start] = given
        found = self._carry()
        pairs = zip(self._masks, self._truths, strict=True)
        hd95 = tuple(metrics.hd95(on_grid(mask), on_grid(truth)) for mask, truth in pairs)
        return tuple(self._dice()), hd95, tuple(each.index for each in found if not each.is_sure)

    def finished(self, most: int) -> int | None:
        """The clicks with which every frame is right, each further one in the worst; None if `most` do not
        do."""
        while self._spent <= most:
            dice = self._dice()
            worst = int(np.argmin(dice))
            if dice[worst] >= RIGHT:
                return self._spent
            self._mend(worst)
        return None

    def _mend(self, frame: int) -> None:
        """One click more in a frame; where the structure is not in it, it is taken away from there."""
        if self._truths[frame].any():
            self._prompts[frame] = self._plus_click(self._given[frame], frame, self._masks[frame])
            self._carry()
        else:
            self._spent += 1
            self._absent.add(frame)
            self._masks[frame] = np.zeros_like(self._masks[frame])

    def _plus_click(self, given: Prompts, frame: int, mask: np.ndarray | None) -> Prompts:
        """One more click, where the mask is wrong."""
        self._spent += 1
        simulator = CLICKS["error_random" if given else "random_foreground"]
        return given.plus(*simulator(self._truths[frame], mask, 1, self._rng).clicks)

    def _carry(self) -> list[FrameMask]:
        """Masks of all frames anew, in their order."""
        found = carry(self._session_on, self._prompts, 0, len(self._truths) - 1, self._way())
        found = sorted(found, key=lambda each: each.index)
        self._given = [each.prompts for each in found]
        self._masks = [each.mask & (each.index not in self._absent) for each in found]
        return found

    def _dice(self) -> list[float]:
        pairs = zip(self._masks, self._truths, strict=True)
        return [100 * metrics.dice(mask, truth) for mask, truth in pairs]
