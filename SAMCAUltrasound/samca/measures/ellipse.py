"""The ellipse that fits an outline best, and its circumference: how a fetal head is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ellipe

from .outline import points_on

LEAST = 6  # points: an ellipse has five numbers


@dataclass(frozen=True)
class Ellipse:
    """centre: (x, y) px; the rest in mm where spacing is known, else px.

    long, short: diameters; angle: degrees from the image's rows to the long one, downwards, in -90..90.
    """

    centre: tuple[float, float]
    long: float
    short: float
    angle: float

    @property
    def circumference(self) -> float:
        """Length around it, exactly."""
        return float(2 * self.long * ellipe(1 - (self.short / self.long) ** 2))


def ellipse_of(mask: np.ndarray, steps: np.ndarray, corner: tuple[int, int] = (0, 0)) -> Ellipse | None:
    """The least-squares ellipse of the outline of a (H, W) bool mask; None where no ellipse fits.

    steps: as of `axes_of`; corner: (x, y) px of the mask's first pixel in the image. Halir and Flusser's
    stable form of the direct fit (WSCG 1998), which finds ellipses only. The image's edge, where it cuts the
    object, is not part of the outline.
    """
    points = (points_on(mask) + corner) @ steps
    if len(points) < LEAST:
        return None
    middle = points.mean(0)
    scale = (points - middle).std()
    try:
        a, b, c, d, e, f = _conic(*((points - middle) / scale).T)
        form = np.array([[a, b / 2], [b / 2, c]])
        centre = np.linalg.solve(-2 * form, [d, e])
        values, vectors = np.linalg.eigh(form / -(f + centre @ [d, e] / 2))
    except np.linalg.LinAlgError:
        return None
    if not ((values > 0) & np.isfinite(values)).all():
        return None
    short, long = sorted(2 * scale / np.sqrt(values))
    along = vectors[:, 0]  # of the smaller value: the long diameter
    angle = (np.degrees(np.arctan2(along[1], along[0])) + 90) % 180 - 90
    x, y = (centre * scale + middle) @ np.linalg.inv(steps)
    return Ellipse((float(x), float(y)), float(long), float(short), float(angle))


def _conic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(6,) of a x^2 + b xy + c y^2 + d x + e y + f = 0 with 4ac - b^2 > 0; LinAlgError without one."""
    squares, lines = np.stack([x * x, x * y, y * y], 1), np.stack([x, y, np.ones_like(x)], 1)
    linear = -np.linalg.solve(lines.T @ lines, lines.T @ squares)
    reduced = squares.T @ squares + squares.T @ lines @ linear
    _values, vectors = np.linalg.eig(np.array([reduced[2] / 2, -reduced[1], reduced[0] / 2]))
    vectors = np.real(vectors)
    is_ellipse = 4 * vectors[0] * vectors[2] - vectors[1] ** 2 > 0
    if not is_ellipse.any():
        raise np.linalg.LinAlgError("no ellipse")
    first = vectors[:, is_ellipse.argmax()]
    return np.concatenate([first, linear @ first])
