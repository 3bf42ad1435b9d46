"""Volumes of known solids, and words that follow from known shapes."""

import math

import numpy as np
import pytest

from known_shapes import ellipse
from samca import measures

MM = (0.2, 0.2)


def outline(half, angle=0):
    return ellipse((300, 300), MM, (30, 30), half, angle)


def measured(half, angle=0):
    return measures.measure(outline(half, angle), MM)


def words(mask, spacing=MM, third=None):
    return measures.sentence_of(measures.measure(mask, spacing), third)


def shape(mask, spacing=MM):
    return measures.measure(mask, spacing).shape


def test_an_ellipsoid_from_two_planes_along_the_beam():
    diameters = measures.three_diameters(measured((20, 10)), measured((15, 10)))
    assert diameters == pytest.approx((40, 30, 20), abs=0.3)
    assert measures.ellipsoid_volume(*diameters) == pytest.approx(math.pi / 6 * 24000, rel=0.03)


@pytest.mark.parametrize(
    ("one", "other"),
    [(((20, 15), 90), ((20, 10), 90)), (((20, 10), 90), ((20, 15), 90)), (((20, 15), 80), ((20, 10), 100))],
)
def test_the_depth_is_what_both_planes_share(one, other):
    diameters = measures.three_diameters(measured(*one), measured(*other))
    assert diameters == pytest.approx((40, 30, 20), abs=0.3)


def test_a_ball_has_three_equal_diameters():
    assert measures.three_diameters(measured((9, 9)), measured((9, 9))) == pytest.approx(
        (18, 18, 18), abs=0.3
    )


@pytest.mark.parametrize(
    "other", [measures.measure(np.zeros((5, 5), bool), MM), measures.measure(outline((9, 9)), None)]
)
def test_no_volume_of_nothing_and_of_two_units(other):
    with pytest.raises(ValueError, match="one of the two objects"):
        measures.three_diameters(measured((20, 15)), other)


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf])
def test_diameters_are_positive_numbers(wrong):
    with pytest.raises(ValueError, match="three positive numbers"):
        measures.ellipsoid_volume(3, wrong, 4)
    with pytest.raises(ValueError, match="three positive numbers"):
        measures.voxel_volume(np.ones((2, 2, 2), bool), (1, wrong, 1))


def test_a_sweep_is_as_large_as_its_voxels():
    voxels = np.zeros((4, 5, 6), bool)
    voxels[1:3, 1:4, 2:6] = True
    assert measures.voxel_volume(voxels, (2.0, 0.5, 0.25)) == pytest.approx(24 * 0.25)
    assert measures.voxel_volume(voxels, None) == 24


@pytest.mark.parametrize("angle", range(0, 90, 15))
def test_an_ellipse_is_oval_and_a_disc_round(angle):
    assert shape(outline((14, 9), angle)) == "oval"
    assert shape(outline((9, 9), angle)) == "round"


def test_a_disc_in_mm_is_round_whatever_its_pixels_are():
    mask = ellipse((300, 100), (0.2, 0.6), (30, 30), (9, 9), 0)
    assert shape(mask, (0.2, 0.6)) == "round"
    assert shape(mask, None) == "oval"


def lobed(lobes, height, spread=9.0):
    rows, columns = np.indices((300, 300)) * 0.2 - 30.0
    return np.hypot(rows, columns) < spread * (1 + height * np.cos(lobes * np.arctan2(rows, columns)))


def test_gentle_lobes_are_not_irregular_and_spikes_are():
    assert shape(lobed(3, 0.07)) == "round"
    assert shape(lobed(9, 0.35)) == "irregular"
    assert shape(outline((14, 9)) & ~ellipse((300, 300), MM, (30, 22), (10, 9), 0)) == "irregular"


def test_one_pixel_and_nothing_have_words_too():
    mask = np.zeros((5, 5), bool)
    assert (shape(mask), words(mask)) == ("", "")
    mask[2, 2] = True
    assert shape(mask) == "round"
    assert "0.2 x 0.2 mm" in words(mask)


def test_the_line_says_that_it_was_computed_and_is_no_category():
    assert words(outline((14, 9))) == (
        "Computed from the outline, no category: 28.2 x 18.2 mm; depth 18.2 mm, width 28.2 mm; not taller "
        "than wide (0.65); orientation parallel to the skin; shape oval."
    )


def test_an_upright_object_is_taller_than_wide_and_not_parallel():
    text = words(outline((14, 9), 90), third=11.04)
    assert "x 11.0 mm;" in text
    assert "; taller than wide (1.55); orientation not parallel to the skin;" in text


def test_a_round_object_is_not_parallel():
    text = words(outline((9.0, 8.6)))
    assert "not taller than wide" in text
    assert "orientation not parallel" in text
    assert "shape round" in text


def test_without_spacing_there_is_no_mm():
    assert " mm" not in words(outline((14, 9)), None)


def test_what_is_cut_or_in_parts_says_so_instead_of_a_shape():
    mask = np.zeros((60, 60), bool)
    mask[:9, 10:30] = mask[30:40, 30:50] = True
    text = words(mask)
    assert "in 2 parts" in text
    assert "cut by the image's edge" in text
    assert "shape" not in text


def test_the_other_sizes_are_told_in_a_sentence_without_powers_of_ten():
    mask = np.zeros((300, 400), bool)
    mask[20:220, 30:330] = True
    said = measures.sizes_of(measures.measure(mask, (0.5, 0.5)))
    assert said.startswith("Area 15000 mm², perimeter 49")
    assert said.endswith(", circularity 0.76, skin distance 10 mm.")
    assert measures.sizes_of(measures.measure(mask & False, None)) == ""
