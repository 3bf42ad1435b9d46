"""Loops of one frame with known truth: a real or simulated frame that is moved and deformed from then on.

What the frame shows swings, swells and drifts; speckle decorrelates, gain changes, and the plane leaves the
structure and comes back. A loop may be hard in one way: its object leaves the image and returns, another one
like it comes until both touch, or a shadow passes over it. Deformation is SimpleITK's cubic B-spline, so that
models which are trained on other deformations are not tested on what they have learned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

HARD = ("leaves", "touches", "shadow")  # what may happen in a loop beside its motion
MESH = (4, 4)  # cells of the B-spline
SWELLS, SWINGS, DRIFTS = 0.025, 0.03, 0.03  # of the image's larger side: deviation of a control point, ways
SHRINKS = 0.2  # of a structure's size, at most, where the plane cuts it beside its middle
DECORRELATION = 0.9  # of the speckle that changes, from frame to frame
NEARBY, RIM = 0.5, 3.0  # of a structure's width, how far one like it is at first; px of it that go along
CHANGES, GAIN = 0.12, 0.15  # deviations of that speckle, and of the gain, as factors


@dataclass(frozen=True)
class Course:
    """What a loop does: `phase` (n,) of the swing, the (n, 2) way of the whole in px (x, y), the (n,) factors
    of the gain and of the structures' size, and the (n,) middle of a shadow as part of the width, or None."""

    phase: np.ndarray
    way: np.ndarray
    gain: np.ndarray
    size: np.ndarray
    shadow: np.ndarray | None = None


