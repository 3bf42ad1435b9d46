"""Clicks, boxes and masks as one value: edits make new ones, roles are split, nonsense is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from samca.prompts.prompts import Box, Click, Prompts, box_around

A, B, C = Click(1, 2), Click(3, 4, False), Click(5, 6)


def test_empty_prompts_are_false_and_any_prompt_is_true():
    assert not Prompts()
    assert Prompts((A,))
    assert Prompts(box=Box(0, 0, 1, 1))
    assert Prompts(mask=np.zeros((2, 2), bool))


def test_edits_leave_the_original_alone():
    prompts = Prompts((A, B))
    assert prompts.plus(C).clicks == (A, B, C)
    assert prompts.moved(1, 7, 8).clicks == (A, Click(7, 8, False))
    assert prompts.without(0).clicks == (B,)
    assert prompts.first(1).clicks == (A,)
    assert prompts.clicks == (A, B)


@pytest.mark.parametrize("index", [-1, 2])
def test_a_click_that_does_not_exist_is_named(index):
    with pytest.raises(IndexError, match=f"click {index} does not exist: there are 2"):
        Prompts((A, B)).moved(index, 0, 0)
    with pytest.raises(IndexError, match=f"click {index} does not exist"):
        Prompts((A, B)).without(index)


def test_the_first_positive_click_starts_the_object_and_the_rest_guide():
    initial, guided = Prompts((B, A, C)).initial_and_guided()
    assert (initial.clicks, guided.clicks) == ((A,), (B, C))


def test_a_lone_negative_click_still_starts():
    initial, guided = Prompts((B,)).initial_and_guided()
    assert (initial.clicks, guided.clicks) == ((B,), ())


def test_a_box_starts_the_object_and_all_clicks_guide():
    box = Box(0, 0, 9, 9)
    initial, guided = Prompts((A, B), box).initial_and_guided()
    assert (initial.clicks, initial.box) == ((), box)
    assert (guided.clicks, guided.box) == ((A, B), None)


def test_a_mask_belongs_to_both_roles():
    mask = np.ones((2, 2), bool)
    initial, guided = Prompts((A, B), mask=mask).initial_and_guided()
    assert initial.mask is mask
    assert guided.mask is mask


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12)))
def test_the_box_around_a_mask_holds_every_pixel_and_is_tight(mask):
    if not mask.any():
        with pytest.raises(ValueError, match="empty mask"):
            box_around(mask)
        return
    box = box_around(mask)
    rows, columns = np.nonzero(mask)
    assert (box.x0, box.y0) == (columns.min(), rows.min())
    assert (box.x1, box.y1) == (max(columns.max(), box.x0 + 1), max(rows.max(), box.y0 + 1))


@given(st.sampled_from([math.nan, math.inf, -math.inf]))
def test_numbers_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match="finite"):
        Click(value, 0)
    with pytest.raises(ValueError, match="finite"):
        Box(0, 0, 1, value)


@pytest.mark.parametrize("corners", [(3, 0, 3, 5), (3, 0, 2, 5), (0, 5, 3, 4)])
def test_a_box_needs_two_ordered_corners(corners):
    with pytest.raises(ValueError, match="x0 < x1 and y0 < y1"):
        Box(*corners)
