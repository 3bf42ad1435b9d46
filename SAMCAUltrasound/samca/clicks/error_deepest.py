"""Deepest error: a click in the middle of the largest mistake, without chance (Sofiiuk 2021, RITM)."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from ..prompts import Prompts
from .regions import check, click_at, missed, spurious


def place(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """Up to k clicks, each on the wrong pixel farthest from right pixels, image edge and earlier clicks.

    Missed and spurious regions are measured apart, so where they touch is an edge of both. Of equal depths
    missed comes before spurious, then the upper row, then the left column. Regions with fewer than k pixels
    get fewer clicks. Without any error the deepest foreground is clicked. rng is not used.
    """
    check(truth, predictions, k=k)
    regions = [missed(truth, predictions), spurious(truth, predictions)]
    if not any(region.any() for region in regions):
        regions, k = ([truth], k) if truth.any() else ([~truth], 1)
    regions = [region.copy() for region in regions]
    clicks = []
    for _ in range(min(k, sum(map(np.count_nonzero, regions)))):
        depths = [_deepest(region) for region in regions]
        best = max(range(len(regions)), key=lambda i: depths[i][0])
        index = depths[best][1]
        regions[best].flat[index] = False  # the next click keeps away from this one
        clicks.append(click_at(index, truth))
    return Prompts(tuple(clicks))


def _deepest(region: np.ndarray) -> tuple[float, int]:
    """Depth in px and flat index of the pixel farthest from the rest; depth 0 if the region is empty."""
    if not region.any():
        return 0.0, 0
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    top, left = rows[0], columns[0]
    cropped = region[top : rows[-1] + 1, left : columns[-1] + 1]  # the distance map costs most
    depth = distance_transform_edt(np.pad(cropped, 1))[1:-1, 1:-1]
    row, column = divmod(int(depth.argmax()), depth.shape[1])
    return float(depth[row, column]), int((top + row) * region.shape[1] + left + column)
