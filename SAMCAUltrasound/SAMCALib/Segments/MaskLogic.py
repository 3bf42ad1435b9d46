"""From the model's logits to a mask: smoothed, clicks answered, parts without one dropped, holes filled."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from samca.interaction import tidy
from samca.interaction.heed import LOGIT
from samca.prompts import Prompts


@dataclass(frozen=True)
class MaskOptions:
    """largestComponent: keep the parts that hold a positive click, or the largest one if none does, and large
    ones that the model is sure of."""

    largestComponent: bool = True
    fillHoles: bool = True
    smoothingMm: float = 0.0  # standard deviation of the Gaussian; 0: none


def finished(
    logits: np.ndarray, prompts: Prompts, options: MaskOptions, spacing: tuple[float, float]
) -> np.ndarray:
    """(H, W) logits, positive inside -> (H, W) bool; spacing: (x, y) mm of a pixel.

    Smoothed first: no answer to a click is smoothed away, and what splits off goes.
    """
    said = logits > 0
    if options.smoothingMm > 0 and said.any():
        smooth = _smoothed(said, [options.smoothingMm / mm for mm in reversed(spacing)])
        logits = np.where(smooth == said, logits, np.where(smooth, LOGIT, -LOGIT).astype(logits.dtype))
    return tidy.mask_of(logits, prompts, options.largestComponent, options.fillHoles)


def _smoothed(mask: np.ndarray, sigma: list[float]) -> np.ndarray:
    from scipy import ndimage  # here: not while Slicer starts

    rows, columns = tidy.around(mask, margin=1 + math.ceil(3 * max(sigma)))  # most of an image is empty
    part, whole = mask[rows, columns].astype(np.float32), np.zeros_like(mask)
    whole[rows, columns] = ndimage.gaussian_filter(part, sigma, mode="nearest", truncate=3) >= 0.5
    return whole