def moving(
    image: np.ndarray, labels: np.ndarray, frames: int, rng: np.random.Generator, hard: str | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """So many frames of (H, W) or (H, W, 3) uint8 image and (H, W) uint8 labels, each such a pair.

    The first is the frame itself but for its speckle. Beyond the image there is black, and no structure.
    hard: one of HARD, or None. ValueError for fewer frames than 1 and for another word.
    """
    if frames < 1 or hard not in (None, *HARD):
        known = ", ".join(HARD)
        raise ValueError(f"{frames} frames, hard {hard!r}: expected at least 1, and {known} or None")
    height, width = labels.shape
    course = _course(labels, frames, rng, hard)
    swells = [_swell(height, width, rng) for _ in range(2)]
    speckle = Speckle(labels.shape, rng)
    found = []
    for t in range(frames):
        swell = np.sin(course.phase[t]) * swells[0] + (1 - np.cos(course.phase[t])) * swells[1]
        moved = swell + course.way[t][:, None, None] + _grown(labels, course.size[t])
        seen, truth = _pulled(image, moved, 1), _pulled(labels, moved, 0)
        if hard == "touches":
            seen = _with_another(seen, truth, 1 - np.sin(np.pi * t / max(frames - 1, 1)) ** 2)
        picture = seen * course.gain[t] * _beside(speckle.next(), image)
        if course.shadow is not None:
            picture = picture * _beside(_shade(width, course.shadow[t])[None], image)
        found.append((picture.round().clip(0, 255).astype(np.uint8), truth))
    return found


class Speckle:
    """Factors of the brightness that lose likeness from frame to frame, as speckle out of the plane does."""

    def __init__(self, shape: tuple[int, int], rng: np.random.Generator):
        self._shape, self._rng = shape, rng
        self._now = self._draw()

    def next(self) -> np.ndarray:
        """(H, W) float, of mean 1."""
        self._now = DECORRELATION * self._now + np.sqrt(1 - DECORRELATION**2) * self._draw()
        return (1 + CHANGES * self._now).clip(0.3, 2)

    def _draw(self) -> np.ndarray:
        drawn = ndimage.gaussian_filter(self._rng.standard_normal(self._shape), (1.0, 1.6))
        return drawn / drawn.std()


def _course(labels: np.ndarray, frames: int, rng: np.random.Generator, hard: str | None) -> Course:
    height, width = labels.shape
    larger, time = max(height, width), np.linspace(0, 1, frames)
    phase = 2 * np.pi * rng.uniform(1, 3) * time * frames / 60
    turns = 2 * np.pi * rng.uniform(0.5, 1.5, 2)[:, None] * time
    lags = rng.uniform(0, 2 * np.pi, (2, 1))
    swings = larger * SWINGS * rng.uniform(0.3, 1, (2, 1)) * (np.sin(turns + lags) - np.sin(lags))
    way = swings.T + larger * DRIFTS * rng.uniform(-1, 1, 2) * time[:, None]
    size = 1 - SHRINKS * rng.uniform(0, 1) * np.sin(np.pi * rng.uniform(0.5, 2) * time) ** 2
    gain = 1 + GAIN * rng.uniform(-1, 1) * np.sin(2 * np.pi * rng.uniform(0.5, 2) * time)
    if hard == "leaves":
        way = way + _leaving(labels, rng)[None] * np.sin(np.pi * time)[:, None] ** 2
    shadow = rng.permutation([-0.2, 1.2]) @ np.stack([1 - time, time]) if hard == "shadow" else None
    return Course(phase, way, gain, size, shadow)


def _leaving(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The (x, y) way in px that takes all structures out of the image to the nearer side."""
    _, columns = np.nonzero(labels)
    if not len(columns):
        return np.zeros(2)
    width = labels.shape[1]
    left, right = columns.max() + 1, width - columns.min()
    across = -left if left < right else right
    return np.array([1.15 * across, rng.uniform(-0.05, 0.05) * labels.shape[0]])


def _swell(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """(2, H, W) px, (x, y), of a smooth displacement."""
    area = sitk.GetImageFromArray(np.zeros((height, width), np.uint8))
    spline = sitk.BSplineTransformInitializer(area, MESH, 3)
    deviation = SWELLS * max(height, width)
    spline.SetParameters((rng.standard_normal(len(spline.GetParameters())) * deviation).tolist())
    field = sitk.TransformToDisplacementField(spline, sitk.sitkVectorFloat64, area.GetSize())
    return sitk.GetArrayFromImage(field).transpose(2, 0, 1)


def _with_another(image: np.ndarray, labels: np.ndarray, away: float) -> np.ndarray:
    """The image with what the largest structure shows once more, in a mirror, beside it where there is room.

    away: 1, NEARBY of its width, to 0, where both touch.
    """
    sizes = np.bincount(labels.ravel())[1:]
    if not sizes.any():
        return image
    own = labels == 1 + np.argmax(sizes)
    columns = np.flatnonzero(own.any(0))
    left, right = columns[0], columns[-1] + 1
    gap = round(away * NEARBY * (right - left))
    edge = 2 * right + gap if left < labels.shape[1] - right else 2 * left - gap  # of the mirror, doubled
    source = edge - 1 - np.arange(labels.shape[1])
    known = (source >= 0) & (source < labels.shape[1])
    source = source.clip(0, labels.shape[1] - 1)
    share = ndimage.gaussian_filter(ndimage.binary_dilation(own, iterations=round(RIM)) * 1.0, RIM / 3)
    share = share[:, source] * known * (labels == 0)
    share = _beside(share, image)
    return (1 - share) * image + share * image[:, source]


def _grown(labels: np.ndarray, factor: float) -> np.ndarray:
    """(2, H, W) px by which what is at each structure is pulled so that it is of `factor` times its size."""
    rows, columns = np.indices(labels.shape)
    pulled = np.zeros((2, *labels.shape))
    for value in np.unique(labels[labels > 0]):
        inside = labels == value
        y, x, radius = rows[inside].mean(), columns[inside].mean(), np.sqrt(inside.sum() / np.pi) + 1
        near = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * (1.5 * radius) ** 2))
        pulled += (factor - 1) * near * np.stack([columns - x, rows - y])
    return pulled


def _pulled(values: np.ndarray, moved: np.ndarray, order: int) -> np.ndarray:
    """Each pixel from where it was before; 0 beyond the image."""
    rows, columns = np.indices(values.shape[:2])
    places = rows - moved[1], columns - moved[0]
    planes = values[..., None] if values.ndim == 2 else values
    pulled = [ndimage.map_coordinates(planes[..., c], places, order=order) for c in range(planes.shape[-1])]
    return np.stack(pulled, axis=-1).reshape(values.shape)


def _beside(factors: np.ndarray, image: np.ndarray) -> np.ndarray:
    """(H, W) factors as they are multiplied with a grey or coloured image."""
    return factors if image.ndim == 2 else factors[..., None]


def _shade(width: int, middle: float) -> np.ndarray:
    """(W,) factors: nearly black along a band of columns."""
    return 1 - 0.9 * np.exp(-(((np.arange(width) / width - middle) / 0.08) ** 4))
