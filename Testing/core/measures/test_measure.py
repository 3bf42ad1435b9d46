"""Sizes of shapes whose truth is known, and what is said about objects that cannot be measured well."""

import math

import numpy as np
import pytest

from known_shapes import ellipse
from samca import measures

ANGLES = range(0, 180, 15)
SPACINGS = [(0.2, 0.2), (0.1, 0.35), (0.5, 0.08)]  # (row, column) mm


def one_ellipse(spacing, angle, half=(14.3, 8.1)):
    shape = tuple(int(40 / mm) for mm in spacing)
    return ellipse(shape, spacing, (20.03, 19.04), half, angle)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("angle", ANGLES)
def test_axes_of_a_turned_ellipse_are_right_to_a_pixel(angle, spacing):
    measured = measures.measure(one_ellipse(spacing, angle), spacing)
    assert measured.unit == "mm"
    assert measured.long_axis.length == pytest.approx(28.6, abs=max(spacing))
    assert measured.short_axis.length == pytest.approx(16.2, abs=max(spacing))


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("angle", ANGLES)
def test_axes_are_as_long_as_their_ends_lie_apart_and_at_right_angles_in_mm(angle, spacing):
    measured = measures.measure(one_ellipse(spacing, angle), spacing)
    size = np.array(spacing[::-1])
    steps = [np.subtract(axis.end, axis.start) * size for axis in (measured.long_axis, measured.short_axis)]
    assert [np.hypot(*step) for step in steps] == pytest.approx(
        [measured.long_axis.length, measured.short_axis.length]
    )
    assert steps[0] @ steps[1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("angle", ANGLES)
def test_outline_and_fitted_ellipse_of_an_ellipse_are_right(angle, spacing):
    measured = measures.measure(one_ellipse(spacing, angle), spacing)
    h = ((14.3 - 8.1) / (14.3 + 8.1)) ** 2
    around = math.pi * (14.3 + 8.1) * (1 + 3 * h / (10 + math.sqrt(4 - 3 * h)))
    assert measured.ellipse.circumference == pytest.approx(around, rel=0.005)
    assert measured.perimeter == pytest.approx(around, rel=0.02 if spacing[0] == spacing[1] else 0.03)
    assert measured.ellipse.long == pytest.approx(28.6, abs=max(spacing))
    assert measured.ellipse.short == pytest.approx(16.2, abs=max(spacing))
    assert np.multiply(measured.ellipse.centre, spacing[::-1]) == pytest.approx((20.03, 19.04), abs=0.1)
    off = (measured.ellipse.angle - angle + 90) % 180 - 90
    assert off == pytest.approx(0, abs=2)


def test_a_disc_is_round():
    measured = measures.measure(one_ellipse((0.2, 0.2), 0, half=(10, 10)), (0.2, 0.2))
    assert measured.circularity == pytest.approx(1, abs=0.03)
    assert measured.depth_to_width == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("spacing", [None, *SPACINGS])
def test_areas_depth_and_width_count_whole_pixels(spacing):
    mask = np.zeros((40, 60), bool)
    mask[7:29, 11:24] = True
    measured = measures.measure(mask, spacing)
    row, column = spacing or (1, 1)
    assert measured.pixels == 22 * 13
    assert measured.area == pytest.approx(22 * 13 * row * column)
    assert (measured.depth, measured.width) == pytest.approx((22 * row, 13 * column))
    assert measured.skin_distance == pytest.approx(7 * row)
    assert measured.depth_to_width == pytest.approx(22 * row / (13 * column))


@pytest.mark.parametrize("spacing", [None, (0.1, 0.35), (0.5, 0.08)])
def test_one_pixel_is_a_pixel_long_and_wide(spacing):
    mask = np.zeros((9, 9), bool)
    mask[4, 5] = True
    measured = measures.measure(mask, spacing)
    row, column = spacing or (1, 1)
    assert (measured.long_axis.length, measured.short_axis.length) == pytest.approx(
        (max(row, column), min(row, column))
    )
    assert measured.area == pytest.approx(row * column)
    assert np.add(measured.long_axis.start, measured.long_axis.end) / 2 == pytest.approx((5, 4))


def test_a_row_of_pixels_is_as_long_as_it_has_pixels():
    mask = np.zeros((9, 30), bool)
    mask[4, 5:19] = True
    measured = measures.measure(mask, None)
    assert (measured.long_axis.length, measured.short_axis.length) == pytest.approx((14, 1))
    assert measured.long_axis.start == pytest.approx((4.5, 4))
    assert measured.long_axis.end == pytest.approx((18.5, 4))


def test_the_long_axis_is_searched_in_mm():
    mask = np.zeros((60, 60), bool)
    mask[10:50, 20:40] = True  # taller in px, wider in mm
    measured = measures.measure(mask, (0.1, 1.0))
    assert measured.long_axis.length == pytest.approx(math.hypot(20, 4), abs=1)
    along = np.subtract(measured.long_axis.end, measured.long_axis.start)
    assert abs(along[0]) * 1.0 > abs(along[1]) * 0.1


@pytest.mark.parametrize("side", [7, 40])
def test_the_outline_of_a_square_is_right_to_two_pixels(side):
    mask = np.zeros((60, 60), bool)
    mask[10 : 10 + side, 10 : 10 + side] = True
    assert measures.measure(mask, None).perimeter == pytest.approx(4 * side, abs=2)


def test_a_hole_lessens_the_area_and_not_the_outline():
    whole = one_ellipse((0.2, 0.2), 30)
    hollow = whole & ~one_ellipse((0.2, 0.2), 30, half=(5, 4))
    full, ring = measures.measure(whole, (0.2, 0.2)), measures.measure(hollow, (0.2, 0.2))
    assert ring.perimeter == full.perimeter
    assert ring.ellipse == full.ellipse
    assert ring.area < full.area
    assert ring.parts == ()


def test_brightness_is_told_inside_and_around():
    mask = one_ellipse((0.2, 0.2), 0)
    pixels = np.where(mask, 40, 90).astype(np.uint8)
    measured = measures.measure(mask, (0.2, 0.2), pixels)
    assert (measured.mean_inside, measured.mean_ring) == (40, 90)
    assert measures.measure(mask, (0.2, 0.2), np.repeat(pixels[..., None], 3, 2)) == measured
    assert measures.measure(mask, (0.2, 0.2)).mean_inside is None


def test_the_ring_is_a_tenth_of_the_long_axis_wide():
    mask = np.zeros((80, 80), bool)
    mask[40, 10:60] = True
    pixels = np.full(mask.shape, np.nan)
    pixels[45], pixels[46] = 3, 1000  # 5 and 6 px away
    assert measures.measure(mask, None, pixels).mean_ring == 3
    assert measures.measure(mask, None, pixels).mean_inside is None


def test_an_object_over_the_whole_image_has_no_ring():
    measured = measures.measure(np.ones((8, 9), bool), None, np.ones((8, 9)))
    assert (measured.mean_inside, measured.mean_ring, measured.ellipse) == (1, None, None)
    assert measured.cut_by == ("top", "bottom", "left", "right")


def test_parts_are_measured_each_and_together():
    mask = np.zeros((50, 80), bool)
    mask[10:14, 10:20] = mask[30:40, 50:70] = True
    measured = measures.measure(mask, (0.5, 0.5))
    assert [part.pixels for part in measured.parts] == [200, 40]
    assert measured.area == sum(part.area for part in measured.parts)
    assert measured.perimeter == sum(part.perimeter for part in measured.parts)
    assert measured.long_axis.length > measured.parts[0].long_axis.length + 10
    assert measured.notes == ("The object is in 2 parts: these are the sizes of all together.",)


def test_pixels_that_meet_at_a_corner_are_one_part():
    assert measures.measure(np.eye(7, dtype=bool), None).parts == ()


@pytest.mark.parametrize(
    ("place", "edge"),
    [(np.s_[0, 5], "top"), (np.s_[-1, 5], "bottom"), (np.s_[5, 0], "left"), (np.s_[5, -1], "right")],
)
def test_an_object_at_the_images_edge_says_so(place, edge):
    mask = np.zeros((20, 20), bool)
    mask[place] = True
    measured = measures.measure(mask, (1, 1))
    assert measured.cut_by == (edge,)
    assert f"({edge})" in measured.notes[-1]


def test_the_images_edge_is_no_outline_for_the_ellipse():
    spacing = (0.2, 0.2)
    whole = ellipse((200, 200), spacing, (20, 4), (14, 9), 0)
    measured = measures.measure(whole, spacing)
    assert measured.cut_by == ("top",)
    assert measured.ellipse.short == pytest.approx(18, abs=0.4)


def test_an_empty_object_is_told():
    measured = measures.measure(np.zeros((5, 5), bool), (1, 1))
    assert (measured.pixels, measured.area, measured.long_axis, measured.depth_to_width) == (0, 0, None, None)
    assert measured.notes == ("The object is empty: there is nothing to measure.",)


@pytest.mark.parametrize(
    "spacing",
    [None, (0, 0.1), (0.1, -0.1), (math.nan, 0.1), (0.1, math.inf), (0.1,), ("a", "b"), 0.2],
)
def test_what_is_no_spacing_never_gives_mm(spacing):
    measured = measures.measure(np.eye(9, dtype=bool), spacing)
    assert (measured.unit, measured.spacing_mm, measured.area) == ("px", None, 9)
    assert "in px, not in mm" in measured.notes[0]


@pytest.mark.parametrize("mask", [np.zeros((3, 4, 5), bool), np.zeros((3, 4), np.uint8)])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(ValueError, match="expected a mask"):
        measures.measure(mask, None)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match="give both of one frame"):
        measures.measure(np.zeros((3, 4), bool), None, np.zeros((4, 3)))


