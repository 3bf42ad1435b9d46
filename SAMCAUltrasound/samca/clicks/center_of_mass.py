"""Centre of mass: one positive click in the middle of each lesion (ClickSAM, stage 1)."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import find_objects, label

from ..prompts import Click, Prompts
from . import random_foreground
from .regions import check

MOST = 10  # clicks; nobody points at each of a hundred specks


def place(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """One positive click per 8-connected component of the truth, at most on the ten largest, whatever k is.

    It lies on the pixel nearest to the component's centre of mass; where that is not part of the component,
    on the component's pixel nearest to it. Predictions are not looked at. An empty truth is
    random_foreground's case.
    """
    check(truth, k=k)
    if not truth.any():
        return random_foreground.place(truth, predictions, k, rng)
    components, _ = label(truth, np.ones((3, 3)))
    sized = []
    for number, box in enumerate(find_objects(components), start=1):
        rows, columns = np.nonzero(components[box] == number)
        sized.append((len(rows), _middle(rows + box[0].start, columns + box[1].start)))
    sized.sort(key=lambda pair: -pair[0])
    return Prompts(tuple(click for _, click in sized[:MOST]))


def _middle(rows: np.ndarray, columns: np.ndarray) -> Click:
    """The pixel of a component nearest to its centre of mass."""
    nearest = ((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2).argmin()
    return Click(float(columns[nearest]), float(rows[nearest]))
