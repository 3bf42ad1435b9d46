"""A simulated user on a model of discs: where it clicks, that it repeats itself, how masks are scored."""

from types import SimpleNamespace

import numpy as np
import pytest

from samca import Session
from samca.clicks import CLICKS
from samca.datasets import Dataset
from samca.evaluation import metrics
from samca.evaluation.evaluate import (
    Record,
    Skipped,
    check_protocol,
    evaluate,
    generator_for,
    named_cases,
    on_grid,
    score,
    validate,
)
from samca.evaluation.evaluation_folder import Protocol
from samca.evaluation.users import USERS, interact, two_stage
from samca.interaction.session import Prediction
from samca.prompts import Click, polygons


class Discs:
    """A model that takes all within a radius of a positive click, and nothing within it of a negative one."""

    def __init__(self, radius: float, size: int = 64):
        self.config = SimpleNamespace(
            image_size=size, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=False, depth=1
        )
        self.radius, self.embedded = radius, 0

    def embed(self, pixels):
        self.embedded += 1
        return pixels.shape[0]

    def predict(self, features, prompts, previous):
        rows, columns = np.mgrid[:features, :features]
        logits = np.full((features, features), -1.0, np.float32)
        if prompts.lasso:
            logits[polygons.inside(prompts.lasso, features, features)] = 1.0
        for click in prompts.clicks:
            for x, y in click.places:
                near = (columns - x) ** 2 + (rows - y) ** 2 <= self.radius**2
                logits[near] = 1.0 if click.positive else -1.0
        return logits, 0.5


class Case:
    """A case in memory."""

    def __init__(self, name, *targets, spacing_mm=None, source="made up"):
        self.id, self.source, self.spacing_mm = name, source, spacing_mm
        self._targets = list(targets)

    def pixels(self):
        return np.tile(np.arange(64, dtype=np.uint8), (64, 1))

    def targets(self):
        return self._targets


def block(x: int, y: int, width: int, height: int) -> np.ndarray:
    mask = np.zeros((64, 64), bool)
    mask[y : y + height, x : x + width] = True
    return mask


LEFT, RIGHT = block(5, 10, 20, 30), block(40, 20, 15, 15)


def session_with_image(radius: float = 5) -> Session:
    session = Session(Discs(radius))
    session.set_image(Case("any").pixels())
    return session


def test_the_first_click_is_on_the_truth_and_each_other_on_the_error_of_the_mask_before():
    trial = interact(session_with_image(radius=12), LEFT, 6, np.random.default_rng(1))
    wrong, labels = LEFT, set()
    for step in trial:
        assert wrong[int(step.clicks[-1].y), int(step.clicks[-1].x)]
        assert step.clicks[-1].positive == LEFT[int(step.clicks[-1].y), int(step.clicks[-1].x)]
        wrong = step.mask ^ LEFT
        labels.add(step.clicks[-1].positive)
    assert labels == {True, False}
    assert len(trial) == 6
    assert {step.iou for step in trial} == {0.5}


def test_clicks_add_up():
    session = session_with_image()
    trial = interact(session, LEFT, 3, np.random.default_rng(0))
    for step in trial:
        mask = session.click(step.clicks[-1].x, step.clicks[-1].y, step.clicks[-1].positive)
        np.testing.assert_array_equal(mask, step.mask)


def test_two_stages_click_the_middle_and_then_what_was_found_missed_and_added():
    session = session_with_image()
    first, second = two_stage(session, LEFT, 2, np.random.default_rng(0))
    expected = [CLICKS["center_of_mass"](LEFT, None, 1, None), CLICKS["voronoi"](LEFT, first.mask, 1, None)]
    assert [first.clicks, second.clicks] == [prompts.clicks for prompts in expected]
    assert len(second.clicks) > 1
    assert np.array_equal(second.mask, session.predict(expected[1]).mask)
    assert two_stage(session, LEFT, 1, np.random.default_rng(0))[0].clicks == first.clicks


class Remembering:
    """A session on nothing that remembers the prompts and finds the right half of the truth by one set."""

    def __init__(self, truth):
        self.asked, self.truth = [], truth

    def predict(self, prompts):
        self.asked.append(prompts)
        found = self.truth.copy()
        if len(self.asked) % 2:
            found[:, :15] = False
        else:
            found[:5, 40:] = True
        return Prediction(np.where(found, 1.0, -1.0), 0.5)


