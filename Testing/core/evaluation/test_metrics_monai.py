"""The metrics give what MONAI's do, on masks of every kind that a user draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.metrics import (
    compute_confusion_matrix_metric,
    compute_dice,
    compute_hausdorff_distance,
    compute_iou,
    get_confusion_matrix,
)
from scipy import ndimage

from samca.evaluation import metrics

SIZE = 96


def blobs(seed: int, share: float) -> np.ndarray:
    """(96, 96) bool with smooth structures over this share of the image, also at its border."""
    noise = np.random.default_rng(seed).standard_normal((SIZE, SIZE))
    smooth = ndimage.gaussian_filter(noise, 6)
    return smooth > np.quantile(smooth, 1 - share)


def ring() -> np.ndarray:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    distance = np.hypot(rows - 40, columns - 50)
    return (distance > 8) & (distance < 20)


def one(row: int, column: int) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[row, column] = True
    return mask


PAIRS = {
    "near": (blobs(1, 0.3), np.roll(blobs(1, 0.3), (2, 3), (0, 1))),
    "apart": (blobs(2, 0.1), blobs(3, 0.2)),
    "small and large": (blobs(4, 0.02), blobs(4, 0.4)),
    "hole and whole": (ring(), ndimage.binary_fill_holes(ring())),
    "pixels": (one(0, 0), one(90, 31)),
    "pixel and whole": (one(5, 7), np.ones((SIZE, SIZE), bool)),
    "equal": (ring(), ring()),
}


@pytest.fixture(params=PAIRS)
def pair(request):
    return PAIRS[request.param]


def tensors(pair) -> list[torch.Tensor]:
    """(1, 1, H, W) as MONAI takes them."""
    return [torch.from_numpy(mask)[None, None].float() for mask in pair]


def test_overlaps_are_monais(pair):
    prediction, truth = tensors(pair)
    assert metrics.dice(*pair) == pytest.approx(float(compute_dice(prediction, truth)), abs=1e-6)
    assert metrics.iou(*pair) == pytest.approx(float(compute_iou(prediction, truth)), abs=1e-6)


@pytest.mark.parametrize("name", ["accuracy", "sensitivity", "specificity"])
def test_shares_of_pixels_are_monais(pair, name):
    matrix = get_confusion_matrix(*tensors(pair))
    theirs = float(compute_confusion_matrix_metric(name, matrix))
    if np.isnan(theirs):  # nothing was there to get wrong
        theirs = 1.0
    assert getattr(metrics, name)(*pair) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.08, 0.08), (0.3, 0.1)], ids=str)
@pytest.mark.parametrize(("name", "percentile"), [("hd", None), ("hd95", 95)])
def test_distances_are_monais(pair, name, percentile, spacing):
    x, y = spacing
    theirs = compute_hausdorff_distance(*tensors(pair), percentile=percentile, spacing=(y, x))
    assert getattr(metrics, name)(*pair, spacing) == pytest.approx(float(theirs), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("masks", [(ring(), ring() & False), (ring() & False, ring())], ids=["miss", "false"])
def test_of_one_empty_mask_overlaps_are_monais_too(masks):
    prediction, truth = tensors(masks)
    theirs = float(compute_dice(prediction, truth, ignore_empty=False))
    assert metrics.dice(*masks) == theirs == 0
