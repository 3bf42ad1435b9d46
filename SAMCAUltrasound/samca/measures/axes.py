"""The long axis of an object, and the longest axis perpendicular to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform


@dataclass(frozen=True)
class Axis:
    """start, end: (x, y) px, pixel centres at whole numbers; length: in mm where spacing is known, or px."""

    start: tuple[float, float]
    end: tuple[float, float]
    length: float


def hull_of(mask: np.ndarray) -> np.ndarray:
    """(N, 2) corners (x, y) px of the convex hull of a (H, W) bool mask that is not empty, in order around.

    Each pixel counts as the diamond of the middles of its edges: as the outline half way between the centres
    of what is in and what is out, which is the one that is drawn.
    """
    rows = np.flatnonzero(mask.any(1))
    first, last = mask[rows].argmax(1), mask.shape[1] - 1 - mask[rows, ::-1].argmax(1)
    x = np.concatenate([first - 0.5, last + 0.5, first, last, first, last])
    y = np.concatenate([rows, rows, rows - 0.5, rows - 0.5, rows + 0.5, rows + 0.5])
    points = np.stack([x, y], 1)
    return points[ConvexHull(points).vertices]  # in px: hulls stay hulls however large or small a pixel is


def axes_of(hull: np.ndarray, steps: np.ndarray) -> tuple[Axis, Axis]:
    """The longest line in a convex hull, and the longest one in it that is perpendicular to that.

    hull: (N, 2) corners (x, y) px in order around; steps: (2, 2), where a step along x and one along y lead
    in the unit of the lengths, in which right angles are right.
    """
    corners = hull @ steps
    distances = squareform(pdist(corners))
    here, there = sorted(np.unravel_index(distances.argmax(), distances.shape))
    along = (corners[there] - corners[here]) / distances[here, there]
    turned = (corners - corners[here]) @ np.stack([along, [-along[1], along[0]]], 1)  # (N, 2) along, across
    one, other = turned[here : there + 1], np.concatenate([turned[there:], turned[: here + 1]])[::-1]
    places = turned[:, 0]  # a width between straight sides is largest at a corner
    sides = np.stack([np.interp(places, *one.T), np.interp(places, *other.T)], 1)
    widest = np.abs(np.subtract(*sides.T)).argmax()
    start, end = (
        corners[here] + places[widest] * along + v * np.array([-along[1], along[0]]) for v in sides[widest]
    )
    return _axis(corners[here], corners[there], steps), _axis(start, end, steps)


def _axis(start: np.ndarray, end: np.ndarray, steps: np.ndarray) -> Axis:
    ends = np.stack([start, end]) @ np.linalg.inv(steps)
    return Axis(*sorted(tuple(map(float, each)) for each in ends), float(np.hypot(*(end - start))))
