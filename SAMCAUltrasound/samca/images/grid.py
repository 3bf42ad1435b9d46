"""Where voxels lie, and what a file holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Grid:
    """Where voxels lie, axes i, j, k in LPS: size in voxels, spacing and origin in mm, direction by rows."""

    size: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


class Volume(NamedTuple):
    """All frames of a file.

    voxels: (N, H, W) or (N, H, W, C) as stored; grid: of all frames, or of each item of a Sequence, whose
    slices then follow one another; spacing_mm: (x, y) of a pixel, None if unknown.
    """

    voxels: np.ndarray
    grid: Grid
    spacing_mm: tuple[float, float] | None


def positive(x, y) -> tuple[float, float] | None:
    """(x, y) as finite numbers above 0, else None."""
    try:
        pair = float(x), float(y)
    except (TypeError, ValueError):
        return None
    return pair if all(0 < size < float("inf") for size in pair) else None
