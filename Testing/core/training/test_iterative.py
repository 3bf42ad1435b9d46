"""What iterative training can do beside adding clicks: strokes, lassos, unlearned prompts, alternatives."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from prepared import IMAGES, SHIFTED, TRUTH, Prepared, at, batch, run
from samca.prompts.prompts import MARKS
from samca.training.schedules import SCHEDULES


def trained(model=None, seed=0, truth=TRUTH, **options):
    """The model, and what the schedule says, of three prompts unless the options say otherwise."""
    model = model or Prepared(splits=False)
    return model, run(model, "iterative", seed, truth, **({"iterations": 3} | options))


def sizes(model):
    """How many points each decoding got."""
    return [sets[0][0].shape[1] for sets in model.asked]


def loss_of(logits):
    shared = batch()
    return float(shared.loss(logits.detach(), torch.zeros(IMAGES, 1), shared.target()))


def test_the_loss_is_that_of_the_answers_alone():
    model, losses = trained()
    assert float(losses["loss"].detach()) == pytest.approx(np.mean([loss_of(each) for each in model.given]))
    assert model.others == []


# Strokes


def test_every_click_can_be_a_stroke_on_the_error_of_one_kind():
    model, _ = trained(stroke_share=1.0)
    points, labels = model.asked[-1][0]
    assert points.shape[1] > 3
    shown = labels >= 0
    near = np.rint(points)[shown]  # marks lie between pixels
    assert at(TRUTH ^ SHIFTED | TRUTH, near).all()
    assert (at(TRUTH, near) == (labels[shown] == 1)).mean() > 0.9


def test_a_share_of_the_clicks_are_strokes():
    kinds = [max(sizes(trained(seed=seed, stroke_share=0.5, iterations=1)[0])) for seed in range(40)]
    assert 8 < sum(size > 1 for size in kinds) < 32
    assert max(kinds) == MARKS


# Lassos


def test_a_lasso_can_take_the_place_of_the_first_click_and_is_its_mask_prompt():
    model, _ = trained(lasso_share=1.0)
    assert sizes(model) == [0, 1, 2]
    first = model.previous[0]
    assert first.shape == (IMAGES, 1, *TRUTH.shape)
    assert all(((plane[0] > 0).numpy() & TRUTH).sum() > 0.9 * TRUTH.sum() for plane in first)


@pytest.mark.parametrize("feedback", ["none", "initial", "last"])
def test_later_clicks_get_the_mask_prompt_that_a_session_gives_them(feedback):
    model, _ = trained(Prepared(splits=False, feedback=feedback), lasso_share=1.0)
    for number in (1, 2):
        fed = {"none": model.previous[0], "initial": model.given[0], "last": model.given[number - 1]}
        assert torch.equal(model.previous[number], fed[feedback])


def test_a_lasso_is_drawn_only_where_every_image_has_a_structure():
    model, empty = Prepared(splits=False), batch()
    truth = np.stack([TRUTH, np.zeros_like(TRUTH), TRUTH])
    for share in ("lasso_share", "box_share"):
        SCHEDULES["iterative"](model, None, replace(empty, truth=truth), iterations=1, **{share: 1.0})
    assert sizes(model) == [1, 1]
    assert model.previous == [None, None]


# Prompts that come first and are not learned from


def test_unlearned_prompts_come_first_and_carry_no_gradient():
    counts = set()
    for seed in range(12):
        model, losses = trained(seed=seed, unlearned=2)
        before = len(model.given) - 3
        counts.add(before)
        assert sizes(model) == list(range(1, before + 4))
        assert [each.requires_grad for each in model.given] == [False] * before + [True] * 3
        learned = [loss_of(each) for each in model.given[before:]]
        assert float(losses["loss"].detach()) == pytest.approx(np.mean(learned), rel=1e-6)
        assert float(losses["initial"]) == pytest.approx(learned[0], rel=1e-6)
    assert counts == {0, 1, 2}


# Alternatives


def best(others):
    shared = batch()
    return float(shared.loss_of(*(each.detach() for each in others)))


def test_at_a_first_single_click_the_best_alternative_counts_as_much_as_the_answer():
    model, losses = trained(alternatives=True)
    assert len(model.others) == 1
    answers = [loss_of(each) for each in model.given]
    expected = (answers[0] + best(model.others[0]) + answers[1] + answers[2]) / 3
    assert float(losses["loss"].detach()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("share", ["box_share", "lasso_share", "stroke_share"])
def test_what_says_more_than_a_click_has_no_alternatives(share):
    model, _ = trained(alternatives=True, **{share: 1.0})
    assert model.others == []


def test_a_click_that_is_not_learned_from_has_no_alternatives():
    for seed in range(12):
        model, _ = trained(seed=seed, unlearned=2, alternatives=True)
        assert len(model.others) == (len(model.given) == 3)


# Refusals


@pytest.mark.parametrize(
    "options",
    [
        {"lasso_share": -0.1},
        {"lasso_share": 1.1},
        {"stroke_share": 2.0},
        {"box_share": 0.6, "lasso_share": 0.6},
        {"unlearned": -1},
    ],
)
def test_shares_and_numbers_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=r"expected at least 1, at least 0, and shares in 0\.\.1"):
        trained(**options)
