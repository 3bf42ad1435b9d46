"""How initial and guided prompts are joined: SAMCA's equations 2 and 3 by numbers, one set, fixed point."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from samca.network import sam
from samca.network.fusion import FUSIONS, Joined, Single, fill_up, fusion_weights
from samca.prompts import Box, Click, Prompts
from samca.prompts.pointing import collate

NOTHING = torch.zeros(1, 32)
CPU = torch.device("cpu")


def sets_of(*prompts: Prompts):
    """Initial and guided sets of one image."""
    return [collate([each], CPU) for each in prompts]


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return sam.prompt_encoder_for(32, 4, 64)


def encoded(encoder, pointing):
    points = (pointing.points, pointing.labels) if pointing.points.shape[1] else None
    return encoder(points, pointing.boxes, None)[0]


def fused(encoder, fusion, sets):
    return fusion(sets, partial(encoded, encoder), encoder.not_a_point_embed.weight)


def joined(encoder, fusion, prompts: Prompts):
    """What a fusion makes of the prompts, divided by the rule of inference."""
    return fused(encoder, fusion, sets_of(*prompts.initial_and_guided()))


@pytest.mark.parametrize(
    ("fall", "initial", "guided"),
    [(0.1, 0.884, 1.116), (0.01, 0.988, 1.012), (0.0, 1.0, 1.0), (-0.1, 1.116, 0.884), (1e9, 0.75, 1.25)],
)
def test_weights_of_a_falling_loss_are_those_worked_out_from_the_equations(fall, initial, guided):
    assert fusion_weights(fall, zeta=10.0) == pytest.approx((initial, guided), abs=5e-4)


@given(fall=st.floats(-1e300, 1e300), zeta=st.floats(1e-3, 1e3))
def test_weights_always_sum_to_two_and_stay_between_three_and_five_quarters(fall, zeta):
    initial, guided = fusion_weights(fall, zeta)
    assert initial + guided == pytest.approx(2.0)
    assert 0.75 <= min(initial, guided) <= max(initial, guided) <= 1.25


@pytest.mark.parametrize("join", ["beside", "sum"])
def test_first_two_rounds_train_with_equal_weights_and_the_third_follows_the_fall(join):
    fusion = Joined(join, "dynamic", zeta=10.0).train()
    assert fusion.weights() == (1.0, 1.0)  # first round: no loss yet
    fusion.end_of_round(0.9)
    assert fusion.weights() == (1.0, 1.0)  # second round: one loss, no difference yet
    fusion.end_of_round(0.8)
    assert fusion.weights() == pytest.approx((0.884, 1.116), abs=5e-4)


def test_fixed_weights_stay_at_one_and_add_nothing_to_a_file():
    fusion = Joined().train()
    fusion.end_of_round(0.9)
    fusion.end_of_round(0.1)
    assert fusion.weights() == (1.0, 1.0)
    assert not fusion.state_dict()


def test_normalized_weights_sum_to_one_in_training_and_after():
    fusion = Joined(weights="dynamic", normalized=True)
    fusion.end_of_round(0.9)
    fusion.end_of_round(0.8)
    assert fusion.train().weights() == pytest.approx((0.442, 0.558), abs=5e-4)
    assert fusion.eval().weights() == (0.5, 0.5)


CLICKS = (Click(3.0, 5.0), Click(40.0, 9.0, False), Click(20.0, 60.5))


@pytest.mark.parametrize(
    "prompts",
    [
        Prompts(CLICKS[:2]),
        Prompts(CLICKS),
        Prompts(CLICKS, Box(2, 3, 50, 60)),
        Prompts((), Box(2, 3, 50, 60)),
    ],
    ids=["two clicks", "three clicks", "box and clicks", "box"],
)
def test_side_by_side_at_weights_of_one_is_one_set_to_the_bit(encoder, prompts):
    whole = encoded(encoder, collate([prompts], CPU))
    assert torch.equal(joined(encoder, Joined(), prompts), whole)


def test_sets_filled_up_within_a_batch_are_one_set_of_that_batch_too(encoder):
    prompts = [Prompts(CLICKS), Prompts(CLICKS[:2])]
    sets = [collate(part, CPU) for part in zip(*(p.initial_and_guided() for p in prompts), strict=True)]
    assert torch.equal(fused(encoder, Joined(), sets), encoded(encoder, collate(prompts, CPU)))


def test_side_by_side_tells_which_of_two_clicks_was_inside_and_a_sum_does_not(encoder):
    inside = Prompts((Click(3.0, 5.0), Click(40.0, 9.0, False)))
    swapped = sets_of(Prompts((Click(3.0, 5.0, False),)), Prompts((Click(40.0, 9.0),)))
    for join, changes in (("beside", True), ("sum", False)):
        other = fused(encoder, Joined(join), swapped)
        same = torch.allclose(joined(encoder, Joined(join), inside), other, atol=1e-5)
        assert same != changes, join


@pytest.mark.parametrize(
    ("prompts", "owners"),
    [
        (Prompts(CLICKS), "iggg"),
        (Prompts(CLICKS, Box(2, 3, 50, 60)), "gggii"),
        (Prompts((), Box(2, 3, 50, 60)), "ii"),
    ],
    ids=["clicks", "box and clicks", "box"],
)
def test_weights_scale_each_set_and_only_in_training(encoder, prompts, owners):
    fusion = Joined(weights="dynamic")
    fusion.end_of_round(0.9)
    fusion.end_of_round(0.5)
    whole = encoded(encoder, collate([prompts], CPU))
    assert torch.equal(joined(encoder, fusion.eval(), prompts), whole)
    weights = dict(zip("ig", fusion.train().weights(), strict=True))
    scaled = whole * torch.tensor([weights[owner] for owner in owners]).reshape(1, -1, 1)
    torch.testing.assert_close(joined(encoder, fusion, prompts), scaled)


def test_weights_of_training_travel_in_the_state_dict():
    fusion, copy = Joined(weights="dynamic"), Joined(weights="dynamic")
    fusion.end_of_round(0.9)
    fusion.end_of_round(0.8)
    copy.load_state_dict(fusion.state_dict())
    copy.end_of_round(0.8)
    assert copy.train().weights() == pytest.approx((1.0, 1.0))


def test_filling_up_equals_clicks_with_label_minus_one(encoder):
    points, labels = torch.rand(2, 1, 2) * 64, torch.ones(2, 1, dtype=torch.long)
    sparse, _ = encoder((points, labels), None, None)
    filled = fill_up(sparse, 4, encoder.not_a_point_embed.weight)
    more_points = torch.cat([points, torch.rand(2, 2, 2) * 64], dim=1)
    more_labels = torch.cat([labels, torch.full((2, 2), -1)], dim=1)
    padded, _ = encoder((more_points, more_labels), None, None)
    assert torch.equal(filled, padded)


def test_unequal_sets_are_added_token_by_token():
    tokens = iter([torch.ones(1, 1, 8), torch.full((1, 3, 8), 2.0)])
    found = Joined("sum")(sets_of(Prompts(), Prompts()), lambda _: next(tokens), torch.full((1, 8), 10.0))
    assert found[0, :, 0].tolist() == [3.0, 12.0, 12.0]


def test_one_set_passes_every_fusion_untouched():
    tokens = torch.randn(2, 3, 32)
    for name in FUSIONS:
        assert torch.equal(FUSIONS[name]()(sets_of(Prompts(CLICKS)), lambda _: tokens, NOTHING), tokens), name


def test_single_takes_the_last_set():
    first, last = sets_of(Prompts(CLICKS[:1]), Prompts(CLICKS[1:]))
    assert Single()([first, last], lambda pointing: pointing, NOTHING) is last


@pytest.mark.parametrize(
    ("former", "join", "dynamic"),
    [("concat", "beside", False), ("sum", "sum", False), ("dynamic", "sum", True)],
)
def test_names_in_former_files_are_read_as_what_they_were_trained_with(former, join, dynamic):
    fusion = FUSIONS[former]()
    assert (fusion.join, fusion.dynamic) == (join, dynamic)
    assert set(fusion.state_dict()) == ({"trained_weights", "last_loss"} if dynamic else set())


@pytest.mark.parametrize("zeta", [0.0, -1.0, math.nan, np.inf])
def test_zeta_must_be_positive(zeta):
    with pytest.raises(ValueError, match=r"fusion\.zeta"):
        Joined(zeta=zeta)


@pytest.mark.parametrize("options", [{"join": "between"}, {"weights": "learned"}, {"rounds": "batch"}])
def test_other_words_are_refused_with_the_right_ones(options):
    name = next(iter(options))
    with pytest.raises(ValueError, match=rf"fusion\.{name} is .*: expected one of"):
        Joined(**options)
