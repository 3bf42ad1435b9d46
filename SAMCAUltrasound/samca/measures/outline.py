"""The outline of an object: how long it is, and points on it."""

from __future__ import annotations

import numpy as np

STEPS = ((1, 0), (2, 1), (1, 1), (1, 2), (0, 1), (-1, 2), (-1, 1), (-2, 1))  # (x, y) px, by angle


def length_of(mask: np.ndarray, hull: np.ndarray, steps: np.ndarray) -> float:
    """Length of the outline of a (H, W) bool mask of one part without holes, in the unit of `steps`.

    By Cauchy and Crofton: how often lines in eight directions cross it; right to 1.3 % whichever way it runs
    where pixels are square; counting pixels' edges would find 27 % too much on a slope. Never shorter than
    its convex hull, which is exact for what is convex, however small.
    """
    around = np.diff(np.concatenate([hull, hull[:1]]), axis=0) @ steps
    return max(crossed(mask, steps), float(np.hypot(*around.T).sum()))


def points_on(mask: np.ndarray) -> np.ndarray:
    """(N, 2) points (x, y) px half way between pixels that are in and neighbours that are out.

    The image's edge is no outline: where an object is cut by it there are none.
    """
    rows, columns = np.nonzero(mask[1:] ^ mask[:-1])
    below = np.stack([columns, rows + 0.5], 1)
    rows, columns = np.nonzero(mask[:, 1:] ^ mask[:, :-1])
    return np.concatenate([below, np.stack([columns + 0.5, rows], 1)])


def crossed(mask: np.ndarray, steps: np.ndarray) -> float:
    """Length of the outline by how often lines cross it, whatever is in the mask."""
    mask, area = np.pad(mask, 2), np.linalg.det(steps)
    lines = STEPS @ steps
    angles = np.unwrap(np.arctan2(lines[:, 1], lines[:, 0]))
    before, after = np.roll(angles, 1), np.roll(angles, -1)
    before[0] -= np.pi
    after[-1] += np.pi
    apart = area / np.hypot(*lines.T)  # from one line to the next
    crossings = [_changes(mask, *step) for step in STEPS]
    return float((crossings * apart * (after - before) / 2).sum() / 2)


def _changes(mask: np.ndarray, x: int, y: int) -> int:
    """How many pixels differ from the one that lies a step away."""
    here = mask[: mask.shape[0] - y, max(-x, 0) : mask.shape[1] - max(x, 0)]
    there = mask[y:, max(x, 0) : mask.shape[1] + min(x, 0)]
    return int(np.count_nonzero(here ^ there))
