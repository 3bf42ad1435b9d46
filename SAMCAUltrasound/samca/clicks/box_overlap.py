"""A box of known overlap: as large as the tight box but moved, so that their IoU is 0.5 or 0.75.

Medical SAM Adapter tests with "50 % and 75 % overlapping" boxes, read as IoU. A box moved by the shares u and
v of its sides has IoU t if (1 - u)(1 - v) = 2 t / (1 + t).
"""

from __future__ import annotations

import numpy as np

from ..prompts.prompts import Box, Prompts, box_around
from . import random_foreground
from .regions import check

ATTEMPTS = 20


def place_50(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """A box with IoU 0.5 to the tight one; see `place`."""
    return place(truth, predictions, k, rng, 0.5)


def place_75(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """A box with IoU 0.75 to the tight one; see `place`."""
    return place(truth, predictions, k, rng, 0.75)


def place(
    truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator, overlap: float
) -> Prompts:
    """The tight box moved in a random direction until the IoU is `overlap`; one, whatever k is.

    Where there is no room in the image for that, the tight box shrinks about its middle instead. Predictions
    are not looked at. An empty truth has no box: it gets random_foreground's one negative click.
    """
    check(truth, k=k)
    if not truth.any():
        return random_foreground.place(truth, predictions, k, rng)
    tight, last = _inside(box_around(truth), truth.shape), (truth.shape[1] - 1, truth.shape[0] - 1)
    sides = tight[2:] - tight[:2]
    common = 2 * overlap / (1 + overlap)
    for _ in range(ATTEMPTS):
        u = rng.uniform(0, 1 - common)
        shares = np.array([u, 1 - common / (1 - u)]) * rng.choice((-1, 1), 2)
        moved = tight + np.tile(shares * sides, 2)
        if (moved >= 0).all() and (moved[2:] <= last).all():
            return Prompts(box=Box(*map(float, moved)))
    less = (1 - overlap**0.5) / 2 * sides
    return Prompts(box=Box(*map(float, tight + np.concatenate([less, -less]))))


def _inside(box: Box, shape: tuple[int, int]) -> np.ndarray:
    """(x0, y0, x1, y1) of the box, moved back where one of a single pixel reaches past the image."""
    past = np.array([max(box.x1 - max(shape[1] - 1, 1), 0), max(box.y1 - max(shape[0] - 1, 1), 0)])
    return np.array([box.x0, box.y0, box.x1, box.y1]) - np.tile(past, 2)
