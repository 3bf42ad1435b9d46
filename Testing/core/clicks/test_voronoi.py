"""ClickSAM's second clicks: how many, on what, and spread how evenly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from samca.clicks import center_of_mass, voronoi
from samca.prompts import Click

ROWS, COLUMNS = np.mgrid[:256, :256]
DISC = np.hypot(ROWS - 128, COLUMNS - 128) < 60  # 11,000 px: three clicks
RING = (np.hypot(ROWS - 128, COLUMNS - 128) < 90) & (np.hypot(ROWS - 128, COLUMNS - 128) > 60)
SQUARE = (abs(ROWS - 128) < 80) & (abs(COLUMNS - 128) < 80)
STRIP = (abs(ROWS - 30) < 10) & (abs(COLUMNS - 128) < 120)


def place(truth, prediction):
    return voronoi.place(truth, prediction, 1, np.random.default_rng(0)).clicks


def rectangle(x0, y0, x1, y1, side=256):
    mask = np.zeros((side, side), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def on(region, clicks):
    return [click for click in clicks if region[int(click.y), int(click.x)]]


def cells(region, points):
    """For each pixel (row, column) of the region the number of the nearest point, and its distance."""
    distances = np.hypot(*(np.argwhere(region)[:, None] - points).transpose(2, 0, 1))
    return distances.argmin(1), distances.min(1)


# How many


@pytest.mark.parametrize(
    ("size", "count"),
    [(999, 0), (1000, 1), (3162, 1), (3163, 2), (9999, 2), (10_000, 3), (31_623, 4), (65_536, 4), (1e9, 5)],
)
def test_the_number_of_clicks_goes_by_the_logarithm_of_the_size(size, count):
    assert voronoi.clicks_for(size) == count


def test_a_small_mistake_gets_a_click_from_five_percent_of_what_was_found():
    assert [voronoi.clicks_for(size, least=50) for size in (49, 50, 999)] == [0, 1, 1]
    assert voronoi.clicks_for(3163, least=1e6) == 2


def test_sizes_count_as_in_an_image_of_256_px():
    small, large = rectangle(10, 10, 40, 40, 64), rectangle(40, 40, 160, 160)
    nothing = np.zeros_like(small), np.zeros_like(large)
    assert len(place(small, nothing[0])) == len(place(large, nothing[1])) == 3


def test_the_largest_components_of_a_kind_come_first_and_ten_clicks_are_the_most():
    truth = np.zeros((256, 256), bool)
    for row in range(5):
        for column in range(3):  # fifteen components of 1,600 px, one click each
            truth[row * 50 : row * 50 + 40, column * 50 : column * 50 + 40] = True
    truth[0:250, 160:250] = True  # and one of 22,500 px, three clicks
    clicks = place(truth, np.zeros_like(truth))
    assert len(clicks) == 10
    assert [click.x >= 160 for click in clicks[:4]] == [True, True, True, False]


def test_a_component_that_would_make_more_than_ten_clicks_ends_its_kind():
    truth = np.zeros((256, 256), bool)
    for corner in (0, 64, 128, 192):  # four of 14,000 px, three clicks each
        truth[corner : corner + 60, :234] = True
    truth[:31, 240:] = True  # and one small enough for one click
    assert len(place(truth, np.zeros_like(truth))) == 9


# On what


def test_found_and_missed_regions_are_clicked_as_inside_and_added_ones_as_outside():
    truth, prediction = rectangle(40, 40, 140, 140), rectangle(90, 40, 200, 140)
    clicks = place(truth, prediction)
    for region, positive in ((truth & prediction, 1), (truth & ~prediction, 1), (prediction & ~truth, 0)):
        marked = on(region, clicks)
        assert len(marked) == voronoi.clicks_for(region.sum())
        assert all(click.positive == positive for click in marked)
    assert [click.positive for click in clicks] == sorted((c.positive for c in clicks), reverse=True)


@pytest.mark.parametrize("wrong", [0, 5])
def test_without_a_mistake_worth_a_click_the_centre_of_mass_is_all(wrong):
    prediction = DISC.copy()
    prediction[60:65, 60 : 60 + wrong] = True  # a speck
    assert place(DISC, prediction) == center_of_mass.place(DISC, None, 1, np.random.default_rng(0)).clicks


def test_the_object_is_clicked_even_where_only_too_much_is_wrong():
    small, large = rectangle(100, 100, 120, 120), rectangle(60, 60, 160, 160)  # 400 px found, 9,600 added
    first, *others = place(small, large)
    assert first.positive
    assert on(small, [first])
    assert len(others) == 2
    assert not any(click.positive for click in others)


def test_an_empty_prediction_leaves_the_truth_to_be_clicked():
    assert [c.positive for c in place(DISC, np.zeros_like(DISC))] == [True] * 3
    assert place(DISC, None) == place(DISC, np.zeros_like(DISC))


def test_a_prediction_on_an_empty_truth_is_clicked_away():
    assert [c.positive for c in place(np.zeros_like(DISC), DISC)] == [False] * 3
    assert [c.positive for c in place(np.zeros_like(DISC), rectangle(3, 3, 5, 5))] == [False]


# Spread how evenly


@pytest.mark.parametrize("region", [DISC, RING, SQUARE, STRIP], ids=["disc", "ring", "square", "strip"])
@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_clicks_are_spread_evenly(region, k):
    points = voronoi.spread(region, k)
    assert region[tuple(points.T)].all()
    nearest, distances = cells(region, points)
    sizes = np.bincount(nearest, minlength=k)
    assert sizes.max() < 1.6 * sizes.min()
    drawn = [np.argwhere(region)[np.random.default_rng(i).integers(region.sum(), size=k)] for i in range(40)]
    energies = [(cells(region, random)[1] ** 2).mean() for random in drawn]
    assert (distances**2).mean() < 1.05 * min(energies)  # k independent clicks come near it at best
    assert (distances**2).mean() < 0.7 * np.mean(energies)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_each_click_is_where_its_cell_of_a_convex_region_has_its_centre(k):
    points = voronoi.spread(SQUARE, k)
    nearest, _ = cells(SQUARE, points)
    for number, point in enumerate(points):
        centre = np.argwhere(SQUARE)[nearest == number].mean(0)
        assert np.hypot(*(centre - point)) < 3  # of 160 px: pixels are sampled and snapped


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))), st.integers(1, 5))
def test_clicks_differ_and_lie_in_any_region_that_has_room(region, k):
    if not region.any():
        return
    points = voronoi.spread(region, k)
    assert region[tuple(points.T)].all()
    assert len({tuple(point) for point in points.tolist()}) == min(k, region.sum())


def test_equal_masks_get_equal_clicks_whatever_the_random_numbers():
    truth, prediction = rectangle(40, 40, 240, 140), rectangle(90, 40, 250, 190)
    one, other = (voronoi.place(truth, prediction, 1, np.random.default_rng(i)).clicks for i in range(2))
    assert one == other
    assert all(isinstance(click, Click) for click in one)
