"""Prompts of a batch of images as the inputs of a graph, as SAM's own export has them.

A point has label 1 inside, 0 outside and -1 where there is none; the corners of a box are points with labels
2 and 3. Beside points without a box SAM has one with label -1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..prompts import Prompts
from ..prompts.arrays import boxes_of, points_of
from .about import About

NO_POINT, CORNERS = -1, (2, 3)

Marks = tuple[np.ndarray, np.ndarray]  # points (B, N, 2) float32 and labels (B, N) int64
Batch = Sequence[Prompts]  # one set of prompts for each image, in model pixels


def inputs_of(prompts: Batch, about: About) -> dict[str, np.ndarray]:
    """Prompts of B images, pointed at alike, as inputs by their names."""
    if not about.two_sets:
        return _named(_marks([prompts], about), "")
    first, second = zip(*(each.initial_and_guided() for each in prompts), strict=True)
    is_pair = bool(second[0].clicks or second[0].box)
    sets = [first, second] if is_pair else [first]
    added = about.join == "sum"
    initial, guided = _of_one_length([_marks([s], about) for s in sets] if added else [_marks(sets, about)])
    weights = (about.share, about.share * added) if is_pair else (1, 0)
    return {
        **_named(initial, ""),
        **_named(guided, "guided_"),
        "set_weights": np.array(weights, np.float32),
    }


def _named(marks: Marks, before: str) -> dict[str, np.ndarray]:
    return {f"{before}points": marks[0], f"{before}labels": marks[1]}


def _marks(sets: Sequence[Batch], about: About) -> Marks:
    """The points of these sets one after another, then the corners of the box of any."""
    points, labels = (np.concatenate(each, axis=1) for each in zip(*map(points_of, sets), strict=True))
    boxes = next((found for found in map(boxes_of, sets) if found is not None), None)
    if boxes is not None:
        points = np.concatenate([points, boxes.reshape(-1, 2, 2)], axis=1)
        labels = np.concatenate([labels, np.tile(np.int64(CORNERS), (len(boxes), 1))], axis=1)
    more = about.filled_box if boxes is not None else labels.shape[1] > 0
    return _filled_up((points, labels), labels.shape[1] + more)


def _of_one_length(sets: Sequence[Marks]) -> tuple[Marks, Marks]:
    longest = max(labels.shape[1] for _, labels in sets)
    first, *others = (_filled_up(each, longest) for each in sets)
    return first, others[0] if others else (np.zeros_like(first[0]), np.full_like(first[1], NO_POINT))


def _filled_up(marks: Marks, count: int) -> Marks:
    missing = (0, count - marks[1].shape[1])
    points = np.pad(marks[0], ((0, 0), missing, (0, 0)))
    return points, np.pad(marks[1], ((0, 0), missing), constant_values=NO_POINT)