@pytest.mark.parametrize("lean", [-0.6, 0.3, 0.8])
def test_what_a_transform_has_sheared_is_measured_as_it_lies_in_space(lean):
    row, column = 0.3, 0.2
    rows, columns = np.indices((220, 260)).astype(float)
    x = columns * column + rows * row * lean
    y = rows * row * math.sqrt(1 - lean**2)
    middle = x[110, 130], y[110, 130]
    mask = (x - middle[0]) ** 2 / 12**2 + (y - middle[1]) ** 2 / 7**2 <= 1
    measured = measures.measure(mask, (row, column), lean=lean)
    assert measured.long_axis.length == pytest.approx(24, abs=0.3)
    assert measured.short_axis.length == pytest.approx(14, abs=0.3)
    assert measured.area == pytest.approx(math.pi * 12 * 7, rel=0.005)
    assert measured.ellipse.long == pytest.approx(24, abs=0.2)
    assert measured.perimeter == pytest.approx(60.8, rel=0.03)
    assert measured.shape == "oval"
    ends = np.array([measured.long_axis.start, measured.long_axis.end])
    steps = np.array([[column, 0], [row * lean, row * math.sqrt(1 - lean**2)]])
    assert np.hypot(*np.diff(ends @ steps, axis=0)[0]) == pytest.approx(measured.long_axis.length)


