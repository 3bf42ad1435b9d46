"""What of a mask file is mask: black and one level, with soft edges, and nothing that would vanish.

Several levels or colours may be several structures, or an area that is none, so they are never guessed at.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import label, maximum_filter, minimum_filter

NOISE = 16  # of 255: what JPEG leaves in black, and spreads a level by
RIPPLE, FEW = 1 / 8, 8  # of the brightest: what resizing leaves beside edges; fewer values have no ripple
FLAT, FLAT_LOSSY = 3, 5  # px square of one value: a level and no edge
FLAT_RIPPLE = 9  # the same for values that a ripple may have
SMALLEST = 16  # px that noise of JPEG does not reach together
SHOWN = 4  # levels that a sentence names


def mask_of(array: np.ndarray, lossy: bool) -> np.ndarray:
    """(H, W) bool of (H, W) grey or (H, W, 3) colours of any type: brighter than half of the brightest.

    lossy: whether values were changed by JPEG, which keeps 0..255. ValueError for more than one level or
    colour beside black, and for a part that is too dark to be mask and too large to be an edge.
    """
    grey = (
        np.nan_to_num(array.astype(float)).max(-1) if array.ndim == 3 else np.nan_to_num(array).astype(float)
    )
    top = grey.max()
    if top <= (NOISE if lossy else 0):
        return np.zeros(grey.shape, bool)
    mask = grey > top / 2
    if lossy:
        levels = _levels_of_jpeg(grey, top)
        lost = _lost(grey > 2 * NOISE, mask, SMALLEST)
    else:
        ripple = top * RIPPLE if len(np.unique(grey)) > FEW else 0.0
        levels = _levels(array, grey, top, ripple)
        lost = _lost(np.abs(grey) > ripple, mask, 1)
    if len(levels) > 1 or lost:
        named = ", ".join(levels[:SHOWN] + ["..."] * (len(levels) > SHOWN)) or f"some up to {top:g}"
        raise ValueError(
            f"its levels beside black are {named}, and a mask has one: save what is mask as 255 on 0, or "
            "every structure in labels/ as a number of its own"
        )
    return mask


def _levels(array: np.ndarray, grey: np.ndarray, top: float, ripple: float) -> list[str]:
    """The values or colours but black that fill a square, or are all there is."""
    colours = array.ndim == 3
    codes = array.astype(np.int64) @ np.array([1 << 32, 1 << 16, 1]) if colours else array
    values = np.unique(codes)
    if len(values) > 2 or 0 not in values:
        clear = (grey == 0) | (grey == top) | ((grey > ripple) & (grey < top - ripple))
        values = np.unique(codes[(_is_flat(codes, FLAT) & clear) | _is_flat(codes, FLAT_RIPPLE)])
    return [_named(value) if colours else f"{value:g}" for value in values if value]


def _named(code: int) -> str:
    """A colour by its red, green and blue."""
    return f"({code >> 32}, {code >> 16 & 0xFFFF}, {code & 0xFFFF})"


def _is_flat(codes: np.ndarray, side: int) -> np.ndarray:
    return maximum_filter(codes, side) == minimum_filter(codes, side)


def _levels_of_jpeg(grey: np.ndarray, top: float) -> list[str]:
    """The grey values that are neither black nor the brightest, and then the brightest."""
    flat = maximum_filter(grey, FLAT_LOSSY) - minimum_filter(grey, FLAT_LOSSY) <= NOISE / 8
    between = grey[flat & (grey > NOISE) & (grey < top - 2 * NOISE)]
    found = np.unique((between / NOISE).round() * NOISE)
    return [f"about {value:g}" for value in found] + [f"{top:g}"]


def _lost(seen: np.ndarray, mask: np.ndarray, at_least: int) -> bool:
    """Whether a connected part of what is seen holds no pixel of the mask."""
    parts, count = label(seen, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    kept = np.bincount(parts[mask], minlength=count + 1)
    return bool(((sizes >= at_least) & (kept == 0))[1:].any())
