"""What is done to a mask after the model: parts without a click dropped, holes filled, border smoothed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from samca.prompts import Prompts


@dataclass(frozen=True)
class MaskOptions:
    """largestComponent: keep the parts that hold a positive click, or the largest one if none does."""

    largestComponent: bool = True
    fillHoles: bool = True
    smoothingMm: float = 0.0  # standard deviation of the Gaussian; 0: none


def tidied(
    mask: np.ndarray, prompts: Prompts, options: MaskOptions, spacing: tuple[float, float]
) -> np.ndarray:
    """(H, W) bool -> the same; spacing: (x, y) mm of a pixel. Smoothed first: what splits off goes.

    What the model found by itself may have several parts, which all stay.
    """
    if not mask.any():
        return mask
    sigma = [options.smoothingMm / mm for mm in reversed(spacing)]
    rows, columns = _around(mask, margin=1 + math.ceil(3 * max(sigma)))  # most of an image is empty
    part, whole = mask[rows, columns], np.zeros_like(mask)
    if options.smoothingMm > 0:
        part = _smoothed(part, sigma)
    if options.largestComponent and prompts.suggestion is None:
        part = _componentsOf(
            part, [(c.x - columns.start, c.y - rows.start) for c in prompts.clicks if c.positive]
        )
    whole[rows, columns] = _filled(part) if options.fillHoles else part
    return whole


def _around(mask: np.ndarray, margin: int) -> tuple[slice, slice]:
    """Rows and columns of a non-empty mask and a margin, as far as the image goes."""
    places = (np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0)))
    return tuple(slice(max(int(p[0]) - margin, 0), int(p[-1]) + margin + 1) for p in places)


def _smoothed(mask: np.ndarray, sigma: list[float]) -> np.ndarray:
    from scipy import ndimage  # here and below: not while Slicer starts

    return ndimage.gaussian_filter(mask.astype(np.float32), sigma, mode="nearest", truncate=3) >= 0.5


def _componentsOf(mask: np.ndarray, places: list[tuple[float, float]]) -> np.ndarray:
    """The 8-connected parts that hold one of these (x, y), or the largest part."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if count < 2:
        return mask
    height, width = mask.shape
    pixels = [(math.floor(y + 0.5), math.floor(x + 0.5)) for x, y in places]
    clicked = {int(labels[y, x]) for y, x in pixels if 0 <= y < height and 0 <= x < width} - {0}
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return np.isin(labels, sorted(clicked) or [largest])


def _filled(mask: np.ndarray) -> np.ndarray:
    """Without holes: background that does not reach the border of the part joins the mask."""
    from scipy import ndimage

    labels, _count = ndimage.label(~np.pad(mask, 1))  # ten times as fast as binary_fill_holes
    return (labels != labels[0, 0])[1:-1, 1:-1]
