"""Box: the box that a hurried user draws around the structure (SAM's training boxes)."""

from __future__ import annotations

import numpy as np

from ..prompts.prompts import Box, Prompts, box_around
from . import random_foreground
from .regions import check

RELATIVE_NOISE = 0.1  # standard deviation as a part of the box's side (Kirillov 2023, appendix A)
LARGEST_NOISE_PX = 20.0


def place(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """The box around the truth with each coordinate moved by chance, within the image; one, whatever k is.

    The noise is normal with a tenth of the box's side as standard deviation, and never more than 20 px. A
    box that the noise would turn inside out is at least 1 px wide and high. Predictions are not looked at.
    An empty truth has no box: it gets random_foreground's one negative click.
    """
    check(truth, k=k)
    if not truth.any():
        return random_foreground.place(truth, predictions, k, rng)
    tight = box_around(truth)
    x0, x1 = _jittered(tight.x0, tight.x1, truth.shape[1], rng)
    y0, y1 = _jittered(tight.y0, tight.y1, truth.shape[0], rng)
    return Prompts(box=Box(x0, y0, x1, y1))


def _jittered(low: float, high: float, length: int, rng: np.random.Generator) -> tuple[float, float]:
    """Both ends of one side after noise: ordered, at least 1 px apart, on an axis of `length` px."""
    noise = rng.normal(0, RELATIVE_NOISE * (high - low + 1), size=2)
    ends = np.array([low, high]) + np.clip(noise, -LARGEST_NOISE_PX, LARGEST_NOISE_PX)
    last = max(length - 1, 1)  # an image one pixel wide has no room for a box, which then reaches past it
    start, end = np.sort(np.clip(ends, 0, last))
    start = min(start, last - 1)
    return float(start), float(max(end, start + 1))