@pytest.mark.parametrize("rounds", [1, 3])
def test_double_clicks_have_sets_of_one_size_and_the_mask_of_both_counts(rounds):
    session = Remembering(LEFT)
    steps = USERS["double_click"](session, LEFT, 2, np.random.default_rng(0), rounds=rounds)
    assert [len(step.clicks) for step in steps] == [2, 4]
    assert len(session.asked) == 2 * 2 * rounds
    for alone, both in zip(session.asked[::2], session.asked[1::2], strict=True):
        k = len(alone.clicks)
        assert all(LEFT[click.pixel] and click.positive for click in alone.clicks)
        initial, guided = both.initial_and_guided()
        assert (initial.clicks, len(guided.clicks)) == (alone.clicks, k)
    for place, step in ((2 * rounds - 1, steps[0]), (-1, steps[1])):
        assert step.clicks == session.asked[place].clicks


def test_guided_double_clicks_lie_on_the_error_of_the_initial_mask_first_and_then_of_both():
    session = Remembering(LEFT)
    USERS["double_click"](session, LEFT, 1, np.random.default_rng(0), rounds=2)
    _, first, _, second = session.asked
    missed = LEFT.copy()
    missed[:, 15:] = False
    assert missed[first.clicks[1].pixel]
    added = block(40, 0, 24, 5)
    assert added[second.clicks[1].pixel]
    assert not second.clicks[1].positive


@pytest.mark.parametrize(
    ("clicks", "rounds", "user"),
    [((1,), 0, "double_click"), ((1,), 2, "clicks"), ((0, 1), 1, "double_click")],
)
def test_rounds_are_of_double_clicks_and_those_start_with_a_click(clicks, rounds, user):
    with pytest.raises(ValueError, match=r"rounds|leave out 0"):
        check_protocol(clicks, 1, 0, user, rounds)


def test_the_first_click_can_be_given():
    trial = interact(session_with_image(), LEFT, 2, np.random.default_rng(0), first=Click(6, 11))
    assert trial[0].clicks == (Click(6, 11),)


def test_interacting_leaves_the_prompts_of_the_session_alone():
    session = session_with_image()
    session.click(3, 4)
    before = session.prompts
    interact(session, LEFT, 2, np.random.default_rng(0))
    assert session.prompts == before


def test_the_draws_of_a_trial_depend_on_case_target_and_seed_alone():
    assert generator_for("a", 0, 0).integers(1 << 30) == 225447342  # written down: the same on every machine
    keys = [("a", 0, 0), ("b", 0, 0), ("a", 1, 0), ("a", 0, 1)]
    assert len({generator_for(*key).integers(1 << 30) for key in keys}) == 4


def test_all_models_share_the_first_click_and_the_order_of_cases_does_not_matter():
    one, other = Case("one", LEFT, RIGHT), Case("other", RIGHT)

    def first_clicks(radius, *cases):
        records = evaluate(Discs(radius), [Dataset("set", cases)], clicks=[1], seeds=2)
        return {(r.case, r.target, r.seed): r.clicks for r in records}

    assert first_clicks(3, one, other) == first_clicks(9, other, one)
    assert len(set(first_clicks(3, one, other).values())) == 6


def test_there_is_a_record_for_each_target_seed_and_click():
    cases = Case("one", LEFT, RIGHT), Case("other", RIGHT)
    model = Discs(5)
    records = list(evaluate(model, [Dataset("set", cases)], clicks=[1, 3], seeds=2, curve=4))
    keys = [(r.case, r.target, r.seed, r.count) for r in records]
    expected = [
        (case, target, seed, count)
        for case, target in (("one", 0), ("one", 1), ("other", 0))
        for seed in (0, 1)
        for count in (1, 2, 3, 4)
    ]
    assert keys == expected
    assert all(("hd" in r.scores) == (r.count in (1, 3)) for r in records)
    assert all("dice" in r.scores for r in records)
    assert model.embedded == 2  # each image once


def test_scores_belong_to_the_mask_of_all_clicks_so_far():
    records = list(evaluate(Discs(5), [Dataset("set", (Case("one", LEFT),))], clicks=[3], seeds=1))
    session = session_with_image()
    for record in records:
        mask = session.click(record.clicks[-1].x, record.clicks[-1].y, record.clicks[-1].positive)
        assert record.scores["dice"] == pytest.approx(100 * metrics.dice(mask, LEFT))
    assert records[-1].scores == pytest.approx(score(mask, LEFT) | {"predicted_iou": 100 * session.iou})


