"""Masks in the end: parts that nobody pointed at go, holes are filled."""

import numpy as np
import pytest
from scipy import ndimage

from samca.interaction.tidy import tidied
from samca.prompts import Box, Click, Prompts
from stubborn import asking


def two_parts():
    """A square of 64 px with a hole of 4 in it, and a smaller one of 16."""
    mask = np.zeros((20, 30), bool)
    mask[2:10, 2:10] = True
    mask[4:6, 4:6] = False
    mask[12:16, 20:24] = True
    return mask


def two_bands():
    """Of 90 px each, and a speck of 4."""
    mask = np.zeros((40, 40), bool)
    mask[5:8, 4:34] = mask[20:23, 4:34] = mask[30:32, 30:32] = True
    return mask


def logits_of(mask, probability):
    inside = np.log(probability / (1 - probability))
    return np.where(mask, inside, -inside).astype(np.float32)


@pytest.mark.parametrize(
    ("clicks", "area"),
    [
        ([Click(21, 13)], 16),
        ([Click(21.4, 12.6), Click(3, 3, False)], 16),
        ([Click(21, 13), Click(3, 3)], 64 + 16),
        ([Click(28, 1)], 64),  # on no part: the largest
        ([Click(3, 3), Click(4, 5, False)], 60),  # taken away in the hole, which stays
        ([Click(3, 3), Click(28, 1, False), Click(-9, 40, False)], 64),
    ],
)
def test_parts_that_were_clicked_stay_and_holes_are_filled(clicks, area):
    assert tidied(two_parts(), Prompts(tuple(clicks))).sum() == area


def test_a_stroke_points_at_all_parts_that_it_runs_over():
    over_both = Click(9, 9, True, ((20, 12),))
    assert tidied(two_parts(), Prompts((over_both,))).sum() == 64 + 16
    into_the_hole = Click(0, 0, False, ((5, 5),))
    assert tidied(two_parts(), Prompts((Click(3, 8), into_the_hole))).sum() == 60


def test_an_answered_click_pushes_out_the_largest_only_where_the_model_said_so_too():
    prompts = Prompts((Click(21, 13),))
    said = logits_of(two_parts(), 0.6)
    said[13, 21] = -1  # the rest of the small part has come with the answer
    assert tidied(two_parts(), prompts, logits=said).sum() == 64 + 16
    assert tidied(two_parts(), prompts, logits=logits_of(two_parts(), 0.6)).sum() == 16


def test_what_was_taken_away_under_a_click_leaves_the_largest():
    prompts, without = Prompts((Click(21, 13),)), two_parts()
    without[13, 21] = False
    assert tidied(without, prompts, logits=logits_of(two_parts(), 0.6)).sum() == 64


@pytest.mark.parametrize(("probability", "area"), [(0.95, 180), (0.8, 90)])
def test_the_second_of_two_bands_comes_with_the_first_where_the_model_is_sure(probability, area):
    mask, prompts = two_bands(), Prompts((Click(10, 6),))
    assert tidied(mask, prompts, logits=logits_of(mask, probability)).sum() == area


def test_a_sure_band_goes_with_a_click_outside_in_its_middle():
    said, prompts = logits_of(two_bands(), 0.95), Prompts((Click(10, 6), Click(8, 21, False)))
    answered = two_bands()
    answered[20:23, 6:11] = False  # the rest of it is a part of its own
    assert tidied(answered, prompts, logits=said).sum() == 90


def test_what_a_click_outside_cuts_off_at_a_narrow_neck_goes():
    discs = np.zeros((40, 60), bool)
    discs[10:30, 5:25] = discs[10:30, 35:55] = discs[18:22, 25:35] = True
    answered = discs.copy()
    answered[18:22, 29:31] = False
    prompts = Prompts((Click(15, 20), Click(30, 18, False)))
    assert not tidied(answered, prompts, logits=logits_of(discs, 0.95))[:, 31:].any()


def test_a_click_at_the_edge_of_a_sure_band_makes_it_narrower_and_leaves_it():
    bands = np.zeros((40, 40), bool)
    bands[3:12, 2:38] = bands[20:29, 2:38] = True
    answered = bands.copy()
    answered[28, 8] = False
    for row, area in ((28, 9 * 36 - 1), (24, 0)):
        prompts = Prompts((Click(10, 6), Click(8, row, False)))
        found = tidied(answered, prompts, logits=logits_of(bands, 0.95))
        assert (found[:20].sum(), found[20:].sum()) == (9 * 36, area)


@pytest.mark.parametrize(
    ("around", "area"),
    [
        ({"box": Box(2, 2, 36, 27)}, 180),
        ({"lasso": ((2.0, 2.0), (36.0, 2.0), (36.0, 27.0), (2.0, 27.0))}, 180),
        ({"box": Box(2, 2, 36, 12)}, 90),
    ],
)
def test_of_what_is_drawn_around_both_bands_stay_and_outside_of_it_none(around, area):
    prompts = Prompts(**around)
    assert tidied(two_bands(), prompts, logits=logits_of(two_bands(), 0.95)).sum() == area


def test_what_is_found_again_in_a_loop_is_one_part():
    assert tidied(two_bands(), Prompts(), logits=logits_of(two_bands(), 0.95)).sum() == 90


def test_each_half_can_be_had_alone():
    prompts = Prompts((Click(3, 3),))
    assert tidied(two_parts(), prompts, holes=False).sum() == 60
    assert tidied(two_parts(), prompts, parts=False).sum() == 64 + 16


def test_in_a_box_the_largest_part_stays():
    assert tidied(two_parts(), Prompts(box=Box(0, 0, 29, 19))).sum() == 64


@pytest.mark.parametrize("prompts", [Prompts(suggestion=0), Prompts(mask=two_parts())])
def test_what_was_found_or_given_whole_keeps_its_parts(prompts):
    assert tidied(two_parts(), prompts).sum() == 64 + 16


def test_a_click_on_a_given_mask_says_which_part_is_meant():
    assert tidied(two_parts(), Prompts((Click(21, 13),), mask=two_parts())).sum() == 16


def test_nothing_stays_nothing():
    empty = np.zeros((20, 30), bool)
    np.testing.assert_array_equal(tidied(empty, Prompts((Click(1, 1),))), empty)


def test_holes_are_those_of_scipy_at_the_border_too():
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask = ndimage.gaussian_filter(rng.normal(size=(40, 50)), 2) > 0
        filled = tidied(mask, Prompts((Click(0, 0),)), parts=False)
        np.testing.assert_array_equal(filled, ndimage.binary_fill_holes(mask))


def test_a_session_tidies_where_the_models_config_says_so():
    logits = np.full((64, 64), -1.0, np.float32)
    logits[:20, :30][two_parts()] = 1.0
    sums = []
    for tidy in (False, True):
        session = asking(logits, tidy)
        sums.append((session.click(21, 13).sum(), (session.logits > 0).sum()))
    assert sums == [(60 + 16, 60 + 16), (16, 60 + 16)]
