"""Masks after the model: parts without a click, holes, smoothing in mm."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from samca.prompts import Click, Prompts
from SAMCALib.MaskLogic import MaskOptions, tidied

NOTHING = MaskOptions(largestComponent=False, fillHoles=False)


def two_parts():
    mask = np.zeros((20, 30), bool)
    mask[2:10, 2:10] = True
    mask[4:6, 4:6] = False
    mask[12:16, 20:24] = True
    return mask


def test_without_options_the_mask_stays():
    np.testing.assert_array_equal(tidied(two_parts(), Prompts(), NOTHING, (1, 1)), two_parts())


def test_parts_with_a_positive_click_stay():
    options = MaskOptions(fillHoles=False)
    small = tidied(two_parts(), Prompts((Click(21, 13), Click(3, 3, False))), options, (1, 1))
    assert small.sum() == 16
    both = tidied(two_parts(), Prompts((Click(21, 13), Click(3, 3))), options, (1, 1))
    np.testing.assert_array_equal(both, two_parts())


def test_without_a_click_on_any_part_the_largest_stays():
    left = tidied(two_parts(), Prompts((Click(28, 1),)), MaskOptions(fillHoles=False), (1, 1))
    assert left.sum() == 60


def test_holes_are_filled():
    filled = tidied(two_parts(), Prompts(), MaskOptions(largestComponent=False), (1, 1))
    assert filled.sum() == 64 + 16


def test_smoothing_is_in_mm():
    mask = np.zeros((41, 41), bool)
    mask[10:30, 10:30] = True
    mask[20, 30:40] = True  # a thorn one pixel high
    options = MaskOptions(False, False, smoothingMm=1.0)
    assert not tidied(mask, Prompts(), options, (0.5, 0.5))[20, 36]
    assert tidied(mask, Prompts(), options, (10.0, 10.0))[20, 36]
    np.testing.assert_array_equal(tidied(mask, Prompts(), options, (10, 10)), mask)


def test_nothing_stays_nothing():
    empty = np.zeros((20, 30), bool)
    np.testing.assert_array_equal(tidied(empty, Prompts((Click(1, 1),)), MaskOptions(), (1, 1)), empty)


def test_masks_at_the_border_are_tidied_too():
    mask = np.ones((20, 30), bool)
    mask[5:8, 5:8] = mask[0, 10] = False  # a hole, and a notch that is open to the border of the image
    options = MaskOptions(largestComponent=False)
    filled = tidied(mask, Prompts(), options, (1, 1))
    assert filled.sum() == 20 * 30 - 1
    assert not filled[0, 10]
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask = ndimage.gaussian_filter(rng.normal(size=(40, 50)), 2) > 0
        np.testing.assert_array_equal(
            tidied(mask, Prompts(), options, (1, 1)), ndimage.binary_fill_holes(mask)
        )
