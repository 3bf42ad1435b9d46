"""Where simulated clicks may lie, and drawing them there."""

from __future__ import annotations

import numpy as np

from ..prompts import Click


def check(truth: np.ndarray, *predictions: np.ndarray | None, k: int) -> None:
    """Refuse masks that are not (H, W) bool of one size, and k below 1."""
    if truth.ndim != 2 or not truth.size or truth.dtype != bool:
        raise ValueError(f"expected the truth as one (H, W) bool mask, got {truth.dtype} {truth.shape}")
    for mask in predictions:
        if mask is not None and (mask.shape != truth.shape or mask.dtype != bool):
            raise ValueError(
                f"expected a {truth.shape} bool prediction like the truth, got {mask.dtype} {mask.shape}"
            )
    if k < 1:
        raise ValueError(f"k = {k}: at least one click must be asked for")


def missed(truth: np.ndarray, prediction: np.ndarray | None) -> np.ndarray:
    """False negatives, (H, W) bool: a positive click belongs here."""
    return truth if prediction is None else truth & ~prediction


def spurious(truth: np.ndarray, prediction: np.ndarray | None) -> np.ndarray:
    """False positives, (H, W) bool: a negative click belongs here."""
    return np.zeros_like(truth) if prediction is None else prediction & ~truth


def wrong(truth: np.ndarray, prediction: np.ndarray | None) -> np.ndarray:
    """False negatives and false positives, (H, W) bool."""
    return truth if prediction is None else truth ^ prediction


def draw(pixels: np.ndarray, k: int, truth: np.ndarray, rng: np.random.Generator) -> tuple[Click, ...]:
    """k clicks, each uniform over `pixels` (flat indices into truth, at least one), labelled by the truth.

    They are independent, so a region of few pixels may be clicked twice at one place.
    """
    chosen = pixels[rng.integers(len(pixels), size=k)]
    return tuple(click_at(index, truth) for index in chosen)


def click_at(index: int, truth: np.ndarray) -> Click:
    """The click on the pixel with this flat index, positive if it lies on the truth."""
    row, column = divmod(int(index), truth.shape[1])
    return Click(float(column), float(row), bool(truth[row, column]))
