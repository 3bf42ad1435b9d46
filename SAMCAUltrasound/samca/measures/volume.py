"""Volumes: of an ellipsoid from outlines in two planes, and of a sweep by its voxels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .measure import Measurements


def ellipsoid_volume(a: float, b: float, c: float) -> float:
    """pi / 6 a b c of three diameters at right angles; ValueError unless they are positive and finite."""
    if not all(0 < each < math.inf for each in (a, b, c)):
        raise ValueError(f"diameters {a:g}, {b:g} and {c:g}: expected three positive numbers")
    return math.pi / 6 * a * b * c


def three_diameters(one: Measurements, other: Measurements) -> tuple[float, float, float]:
    """Three diameters of an object from two images at right angles to each other, the largest first.

    A probe that is turned about its beam shows the same depth twice: of each outline the axis that is nearer
    to the image's columns is along the beam, and the two count with their mean. ValueError for an empty
    outline, and for one in mm and one in px.
    """
    if one.long_axis is None or other.long_axis is None:
        raise ValueError("one of the two objects is empty: outline it first")
    if one.unit != other.unit:
        raise ValueError(
            "one of the two objects has a pixel spacing and the other has none: use two images with it"
        )
    (deep, wide), (other_deep, other_wide) = _deep_and_wide(one), _deep_and_wide(other)
    return tuple(sorted(((deep + other_deep) / 2, wide, other_wide), reverse=True))


def voxel_volume(voxels: np.ndarray, spacing_mm: tuple[float, float, float] | None) -> float:
    """Volume of a (K, J, I) bool mask: mm^3 with the (k, j, i) mm of a voxel, their number without.

    ValueError for spacing that is not three positive numbers.
    """
    count = int(np.count_nonzero(voxels))
    if spacing_mm is None:
        return float(count)
    if not all(0 < each < math.inf for each in spacing_mm):
        raise ValueError(f"voxel spacing {tuple(spacing_mm)} mm: expected three positive numbers")
    return count * math.prod(map(float, spacing_mm))


def _deep_and_wide(measured: Measurements) -> tuple[float, float]:
    """Lengths of the axis along the beam and of the one across it."""
    row, column = measured.spacing_mm or (1.0, 1.0)
    x, y = np.abs(np.subtract(measured.long_axis.end, measured.long_axis.start)) * (column, row)
    axes = measured.long_axis.length, measured.short_axis.length
    return axes if y > x else axes[::-1]
