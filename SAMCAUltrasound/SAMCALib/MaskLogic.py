"""What is done to a mask after the model: parts without a click dropped, holes filled, border smoothed."""

from __future__ import annotations

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
    """(H, W) bool -> the same; spacing: (x, y) mm of a pixel. Smoothed first: what splits off goes."""
    if options.smoothingMm > 0:
        mask = _smoothed(mask, [options.smoothingMm / mm for mm in reversed(spacing)])
    if options.largestComponent:
        mask = _componentsOf(mask, prompts)
    return _filled(mask) if options.fillHoles else mask


def _filled(mask: np.ndarray) -> np.ndarray:
    from scipy import ndimage  # here and below: not while Slicer starts

    return ndimage.binary_fill_holes(mask)


def _smoothed(mask: np.ndarray, sigma: list[float]) -> np.ndarray:
    from scipy import ndimage

    return ndimage.gaussian_filter(mask.astype(np.float32), sigma, mode="nearest", truncate=3) >= 0.5


def _componentsOf(mask: np.ndarray, prompts: Prompts) -> np.ndarray:
    """The 8-connected parts that hold a positive click, or the largest part."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if count < 2:
        return mask
    places = [(int(c.y + 0.5), int(c.x + 0.5)) for c in prompts.clicks if c.positive]
    height, width = mask.shape
    clicked = {int(labels[y, x]) for y, x in places if 0 <= y < height and 0 <= x < width} - {0}
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return np.isin(labels, sorted(clicked) or [largest])
