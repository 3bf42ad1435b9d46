"""Where training puts its clicks, seen by a model that answers with masks prepared for it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from prepared import IMAGES, LARGE, SHIFTED, TRUTH, Prepared, at, batch, run
from samca.network.backbones.sites import Features
from samca.training.schedules import SCHEDULES

ITERATIVE = ("double_click", "iterative")


# Algorithm 1 by what the model is asked: initial, guided alone, then for each inner pass initial and both


def passes(model):
    """Of each inner pass (points, labels) of the initial and of the guided set."""
    return [sets for sets in model.asked if len(sets) == 2]


def test_the_first_pass_decodes_each_set_by_itself_and_the_others_both_together():
    model = Prepared()
    run(model, iterations=2, guided_clicks=(4,))
    sizes = [[points.shape[1] for points, _ in sets] for sets in model.asked]
    assert sizes == [[1], [4], [1, 4], [1], [1, 4]]  # an initial set that stays is decoded once


def test_both_sets_start_on_the_structure():
    model = Prepared()
    run(model, iterations=1)
    for ((points, labels),) in model.asked[:2]:
        assert at(TRUTH, points).all()
        assert (labels == 1).all()


def test_the_first_guided_clicks_that_are_fused_mend_the_mask_of_the_click_that_is_still_there():
    model = Prepared()
    run(model, iterations=1, guided_clicks=(2,))
    (first,), ((initial, guided),) = model.asked[0], passes(model)
    np.testing.assert_array_equal(first[0], initial[0])
    assert at(TRUTH & ~SHIFTED, guided[0][:, :1]).all()


def test_initial_clicks_are_redrawn_where_the_initial_mask_misses_something():
    model = Prepared()
    run(model, iterations=5, initial_clicks=2)
    first, *later = [initial for initial, _ in passes(model)]
    for points, labels in later:
        assert points.shape == (IMAGES, 2, 2)
        assert at(TRUTH & ~SHIFTED, points).all()
        assert (labels == 1).all()
    assert len({points.tobytes() for points, _ in (first, *later)}) == 5


def test_fixed_initial_clicks_stay_and_are_decoded_once():
    model = Prepared()
    run(model, iterations=5, initial="fixed")
    assert len({initial[0].tobytes() for initial, _ in passes(model)}) == 1
    assert len(model.asked) == 2 + 5


@pytest.mark.parametrize("count", [2, 4])
def test_the_first_half_of_guided_clicks_mends_the_initial_mask_and_the_rest_the_guided_one(count):
    model, kinds = Prepared(), set()
    run(model, iterations=8, guided_clicks=(count,))
    for _, (points, labels) in passes(model)[1:]:
        assert points.shape == (IMAGES, count, 2)
        first, rest = points[:, : count // 2], points[:, count // 2 :]
        assert at(TRUTH & ~SHIFTED, first).all()
        assert (labels[:, : count // 2] == 1).all()
        assert at(TRUTH ^ LARGE, rest).all()
        np.testing.assert_array_equal(labels[:, count // 2 :] == 1, at(TRUTH, rest))
        kinds |= set(labels.ravel().tolist())
    assert kinds == {0, 1}


def test_a_primary_part_of_all_that_is_wrong_has_clicks_outside_as_a_users():
    model, kinds = Prepared(), set()
    run(model, iterations=8, guided_clicks=(2,), primary="wrong")
    for _, (points, labels) in passes(model):
        assert at(TRUTH ^ SHIFTED, points[:, :1]).all()
        kinds |= set(labels[:, 0].tolist())
    assert kinds == {0, 1}


def test_a_common_region_holds_the_clicks_of_both_parts():
    model = Prepared()
    run(model, iterations=6, guided_clicks=(4,), region="common")
    both = (TRUTH ^ SHIFTED) & (TRUTH ^ LARGE)
    assert both.any()
    for _, (points, _) in passes(model)[1:]:
        assert at(both, points).all()


def test_a_single_guided_click_mends_both_masks_by_turns():
    model = Prepared(guided=np.roll(TRUTH, 3, 0))
    run(model, iterations=6, guided_clicks=(1,))
    for iteration, (_, (points, _)) in enumerate(passes(model)):
        assert at(TRUTH & ~SHIFTED if iteration % 2 == 0 else TRUTH ^ model.answers[2], points).all()


def test_numbers_of_guided_clicks_are_1_2_and_4_drawn_once_a_batch():
    drawn = set()
    for seed in range(20):
        model = Prepared()
        run(model, iterations=2, seed=seed)
        counts = {guided[0].shape[1] for _, guided in passes(model)}
        assert len(counts) == 1
        drawn |= counts
    assert drawn == {1, 2, 4}


def test_equal_sets_have_the_size_that_is_drawn():
    model = Prepared()
    run(model, iterations=2, guided_clicks=(3,), sets="equal")
    assert {points.shape[1] for sets in model.asked for points, _ in sets} == {3}


def test_double_clicks_are_replaced_and_not_added_up():
    model = Prepared()
    run(model, iterations=4, guided_clicks=(4,))
    sets = [points for _, (points, _) in passes(model)]
    assert {s.shape[1] for s in sets} == {4}
    assert len({s.tobytes() for s in sets}) == 4


def test_the_double_click_loss_is_the_mean_over_all_masks_that_were_decoded():
    model = Prepared()
    losses = run(model, iterations=2)
    shared, iou = batch(), torch.zeros(IMAGES, 1)
    each = [float(shared.loss(logits.detach(), iou, shared.target())) for logits in model.given]
    first, alone, fused, again, last = each
    assert float(losses["loss"].detach()) == pytest.approx((first + alone + fused + again + last) / 5)
    assert float(losses["initial"]) == pytest.approx((first + again) / 2)
    assert float(losses["guided"]) == pytest.approx((alone + fused + last) / 3)
    assert [losses[name].requires_grad for name in ("loss", "initial", "guided")] == [True, False, False]


def test_per_iteration_learns_from_every_pass_at_once_and_from_the_encoder_in_the_first():
    learned, seen = [], []

    class Watching(Prepared):
        def decode(self, features, *rest):
            seen.append(features.embedding.requires_grad)
            return super().decode(features, *rest)

    model, features = Watching(), Features(torch.ones(1, 1, 1, 1, requires_grad=True) * 1)
    each = replace(batch(), update=lambda loss: (loss.backward(), learned.append(float(loss.detach()))))
    losses = SCHEDULES["double_click"](model, features, each, iterations=2, step="per_iteration")
    assert len(learned) == 2
    assert seen[:2] == [True, True]
    assert not any(seen[2:])
    losses["loss"].backward()
    assert float(losses["loss"].detach()) == pytest.approx(
        np.mean([_loss(logits) for logits in model.given[-2:]])
    )
    assert learned[0] == pytest.approx(np.mean([_loss(logits) for logits in model.given[:2]]))


def _loss(logits):
    shared = batch()
    return float(shared.loss(logits.detach(), torch.zeros(IMAGES, 1), shared.target()))


def test_a_truth_without_structure_gets_one_click_on_the_background():
    model = Prepared()
    run(model, iterations=1, truth=np.zeros_like(TRUTH), guided_clicks=(4,))
    for _, labels in model.asked[0] + model.asked[1]:
        assert labels.tolist() == [[0]] * IMAGES


def test_iterative_clicks_add_up_and_lie_on_the_error_of_the_last_mask():
    model = Prepared(splits=False)
    run(model, "iterative", iterations=5)
    assert [sets[0][0].shape[1] for sets in model.asked] == [1, 2, 3, 4, 5]
    for before, after in zip(model.asked, model.asked[1:], strict=False):
        np.testing.assert_array_equal(after[0][0][:, :-1], before[0][0])
    points, labels = model.asked[-1][0]
    assert at(TRUTH, points[:, 0]).all()
    assert at(TRUTH ^ SHIFTED, points[:, 1:]).all()
    np.testing.assert_array_equal(labels == 1, at(TRUTH, points))


def test_iterative_clicks_are_split_into_sets_by_the_rule_of_inference():
    model = Prepared(splits=True)
    run(model, "iterative", iterations=3)
    assert [[points.shape[1] for points, _ in sets] for sets in model.asked] == [[1], [1, 1], [1, 2]]


def test_a_box_can_take_the_place_of_the_first_click():
    model = Prepared(splits=False)
    run(model, "iterative", iterations=2, box_share=1.0)
    assert [sets[0][0].shape[1] for sets in model.asked] == [0, 1]


def test_the_iterative_loss_is_the_mean_over_prompts():
    model = Prepared(splits=False)
    losses = run(model, "iterative", iterations=3)
    shared, iou = batch(), torch.zeros(IMAGES, 1)
    first, *others = (float(shared.loss(logits.detach(), iou, shared.target())) for logits in model.given)
    assert float(losses["loss"].detach()) == pytest.approx((first + sum(others)) / 3, rel=1e-6)
    assert float(losses["initial"]) == pytest.approx(first, rel=1e-6)
    assert float(losses["guided"]) == pytest.approx(sum(others) / 2, rel=1e-6)


def test_without_feedback_no_mask_prompt_is_given():
    for name in ITERATIVE:
        model = Prepared()
        run(model, name, iterations=3)
        assert model.previous == [None] * len(model.previous)


def test_feedback_gives_the_last_logits_as_mask_prompt():
    model = Prepared(splits=False, feedback="last")
    run(model, "iterative", iterations=3)
    assert model.previous[0] is None
    for previous, logits in zip(model.previous[1:], model.given, strict=False):
        assert torch.equal(previous, logits)
        assert not previous.requires_grad


def test_feedback_of_double_clicks_goes_from_the_initial_mask_to_the_guided_ones():
    model = Prepared(feedback="last")
    run(model, iterations=3)
    fused = [i for i, sets in enumerate(model.asked) if len(sets) == 2]
    assert all(previous is None for i, previous in enumerate(model.previous) if i not in fused)
    for place, source in zip(fused, [0, *fused], strict=False):  # the first initial mask, then guided ones
        assert torch.equal(model.previous[place], model.given[source])


def test_feedback_of_the_initial_prompt_gives_its_logits_to_every_guided_click():
    model = Prepared(feedback="initial")
    run(model, iterations=3)
    fused = [i for i, sets in enumerate(model.asked) if len(sets) == 2]
    assert fused == [2, 4, 6]
    for place, source in zip(fused, [0, 3, 5], strict=True):  # the initial set's own last decoding
        assert torch.equal(model.previous[place], model.given[source])


def test_feedback_of_the_initial_prompt_stays_while_clicks_are_added():
    model = Prepared(splits=False, feedback="initial")
    run(model, "iterative", iterations=3)
    assert model.previous[0] is None
    assert all(torch.equal(previous, model.given[0]) for previous in model.previous[1:])


@pytest.mark.parametrize("name", ITERATIVE)
def test_no_iteration_is_refused(name):
    with pytest.raises(ValueError, match="iterations 0"):
        run(Prepared(), name, iterations=0)


@pytest.mark.parametrize("options", [{"guided_clicks": ()}, {"guided_clicks": (0, 1)}, {"initial_clicks": 0}])
def test_no_click_is_refused(options):
    with pytest.raises(ValueError, match="at least 1"):
        run(Prepared(), **options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"initial": "moved"}, "initial is 'moved': expected one of redrawn, fixed"),
        ({"sets": "both"}, "sets is 'both'"),
        ({"step": "twice"}, "step is 'twice'"),
        ({"region": "far"}, "region 'far' is not one of common, each"),
        ({"primary": "all"}, "primary 'all' is not one of missed, wrong"),
        ({"sets": "equal", "initial_clicks": 2}, "leave initial_clicks out"),
        ({"first": "suggestion", "initial": "fixed"}, "no initial clicks"),
        ({"first": "suggestion", "sets": "equal"}, "no initial clicks"),
    ],
)
def test_options_that_do_not_exist_or_exclude_each_other_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        run(Prepared(), **options)
