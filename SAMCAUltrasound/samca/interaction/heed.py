"""Logits that say of every click what the click says: inside is inside, outside is outside.

A decoder takes clicks as hints and leaves some unanswered, most often those close to the border that it drew.
Around such a click a Gaussian is added to the logits, as high as it takes. Where nothing was found there is
nothing to mend: a speck would hide that the structure is gone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..prompts import Click

LOGIT = 0.5  # what the pixel of a click says at least, with the sign of the click
REACH = 0.2  # standard deviation of a Gaussian in square roots of the mask's area; chosen on a fold of train
LEAST = 0.005  # the same, at least, in square roots of the image's area: 2 px of 512 x 400
ROUNDS = 10  # a Gaussian may undo what its neighbours reached, by a seventh of its height at most


def heeded(logits: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
    """(H, W) float32 logits, positive inside, and the clicks, px, that they are to answer -> the same.

    It is the same array where every click has its `LOGIT` already, or where nothing is inside. Of clicks on
    one pixel the newest counts; what is outside of the image does not. A Gaussian reaches half as far as the
    next click of the other kind.
    """
    area = np.count_nonzero(logits > 0)
    signs = _signs(clicks, logits.shape) if area else {}
    widths = _widths(signs, max(REACH * np.sqrt(area), LEAST * np.sqrt(logits.size)))
    for _ in range(ROUNDS):
        before = logits
        for pixel, sign in signs.items():
            lacking = LOGIT - sign * logits[pixel]
            if lacking > 0:
                logits = logits + sign * lacking * _gaussian(logits.shape, pixel, widths[pixel])
        if logits is before:
            break
    return logits


def _signs(clicks: Sequence[Click], shape: tuple[int, int]) -> dict[tuple[int, int], int]:
    """(row, column) of each pixel that was clicked -> 1 inside, -1 outside."""
    pixels = {click.pixel: 1 if click.positive else -1 for click in clicks}
    return {p: sign for p, sign in pixels.items() if 0 <= p[0] < shape[0] and 0 <= p[1] < shape[1]}


def _widths(signs: dict[tuple[int, int], int], widest: float) -> dict[tuple[int, int], float]:
    """Standard deviation, px, of the Gaussian around each pixel."""
    return {
        pixel: min([widest] + [np.hypot(*np.subtract(pixel, p)) / 2 for p, s in signs.items() if s != sign])
        for pixel, sign in signs.items()
    }


def _gaussian(shape: tuple[int, int], pixel: tuple[int, int], width: float) -> np.ndarray:
    """(H, W) float32, 1 at the pixel."""
    rows, columns = (
        np.exp(-(((np.arange(side) - at) / width) ** 2) / 2) for side, at in zip(shape, pixel, strict=True)
    )
    return np.outer(rows, columns).astype(np.float32)
