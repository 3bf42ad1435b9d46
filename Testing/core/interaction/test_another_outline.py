"""Another outline of what one click may mean: in their order, round again, gone on from by later clicks."""

from dataclasses import replace

import numpy as np
import pytest

from dots import HEIGHT, SIDE, SIZE, WIDTH, Dots
from samca.interaction.session import Session
from samca.prompts import Box, Click, Prompts

RADII, IOUS = (20.0, 5.0, 12.0), (0.4, 0.9, 0.7)  # model px, of the three masks of an ambiguous click


class Ambiguous(Dots):
    """As Dots, whose discs have a radius of 8 px, with three other discs for a click."""

    gives_alternatives = True

    def __init__(self, radii=RADII, ious=IOUS, **settings):
        super().__init__(**settings)
        self.radii, self.ious, self.asked = radii, ious, 0

    def alternatives_each(self, features, prompts):
        self.asked += 1
        rows, columns = (np.mgrid[:SIDE, :SIDE] + 0.5) * SIZE / SIDE - 0.5
        logits = [
            [np.where(np.hypot(columns - click.x, rows - click.y) < radius, 5, -5) for radius in self.radii]
            for click in (each.clicks[0] for each in prompts)
        ]
        return np.array(logits, np.float32), np.array([self.ious] * len(prompts), np.float32)


def session_on(model):
    session = Session(model)
    session.set_image(np.zeros((HEIGHT, WIDTH), np.uint8))
    return session


@pytest.mark.parametrize("settings", [{}, {"mirror": True}, {"zoom": 2.0}, {"mirror": True, "zoom": 2.0}])
def test_the_answer_comes_first_then_the_others_the_surest_first_and_round_again(settings):
    session = session_on(Ambiguous(**settings))
    areas = [session.click(40, 30).sum()]
    outlines = []
    for _ in range(4):
        areas.append(session.another().sum())
        outlines.append(session.predict(session.prompts).outline)
    answer, surest, second, least, again = areas
    assert surest < answer < second < least
    assert again == answer
    assert outlines == [(1, 4), (2, 4), (3, 4), (0, 4)]


def test_each_is_one_step_and_all_are_decoded_once():
    session = session_on(Ambiguous())
    first = session.click(40, 30)
    second = session.another()
    session.another()
    assert (session.undo() == second).all()
    assert (session.undo() == first).all()
    assert session.model.asked == 1


def test_outlines_that_look_the_same_count_once_and_empty_ones_not_at_all():
    session = session_on(Ambiguous(radii=(8.0, 0.0, 20.0)))
    session.click(40, 30)
    session.another()
    assert session.predict(session.prompts).outline == (1, 2)
    assert session.mask.sum() > 4 * session.undo().sum()


@pytest.mark.parametrize("feedback", ["last", "initial", "none"])
def test_the_next_click_goes_on_from_the_outline_that_is_shown(feedback):
    """Also with a model that gets no logits back else: without them the choice would be lost."""
    session = session_on(Ambiguous(feedback=feedback))
    session.click(40, 30)
    shown = session.another()
    session.click(60, 30)
    _prompts, previous = session.model.predictions[-1]
    assert previous is not None
    assert (previous > 0).sum() < (8 / SIZE * SIDE) ** 2 * np.pi, "of the smaller outline"
    session.undo()
    assert (session.mask == shown).all()


@pytest.mark.parametrize(
    "prompts",
    [
        Prompts((Click(40, 30, True, ((50, 30),)),)),
        Prompts(box=Box(20, 20, 60, 40)),
        Prompts((Click(40, 30),), Box(20, 20, 60, 40)),
        Prompts(lasso=((20, 20), (60, 20), (40, 50))),
        Prompts((Click(40, 30),), mask=np.ones((HEIGHT, WIDTH), bool)),
    ],
    ids=["stroke", "box", "box and click", "lasso", "mask and click"],
)
def test_what_says_more_than_a_click_has_one_outline(prompts):
    session = session_on(Ambiguous(feedback="last"))
    plain, other = session.predict(prompts), session.predict(replace(prompts, alternative=2))
    assert other.outline == (0, 1)
    assert (plain.logits == other.logits).all()


def test_a_model_without_alternatives_has_one_outline():
    session = session_on(Dots())
    before = session.click(40, 30)
    assert (session.another() == before).all()
    assert session.predict(session.prompts).outline == (0, 1)


def test_what_the_first_click_meant_goes_with_it_and_stays_without_a_later_one():
    chosen = Prompts((Click(40, 30), Click(60, 30)), alternative=2)
    assert chosen.without(1) == Prompts((Click(40, 30),), alternative=2)
    assert chosen.without(0) == Prompts((Click(60, 30),))
