"""How initial and guided prompts are joined: SAMCA's equations 2 and 3 by numbers, padding, fixed point."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from samca.network import sam
from samca.network.fusion import FUSIONS, Concat, Dynamic, Single, Sum, fill_up, fusion_weights


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


def test_first_two_rounds_train_with_equal_weights_and_the_third_follows_the_fall():
    fusion = Dynamic(zeta=10.0).train()
    assert fusion.weights() == (1.0, 1.0)  # first round: no loss yet
    fusion.end_of_round(0.9)
    assert fusion.weights() == (1.0, 1.0)  # second round: one loss, no difference yet
    fusion.end_of_round(0.8)
    assert fusion.weights() == pytest.approx((0.884, 1.116), abs=5e-4)


def test_inference_uses_the_fixed_point_whatever_training_left():
    fusion = Dynamic()
    fusion.end_of_round(0.9)
    fusion.end_of_round(0.5)
    initial, guided = torch.randn(2, 2, 32), torch.randn(2, 2, 32)
    assert torch.equal(fusion.eval()([initial, guided], torch.zeros(1, 32)), initial + guided)
    trained = fusion.train()([initial, guided], torch.zeros(1, 32))
    assert not torch.allclose(trained, initial + guided)


def test_weights_of_training_travel_in_the_state_dict():
    fusion, copy = Dynamic(), Dynamic()
    fusion.end_of_round(0.9)
    fusion.end_of_round(0.8)
    copy.load_state_dict(fusion.state_dict())
    copy.end_of_round(0.8)
    assert copy.train().weights() == pytest.approx((1.0, 1.0))


def test_filling_up_equals_clicks_with_label_minus_one():
    torch.manual_seed(0)
    encoder = sam.prompt_encoder_for(32, 4, 64)
    points, labels = torch.rand(2, 1, 2) * 64, torch.ones(2, 1, dtype=torch.long)
    sparse, _ = encoder((points, labels), None, None)
    filled = fill_up(sparse, 4, encoder.not_a_point_embed.weight)
    more_points = torch.cat([points, torch.rand(2, 2, 2) * 64], dim=1)
    more_labels = torch.cat([labels, torch.full((2, 2), -1)], dim=1)
    padded, _ = encoder((more_points, more_labels), None, None)
    assert torch.equal(filled, padded)


def test_unequal_sets_are_added_token_by_token():
    short, long, nothing = torch.ones(1, 1, 8), torch.full((1, 3, 8), 2.0), torch.full((1, 8), 10.0)
    joined = Sum()([short, long], nothing)
    assert joined[0, :, 0].tolist() == [3.0, 12.0, 12.0]


def test_one_set_passes_every_fusion_untouched():
    tokens = torch.randn(2, 3, 8)
    for name in FUSIONS:
        assert torch.equal(FUSIONS[name]()([tokens], torch.zeros(1, 8)), tokens), name


def test_single_takes_the_last_set_and_concat_all():
    first, last = torch.randn(1, 2, 8), torch.randn(1, 3, 8)
    assert torch.equal(Single()([first, last], torch.zeros(1, 8)), last)
    assert torch.equal(Concat()([first, last], torch.zeros(1, 8)), torch.cat([first, last], 1))


@pytest.mark.parametrize("zeta", [0.0, -1.0, math.nan])
def test_zeta_must_be_positive(zeta):
    with pytest.raises(ValueError, match=r"fusion\.zeta"):
        Dynamic(zeta=zeta)
