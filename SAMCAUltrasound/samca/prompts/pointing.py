"""Prompts of a batch of images as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from .arrays import boxes_of, points_of
from .prompts import Prompts


class Pointing(NamedTuple):
    """One set of prompts for each image of a batch, in model pixels.

    points (B, N, 2) float32 (x, y); labels (B, N) int: 1 foreground, 0 background, -1 no point; boxes
    (B, 4) float32 (x0, y0, x1, y1) or None; classes (B,) int of objects that the model is to find, or None.
    """

    points: torch.Tensor
    labels: torch.Tensor
    boxes: torch.Tensor | None = None
    classes: torch.Tensor | None = None


def collate(prompts: Sequence[Prompts], device: torch.device) -> Pointing:
    """Prompts of B images in model pixels -> tensors; a stroke becomes its marks, and a set of fewer points
    than the longest is filled up with label -1."""
    points, labels = points_of(prompts)
    boxes = boxes_of(prompts)
    return Pointing(
        torch.from_numpy(points).to(device),
        torch.from_numpy(labels).to(device),
        None if boxes is None else torch.from_numpy(boxes).to(device),
        _classes(prompts, device),
    )


def joined(first: Pointing, second: Pointing) -> Pointing:
    """Both sets of the same images as one: all points in their order, the box and classes of either."""
    return Pointing(
        torch.cat([first.points, second.points], dim=1),
        torch.cat([first.labels, second.labels], dim=1),
        second.boxes if first.boxes is None else first.boxes,
        second.classes if first.classes is None else first.classes,
    )


def _classes(prompts: Sequence[Prompts], device: torch.device) -> torch.Tensor | None:
    classes = [p.suggestion for p in prompts]
    if all(number is None for number in classes):
        return None
    if any(number is None for number in classes):
        raise ValueError("either all images of a batch are to get a suggestion or none")
    return torch.tensor(classes, device=device)
