"""How well a mask agrees with the truth: overlap, boundary distance, and their mean over images.

Every measure takes two (H, W) bool arrays, prediction then truth, and looks at the foreground alone.
Overlaps are in 0..1; where a denominator is zero nothing was there to get wrong, and the value is 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.ndimage import distance_transform_edt, label


def dice(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Dice coefficient 2TP / (2TP + FP + FN); 1 if both masks are empty, 0 if one is."""
    both, predicted, true = _counts(prediction, truth)
    return _ratio(2 * both, predicted + true)


def iou(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Intersection over union TP / (TP + FP + FN); 1 if both masks are empty, 0 if one is."""
    both, predicted, true = _counts(prediction, truth)
    return _ratio(both, predicted + true - both)


def box_iou(prediction: np.ndarray, truth: np.ndarray) -> float:
    """IoU of the upright boxes around all foreground of each mask; 1 if both masks are empty, 0 if one is.

    A box reaches from the first to the last foreground pixel, both included (ClickSAM's measure).
    """
    _check(prediction, truth)
    one, other = _sides(prediction), _sides(truth)
    first, last = np.maximum(one[0], other[0]), np.minimum(one[1], other[1])
    shared = int(np.prod(np.maximum(last - first, 0)))
    areas = int(np.prod(one[1] - one[0])) + int(np.prod(other[1] - other[0]))
    return _ratio(shared, areas - shared)


def accuracy(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Share of pixels that are right, (TP + TN) / all."""
    both, predicted, true = _counts(prediction, truth)
    return _ratio(truth.size - predicted - true + 2 * both, truth.size)


def sensitivity(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Share of the true foreground that was found, TP / (TP + FN); 1 if the truth is empty."""
    both, _, true = _counts(prediction, truth)
    return _ratio(both, true)


def specificity(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Share of the true background that was left alone, TN / (TN + FP); 1 if the truth fills the image."""
    both, predicted, true = _counts(prediction, truth)
    return _ratio(truth.size - predicted - true + both, truth.size - true)


def hd(prediction: np.ndarray, truth: np.ndarray, spacing: tuple[float, float] = (1.0, 1.0)) -> float:
    """Hausdorff distance: the farthest that a boundary pixel of one mask lies from the boundary of the other.

    Euclidean, between pixel centres, in the unit of `spacing` = (x, y) size of a pixel: px by default.
    A boundary pixel is foreground and has a 4-neighbour that is background or outside the image. 0 if both
    masks are empty; the image's diagonal if one is, for no distance within the image is larger.
    """
    return max(float(distances.max()) for distances in _boundary_distances(prediction, truth, spacing))


def hd95(prediction: np.ndarray, truth: np.ndarray, spacing: tuple[float, float] = (1.0, 1.0)) -> float:
    """95th percentile Hausdorff distance; boundaries, unit and empty masks as in `hd`.

    The larger of the two directed 95th percentiles, as in MONAI; not the percentile of both pooled.
    """
    return max(
        float(np.percentile(distances, 95)) for distances in _boundary_distances(prediction, truth, spacing)
    )


def has_false_hole(prediction: np.ndarray, truth: np.ndarray) -> bool:
    """Whether the prediction has a hole in a place where the truth has none.

    A hole is background that no way of 4-neighbours leads out of.
    """
    _check(prediction, truth)
    if not prediction.any():
        return False
    holes, true = (_holes(mask) for mask in _cropped(prediction, truth))
    numbered, count = label(holes)
    return np.count_nonzero(np.unique(numbered[true])) < count


def row_hd(prediction: np.ndarray, truth: np.ndarray) -> float:
    """The "HD" of SAMUS's released code, to compare with tables made by it; it is not a geometric distance.

    The rows of each mask are taken as points: the largest, over the rows of either mask, of the smallest
    number of pixels in which the row differs from any row of the other. A vertical shift within the image
    therefore costs nothing, and a horizontal shift counts twice.
    """
    _check(prediction, truth)
    one, other = prediction.astype(np.float32), truth.astype(np.float32)
    differing = one.sum(1)[:, None] + other.sum(1) - 2 * one @ other.T  # (rows of one, rows of the other)
    return float(max(differing.min(0).max(), differing.min(1).max()))


def mean_and_std(values: Iterable[float]) -> tuple[float, float]:
    """Mean and population standard deviation (divisor n) of at least one number."""
    numbers = np.fromiter(values, np.float64)
    if not numbers.size:
        raise ValueError("no values to average: at least one is needed")
    return float(numbers.mean()), float(numbers.std())


def _check(prediction: np.ndarray, truth: np.ndarray) -> None:
    fits = prediction.shape == truth.shape and truth.ndim == 2 and truth.size
    if not fits or prediction.dtype != bool or truth.dtype != bool:
        raise ValueError(
            f"expected two (H, W) bool masks of one size, got {prediction.dtype} {prediction.shape} and "
            f"{truth.dtype} {truth.shape}: threshold or resize one first"
        )


def _counts(prediction: np.ndarray, truth: np.ndarray) -> tuple[int, int, int]:
    """Pixels in both masks, in the prediction, in the truth."""
    _check(prediction, truth)
    return tuple(int(np.count_nonzero(mask)) for mask in (prediction & truth, prediction, truth))


def _sides(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First (row, column) of the box around a mask, and the first past it; equal if the mask is empty."""
    if not mask.any():
        return np.zeros(2, int), np.zeros(2, int)
    sides = [np.flatnonzero(mask.any(axis)) for axis in (1, 0)]
    return np.array([side[0] for side in sides]), np.array([side[-1] + 1 for side in sides])


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _boundary_distances(
    prediction: np.ndarray, truth: np.ndarray, spacing: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """For each boundary pixel of one mask its distance to the boundary of the other, both ways."""
    _check(prediction, truth)
    x, y = spacing
    if not (0 < x < np.inf and 0 < y < np.inf):
        raise ValueError(f"spacing {spacing}: expected (x, y) with two positive numbers")
    sides = prediction.any(), truth.any()
    if not all(sides):
        height, width = truth.shape
        distance = np.hypot(width * x, height * y) if any(sides) else 0.0
        return np.array([distance]), np.array([distance])
    one, other = (_boundary(mask) for mask in _cropped(prediction, truth))
    from_one = distance_transform_edt(~other, sampling=(y, x))[one]
    from_other = distance_transform_edt(~one, sampling=(y, x))[other]
    return from_one, from_other


def _cropped(prediction: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both masks within the box around their union: the distances are the same, the maps smaller."""
    union = prediction | truth
    rows, columns = np.flatnonzero(union.any(1)), np.flatnonzero(union.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return prediction[box], truth[box]


def _holes(mask: np.ndarray) -> np.ndarray:
    """Background that is closed in."""
    numbered, _ = label(np.pad(~mask, 1, constant_values=True))
    return ~mask & (numbered[1:-1, 1:-1] != numbered[0, 0])


def _boundary(mask: np.ndarray) -> np.ndarray:
    """Foreground pixels with a 4-neighbour that is background or outside."""
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside
