"""Strokes and lassos go every way that clicks and boxes go."""

import math

import numpy as np
import pytest
import torch

from samca.prompts import Box, Click, Prompts, polygons
from samca.prompts.geometry import Geometry
from samca.prompts.pointing import collate
from samca.prompts.prompts import MARKS
from samca.prompts.reduction import LARGEST, Reduction
from samca.prompts.windows import Window, enlarging

CORNERS = ((10.0, 20.0), (40.0, 20.0), (40.0, 50.0))
STROKE = Click(*CORNERS[0], False, CORNERS[1:])
CURVE = ((10.0, 10.0), (70.0, 12.0), (40.0, 55.0))
BOTH = Prompts((Click(5, 6), STROKE), lasso=CURVE)


def scaled(corners, factor):
    return [((x + 0.5) * factor - 0.5, (y + 0.5) * factor - 0.5) for x, y in corners]


def test_a_stroke_is_one_prompt_that_knows_all_its_pixels():
    assert STROKE.places == CORNERS
    assert STROKE.pixel == (20, 10)
    assert STROKE.pixels == (*((20, x) for x in range(10, 41)), *((y, 40) for y in range(21, 51)))
    assert Click(3.4, 7.6).pixels == ((8, 3),)


def test_a_slanted_stroke_leaves_no_pixel_out():
    pixels = np.array(Click(0, 0, True, ((7, 50), (90, 55))).pixels)
    assert np.abs(np.diff(pixels, axis=0)).max() == 1
    assert tuple(pixels[-1]) == (55, 90)


def test_a_model_sees_places_of_a_stroke_that_are_equally_far_apart():
    marks = STROKE.marks
    assert len(marks) == MARKS
    np.testing.assert_allclose(marks, [(10, 20), (22, 20), (34, 20), (40, 26), (40, 38), (40, 50)])
    assert Click(3, 4).marks == ((3, 4),)
    assert Click(3, 4, True, ((3, 4),)).marks == ((3.0, 4.0),) * MARKS


@pytest.mark.parametrize("fit", ["squash", "pad"])
def test_strokes_and_lassos_go_to_the_model_with_the_pixels(fit):
    geometry = Geometry(60, 80, 64, fit)
    seen = geometry.prompts_to_model(BOTH)
    assert seen.clicks[1].places == tuple(geometry.xy_to_model(*corner) for corner in CORNERS)
    assert not seen.clicks[1].positive
    assert seen.lasso == tuple(geometry.xy_to_model(*corner) for corner in CURVE)


def test_in_a_large_image_they_lie_where_they_lay():
    seen = Reduction(2 * LARGEST, LARGEST).prompts(BOTH)
    np.testing.assert_allclose(seen.clicks[1].places, scaled(CORNERS, 0.5))
    np.testing.assert_allclose(seen.lasso, scaled(CURVE, 0.5))


def test_in_the_mirror_they_are_mirrored_and_twice_is_not_at_all():
    seen = BOTH.mirrored(80)
    assert seen.clicks[1].places == tuple((79 - x, y) for x, y in CORNERS)
    assert seen.lasso == tuple((79 - x, y) for x, y in CURVE)
    assert seen.mirrored(80) == BOTH


def test_a_stroke_is_moved_as_a_whole():
    moved = BOTH.moved(1, 13, 18)
    assert moved.clicks[1].places == tuple((x + 3, y - 2) for x, y in CORNERS)
    assert (moved.clicks[0], moved.lasso) == (BOTH.clicks[0], BOTH.lasso)


def test_a_lasso_starts_the_object_as_a_box_does():
    assert BOTH
    assert BOTH.by_user
    assert Prompts(lasso=CURVE)
    initial, guided = BOTH.initial_and_guided()
    assert initial == Prompts(lasso=CURVE)
    assert guided == Prompts(BOTH.clicks)


def test_a_stroke_with_a_corner_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"click at \(nan, 3\).* finite"):
        Click(1, 2, True, ((4, 5), (math.nan, 3)))


def test_a_window_has_the_parts_of_a_stroke_that_lie_in_it():
    window = Window(20, 10, 60, 50)
    across = Click(0, 30, False, ((79, 30), (79, 45), (0, 45)))  # there, around outside, and back
    there, back = window.prompts(Prompts((across,))).clicks
    assert {
        (y, tuple(sorted({x for _, x in each.pixels}))) for each in (there, back) for y, _ in each.pixels
    } == {
        (20, tuple(range(40))),
        (35, tuple(range(40))),
    }
    assert not there.positive
    assert window.prompts(Prompts((STROKE,), lasso=CURVE)).lasso == tuple((x - 20, y - 10) for x, y in CURVE)


def test_a_window_keeps_a_stroke_that_lies_in_it_as_it_is():
    (kept,) = Window(10, 20, 60, 60).prompts(Prompts((STROKE,))).clicks
    assert kept.places == tuple((x - 10, y - 20) for x, y in CORNERS)


def test_a_window_holds_positive_strokes_and_lassos():
    mask = np.zeros((300, 400), bool)
    mask[150:160, 200:210] = True
    stroke = Click(205, 155, True, ((230, 100), (232, 102)))
    curve = ((190.0, 140.0), (260.0, 150.0), (200.0, 190.0))
    for prompts, places in ((Prompts((stroke,)), stroke.places), (Prompts(lasso=curve), curve)):
        window = enlarging(mask, prompts, 1.5)
        assert all(window.holds(*place) for place in places)
    assert enlarging(mask, Prompts((Click(205, 155, False, ((20, 20),)),)), 1.5) == enlarging(
        mask, Prompts(), 1.5
    )


def test_strokes_become_points_and_shorter_sets_are_filled_up():
    points, labels, boxes, _ = collate([BOTH, Prompts((Click(1, 2),))], torch.device("cpu"))
    assert points.shape == (2, 1 + MARKS, 2)
    assert labels.tolist() == [[1] + [0] * MARKS, [1] + [-1] * MARKS]
    np.testing.assert_allclose(points[0, 1:], STROKE.marks)
    assert boxes is None


def test_a_polygon_has_the_pixels_whose_centres_it_holds():
    square = ((-5.0, 1.5), (3.5, 1.5), (3.5, 4.5), (-5.0, 4.5))
    within = polygons.inside(square, 6, 8)
    expected = np.zeros((6, 8), bool)
    expected[2:5, :4] = True
    np.testing.assert_array_equal(within, expected)
    assert not polygons.inside(((1.0, 1.0), (1.0, 5.0), (1.0, 2.0)), 6, 8).any()


def test_strokes_with_a_box_still_start_with_the_box():
    initial, guided = Prompts((STROKE,), Box(1, 2, 3, 4)).initial_and_guided()
    assert (initial.box, initial.clicks, guided.clicks) == (Box(1, 2, 3, 4), (), (STROKE,))
