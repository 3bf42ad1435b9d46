"""Smooth random fields on millimetre coordinates, and the thin sheets along their zero level.

A field is a quadratic B-spline with random coefficients on a periodic lattice; it can be evaluated anywhere.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

LATTICE = 128
SPLINE_DEVIATION = 0.55  # of sum(c_ij b(x - i) b(z - j)) with unit normal c, averaged over x and z


def noise(seed: int, x: np.ndarray, z: np.ndarray, scale_x: float, scale_z: float) -> np.ndarray:
    """A smooth field of zero mean and unit variance at (x, z) mm, correlated over about the scales in mm."""
    coefficients = np.random.default_rng(seed).standard_normal((LATTICE, LATTICE)) / SPLINE_DEVIATION
    return ndimage.map_coordinates(
        coefficients, (z / scale_z, x / scale_x), order=2, prefilter=False, mode="grid-wrap"
    )


def wave(seed: int, x: np.ndarray, scale: float) -> np.ndarray:
    """A smooth curve of zero mean and unit variance over x mm, of any shape."""
    coefficients = np.random.default_rng(seed).standard_normal(LATTICE) / SPLINE_DEVIATION**0.5
    knots = np.linspace(x.min(), x.max(), 512)
    place = (knots / scale,)
    curve = ndimage.map_coordinates(coefficients, place, order=2, prefilter=False, mode="grid-wrap")
    return np.interp(x, knots, curve)


def sheets(field: np.ndarray, step_z: float, step_x: float, thickness_mm: float) -> np.ndarray:
    """0..1 along the zero level of a (rows, columns) field, brightest where the sheet faces the beam.

    Distance is field / |gradient|; a specular echo falls with the angle between beam and sheet normal.
    """
    along_z, along_x = np.gradient(field, step_z, step_x)
    steepness = np.hypot(along_z, along_x) + 1e-9
    facing = np.abs(along_z) / steepness
    return np.exp(-((field / (steepness * thickness_mm)) ** 2)) * facing**3
