"""Random error: clicks anywhere that the prediction is wrong (SAM-Med2D's following clicks)."""

from __future__ import annotations

import numpy as np

from ..prompts import Prompts
from . import random_foreground
from .regions import check, draw, wrong


def place(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """k clicks uniform over the wrong pixels, positive on missed ones and negative on spurious ones.

    Without any error they are random foreground clicks.
    """
    check(truth, predictions, k=k)
    errors = np.flatnonzero(wrong(truth, predictions))
    if len(errors):
        return Prompts(draw(errors, k, truth, rng))
    return random_foreground.place(truth, predictions, k, rng)
