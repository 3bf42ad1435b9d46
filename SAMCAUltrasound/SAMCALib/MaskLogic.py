"""What is done to a mask after the model: parts without a click dropped, holes filled, border smoothed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samca.prompts import Prompts


@dataclass(frozen=True)
class MaskOptions:
    """largestComponent: keep the parts that hold a positive click, the largest if none does."""

    largestComponent: bool = True
    fillHoles: bool = True
    smoothingMm: float = 0.0  # radius; 0: none


def tidied(mask: np.ndarray, prompts: Prompts, options: MaskOptions, spacing: tuple[float, float]) -> np.ndarray:
    """(H, W) bool -> (H, W) bool; spacing is (x, y) mm of a pixel."""
