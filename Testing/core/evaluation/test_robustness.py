"""Disturbed frames and clicks: each change does what its name says, the same each time."""

from types import SimpleNamespace

import numpy as np
import pytest

from samca.evaluation.robustness import CHANGES, Changed, Unsteady, disturbances, empty_areas
from samca.images.disturbances import FLOW
from samca.prompts import Click, Prompts


class Case:
    """A case in memory with a bright left half as truth."""

    id = "made up"

    def pixels(self):
        return np.tile(np.linspace(20, 220, 64).astype(np.uint8), (48, 1))

    def targets(self):
        truth = np.zeros((48, 64), bool)
        truth[:, 32:] = True
        return [truth]


class Seen:
    """A model that remembers the prompts it saw and draws a square of 8 px at each click."""

    config = SimpleNamespace(
        image_size=64, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=False, depth=1
    )

    def __init__(self):
        self.prompts = []

    def embed(self, pixels):
        return pixels

    def predict(self, features, prompts, previous):
        self.prompts.append(prompts)
        logits = np.full((64, 64), -1.0, np.float32)
        for click in prompts.clicks:
            x, y = int(click.x), int(click.y)
            logits[max(0, y - 4) : y + 4, max(0, x - 4) : x + 4] = 1.0
        return logits, 0.5


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_alters_the_frame_keeps_its_form_and_repeats_itself(name):
    changed = Changed(Case(), CHANGES[name])
    pixels = changed.pixels()
    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8
    assert (pixels != Case().pixels()[..., None]).any()
    assert np.array_equal(pixels, changed.pixels())
    assert np.array_equal(changed.targets()[0], Case().targets()[0])


def test_only_doppler_makes_colour():
    coloured = {
        name for name, change in CHANGES.items() if np.ptp(Changed(Case(), change).pixels(), axis=2).any()
    }
    assert coloured == {"colour Doppler"}


def test_a_turned_case_turns_frame_and_truth_together():
    turned = Changed(Case(), turns=1)
    assert turned.pixels().shape[:2] == turned.targets()[0].shape == (64, 48)
    assert turned.pixels()[turned.targets()[0]].min() > turned.pixels()[~turned.targets()[0]].max()


def test_an_unsteady_hand_misses_by_no_more_than_its_reach_and_always_alike():
    model = Seen()
    unsteady = Unsteady(model, reach=10.0)
    clicks = tuple(Click(float(x), 30.0) for x in range(12, 52))
    for _ in range(2):
        unsteady.predict(None, Prompts(clicks), None)
    first, second = model.prompts
    assert first == second
    distances = [np.hypot(a.x - b.x, a.y - b.y) for a, b in zip(first.clicks, clicks, strict=True)]
    assert max(distances) <= 10.0
    assert np.mean(distances) == pytest.approx(20 / 3, abs=1.5)  # uniform over a disc


def test_an_unsteady_hand_misses_alike_in_the_mirror():
    seen = []
    model = SimpleNamespace(
        config=Seen.config, predict_each=lambda features, both, previous: seen.extend(both)
    )
    prompts = Prompts(tuple(Click(float(x), 30.0) for x in range(12, 52)))
    Unsteady(model, reach=10.0).predict_each(None, (prompts, prompts.mirrored(64)), None)
    given, mirrored = seen
    assert given != prompts
    for one, other in zip(given.mirrored(64).clicks, mirrored.clicks, strict=True):
        assert (one.x, one.y) == pytest.approx((other.x, other.y))


def test_an_unsteady_hand_misses_with_the_whole_stroke():
    model, stroke = Seen(), Click(20.0, 30.0, False, ((25.0, 35.0), (30.0, 30.0)))
    Unsteady(model, reach=10.0).predict(None, Prompts((stroke,)), None)
    (moved,) = model.prompts[0].clicks
    shifts = np.subtract(moved.places, stroke.places)
    assert np.ptp(shifts, axis=0) == pytest.approx(0)
    assert 0 < np.hypot(*shifts[0]) <= 10
    assert not moved.positive


def test_an_unsteady_hand_stays_on_the_frame():
    model = Seen()
    Unsteady(model, reach=10.0).predict(None, Prompts(tuple(Click(float(x), 0.0) for x in range(64))), None)
    assert all(0 <= c.x <= 63 and 0 <= c.y <= 63 for c in model.prompts[0].clicks)


def test_the_first_disturbance_changes_nothing():
    of_model, of_case = next(iter(disturbances().values()))
    model, case = Seen(), Case()
    assert of_model(model) is model
    assert of_case(case) is case


def test_empty_areas_are_shares_of_the_frame():
    areas = empty_areas(Seen(), [Case()], seeds=20)
    assert len(areas) == 20
    assert max(areas) == pytest.approx(64 / 64**2, rel=0.35)  # of the 64 x 64 px that the model sees


def test_flow_covers_a_tenth_of_the_frame():
    pixels = CHANGES["colour Doppler"](np.zeros((100, 100, 3), np.float32), np.random.default_rng(0))
    assert pixels.any(axis=2).mean() == pytest.approx(0.1, abs=0.01)
    assert {tuple(color) for color in pixels.reshape(-1, 3)} == {(0.0, 0.0, 0.0), *FLOW}
