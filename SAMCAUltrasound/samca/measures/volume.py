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
    """Three diameters of an object from its outlines in two planes at right angles, the largest first.

    Where the planes cross they share a diameter: the two, one of each outline, that are most alike, which
    counts with their mean. ValueError for an empty outline, and for one in mm and one in px.
    """
    if one.long_axis is None or other.long_axis is None:
        raise ValueError("one of the two objects is empty: outline it first")
    if one.unit != other.unit:
        raise ValueError(
            "one of the two objects has a pixel spacing and the other has none: use two images with one"
        )
    pairs = [
        (
            abs(mine.length - its.length) / max(mine.length, its.length),
            mine.length,
            its.length,
            rest.length,
            third.length,
        )
        for mine, rest in _both_ways(one)
        for its, third in _both_ways(other)
    ]
    _difference, mine, its, rest, third = min(pairs)
    return tuple(sorted(((mine + its) / 2, rest, third), reverse=True))


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


def _both_ways(measured: Measurements):
    axes = measured.long_axis, measured.short_axis
    return axes, axes[::-1]
