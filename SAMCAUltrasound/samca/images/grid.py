"""Where voxels lie, and what a file holds of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

SKEW = 1e-3  # how far axes may be from right angles: more than what rounding does

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Grid:
    """Where voxels lie, axes i, j, k in LPS: size in voxels, spacing and origin in mm, direction by rows.

    across_known: whether the file says how far its slices lie apart; a loop's frames are no distance apart.
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    across_known: bool = False


class Volume(NamedTuple):
    """All frames of a file.

    voxels: (N, H, W) or (N, H, W, C) as stored; grid: of all frames, or of each item of a Sequence, whose
    slices then follow one another; spacing_mm: (x, y) of a pixel, None if unknown.
    """

    voxels: np.ndarray
    grid: Grid
    spacing_mm: tuple[float, float] | None


def laid_out(
    size: tuple[int, int, int], columns: np.ndarray, origin: Sequence[float], source: Path
) -> tuple[Grid, tuple[float, float] | None]:
    """The grid of these voxels, and the (x, y) mm of a pixel, None if unknown.

    columns: (3, 3), the steps along i, j and k in mm, LPS, as a header has them, which may be anything. One
    of no length becomes 1 mm; axes that are not at right angles become the nearest that are, which is logged.
    """
    columns = np.where(np.isfinite(columns), columns, 0.0)
    lengths = np.linalg.norm(columns, axis=0)
    known = (lengths > 0) & np.isfinite(lengths)
    lengths[~known] = 1.0
    directions = _completed(columns / lengths, known)
    if np.abs(directions.T @ directions - np.eye(3)).max() > SKEW:
        logger.warning(
            "%s has axes that are not at right angles: the nearest that are take their place", source
        )
        left, _, right = np.linalg.svd(directions)
        directions = left @ right
    origin = np.where(np.isfinite(origin), origin, 0.0)
    parts = (tuple(map(float, part)) for part in (lengths, origin, directions.ravel()))
    spacing = (float(lengths[0]), float(lengths[1])) if known[:2].all() else None
    return Grid(size, *parts, bool(known[2])), spacing


def _completed(directions: np.ndarray, known: np.ndarray) -> np.ndarray:
    """With an axis of no direction across the two others; without two, those of the room."""
    if known.all():
        return directions
    if known.sum() < 2:
        return np.eye(3)
    missing = int(np.argmin(known))
    directions[:, missing] = np.cross(directions[:, missing - 2], directions[:, missing - 1])
    return directions


def positive(x, y) -> tuple[float, float] | None:
    """(x, y) as finite numbers above 0, else None."""
    try:
        pair = float(x), float(y)
    except (TypeError, ValueError):
        return None
    return pair if all(0 < size < float("inf") for size in pair) else None
