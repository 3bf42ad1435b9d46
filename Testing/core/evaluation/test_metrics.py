"""Metrics against values worked out by hand, and the row distance that is not a Hausdorff distance."""

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import directed_hausdorff

from samca.evaluation import metrics

OVERLAPS = (
    metrics.dice,
    metrics.iou,
    metrics.box_iou,
    metrics.accuracy,
    metrics.sensitivity,
    metrics.specificity,
)
DISTANCES = (metrics.hd, metrics.hd95, metrics.row_hd)


def mask(*rows: str) -> np.ndarray:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def disc(x: float, y: float, radius: float, size: int = 256) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def pairs_of_masks():
    shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))
    return shapes.flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))


def test_overlaps_of_a_case_counted_by_hand():
    prediction, truth = mask("##..", "##.."), mask(".##.", ".#..")  # TP 2, FP 2, FN 1, TN 3
    assert metrics.dice(prediction, truth) == pytest.approx(4 / 7)
    assert metrics.iou(prediction, truth) == pytest.approx(2 / 5)
    assert metrics.accuracy(prediction, truth) == pytest.approx(5 / 8)
    assert metrics.sensitivity(prediction, truth) == pytest.approx(2 / 3)
    assert metrics.specificity(prediction, truth) == pytest.approx(3 / 5)


def test_the_box_iou_is_that_of_the_boxes_around_all_pixels():
    prediction = mask(".....", ".#...", "...#.", ".....")  # columns 1 to 3, rows 1 to 2
    truth = mask(".....", "..##.", "..##.", "..##.")  # columns 2 to 3, rows 1 to 3
    assert metrics.box_iou(prediction, truth) == pytest.approx(4 / (6 + 6 - 4))
    assert metrics.box_iou(prediction, mask("#....", *["....."] * 3)) == 0
    ring = mask("###", "#.#", "###")
    assert metrics.box_iou(ring, np.ones((3, 3), bool)) == 1


def test_two_empty_masks_agree_and_one_empty_mask_does_not():
    empty, full = mask("..", ".."), mask("##", "##")
    assert [measure(empty, empty) for measure in OVERLAPS] == [1, 1, 1, 1, 1, 1]
    assert [measure(empty, full) for measure in OVERLAPS] == [0, 0, 0, 0, 0, 1]
    assert [measure(full, empty) for measure in OVERLAPS] == [0, 0, 0, 0, 1, 0]


def test_distance_of_two_pixels_is_the_hypotenuse():
    one, other = mask("#....", ".....", ".....", "....."), mask(".....", ".....", ".....", "....#")
    assert metrics.hd(one, other) == 5  # 4 to the right, 3 down
    assert metrics.hd95(one, other) == 5
    assert metrics.hd(one, other, spacing=(0.5, 2)) == pytest.approx(math.hypot(4 * 0.5, 3 * 2))


def test_distance_is_from_boundary_to_boundary():
    ring = mask("#####", "#...#", "#...#", "#...#", "#####")
    assert metrics.hd(np.ones((5, 5), bool), ring) == 0


def test_hd95_forgives_one_stray_pixel_that_hd_does_not():
    truth = disc(100, 100, 40)
    prediction = truth.copy()
    prediction[100, 240] = True
    assert metrics.hd(prediction, truth) == 100
    assert metrics.hd95(prediction, truth) == 0


def test_hd95_is_the_larger_of_the_two_directed_percentiles():
    prediction, truth = np.zeros((1, 120), bool), np.zeros((1, 120), bool)
    prediction[0, 0] = True
    truth[0, :101] = True  # one row is all boundary: the truth's distances are 0, 1, ... 100
    assert metrics.hd95(prediction, truth) == pytest.approx(95)
    assert metrics.hd95(truth, prediction) == pytest.approx(95)


def test_an_empty_mask_is_a_diagonal_away_from_a_mask_that_is_not():
    empty, one = np.zeros((3, 4), bool), np.eye(3, 4, dtype=bool)
    for distance in (metrics.hd, metrics.hd95):
        assert distance(empty, empty) == 0
        assert distance(empty, one) == distance(one, empty) == 5
        assert distance(empty, one, spacing=(3, 3)) == 15


def ring(size: int = 16, hole: bool = True) -> np.ndarray:
    mask = np.zeros((size, size), bool)
    mask[3:12, 4:13] = True
    mask[6:8, 7:9] = not hole
    return mask


