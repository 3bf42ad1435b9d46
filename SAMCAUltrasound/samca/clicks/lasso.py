"""Lasso: a closed curve that a hurried user draws around the structure."""

from __future__ import annotations

import numpy as np

from ..prompts import Prompts
from . import random_foreground
from .regions import check

GRID = 48  # steps of a hand along the longer side of the structure and what is around it
MARGIN = (0.08, 0.25)  # of the root of the area, how far outside a curve runs
WOBBLE = 0.06  # of the same, standard deviation of how a curve goes in and out
NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))  # clockwise (row, column)


def place(truth: np.ndarray, predictions: np.ndarray | None, k: int, rng: np.random.Generator) -> Prompts:
    """One curve around the truth, whatever k is; predictions are not looked at.

    It follows the truth some way outside, goes in and out by chance, and is cut at the image's edge. Of
    several parts it holds the largest with what is near. An empty truth gets random_foreground's one negative
    click.
    """
    check(truth, k=k)
    if not truth.any():
        return random_foreground.place(truth, predictions, k, rng)
    around, rows, columns = _drawn_around(truth, rng)
    path = np.array(_outline(around))
    last_row, last_column = np.array(truth.shape) - 1
    xs, ys = columns[path[:, 1]].clip(0, last_column), rows[path[:, 0]].clip(0, last_row)
    return Prompts(lasso=tuple((float(x), float(y)) for x, y in zip(xs, ys, strict=True)))


def _drawn_around(truth: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(h, w) bool, what lies inside of a curve, and the px of its rows and columns."""
    from scipy import ndimage

    size = np.sqrt(np.count_nonzero(truth))
    reach = (MARGIN[1] + 3 * WOBBLE) * size
    ends = [(places.min() - reach - 1, places.max() + reach + 1) for places in np.nonzero(truth)]
    step = max(max(high - low for low, high in ends) / GRID, 0.5)
    rows, columns = (np.arange(low, high, step) for low, high in ends)
    pixels = zip((rows, columns), truth.shape, strict=True)
    nearest = [np.round(places).clip(0, side - 1).astype(int) for places, side in pixels]
    away = ndimage.distance_transform_edt(~truth)[np.ix_(*nearest)]
    noise = ndimage.gaussian_filter(rng.normal(0, 1, away.shape), 3)
    wobble = noise / max(noise.std(), 1e-6) * WOBBLE * size
    inside = away <= np.maximum(rng.uniform(*MARGIN) * size + wobble, 0)
    inside[[0, -1]] = inside[:, [0, -1]] = False
    labels, count = ndimage.label(inside, np.ones((3, 3)))
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:])) if count else 0
    return labels == largest, rows, columns


def _outline(mask: np.ndarray) -> list[tuple[int, int]]:
    """(row, column) of the pixels along the outer border of the one part of a mask, clockwise (Moore)."""
    start = tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))
    path, at, came = [start], start, 6
    while True:
        for turn in range(8):
            direction = (came + turn) % 8
            following = at[0] + NEIGHBOURS[direction][0], at[1] + NEIGHBOURS[direction][1]
            if mask[following]:
                break
        else:
            return path  # a single pixel
        if at == start and following in path[1:2]:  # all around; a start that joins two parts is met before
            return path[:-1]
        at, came = following, (direction + 6) % 8
        path.append(at)
