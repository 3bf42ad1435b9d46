"""What frames of more pixels and further clicks cost with one model: times, and memory that is kept."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from .. import phantoms
from ..interaction.session import Session
from ..training.memory import peak_bytes

SIDE = 512  # px of the simulated frame that is enlarged
CLICKS = 1, 5, 20  # which clicks are timed
OBJECTS = 3  # medians are over


class Cost(NamedTuple):
    """Of a frame of side x side px. Times in ms of this thread on a processor, medians over objects: of
    encoding, and of the clicks of these numbers. kept: MB of a session; peak: MB of the process at most.
    """

    side: int
    encode_ms: float
    click_ms: dict[int, float]
    kept_mb: float
    peak_mb: float


def growth(model: Any, sides: Iterable[int]) -> Iterator[Cost]:
    """The cost of frames of these sides, from the smallest on; ValueError for a side of less than 8 px."""
    sides = sorted(sides)
    if sides and sides[0] < 8:
        raise ValueError(f"frames of {sides[0]} px: expected sides of 8 px and more")
    for warming, side in [(True, sides[0]), *((False, side) for side in sides)] if sides else []:
        cost = _cost(model, side)
        if not warming:
            yield cost


def _cost(model: Any, side: int) -> Cost:
    encodings, clicks, kept = [], {number: [] for number in CLICKS}, 0
    for seed in range(OBJECTS):
        frame, places = _frame(side, seed)
        session = Session(model)
        encodings.append(_timed(lambda session=session, frame=frame: session.set_image(frame)))
        for number, (x, y) in enumerate(places, start=1):
            taken = _timed(lambda session=session, x=x, y=y: session.click(x, y))
            if number in clicks:
                clicks[number].append(taken)
        kept = max(kept, session.nbytes)
    medians = {number: statistics.median(taken) for number, taken in clicks.items()}
    peak = peak_bytes(torch.device("cpu"))
    return Cost(side, statistics.median(encodings), medians, kept / 1e6, peak / 1e6)


def _frame(side: int, seed: int) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """(side, side) uint8 with a simulated structure, and places in it, (x, y) px, for as many clicks."""
    rng = np.random.default_rng(seed)
    phantom = phantoms.make(rng, SIDE, SIDE, lesions=1)
    where = np.arange(side) * SIDE // side
    rows, columns = np.nonzero(phantom.labels[np.ix_(where, where)] == 1)
    chosen = rng.choice(len(rows), max(CLICKS))
    return phantom.image[np.ix_(where, where)], [(float(columns[n]), float(rows[n])) for n in chosen]


def _timed(action: Callable[[], Any]) -> float:
    start = time.thread_time()
    action()
    return 1000 * (time.thread_time() - start)
