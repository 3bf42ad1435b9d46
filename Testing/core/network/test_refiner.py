"""Logits are mended at their own resolution, where clicks are, and at first not at all."""

import numpy as np
import pytest
import torch

from samca.methods import configure
from samca.network.model import build
from samca.network.refiner import SPOT_PX, spots
from samca.prompts import Click, Prompts
from samca.prompts.pointing import collate
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance

CPU = torch.device("cpu")
SIZES = {"channels": [8, 8, 8], "width": 24, "depth": 1, "heads": 2, "out_channels": 32}
SMALL = {"method": "sam", "backbone": {"name": "sam_vit_small", **SIZES}, "image_size": 64, "fit": "squash"}


def model(**settings):
    torch.manual_seed(0)
    return build(configure({**SMALL, **settings}))


def logits_of(each, *clicks):
    picture = np.random.default_rng(0).uniform(0, 255, (64, 64, 3)).astype(np.float32)
    return each.predict(each.embed(picture), Prompts(clicks))[0]


def stirred(each):
    torch.nn.init.normal_(each.mask_decoder.refiner.leave.weight, std=0.5)
    return each


def test_clicks_become_spots_of_their_kind_where_they_are():
    pointing = collate([Prompts((Click(10, 20), Click(40, 50, False)))], CPU)
    inside, outside = spots([pointing], 32, 64)[0].numpy()
    rows, columns = np.indices((32, 32)) * 2 + 0.5
    for plane, (x, y) in ((inside, (10, 20)), (outside, (40, 50))):
        expected = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * SPOT_PX**2))
        np.testing.assert_allclose(plane, expected, atol=1e-5)


def test_places_without_a_point_leave_no_spot_and_many_on_one_place_are_no_higher():
    pair = [Prompts((Click(10, 20),)), Prompts((Click(10, 20),) * 3)]
    one, three = spots([collate(pair, CPU)], 32, 64)
    assert one[1].max() == 0
    assert float(three.max()) <= 1


@pytest.mark.parametrize("place", [(13, 21), (40, 7)])
def test_a_refiner_sees_what_is_around_a_place_and_moves_the_four_logits_there_apart(place):
    refiner = stirred(model(refine=16)).mask_decoder.refiner
    (row, column), zeros = place, torch.zeros(1, 1, 64, 64)
    maps, spot = (
        [torch.zeros(1, each.in_channels, 64, 64) for each in refiner.enter[:-1]],
        torch.zeros(1, 2, 64, 64),
    )
    before = refiner(zeros, maps, spot, None)
    spot[0, 0, row, column] = 1
    moved = (refiner(zeros, maps, spot, None) - before)[0, 0].abs() > 1e-6
    rows, columns = np.nonzero(moved.numpy())
    assert moved[row, column]
    assert 3 < np.abs(rows - row).max() <= 18
    assert 3 < np.abs(columns - column).max() <= 18
    four = refiner(zeros, maps, spot, None)[0, 0, row // 2 * 2 :, column // 2 * 2 :][:2, :2]
    assert len(set(four.flatten().tolist())) == 4


def test_a_new_refiner_changes_nothing_and_a_trained_one_only_where_it_sees_clicks_move():
    plain, mended = model(), model(refine=16)
    mended.load_state_dict(plain.state_dict(), strict=False)
    click = Click(20, 30)
    np.testing.assert_array_equal(logits_of(mended, click), logits_of(plain, click))
    stirred(mended)
    assert np.abs(logits_of(mended, click) - logits_of(plain, click)).max() > 0.01


def test_a_grown_model_says_what_the_smaller_one_said(tmp_path):
    small, path = model(), tmp_path / "base.safetensors"
    checkpoint.save_base(small, path, Provenance())
    deeper = {**SMALL["backbone"], "depth": 3}
    large = model(backbone=deeper, refine=16)
    checkpoint.load_base_into(large, path, grow=True)
    same = model()
    checkpoint.load_base_into(same, path)
    click = Click(20, 30)
    np.testing.assert_allclose(logits_of(large, click), logits_of(same, click), atol=1e-5)


def test_a_refiner_of_another_form_begins_anew_and_the_rest_goes_on(tmp_path):
    before, path = model(refine=8), tmp_path / "base.safetensors"
    stirred(before)
    checkpoint.save_base(before, path, Provenance())
    after = model(refine=16)
    checkpoint.load_base_into(after, path, grow=True)
    plain = model()
    plain.load_state_dict(before.half().float().state_dict(), strict=False)
    click = Click(20, 30)
    np.testing.assert_allclose(logits_of(after, click), logits_of(plain, click), atol=1e-4)


def test_without_growing_what_a_file_lacks_is_named(tmp_path):
    path = tmp_path / "base.safetensors"
    checkpoint.save_base(model(), path, Provenance())
    with pytest.raises(ValueError, match=r"mask_decoder\.refiner.* is missing"):
        checkpoint.load_base_into(model(refine=16), path)


def test_alternatives_are_three_masks_that_a_clear_prompt_does_not_show():
    each = model()
    features = each.encode(torch.zeros(2, 3, 64, 64))
    pointing = collate([Prompts((Click(20, 30),))] * 2, CPU)
    decoded = each.decode_fully(features, [pointing], alternatives=True)
    logits, iou = decoded.alternatives
    assert (logits.shape[:2], iou.shape) == ((2, 3), (2, 3))
    assert each.decode_fully(features, [pointing]).alternatives is None
    best = model(best_of_three=True)
    answer = best.decode_fully(best.encode(torch.zeros(2, 3, 64, 64)), [pointing])
    torch.testing.assert_close(answer.logits[0, 0], logits[0, int(iou[0].argmax())])


def test_a_lasso_is_a_mask_prompt_that_is_sure_of_the_outside_only():
    each = model()
    square = ((16.0, 16.0), (48.0, 16.0), (48.0, 48.0), (16.0, 48.0))
    (plane,) = each.logits_of_lassos([Prompts(lasso=square)])
    side = each.mask_side
    assert plane.shape == (side, side)
    inside, outside = plane[side // 2, side // 2], plane[1, 1]
    assert 0 < inside < abs(outside)
    assert outside < 0


@pytest.mark.parametrize(("method", "feedback"), [("sam", "last"), ("samca", "last"), ("samca", "none")])
def test_a_lasso_is_the_mask_prompt_unless_there_are_earlier_logits(method, feedback):
    each = model(method=method, feedback=feedback, refine=8)
    features = each.embed(np.zeros((64, 64, 3), np.float32))
    lasso = ((16.0, 16.0), (48.0, 16.0), (48.0, 48.0), (16.0, 48.0))
    click = Click(60, 60, False)
    alone = each.predict(features, Prompts(lasso=lasso))[0]
    expected = each.predict(features, Prompts(), each.logits_of_lassos([Prompts(lasso=lasso)])[0])[0]
    np.testing.assert_array_equal(alone, expected)
    then = each.predict(features, Prompts((click,), lasso=lasso), alone)[0]
    assert np.abs(then - each.predict(features, Prompts((click,), lasso=lasso))[0]).max() > 0


def test_an_encoder_without_fine_maps_is_mended_without_them():
    each = build(configure({"method": "sam", "backbone": "mobile_sam", "image_size": 64, "refine": 8}))
    before = logits_of(each, Click(20, 30))
    assert np.abs(logits_of(stirred(each), Click(20, 30)) - before).max() > 0
