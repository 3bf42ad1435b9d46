"""A session takes strokes and lassos as it takes clicks and boxes."""

import numpy as np
import pytest

import samca
from dots import HEIGHT, SIZE, WIDTH, Dots
from samca import phantoms
from samca.evaluation.metrics import dice
from samca.evaluation.users import USERS
from samca.interaction.session import Session
from samca.prompts import Box, Click, Prompts
from samca.prompts.geometry import Geometry

CURVE = [(10, 10), (60, 12), (55, 50), (12, 48)]


def session_of(**settings):
    session = Session(Dots(**settings))
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    return session


def asked(session):
    """The prompts, in model px, that the model was asked last."""
    return session.model.calls[-1][0]


def to_model(box):
    """A box of the image in model px."""
    return Geometry(HEIGHT, WIDTH, SIZE).prompts_to_model(Prompts(box=box)).box


def test_a_stroke_is_one_prompt_and_one_step_back():
    session = session_of()
    first = session.click(40, 30)
    mask = session.stroke([(10, 10), (10, 50), (60, 50)])
    assert session.prompts == Prompts(
        (Click(40.0, 30.0), Click(10.0, 10.0, True, ((10.0, 50.0), (60.0, 50.0))))
    )
    assert all(mask[y, x] for x, y in ((10, 10), (10, 50), (60, 50)))
    taken = session.stroke(np.array([[40, 30], [44, 33]]), positive=False)
    assert not taken[30, 40]
    session.undo()
    assert np.array_equal(session.undo(), first)


def test_a_lasso_takes_the_place_of_an_earlier_one_and_of_a_mask_and_a_mask_of_it():
    session = session_of()
    mask = session.lasso(CURVE)
    assert mask[30, 35]
    assert not mask[5, 75]
    session.lasso(CURVE[:3])
    assert session.prompts.lasso == tuple((float(x), float(y)) for x, y in CURVE[:3])
    session.use_mask(np.eye(HEIGHT, WIDTH, dtype=bool))
    assert session.prompts.lasso == ()
    session.lasso(CURVE)
    assert session.prompts.mask is None
    for _ in range(3):
        session.undo()
    assert np.array_equal(session.undo(), np.zeros((HEIGHT, WIDTH), bool))


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (
            lambda s: s.stroke([(10, 10), (80, 10)]),
            r"stroke corner at \(80, 10\) is outside the image: x must be",
        ),
        (lambda s: s.lasso([(10, 10), (20, -1), (5, 5)]), r"lasso corner at \(20, -1\) is outside the image"),
        (
            lambda s: s.stroke([(10, 10)]),
            r"stroke of 1 corners: expected at least 2, each \(x, y\) px, as in stroke",
        ),
        (lambda s: s.lasso([(10, 10), (20, 10)]), "lasso of 2 corners: expected at least 3"),
        (lambda s: s.lasso([1, 2, 3]), "lasso of 3 corners: expected at least 3"),
        (lambda s: s.stroke([(1, 2, 3), (4, 5, 6)]), "stroke of 2 corners: expected at least 2"),
        (lambda s: s.stroke([(10, 10), (float("nan"), 10)]), r"stroke corner at \(nan, 10\) is outside"),
    ],
)
def test_what_is_no_stroke_or_lasso_is_refused_and_changes_nothing(ask, says):
    session = session_of()
    session.click(40, 30)
    before = session.prompts
    with pytest.raises(ValueError, match=says):
        ask(session)
    assert session.prompts == before


def test_a_stroke_cannot_be_moved_beyond_the_image():
    session = session_of()
    session.stroke([(10, 10), (70, 10)])
    assert session.move(0, 18, 10)[10, 77]
    with pytest.raises(ValueError, match=r"stroke corner at .* is outside"):
        session.move(0, 30, 10)


def previous_of(session):
    """Of each question to the model whether it had earlier logits as mask prompt."""
    return [previous is not None for _, previous in session.model.predictions]


def test_the_mask_prompt_of_a_lasso_is_used_once_where_the_last_logits_are_fed_back():
    session = session_of(feedback="last")
    session.lasso(CURVE)
    session.click(70, 50)
    session.click(5, 5, positive=False)
    assert [len(prompts.clicks) for prompts, _ in session.model.predictions] == [0, 1, 2]
    assert previous_of(session) == [False, True, True]
    assert all(prompts.lasso for prompts, _ in session.model.predictions)
    assert session.mask[30, 35]
    assert previous_of(session) == [False, True, True]  # what was said is kept


def test_the_logits_of_a_lasso_are_the_initial_ones():
    session = session_of(feedback="initial")
    session.lasso(CURVE)
    alone = session.model.predict("features", *session.model.predictions[0])[0]
    session.click(70, 50)
    session.click(5, 5, positive=False)
    questions = session.model.predictions[2:]
    assert len(questions) == 2
    for _, previous in questions:
        np.testing.assert_array_equal(previous, alone)


def test_without_feedback_a_lasso_stays_the_mask_prompt():
    session = session_of()
    session.lasso(CURVE)
    session.click(70, 50)
    assert previous_of(session) == [False, False]
    assert session.mask[30, 35]


def test_strokes_and_lassos_are_seen_mirrored_in_the_mirror_image():
    plain, mirroring = session_of(), session_of(mirror=True)
    for session in (plain, mirroring):
        session.lasso(CURVE)
        session.stroke([(70, 5), (75, 50)])
    assert (plain.mask ^ mirroring.mask).mean() < 0.02


def test_a_mask_and_clicks_that_mend_a_lasso_come_with_the_box_around_it():
    session = session_of()
    around = to_model(Box(10, 10, 60, 50))
    session.lasso(CURVE)
    assert asked(session).box is None
    session.click(5, 5, positive=False)
    assert asked(session).box == around
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:31, 40:71] = True
    session.use_mask(mask)
    assert asked(session).box == to_model(Box(40, 20, 70, 30))
    session.use_mask(np.zeros_like(mask))
    assert asked(session).box is None


@pytest.mark.parametrize(("side", "beyond"), [(12, 2), (24, 4)])
def test_the_farther_outside_of_a_box_the_surer_the_model_has_to_be(side, beyond):
    session = session_of()
    session.box(20, 10, 20 + side, 10 + side)
    columns = np.flatnonzero(session.click(20 + side, 20).any(0))
    assert 20 + side < columns[-1] <= 20 + side + beyond
    alone = session_of().click(20 + side, 20)
    assert np.flatnonzero(alone.any(0))[-1] > 20 + side + beyond


@pytest.mark.parametrize("drawn", ["box", "lasso"])
def test_a_click_inside_beyond_what_is_drawn_makes_the_outline_larger(drawn):
    session = session_of()
    mask = session.box(20, 10, 40, 29) if drawn == "box" else session.lasso([(20, 10), (40, 10), (40, 29)])
    assert not mask[20, 55]
    assert session.click(60, 20)[20, 55:62].all()
    assert asked(session).box == to_model(Box(20, 10, 60 if drawn == "lasso" else 40, 29))


@pytest.mark.parametrize("seed", [10, 16])
def test_clicks_that_mend_a_lasso_make_its_outline_better(seed):
    frame = phantoms.make(np.random.default_rng(seed), 200, 256, lesions=1)
    session = samca.Session(samca.load())
    session.set_image(frame.image)
    truth = frame.labels == 1
    drawn, *mended = USERS["lasso"](session, truth, 3, np.random.default_rng(0))
    assert min(dice(each.mask, truth) for each in mended) > dice(drawn.mask, truth)
