"""Masks after the model: what the options choose, smoothing in mm."""

from __future__ import annotations

import numpy as np
import pytest

from samca.prompts import Click, Prompts
from SAMCALib.Segments.MaskLogic import MaskOptions, finished

CLICK = Prompts((Click(5, 3),))


def logits(mask):
    return np.where(mask, 3.0, -3.0).astype(np.float32)


@pytest.fixture
def ring_and_dot():
    """A ring of 24 px, and a dot of 4 elsewhere."""
    mask = np.zeros((20, 30), bool)
    mask[3:8, 3:8] = True
    mask[5, 5] = False
    mask[14:16, 20:22] = True
    return mask


@pytest.mark.parametrize(
    ("parts", "holes", "area"), [(False, False, 28), (True, False, 24), (False, True, 29), (True, True, 25)]
)
def test_each_option_does_its_part(ring_and_dot, parts, holes, area):
    assert finished(logits(ring_and_dot), CLICK, MaskOptions(parts, holes), (1, 1)).sum() == area


def test_a_click_beside_what_the_model_said_is_answered_and_drops_none_of_it(ring_and_dot):
    mask = finished(logits(ring_and_dot), Prompts((Click(15, 5),)), MaskOptions(), (1, 1))
    assert mask[5, 15]
    assert mask[3:8, 3:8].all()
    assert not mask[14:16, 20:22].any()  # nobody clicked there


@pytest.mark.parametrize("click", [Click(28, 10), Click(8, 10, False), Click(18, 10)])
def test_no_answer_is_smoothed_away(click):
    mask = np.zeros((60, 60), bool)
    mask[4:16, 4:16] = True
    mask[10, 16:22] = True  # a thorn, which the last click wants
    prompts = Prompts((Click(6, 6), click))
    smooth = finished(logits(mask), prompts, MaskOptions(smoothingMm=2.0), (1, 1))
    assert smooth[int(click.y), int(click.x)] == click.positive
    assert smooth[6, 6]


def test_smoothing_is_in_mm():
    mask = np.zeros((41, 41), bool)
    mask[10:30, 10:30] = True
    mask[20, 30:40] = True  # a thorn one pixel high
    options = MaskOptions(False, False, smoothingMm=1.0)
    assert not finished(logits(mask), Prompts(), options, (0.5, 0.5))[20, 36]
    assert finished(logits(mask), Prompts(), options, (10.0, 10.0))[20, 36]
    np.testing.assert_array_equal(finished(logits(mask), Prompts(), options, (10, 10)), mask)


def test_what_smoothing_splits_off_goes():
    mask = np.zeros((41, 41), bool)
    mask[2:18, 2:18] = mask[24:33, 24:33] = True
    for step in range(17, 25):  # a bridge one pixel wide
        mask[step, step] = True
    options = MaskOptions(smoothingMm=1.5)
    assert finished(logits(mask), CLICK, MaskOptions(), (1, 1))[30, 30]
    assert not finished(logits(mask), CLICK, options, (1, 1))[30, 30]


def test_nothing_stays_nothing():
    empty = np.zeros((20, 30), bool)
    np.testing.assert_array_equal(finished(logits(empty), CLICK, MaskOptions(smoothingMm=1.0), (1, 1)), empty)
