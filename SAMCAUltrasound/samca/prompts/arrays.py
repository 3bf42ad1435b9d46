"""Prompts of a batch of images as arrays: what a model is given, whatever it runs on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import polygons
from .geometry import Geometry, resample
from .prompts import Prompts

MASK_PROMPT_LOGIT = 10.0  # a painted mask becomes logits of this size, about what a sure decoder gives
LASSO_LOGIT = 1.0  # inside of a lasso: what the structure leaves of it is for the model to say


def points_of(prompts: Sequence[Prompts]) -> tuple[np.ndarray, np.ndarray]:
    """Prompts of B images in model pixels -> points (B, N, 2) float32 (x, y) and labels (B, N) int64: 1
    inside, 0 outside, -1 no point; a stroke becomes its marks, and a set of fewer points than the longest is
    filled up with label -1."""
    marks = [[(*mark, click.positive) for click in p.clicks for mark in click.marks] for p in prompts]
    longest = max(map(len, marks))
    points = np.zeros((len(prompts), longest, 2), np.float32)
    labels = np.full((len(prompts), longest), -1, np.int64)
    for row, each in enumerate(marks):
        for column, (x, y, positive) in enumerate(each):
            points[row, column] = x, y
            labels[row, column] = positive
    return points, labels


def boxes_of(prompts: Sequence[Prompts]) -> np.ndarray | None:
    """The boxes (B, 4) float32 (x0, y0, x1, y1), None without; ValueError where only some have one."""
    boxes = [p.box for p in prompts]
    if all(box is None for box in boxes):
        return None
    if any(box is None for box in boxes):
        raise ValueError("either all images of a batch have a box or none")
    return np.array([[b.x0, b.y0, b.x1, b.y1] for b in boxes], np.float32)


def mask_prompts_of(
    prompts: Sequence[Prompts], previous: np.ndarray | None, side: int, size: int
) -> np.ndarray | None:
    """Logits (B, side, side) float32 that are the mask prompts of B prompts in pixels of a model's input of
    `size` px: earlier ones (B, side, side), if there are any, else those of masks or lassos; None without."""
    if previous is not None:
        return np.ascontiguousarray(previous)
    if prompts[0].mask is not None:
        return np.stack([(2 * resample(p.mask, side, side) - 1) * MASK_PROMPT_LOGIT for p in prompts])
    return logits_of_lassos(prompts, side, size) if prompts[0].lasso else None


def logits_of_lassos(prompts: Sequence[Prompts], side: int, size: int) -> np.ndarray:
    """The mask prompts that the lassos of B prompts are: (B, side, side) float32 logits, surely outside of
    the curve, perhaps inside."""
    place = Geometry(size, size, side).xy_to_model
    within = [polygons.inside([place(*at) for at in each.lasso], side, side) for each in prompts]
    return np.where(within, np.float32(LASSO_LOGIT), np.float32(-MASK_PROMPT_LOGIT))
