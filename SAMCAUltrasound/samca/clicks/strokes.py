"""Stroke: a line drawn through what a prediction got wrong, as a hurried user draws it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..prompts import Click, Prompts
from . import error_random
from .regions import check, missed, spurious

REACH = (0.3, 1.0)  # of the way that the error allows to each side, how far a stroke goes
STEP_PX = 1.0
BEND = 0.06  # standard deviation, radians, by which a stroke turns at each step


def place(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """k strokes in the error, positive on missed pixels and negative on spurious ones.

    Each goes through a random pixel as `error_random` draws it, along the longest of some directions, turns a
    little, and stays within its part of the error; where that is a single pixel it is a click.
    """
    check(truth, predictions, k=k)
    starts = error_random.place(truth, predictions, k, rng).clicks
    kinds = {True: missed(truth, predictions), False: spurious(truth, predictions)}
    return Prompts(tuple(_stroke(start, kinds[start.positive], rng) for start in starts))


def _stroke(start: Click, error: np.ndarray, rng: np.random.Generator) -> Click:
    """The click made a stroke through its pixel of the (H, W) bool error."""
    angles = rng.uniform(0, np.pi) + np.arange(4) * np.pi / 4
    lengths = [[_walk(start, error, angle + side, 0.0, rng) for side in (0, np.pi)] for angle in angles]
    longest = int(np.argmax([len(one) + len(other) for one, other in lengths]))
    ends = [
        way[: max(1, round(rng.uniform(*REACH) * len(way)))]
        for way in (_walk(start, error, angles[longest] + side, BEND, rng) for side in (0, np.pi))
    ]
    (x, y), *path = [*reversed(ends[0]), *ends[1][1:]]
    return replace(start, x=x, y=y, path=tuple(path))


def _walk(
    start: Click, error: np.ndarray, angle: float, bend: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """(x, y) of the pixels from the start on, as far as the error goes."""
    x, y, places = start.x, start.y, [(start.x, start.y)]
    for turn in rng.normal(0, bend, size=int(np.hypot(*error.shape))):
        angle += turn
        x, y = x + STEP_PX * np.cos(angle), y + STEP_PX * np.sin(angle)
        row, column = int(np.floor(y + 0.5)), int(np.floor(x + 0.5))
        if not (0 <= row < error.shape[0] and 0 <= column < error.shape[1] and error[row, column]):
            break
        places.append((float(column), float(row)))
    return list(dict.fromkeys(places))