def test_a_hole_is_false_where_the_truth_has_none_in_its_place():
    elsewhere = ring(hole=False)
    elsewhere[10, 5] = False
    assert metrics.has_false_hole(ring(), ring(hole=False))
    assert metrics.has_false_hole(ring(), elsewhere)
    assert metrics.has_false_hole(ring() & elsewhere, ring())  # one is true, the other not
    assert not metrics.has_false_hole(ring(), ring())
    assert not metrics.has_false_hole(ring(hole=False), ring())


def test_a_bay_at_the_edge_of_the_image_is_no_hole_and_one_closed_by_a_corner_is():
    bay = np.zeros((8, 8), bool)
    bay[:4, :6] = True
    bay[0, 2] = False
    assert not metrics.has_false_hole(bay, ~np.zeros_like(bay))
    corner = np.zeros((8, 8), bool)
    corner[[1, 2, 2, 3], [2, 1, 3, 2]] = True  # a diamond
    assert metrics.has_false_hole(corner, ~np.zeros_like(bay))
    assert not metrics.has_false_hole(np.zeros_like(bay), corner)


def test_row_hd_does_not_see_a_vertical_shift_and_doubles_a_horizontal_one():
    truth, lower, right = disc(110, 110, 50), disc(110, 140, 50), disc(140, 110, 50)
    assert (metrics.row_hd(lower, truth), metrics.row_hd(right, truth)) == (0, 60)
    assert (metrics.hd(lower, truth), metrics.hd(right, truth)) == (30, 30)


@given(pairs_of_masks())
def test_measures_stay_in_range_do_not_depend_on_order_and_are_perfect_on_equal_masks(masks):
    prediction, truth = masks
    for measure in OVERLAPS:
        assert 0 <= measure(prediction, truth) <= 1
        assert measure(truth, truth) == 1
    assert metrics.dice(prediction, truth) == metrics.dice(truth, prediction)
    overlap = metrics.iou(prediction, truth)
    assert metrics.dice(prediction, truth) == pytest.approx(2 * overlap / (1 + overlap))
    for distance in DISTANCES:
        assert distance(prediction, truth) == distance(truth, prediction)
        assert distance(truth, truth) == 0
    assert 0 <= metrics.hd95(prediction, truth) <= metrics.hd(prediction, truth) <= math.hypot(*truth.shape)


@given(pairs_of_masks())
def test_hd_is_scipys_between_the_boundaries(masks):
    def boundary(pixels):
        rows, columns = np.nonzero(pixels)
        padded = np.pad(pixels, 1)
        edge = [
            not all(padded[r + 1 + dr, c + 1 + dc] for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)))
            for r, c in zip(rows, columns, strict=True)
        ]
        return np.argwhere(pixels)[edge]

    prediction, truth = masks
    if prediction.any() and truth.any():
        one, other = boundary(prediction), boundary(truth)
        expected = max(directed_hausdorff(one, other)[0], directed_hausdorff(other, one)[0])
        assert metrics.hd(prediction, truth) == pytest.approx(expected)


def test_hd_is_fast_enough_for_every_image_of_an_evaluation():
    prediction, truth = disc(120, 120, 80), disc(130, 125, 75)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        metrics.hd(prediction, truth)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02  # measured 1.2 ms; the rest is for a busy machine


@pytest.mark.parametrize("measure", OVERLAPS + DISTANCES)
def test_masks_that_do_not_fit_are_refused_by_name(measure):
    good = np.ones((4, 4), bool)
    with pytest.raises(ValueError, match=r"bool masks of one size.*\(4, 5\)"):
        measure(good, np.ones((4, 5), bool))
    with pytest.raises(ValueError, match="float64"):
        measure(good.astype(float), good)
    with pytest.raises(ValueError, match="bool masks"):
        measure(np.zeros((0, 4), bool), np.zeros((0, 4), bool))


@pytest.mark.parametrize("spacing", [(0, 1), (1, -1), (math.nan, 1), (math.inf, 1)])
def test_a_spacing_that_is_no_size_is_refused(spacing):
    with pytest.raises(ValueError, match="two positive numbers"):
        metrics.hd(np.ones((4, 4), bool), np.ones((4, 4), bool), spacing=spacing)


def test_mean_and_population_standard_deviation():
    assert metrics.mean_and_std([2, 4, 4, 4, 5, 5, 7, 9]) == (5, 2)
    with pytest.raises(ValueError, match="no values"):
        metrics.mean_and_std([])
