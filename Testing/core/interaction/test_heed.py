"""Every click is answered: what was clicked inside is inside, what was clicked outside is outside."""

import numpy as np
import pytest

from samca.interaction import heed
from samca.interaction.heed import heeded
from samca.prompts import Click
from stubborn import asking


def square():
    """Logits of 3 inside a square of 40 x 40 px of 100 x 120 px, -3 outside."""
    logits = np.full((100, 120), -3.0, np.float32)
    logits[30:70, 40:80] = 3.0
    return logits


def says(logits, clicks):
    """Whether the mask has at each click what it asks for."""
    return [bool((logits > 0)[round(click.y), round(click.x)]) == click.positive for click in clicks]


def test_what_has_all_that_was_clicked_stays_the_same_array():
    logits = square()
    assert heeded(logits, [Click(60, 50), Click(10, 10, False)]) is logits
    assert heeded(logits, []) is logits


@pytest.mark.parametrize("click", [Click(84, 50), Click(10, 90), Click(60, 50, False), Click(79, 31, False)])
def test_a_click_that_was_left_out_is_answered_around_it_alone(click):
    before, after = square() > 0, heeded(square(), [click]) > 0
    assert says(square(), [click]) == [False]
    assert says(after, [click]) == [True]
    rows, columns = np.nonzero(before != after)
    assert np.hypot(rows - click.y, columns - click.x).max() < 8
    assert (before != after).sum() > 9


def test_the_next_click_of_the_other_kind_is_not_run_over():
    clicks = [Click(82, 50), Click(84, 50, False), Click(81, 52), Click(60, 40, False), Click(62, 40)]
    assert all(says(heeded(square(), clicks), clicks))


def test_any_clicks_are_answered():
    rng = np.random.default_rng(0)
    for _ in range(50):
        logits = rng.normal(0, 4, (60, 80)).astype(np.float32)
        places = rng.choice(60 * 80, 12, replace=False)
        clicks = [Click(float(p % 80), float(p // 80), bool(rng.random() < 0.5)) for p in places]
        after = heeded(logits, clicks)
        assert all(says(after, clicks))
        assert after.dtype == np.float32
        assert np.abs(after).max() < 40  # no waves


def test_of_clicks_on_one_pixel_the_newest_counts():
    clicks = [Click(60, 50, False), Click(60.3, 49.8)]
    assert (heeded(square(), clicks) > 0)[50, 60]
    assert not (heeded(square(), clicks[::-1]) > 0)[50, 60]


def test_a_click_beside_the_image_changes_nothing():
    logits = square()
    assert heeded(logits, [Click(-3, 50), Click(200, 50)]) is logits


def test_where_nothing_was_found_nothing_is_made_up():
    nothing = np.full((200, 300), -8.0, np.float32)
    assert heeded(nothing, [Click(150, 100)]) is nothing


def along(stroke, mask):
    """What the mask has at the pixels of a stroke."""
    return [bool(mask[pixel]) for pixel in stroke.pixels]


@pytest.mark.parametrize("path", [((95, 40), (110, 90)), ((20, 20),), ((60, 50),)])
def test_every_place_of_a_stroke_is_answered(path):
    stroke = Click(84, 50, True, path)
    assert not all(along(stroke, square() > 0))
    assert all(along(stroke, heeded(square(), [stroke]) > 0))
    outside = Click(60, 50, False, ((75, 60), (45, 66)))
    assert not any(along(outside, heeded(square(), [outside]) > 0))


def test_a_stroke_that_is_answered_already_changes_nothing():
    logits = square()
    assert heeded(logits, [Click(45, 35, True, ((75, 65),)), Click(5, 5, False, ((110, 10),))]) is logits


def test_strokes_of_both_kinds_side_by_side_are_all_answered():
    inside, outside = Click(84, 20, True, ((84, 80),)), Click(78, 30, False, ((78, 69),))
    after = heeded(square(), [inside, outside]) > 0
    assert all(along(inside, after))
    assert not any(along(outside, after))


def test_where_strokes_cross_the_newest_counts():
    down, across = Click(60, 40, False, ((60, 60),)), Click(50, 50, True, ((70, 50),))
    assert (heeded(square(), [down, across]) > 0)[50, 60]
    assert not (heeded(square(), [across, down]) > 0)[50, 60]


def test_a_stroke_takes_a_few_gaussians(monkeypatch):
    made = []
    gaussian = heed._gaussian
    monkeypatch.setattr(heed, "_gaussian", lambda *given: made.append(given) or gaussian(*given))
    stroke = Click(20, 10, True, ((20, 90), (110, 90)))
    heeded(square(), [stroke])
    assert len(made) < len(stroke.pixels) / 3


@pytest.mark.parametrize(("tidy", "answered"), [(True, True), (False, False)])
def test_a_session_answers_where_the_models_config_says_so(tidy, answered):
    session = asking(square()[:, 10:110], tidy)
    session.click(50, 50)
    assert session.click(72, 50)[50, 72] == answered
    assert not session.logits[50, 72] > 0  # what the model says stays what it says
    assert session.click(50, 50, positive=False)[50, 50] != answered
