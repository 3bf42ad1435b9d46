"""Double click training: the two click sets of SAMCA, one that starts the object and one that mends it.

SAMCA section 3.1 and its algorithm. Both sets are drawn anew, never added to, after each
forward pass, from the masks M_i (decoded from the initial set) and M_g (from both). FN(M) are the pixels of
the truth that mask M misses, FP(M) those it has too many. Before the first pass there are no masks: pass
None.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..config import choose
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
    truth: np.ndarray,
    predictions: Masks | None,
    k: int,
    rng: np.random.Generator,
    iteration: int = 0,
    region: str = "each",
    primary: str = "missed",
) -> Prompts:
    """The guided set: k clicks where the masks are wrong, positive on FN and negative on FP.

    predictions is the pair (M_i, M_g), each (H, W) bool. The primary part, the first ceil(k / 2) clicks,
    lies in the error of M_i, the secondary part, the rest, in that of M_g. A part with nowhere to go hands
    its clicks to the other; two masks without error leave random foreground. A single click is primary in
    even iterations (counted from 0) and secondary in odd ones. region: "each", or "common": where both masks
    are wrong comes first, for both parts. primary: "missed": FN(M_i), its FP only if nothing is missed; or
    "wrong": FN and FP alike, as a user clicks, and as the secondary part always does.
    """
    primary_of, common_of = choose("primary", PRIMARIES, primary), choose("region", REGIONS, region)
    before, after = (None, None) if predictions is None else predictions
    check(truth, before, after, k=k)
    primary_count = (iteration + 1) % 2 if k == 1 else (k + 1) // 2
    both = common_of(wrong(truth, before), wrong(truth, after))
    first, second = _places(primary_of(truth, before), both), _places([wrong(truth, after)], both)
    if not len(first) and not len(second):
        return random_foreground.place(truth, None, k, rng)
    first, second = first if len(first) else second, second if len(second) else first
    clicks = draw(first, primary_count, truth, rng) + draw(second, k - primary_count, truth, rng)
    return Prompts(clicks)


def _places(regions: Sequence[np.ndarray], both: np.ndarray | None) -> np.ndarray:
    """Flat indices of the first of these (H, W) bool regions that is not empty, cut to `both` if that leaves
    any."""
    cut = [] if both is None else [region & both for region in regions]
    return next((found for each in (*cut, *regions) if len(found := np.flatnonzero(each))), np.empty(0, int))


REGIONS = {"each": lambda before, after: None, "common": lambda before, after: before & after}
PRIMARIES = {
    "missed": lambda truth, mask: (missed(truth, mask), spurious(truth, mask)),
    "wrong": lambda truth, mask: (wrong(truth, mask),),
}
