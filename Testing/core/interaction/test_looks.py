"""Looks at an image and at its mirror image: what they agree on, in numbers, and by a torch model."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from samca.evaluation import metrics
from samca.interaction.looks import agreement, uncertainty
from samca.interaction.session import Session
from samca.prompts import Box, Click, Prompts
from stubborn import asking

RNG = np.random.default_rng(0)
FRAME = RNG.integers(0, 255, (48, 70), np.uint8)
CLICKS = Prompts((Click(20, 30), Click(50, 10, False)))


def sure(mask):
    return np.where(mask, 40.0, -40.0).astype(np.float32)


def test_agreement_of_sure_masks_is_their_dice():
    one, other = (RNG.random((9, 11)) > 0.5 for _ in range(2))
    assert agreement([sure(one), sure(other)]) == pytest.approx(metrics.dice(one, other), abs=1e-6)
    assert agreement([sure(one), sure(one)]) == 1
    assert agreement([sure(one), sure(~one)]) == pytest.approx(0, abs=1e-6)
    nothing = np.full((9, 11), -np.inf, np.float32)
    assert agreement([nothing, nothing]) == 1


def test_uncertainty_is_half_of_what_two_probabilities_differ_by():
    low, high = np.log(np.float32([[0.2 / 0.8, 1.0]])), np.log(np.float32([[0.6 / 0.4, 1.0]]))
    assert uncertainty([low, high]) == pytest.approx(np.float32([[0.2, 0.0]]), abs=1e-6)
    assert uncertainty([sure(np.ones((2, 2), bool)), sure(np.zeros((2, 2), bool))]) == pytest.approx(0.5)


def test_prompts_come_back_from_the_mirror_after_two_looks():
    mask = RNG.random((48, 70)) > 0.5
    prompts = Prompts((Click(20, 30), Click(0, 1, False)), Box(3, 4, 20, 21), mask, suggestion=1)
    mirrored = prompts.mirrored(70)
    assert mirrored.clicks == (Click(49, 30), Click(69, 1, False))
    assert mirrored.box == Box(49, 4, 66, 21)
    assert np.array_equal(mirrored.mask, mask[:, ::-1])
    assert mirrored.mirrored(70) == prompts
    assert mirrored.suggestion == 1


def of(model, pixels, prompts, **how):
    session = Session(model, **how)
    session.set_image(pixels)
    return session.predict(prompts)


@pytest.mark.parametrize("settings", [{}, {"fit": "pad"}, {"feedback": "last"}, {"feedback": "initial"}])
def test_one_batch_gives_the_mean_of_two_sessions(tiny_model, settings):
    model = tiny_model(settings)
    one = of(model, FRAME, CLICKS)
    other = of(model, FRAME[:, ::-1], CLICKS.mirrored(70))
    both = of(model, FRAME, CLICKS, mirror=True)
    np.testing.assert_allclose(both.logits, (one.logits + other.logits[:, ::-1]) / 2, atol=1e-4)
    assert both.iou == pytest.approx((one.iou + other.iou) / 2, abs=1e-5)
    assert np.abs(one.logits - other.logits[:, ::-1]).max() > 1e-3
    assert both.agreement == pytest.approx(agreement([one.logits, other.logits[:, ::-1]]), abs=1e-4)


def test_the_config_of_a_model_says_whether_its_sessions_mirror(tiny_model):
    model = tiny_model({"mirror": True})
    asked = of(tiny_model({}), FRAME, CLICKS, mirror=True)
    assert np.array_equal(of(model, FRAME, CLICKS).logits, asked.logits)
    assert len(of(model, FRAME, CLICKS, mirror=False).looks) == 1


@pytest.mark.parametrize("zoom", [0.0, 1.0])
def test_a_mirrored_frame_gives_the_mirrored_mask(tiny_model, zoom):
    model = tiny_model({"mirror": True, "zoom": zoom})
    there = of(model, FRAME, CLICKS).logits
    back = of(model, FRAME[:, ::-1], CLICKS.mirrored(70)).logits
    np.testing.assert_allclose(back[:, ::-1], there, atol=1e-4)


@pytest.mark.parametrize("prompts", [Prompts(suggestion=1), replace(CLICKS, suggestion=0)])
@pytest.mark.parametrize("predictor", ["single_block", "high_resolution"])
def test_what_a_model_finds_by_itself_is_looked_for_in_the_mirror_too(tiny_model, predictor, prompts):
    model = tiny_model({"predictor": {"name": predictor, "tokens": 4, "classes": ["disc", "bar"]}})
    with torch.no_grad():
        model.objectness.head.bias.fill_(5.0)
    one = of(model, FRAME, prompts)
    other = of(model, FRAME[:, ::-1], prompts.mirrored(70))
    both = of(model, FRAME, prompts, mirror=True)
    np.testing.assert_allclose(both.logits, (one.logits + other.logits[:, ::-1]) / 2, atol=1e-4)
    with torch.no_grad():
        model.objectness.head.weight.zero_()
        model.objectness.head.bias.fill_(-5.0)
    assert not of(model, FRAME, Prompts(suggestion=1), mirror=True).mask.any()


def test_neighbouring_frames_are_mirrored_together(tiny_model):
    settings = {"depth": 3, "method": "med_sa", "adapter": {"name": "med_sa", "rank": 4}, "fusion": "single"}
    model = tiny_model(settings)
    frames = [RNG.integers(0, 255, (48, 70), np.uint8) for _ in range(3)]

    def logits(frames, prompts, mirror):
        session = Session(model, mirror)
        session.set_frames(frames, 1)
        return session.predict(prompts).logits

    one = logits(frames, CLICKS, False)
    other = logits([frame[:, ::-1] for frame in frames], CLICKS.mirrored(70), False)
    both = logits(frames, CLICKS, True)
    np.testing.assert_allclose(both, (one + other[:, ::-1]) / 2, atol=1e-4)
    session = Session(model)
    session.set_frames(frames, 1)
    session.click(20, 30)
    assert session.uncertainty().shape == (48, 70)


@pytest.mark.parametrize(
    ("drawn", "isBounded"),
    [
        ({"box": Box(20, 20, 29, 29)}, True),
        ({"lasso": ((20.0, 20.0), (29.0, 20.0), (25.0, 29.0))}, True),
        ({"clicks": (Click(25, 25),)}, False),
    ],
)
def test_outside_of_the_window_around_what_is_drawn_there_is_nothing(drawn, isBounded):
    says_all = np.full((64, 64), 1.0, np.float32)
    session = asking(says_all, tidy=False, zoom=1.6)
    mask = session.predict(Prompts(**drawn)).mask
    assert mask[20:30, 20:30].all()
    assert mask[:, 50:].any() != isBounded
