"""Double click training: the two click sets of SAMCA, one that starts the object and one that mends it.

SAMCA section 3.1 and its algorithm. Both sets are drawn anew, never added to, after each
forward pass from the masks M_i (decoded from the initial set) and M_g (from both). FN(M) are the pixels of
the truth that mask M misses, FP(M) those it has too many. Before the first pass there are no masks: pass
None.
"""

from __future__ import annotations

import numpy as np

from ..prompts import Prompts
from . import random_foreground
from .regions import check, draw, missed, spurious, wrong

Masks = tuple[np.ndarray, np.ndarray]


def initial(truth: np.ndarray, prediction: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """The initial set: k positive clicks uniform over FN(M_i), over the truth where nothing is missed.

    prediction is M_i, (H, W) bool. Only an empty truth gets a negative click: one, on the background.
    """
    check(truth, prediction, k=k)
    pixels = np.flatnonzero(missed(truth, prediction))
    if len(pixels):
        return Prompts(draw(pixels, k, truth, rng))
    return random_foreground.place(truth, prediction, k, rng)


def guided(
    truth: np.ndarray, predictions: Masks | None, k: int, rng: np.random.Generator, iteration: int = 0
) -> Prompts:
    """The guided set: k clicks where the masks are wrong, positive on FN and negative on FP.

    predictions is the pair (M_i, M_g), each (H, W) bool. The primary part, the first ceil(k / 2) clicks,
    lies in FN(M_i), in FP(M_i) only if nothing is missed; the secondary part, the rest, in FN(M_g) and
    FP(M_g) alike. A part with nowhere to go hands its clicks to the other; two masks without error leave
    random foreground. A single click is primary in even iterations (counted from 0) and secondary in odd
    ones.
    """
    before, after = (None, None) if predictions is None else predictions
    check(truth, before, after, k=k)
    primary_count = (iteration + 1) % 2 if k == 1 else (k + 1) // 2
    primary = np.flatnonzero(missed(truth, before))
    if not len(primary):
        primary = np.flatnonzero(spurious(truth, before))
    secondary = np.flatnonzero(wrong(truth, after))
    if not len(primary) and not len(secondary):
        return random_foreground.place(truth, None, k, rng)
    if not len(primary):
        primary = secondary
    if not len(secondary):
        secondary = primary
    clicks = draw(primary, primary_count, truth, rng) + draw(secondary, k - primary_count, truth, rng)
    return Prompts(clicks)