def test_a_model_that_looks_twice_says_how_far_both_looks_agree(tiny_model):
    model, case = tiny_model({"mirror": True}), Case("one", LEFT)
    (record,) = evaluate(model, [Dataset("set", (case,))], clicks=[1], seeds=1)
    session = Session(model)
    session.set_image(case.pixels())
    session.click(record.clicks[0].x, record.clicks[0].y)
    assert record.scores["agreement"] == pytest.approx(100 * session.agreement)
    assert 0 < record.scores["agreement"] < 100


def test_two_stages_are_two_records_with_all_their_clicks():
    sets = [Dataset("set", (Case("one", LEFT, RIGHT),))]
    records = list(evaluate(Discs(5), sets, clicks=(1, 2), seeds=1, user="two_stage"))
    assert [(r.target, r.count) for r in records] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    trial = two_stage(session_with_image(), LEFT, 2, np.random.default_rng(0))
    assert [r.clicks for r in records[:2]] == [step.clicks for step in trial]
    assert records[1].scores == score(trial[1].mask, LEFT) | {"predicted_iou": 100 * trial[1].iou}


@pytest.mark.parametrize(("clicks", "curve"), [((1, 3), 0), ((1, 2), 2)])
def test_more_than_two_stages_are_refused(clicks, curve):
    with pytest.raises(ValueError, match="two_stage has the stages 1 and 2 and no curve"):
        list(evaluate(Discs(5), [], clicks, 1, curve, "two_stage"))


def test_a_user_that_nobody_knows_is_refused_with_those_there_are():
    known = (
        "box_50, box_75, clicks, double_click, everything, lasso, outline, stroke, three_points, two_stage"
    )
    with pytest.raises(ValueError, match=f"user 'nobody' is not one of {known}"):
        list(evaluate(Discs(5), [], user="nobody"))


def test_a_case_without_target_is_skipped_and_said_so():
    records = list(evaluate(Discs(5), [Dataset("set", (Case("normal"), Case("one", LEFT)))], [1], seeds=1))
    assert records[0] == Skipped("set", "normal")
    assert isinstance(records[1], Record)
    assert len(records) == 2


def test_an_empty_prediction_is_marked_and_costs_the_diagonal():
    (record,) = evaluate(Discs(radius=float("nan")), [Dataset("set", (Case("one", LEFT),))], [1], seeds=1)
    assert record.empty
    assert record.scores["dice"] == 0
    assert record.scores["hd"] == pytest.approx(256 * 2**0.5)


@pytest.mark.parametrize(
    ("clicks", "seeds", "curve"), [([], 5, 0), ([0], 5, 0), ([-1, 1], 5, 0), ([1], 0, 0), ([1], 1, -1)]
)
def test_counts_that_are_too_small_are_refused(clicks, seeds, curve):
    with pytest.raises(ValueError, match="at least 1"):
        list(evaluate(Discs(5), [], clicks, seeds, curve))
    with pytest.raises(ValueError, match="at least"):
        Protocol(tuple(clicks), seeds, curve)  # before the trainings of an ablation, not after them


def test_equal_ids_of_two_sources_get_different_names():
    cases = Case("1", LEFT, source="busi"), Case("1", LEFT, source="usgra")
    assert [name for name, _ in named_cases(Dataset("both", cases))] == ["busi/1", "usgra/1"]
    assert [name for name, _ in named_cases(Dataset("busi", cases[:1]))] == ["1"]


def test_overlaps_are_percent_and_distances_px_of_the_256_grid_and_mm_of_the_image():
    truth, shifted = block(10, 10, 8, 8), block(14, 10, 8, 8)
    scores = score(shifted, truth, spacing_mm=(0.5, 0.1))
    assert scores["dice"] == pytest.approx(50)
    assert scores["iou"] == pytest.approx(100 / 3)
    assert scores["hd"] == pytest.approx(16)  # 4 px of 64 are 16 of 256
    assert scores["hd_mm"] == scores["hd95_mm"] == pytest.approx(2)
    assert "hd_mm" not in score(shifted, truth)


def test_a_structure_smaller_than_a_pixel_of_the_grid_does_not_vanish_from_it():
    mask = np.zeros((2000, 1500), bool)
    assert not on_grid(mask).any()
    mask[1000, 750] = True
    row, column = np.argwhere(on_grid(mask))[0]
    assert (row, column) == (128, 128)


