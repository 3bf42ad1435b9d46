"""Logits that say of every click what the click says: inside is inside, outside is outside.

A decoder takes clicks as hints and leaves some unanswered, most often those close to the border that it drew.
Around such a click a Gaussian is added to the logits, as high as it takes, and so along a stroke.
Where nothing was found there is nothing to mend: a speck would hide that the structure is gone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..prompts import Click

Pixel = tuple[int, int]  # row, column
LOGIT = 0.5  # what the pixel of a click says at least, with the sign of the click
ON_THE_WAY = 0.25  # the same of the pixels of a stroke, so that not each needs a Gaussian of its own
REACH = 0.2  # standard deviation of a Gaussian in square roots of the mask's area; chosen on a fold of train
LEAST = 0.005  # the same, at least, in square roots of the image's area: 2 px of 512 x 400
ROUNDS = 10  # a Gaussian may undo what its neighbours reached, by a seventh of its height at most


def heeded(logits: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
    """(H, W) float32 logits, positive inside, and the clicks, px, that they are to answer -> the same.

    It is the same array where every click has its logit already, or where nothing is inside. Of clicks and
    strokes on one pixel the newest counts; what is outside of the image does not. A Gaussian reaches half as
    far as the next pixel of the other kind.
    """
    area = np.count_nonzero(logits > 0)
    asked = _asked(clicks, logits.shape) if area else {}
    places = {sign: np.reshape([p for p, (s, _) in asked.items() if s == sign], (-1, 2)) for sign in (1, -1)}
    widest = max(REACH * np.sqrt(area), LEAST * np.sqrt(logits.size))
    for _ in range(ROUNDS):
        before = logits
        for pixel, (sign, least) in asked.items():
            if sign * logits[pixel] < least:
                width = min(widest, _distance(pixel, places[-sign]) / 2)
                height = sign * LOGIT - logits[pixel]
                logits = logits + height * _gaussian(logits.shape, pixel, width)
        if logits is before:
            break
    return logits


def _asked(clicks: Sequence[Click], shape: tuple[int, int]) -> dict[Pixel, tuple[int, float]]:
    """(row, column) of each pixel that was pointed at -> 1 inside, -1 outside, and what it says at least."""
    pixels = {
        pixel: (1 if click.positive else -1, ON_THE_WAY if click.path else LOGIT)
        for click in clicks
        for pixel in _far_apart_first(click.pixels)
    }
    return {p: said for p, said in pixels.items() if 0 <= p[0] < shape[0] and 0 <= p[1] < shape[1]}


def _far_apart_first(pixels: Sequence[Pixel]) -> list[Pixel]:
    """Of a row of pixels the first, then those half, a quarter and so on of the row further: a few Gaussians
    that are far apart do most of what is to be done along a stroke."""
    count = len(pixels)
    return [pixels[i] for i in sorted(range(count), key=lambda i: -(i & -i or count))]


def _distance(pixel: Pixel, places: np.ndarray) -> float:
    """From a pixel to the next of these (N, 2), px; infinite where there are none."""
    return np.hypot(*np.subtract(places, pixel).T).min(initial=np.inf)


def _gaussian(shape: tuple[int, int], pixel: Pixel, width: float) -> np.ndarray:
    """(H, W) float32, 1 at the pixel."""
    rows, columns = (
        np.exp(-(((np.arange(side) - at) / width) ** 2) / 2) for side, at in zip(shape, pixel, strict=True)
    )
    return np.outer(rows, columns).astype(np.float32)
