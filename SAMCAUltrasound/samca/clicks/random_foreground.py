"""Random foreground: positive clicks anywhere on the structure (SAM-Med2D's first click)."""

from __future__ import annotations

import numpy as np

from ..prompts import Prompts
from .regions import check, draw


def place(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """k positive clicks uniform over the truth; predictions are not looked at.

    An empty truth gets one negative click on the background, as in SAM-Med2D.
    """
    check(truth, k=k)
    foreground = np.flatnonzero(truth)
    if len(foreground):
        return Prompts(draw(foreground, k, truth, rng))
    return Prompts(draw(np.arange(truth.size), 1, truth, rng))