@pytest.mark.parametrize("lean", [1.0, -2, math.nan])
def test_what_leans_over_entirely_is_refused(lean):
    with pytest.raises(ValueError, match="cosine"):
        measures.measure(np.eye(5, dtype=bool), (1, 1), lean=lean)


def test_of_very_many_parts_the_largest_are_measured_each():
    mask = np.zeros((80, 200), bool)
    mask[::3, ::3] = True
    mask[10:14, 20:40] = True
    measured = measures.measure(mask, None)
    assert measured.count > 1000
    assert len(measured.parts) == 50
    assert measured.parts[0].pixels >= 80
    assert f"in {measured.count} parts" in measured.notes[-2]
    assert "The 50 largest" in measured.notes[-2]
    assert measured.perimeter > 1000


@pytest.mark.parametrize("seed", range(5))
def test_whatever_noise_is_measured_has_numbers(seed):
    noise = np.random.default_rng(seed).random((40, 50)) > 0.7
    measured = measures.measure(noise, (0.2, 0.3), noise.astype(np.uint8))
    for each in (measured, *measured.parts):
        sizes = [each.long_axis.length, each.short_axis.length, each.perimeter, each.depth, each.width]
        assert all(0 < size < math.inf for size in sizes)
        assert each.ellipse is None or 0 < each.ellipse.short <= each.ellipse.long < math.inf


def test_the_ellipse_is_as_right_for_a_small_object_far_from_the_corner():
    small = ellipse((300, 4000), (1, 1), (3900, 40), (9, 6), 0)
    fitted = measures.measure(small, (1, 1)).ellipse
    assert (fitted.long, fitted.short) == pytest.approx((18, 12), abs=0.6)
    assert fitted.centre == pytest.approx((3900, 40), abs=0.01)
