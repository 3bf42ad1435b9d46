"""Polygons as masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def inside(corners: Sequence[tuple[float, float]], height: int, width: int) -> np.ndarray:
    """(height, width) bool: the pixels whose centres lie inside the closed polygon of these corners.

    By the even-odd rule; corners are (x, y) px each, and may lie outside of the image.
    """
    xs, ys = np.arange(width), np.arange(height)
    within = np.zeros((height, width), bool)
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        crosses = (ys >= min(y0, y1)) & (ys < max(y0, y1))
        if crosses.any():
            at = x0 + (ys[crosses] - y0) * (x1 - x0) / (y1 - y0)
            within[crosses] ^= xs[None] < at[:, None]
    return within
