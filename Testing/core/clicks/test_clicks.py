"""Simulated users point where they say: inside the image, in the region they claim, the same for one seed."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chisquare

from samca.clicks import CLICKS, double_click
from samca.prompts import Click
from samca.prompts.polygons import inside

ERROR_CLICKS = ("error_random", "error_deepest")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def rectangle(x0: int, y0: int, x1: int, y1: int, height: int = 40, width: int = 60) -> np.ndarray:
    """(height, width) bool with the pixels from (x0, y0) up to but not including (x1, y1)."""
    mask = np.zeros((height, width), bool)
    mask[y0:y1, x0:x1] = True
    return mask


TRUTH = rectangle(10, 10, 30, 30)
EMPTY, FULL = np.zeros_like(TRUTH), np.ones_like(TRUTH)
SINGLE = rectangle(59, 39, 60, 40)  # the last pixel of the image


def place(name: str, truth, predictions, k=1, seed=0, **options):
    if name == "double_click" and isinstance(predictions, np.ndarray):
        predictions = (predictions, predictions)
    return CLICKS[name](truth, predictions, k, rng(seed), **options)


def on(mask: np.ndarray, click: Click) -> bool:
    assert click.x == int(click.x)
    assert click.y == int(click.y)
    assert 0 <= click.x < mask.shape[1]
    assert 0 <= click.y < mask.shape[0]
    return bool(mask[int(click.y), int(click.x)])


@st.composite
def scenes(draw):
    """Truth and two predictions, (H, W) bool each, one shape."""
    shape = draw(st.tuples(st.integers(2, 12), st.integers(2, 12)))
    return tuple(draw(arrays(bool, shape)) for _ in range(3))


@pytest.mark.parametrize("name", CLICKS)
@given(scenes(), st.integers(1, 6), st.integers(0, 99))
def test_prompts_lie_in_the_image_and_labels_tell_the_truth(name, scene, k, seed):
    truth, before, after = scene
    predictions = (before, after) if name == "double_click" else after
    prompts = CLICKS[name](truth, predictions, k, rng(seed))
    assert prompts
    for click in prompts.clicks:
        assert all(on(truth, Click(*place)) == click.positive for place in click.places)
    if prompts.lasso:
        xs, ys = np.array(prompts.lasso).T
        assert 0 <= xs.min() <= xs.max() <= truth.shape[1] - 1
        assert 0 <= ys.min() <= ys.max() <= truth.shape[0] - 1
    if prompts.box is not None:
        box, (height, width) = prompts.box, truth.shape
        assert 0 <= box.x0 < box.x1 <= width - 1
        assert 0 <= box.y0 < box.y1 <= height - 1


@pytest.mark.parametrize("name", CLICKS)
@given(scenes(), st.integers(1, 6), st.integers(0, 99))
def test_the_same_seed_gives_the_same_prompts_and_the_masks_stay_as_they_were(name, scene, k, seed):
    truth, before, after = scene
    copies = [mask.copy() for mask in scene]
    predictions = (before, after) if name == "double_click" else after
    assert CLICKS[name](truth, predictions, k, rng(seed)) == CLICKS[name](truth, predictions, k, rng(seed))
    for mask, copy in zip(scene, copies, strict=True):
        assert np.array_equal(mask, copy)


@pytest.mark.parametrize("name", CLICKS)
@pytest.mark.parametrize("truth", [FULL, SINGLE], ids=["full", "single"])
def test_a_full_truth_and_a_single_pixel_get_positive_clicks_or_a_box(name, truth):
    for predictions in (None, EMPTY, truth):
        prompts = place(name, truth, predictions, k=3)
        assert all(click.positive for click in prompts.clicks)
        assert prompts.clicks or prompts.box or prompts.lasso


@pytest.mark.parametrize("name", CLICKS)
def test_an_empty_truth_gets_one_negative_click(name):
    for predictions in (None, EMPTY):
        (click,) = place(name, EMPTY, predictions, k=3).clicks
        assert not click.positive


@pytest.mark.parametrize("name", ["random_foreground", "error_random", "error_deepest", "double_click"])
def test_k_clicks_are_k_clicks(name):
    for k in (1, 2, 5):
        assert len(place(name, TRUTH, rectangle(15, 15, 40, 25), k=k).clicks) == k


@pytest.mark.parametrize("name", ERROR_CLICKS)
@given(scenes(), st.integers(1, 6))
def test_error_clicks_lie_on_errors_as_long_as_there_are_any(name, scene, k):
    truth, prediction, _ = scene
    wrong = truth ^ prediction
    region = wrong if wrong.any() else truth if truth.any() else ~truth
    assert all(on(region, click) for click in place(name, truth, prediction, k=k).clicks)


@given(scenes(), st.integers(1, 6), st.integers(0, 99))
def test_strokes_stay_on_the_error_of_their_kind_and_k_strokes_are_k_prompts(scene, k, seed):
    truth, prediction, _ = scene
    strokes = place("strokes", truth, prediction, k, seed).clicks
    wrong = truth ^ prediction
    region = wrong if wrong.any() else truth if truth.any() else ~truth
    assert len(strokes) == (k if wrong.any() or truth.any() else 1)
    for stroke in strokes:
        assert all(on(region, Click(*each)) for each in stroke.places)
        assert len({on(truth, Click(*each)) for each in stroke.places}) == 1


def test_a_stroke_runs_along_what_is_long():
    band = rectangle(0, 18, 60, 21)
    lengths = [
        np.ptp([x for x, _ in place("strokes", band, None, seed=n).clicks[0].places]) for n in range(20)
    ]
    assert np.mean(lengths) > 3 * 3  # the band is 3 px high


def test_a_stroke_on_a_single_pixel_is_a_click():
    assert place("strokes", SINGLE, None).clicks == (Click(59, 39, True),)


@pytest.mark.parametrize("seed", range(5))
def test_a_lasso_runs_around_the_truth_and_not_far_from_it(seed):
    truth = rectangle(15, 12, 40, 28) & ~rectangle(24, 12, 30, 20)  # a cup
    within = inside(place("lasso", truth, None, seed=seed).lasso, *truth.shape)
    assert (within & truth).sum() > 0.97 * truth.sum()
    assert within.sum() < 2.4 * truth.sum()


def test_random_foreground_is_uniform():
    clicks = place("random_foreground", rectangle(0, 0, 3, 2), None, k=6000).clicks
    counts = np.zeros((2, 3))
    for click in clicks:
        counts[int(click.y), int(click.x)] += 1
    assert chisquare(counts.ravel()).pvalue > 0.001


def test_random_errors_are_missed_and_spurious_pixels_in_proportion():
    prediction = rectangle(15, 10, 40, 30)  # misses 5 x 20 px, adds 10 x 20 px
    clicks = place("error_random", TRUTH, prediction, k=3000).clicks
    assert np.mean([click.positive for click in clicks]) == pytest.approx(1 / 3, abs=0.05)


def test_deepest_error_is_the_middle_of_the_larger_mistake():
    prediction = TRUTH.copy()
    prediction[20:25, 15:20] = False  # a hole, middle (17, 22)
    assert place("error_deepest", TRUTH, prediction).clicks == (Click(17, 22, True),)
    prediction[5:16, 40:51] = True  # a larger addition, middle (45, 10)
    assert place("error_deepest", TRUTH, prediction).clicks == (Click(45, 10, False),)


def test_deepest_error_without_error_is_the_deepest_foreground():
    truth = rectangle(10, 10, 21, 21)
    assert place("error_deepest", truth, truth).clicks == (Click(15, 15, True),)


def test_deepest_error_takes_the_image_edge_as_an_edge():
    truth = rectangle(0, 0, 9, 9)  # in the corner
    assert place("error_deepest", truth, None).clicks == (Click(4, 4, True),)


def test_deepest_error_clicks_keep_apart_and_end_when_the_errors_do():
    assert len(set(place("error_deepest", TRUTH, None, k=5).clicks)) == 5
    assert len(place("error_deepest", rectangle(3, 3, 5, 4), None, k=5).clicks) == 2


def test_centre_of_mass_is_one_click_per_component_the_largest_first():
    truth = rectangle(1, 1, 4, 4) | rectangle(20, 10, 31, 21)
    assert place("center_of_mass", truth, None).clicks == (Click(25, 15), Click(2, 2))


def test_centre_of_mass_of_a_crescent_is_its_nearest_pixel():
    crescent = rectangle(10, 10, 31, 31) & ~rectangle(13, 12, 31, 29)
    (click,) = place("center_of_mass", crescent, None).clicks
    rows, columns = np.nonzero(crescent)
    centre = columns.mean(), rows.mean()
    assert not crescent[round(centre[1]), round(centre[0])]
    distances = np.hypot(columns - centre[0], rows - centre[1])
    assert on(crescent, click)
    assert np.hypot(click.x - centre[0], click.y - centre[1]) == distances.min()


def test_of_many_specks_the_ten_largest_get_a_click():
    truth = np.zeros((64, 64), bool)
    truth[::4, ::4] = True  # 256 specks
    truth[4, 4:6] = truth[8, 4:6] = True
    clicks = place("center_of_mass", truth, None).clicks
    assert len(clicks) == 10
    assert {(click.x, click.y) for click in clicks} >= {(4, 4), (4, 8)}


def test_a_diagonal_touch_is_one_component():
    assert len(place("center_of_mass", rectangle(0, 0, 2, 2) | rectangle(2, 2, 4, 4), None).clicks) == 1


def test_double_click_before_the_first_pass_is_random_foreground():
    clicks = place("double_click", TRUTH, None, k=4).clicks
    assert len(clicks) == 4
    assert all(click.positive and on(TRUTH, click) for click in clicks)
    assert all(click.positive for click in double_click.initial(TRUTH, None, 2, rng()).clicks)


@given(scenes(), st.integers(1, 4), st.integers(0, 99))
def test_the_initial_set_is_positive_on_what_the_initial_mask_missed_else_on_the_truth(scene, k, seed):
    truth, before, _ = scene
    clicks = double_click.initial(truth, before, k, rng(seed)).clicks
    missed = truth & ~before
    if missed.any() or truth.any():
        region = missed if missed.any() else truth
        assert len(clicks) == k
        assert all(click.positive and on(region, click) for click in clicks)
    else:
        assert [click.positive for click in clicks] == [False]


@given(scenes(), st.integers(2, 6), st.integers(0, 99))
def test_the_guided_set_is_half_primary_from_the_initial_mask_and_half_secondary_from_the_guided(
    scene, k, seed
):
    truth, before, after = scene
    clicks = CLICKS["double_click"](truth, (before, after), k, rng(seed)).clicks
    missed, spurious, secondary = truth & ~before, before & ~truth, truth ^ after
    primary = missed if missed.any() else spurious
    if not primary.any() and not secondary.any():
        assert all(on(truth if truth.any() else ~truth, click) for click in clicks)
        return
    half = -(-k // 2)
    assert len(clicks) == k
    assert all(on(primary if primary.any() else secondary, click) for click in clicks[:half])
    assert all(on(secondary if secondary.any() else primary, click) for click in clicks[half:])


def test_primary_clicks_go_to_spurious_pixels_only_when_nothing_is_missed():
    left, right = rectangle(10, 10, 20, 30), rectangle(10, 10, 40, 30)
    both = left | rectangle(35, 10, 40, 30)  # misses some and adds some
    primary = [place("double_click", TRUTH, (both, TRUTH), k=4, seed=s).clicks for s in range(20)]
    assert all(click.positive for clicks in primary for click in clicks)
    spurious = place("double_click", TRUTH, (right, TRUTH), k=4).clicks
    assert [click.positive for click in spurious] == [False] * 4


def test_a_single_guided_click_alternates_between_the_two_masks():
    before, after = rectangle(10, 10, 20, 30), rectangle(10, 10, 40, 30)  # one misses, the other adds
    labels = [place("double_click", TRUTH, (before, after), iteration=i).clicks[0].positive for i in range(4)]
    assert labels == [True, False, True, False]


def test_boxes_are_jittered_by_a_tenth_of_their_side_and_at_most_20_px():
    truth = rectangle(400, 300, 500, 350, 1000, 1000)
    boxes = [place("boxes", truth, None, seed=s).box for s in range(400)]
    left, top = np.array([box.x0 for box in boxes]) - 400, np.array([box.y0 for box in boxes]) - 300
    assert np.abs(left).max() <= 20
    assert left.mean() == pytest.approx(0, abs=2)
    assert left.std() == pytest.approx(9.4, abs=1)  # 10 px, cut at two standard deviations
    assert top.std() == pytest.approx(5, abs=0.7)


@pytest.mark.parametrize("name", CLICKS)
def test_a_training_batch_does_not_wait_for_its_clicks(name):
    rows, columns = np.mgrid[:256, :256]
    truth, prediction = (np.hypot(columns - x, rows - 128) < 50 for x in (128, 140))
    times = []
    for seed in range(10):
        start = time.process_time()
        place(name, truth, prediction, k=4, seed=seed)
        times.append(time.process_time() - start)
    assert min(times) < 0.02  # of this process: 0.05 to 0.3 ms, error_deepest 1 ms, voronoi 4 ms


@pytest.mark.parametrize("name", CLICKS)
def test_arguments_that_do_not_fit_are_refused_in_words(name):
    with pytest.raises(ValueError, match="k = 0"):
        place(name, TRUTH, None, k=0)
    with pytest.raises(ValueError, match="uint8"):
        place(name, TRUTH.astype(np.uint8), None)
    if name in (*ERROR_CLICKS, "double_click"):
        with pytest.raises(ValueError, match=r"\(40, 60\) bool prediction.*\(3, 3\)"):
            place(name, TRUTH, np.ones((3, 3), bool))


@pytest.mark.parametrize(("name", "overlap"), [("box_50", 0.5), ("box_75", 0.75)])
@pytest.mark.parametrize(
    "truth",
    [rectangle(20, 10, 40, 30), rectangle(0, 0, 60, 40), rectangle(0, 5, 50, 35)],
    ids=["middle", "full", "border"],
)
def test_a_box_of_known_overlap_has_it(name, overlap, truth):
    rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    tight = np.array([columns[0], rows[0], columns[-1], rows[-1]], float)
    boxes = [place(name, truth, None, k=1, seed=seed).box for seed in range(20)]
    for box in boxes:
        got = np.array([box.x0, box.y0, box.x1, box.y1])
        common = np.clip(np.minimum(got[2:], tight[2:]) - np.maximum(got[:2], tight[:2]), 0, None).prod()
        areas = (got[2:] - got[:2]).prod() + (tight[2:] - tight[:2]).prod()
        assert common / (areas - common) == pytest.approx(overlap)
    assert truth.all() or len(set(boxes)) > 2  # at the border there is room in few directions
