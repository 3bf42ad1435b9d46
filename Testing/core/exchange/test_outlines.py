"""Outlines along the borders of pixels: what they enclose is the mask, here and in pycocotools."""

import numpy as np
import pytest
from pycocotools import mask as reference
from scipy.ndimage import gaussian_filter

from samca.exchange.outlines import is_hole, joined, rings_of
from samca.prompts.polygons import inside

SEEDS = range(12)


def shape(seed: int) -> np.ndarray:
    """(24, 31) bool: smooth blobs, or noise that meets itself at corners."""
    noise = np.random.default_rng(seed).random((24, 31))
    return gaussian_filter(noise, 2) > 0.5 if seed % 2 else noise > 0.4


def filled(ring, mask: np.ndarray) -> np.ndarray:
    return inside([(x - 0.5, y - 0.5) for x, y in ring], *mask.shape)


def test_a_pixel_has_four_corners():
    mask = np.zeros((4, 5), bool)
    mask[2, 3] = True
    assert rings_of(mask) == [[(3, 2), (4, 2), (4, 3), (3, 3)]]


def test_straight_borders_have_corners_only_where_they_turn():
    mask = np.zeros((9, 9), bool)
    mask[1:5, 2:8] = True
    mask[5:7, 2:4] = True
    (ring,) = rings_of(mask)
    assert ring == [(2, 1), (8, 1), (8, 5), (4, 5), (4, 7), (2, 7)]


def test_pixels_that_meet_at_a_corner_are_two_parts_and_what_is_enclosed_is_a_hole():
    assert len(rings_of(np.eye(3, dtype=bool))) == 3
    mask = np.ones((5, 5), bool)
    mask[2, 2] = False
    rings = rings_of(mask)
    assert [is_hole(ring) for ring in rings] == [False, True]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_rings_enclose_is_the_mask(seed):
    mask = shape(seed)
    enclosed = np.logical_xor.reduce([filled(ring, mask) for ring in rings_of(mask)])
    np.testing.assert_array_equal(enclosed, mask)
    np.testing.assert_array_equal(filled(joined(rings_of(mask)), mask), mask)


@pytest.mark.parametrize("seed", SEEDS)
def test_pycocotools_fills_a_ring_to_the_same_pixels(seed):
    mask = shape(seed)
    for ring in rings_of(mask):
        theirs = reference.decode(reference.frPyObjects([np.ravel(ring).tolist()], *mask.shape))[..., 0] > 0
        np.testing.assert_array_equal(theirs, filled(ring, mask))