def test_validation_is_the_mean_dice_after_each_number_of_clicks():
    cases = [Case("one", LEFT, RIGHT), Case("normal"), Case("other", RIGHT)]
    dice = validate(Discs(5), cases, clicks=(1, 4), seed=3)
    records = [r for c in cases for s in [3] for r in _trial(c, s)]
    assert set(dice) == {1, 4}
    for count in (1, 4):
        assert dice[count] == pytest.approx(np.mean([d for n, d in records if n == count]))
    assert dice[4] > dice[1] > 0


def _trial(case, seed):
    for index, truth in enumerate(case.targets()):
        trial = interact(session_with_image(), truth, 4, generator_for(case.id, index, seed))
        yield from ((n, 100 * metrics.dice(step.mask, truth)) for n, step in enumerate(trial, start=1))


def test_validating_on_nothing_is_refused():
    with pytest.raises(ValueError, match="no target"):
        validate(Discs(5), [Case("normal")])


def test_of_three_points_as_many_are_right_as_asked_for():
    truth = np.zeros((40, 60), bool)
    truth[10:20, 20:40] = True
    seen = []

    class Asked:
        def predict(self, prompts):
            seen.append(prompts)
            return Prediction(np.where(truth, 1.0, -1.0), 0.5)

    steps = USERS["three_points"](Asked(), truth, 3, np.random.default_rng(0))
    right = [[bool(truth[int(c.y), int(c.x)]) for c in prompts.clicks] for prompts in seen]
    assert right == [[True, False, False], [True, True, False], [True, True, True]]
    assert all(click.positive for prompts in seen for click in prompts.clicks)
    assert all(5 <= c.y <= 25 and 10 <= c.x <= 50 for prompts in seen for c in prompts.clicks)
    assert [step.clicks for step in steps] == [prompts.clicks for prompts in seen]
    with pytest.raises(ValueError, match="three_points has 1, 2 or 3 right ones"):
        check_protocol((1, 5), 1, 0, "three_points")


@pytest.mark.parametrize(("user", "overlap"), [("box_50", 0.5), ("box_75", 0.75)])
def test_a_user_draws_a_box_of_known_overlap_and_then_clicks(user, overlap):
    truth = np.zeros((60, 80), bool)
    truth[20:35, 30:50] = True
    seen = []

    class Asked:
        def predict(self, prompts):
            seen.append(prompts)
            return Prediction(np.full(truth.shape, -1.0), 0.5)

    steps = USERS[user](Asked(), truth, 3, np.random.default_rng(0))
    assert [len(prompts.clicks) for prompts in seen] == [0, 1, 2]
    assert all(prompts.box == seen[0].box == step.box for prompts, step in zip(seen, steps, strict=True))
    box = seen[0].box
    common = (min(box.x1, 49) - max(box.x0, 30)) * (min(box.y1, 34) - max(box.y0, 20))
    assert common / (2 * 19 * 14 - common) == pytest.approx(overlap)
    records = list(evaluate(Discs(9), [Dataset("set", (Case("one", LEFT),))], [1], seeds=1, user=user))
    assert [(record.clicks, record.box is not None) for record in records] == [((), True)]


def test_a_user_draws_a_stroke_on_the_truth_and_then_in_the_error():
    trial = USERS["stroke"](session_with_image(radius=2), LEFT, 4, np.random.default_rng(0))
    wrong = LEFT
    for count, step in enumerate(trial, start=1):
        assert len(step.clicks) == count
        stroke = step.clicks[-1]
        assert all(wrong[pixel] and LEFT[pixel] == stroke.positive for pixel in stroke.pixels)
        wrong = step.mask ^ LEFT
    assert trial[0].clicks[0].positive
    assert len(trial[0].clicks[0].pixels) > 5
    assert trial[-1].clicks[:1] == trial[0].clicks


def test_a_user_draws_a_curve_around_the_truth_and_then_clicks():
    first, second = USERS["lasso"](session_with_image(radius=3), LEFT, 2, np.random.default_rng(0))
    assert (first.clicks, len(second.clicks), second.lasso) == ((), 1, first.lasso)
    within = polygons.inside(first.lasso, 64, 64)
    np.testing.assert_array_equal(first.mask, within)
    assert (within & LEFT).sum() > 0.9 * LEFT.sum()
    (wrong,) = second.clicks
    assert (within ^ LEFT)[wrong.pixel]
    records = list(evaluate(Discs(3), [Dataset("set", (Case("one", LEFT),))], [1], seeds=1, user="lasso"))
    assert [(record.clicks, bool(record.lasso)) for record in records] == [((), True)]
