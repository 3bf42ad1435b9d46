"""Simulated users at one target of a session's image, who know its truth."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from ..clicks import CLICKS
from ..clicks.double_click import guided as draw_guided
from ..clicks.double_click import initial as draw_initial
from ..interaction.session import Prediction, Session
from ..prompts import Box, Click, Prompts
from ..prompts.prompts import Place, box_around
from . import metrics

GOOD = 0.9  # Dice at which nobody looks for another outline


class Interaction(NamedTuple):
    """Clicks, the (H, W) bool mask of all of them, and the model's estimate of its IoU, 0..1.

    There is no click where the model found the object by itself, before any.
    """

    clicks: tuple[Click, ...]  # all that point at the object now, the newest last
    mask: np.ndarray
    iou: float
    box: Box | None = None  # points at it as well
    agreement: float | None = None  # of two looks, 0..1, where the model mirrors
    lasso: tuple[Place, ...] = ()  # points at it as well
    looked: int = 0  # outlines that the first click may mean that were looked at beside the first


def interact(
    session: Session,
    truth: np.ndarray,
    count: int,
    rng: np.random.Generator,
    first: Click | None = None,
    kind: int | None = None,
    start: str = "random_foreground",
    mend: str = "error_random",
) -> list[Interaction]:
    """Click `count` times at an object of the session's image: first on it, then each time on what is wrong.

    Click 1 is uniform over the (H, W) bool truth (or `first`), each other uniform over the error of the mask
    before it; clicks add up (SAM-Med2D's test protocol, without its mask feedback). The session's own prompts
    stay as they were. With the class `kind` the model's suggestion comes before the clicks, which all are on
    what is wrong then: one more interaction. start, mend: the simulators, in `CLICKS`, of the first click and
    of the others.
    """
    interactions: list[Interaction] = []
    clicks: tuple[Click, ...] = ()
    if kind is not None:
        found = session.predict(Prompts(suggestion=kind))
        interactions.append(_after((), found))
    for _ in range(count):
        if interactions:
            click = _one(CLICKS[mend], truth, interactions[-1].mask, rng)
        else:
            click = first or _one(CLICKS[start], truth, None, rng)
        clicks += (click,)
        prediction = session.predict(Prompts(clicks, suggestion=kind))
        interactions.append(_after(clicks, prediction))
    return interactions


def two_stage(session: Session, truth: np.ndarray, count: int, rng: np.random.Generator) -> list[Interaction]:
    """ClickSAM's test: clicks placed by the (H, W) bool truth in up to two stages, which no user could do.

    Stage 1 is a click at the centre of mass of each component; stage 2 has new clicks, spread over what the
    mask of stage 1 found, missed and added (`clicks.voronoi`), all at once. Nothing is drawn.
    """
    interactions: list[Interaction] = []
    for simulator in ("center_of_mass", "voronoi")[:count]:
        before = interactions[-1].mask if interactions else None
        prompts = CLICKS[simulator](truth, before, 1, rng)
        prediction = session.predict(prompts)
        interactions.append(_after(prompts.clicks, prediction))
    return interactions


def three_points(
    session: Session, truth: np.ndarray, count: int, rng: np.random.Generator
) -> list[Interaction]:
    """Three positive clicks at once, of which 1, 2, ... `count` are right (Medical SAM Adapter, Figure 6).

    Right ones are uniform over the (H, W) bool truth, wrong ones over what else is in twice its tight box;
    the paper gives no form. Every step draws anew.
    """
    box, (rows, columns) = box_around(truth), np.indices(truth.shape)
    beside = ~truth & (np.abs(columns - (box.x0 + box.x1) / 2) <= box.x1 - box.x0)
    beside &= np.abs(rows - (box.y0 + box.y1) / 2) <= box.y1 - box.y0
    beside = beside if beside.any() else ~truth
    interactions = []
    for right in range(1, count + 1):
        places = [truth] * right + [beside if beside.any() else truth] * (3 - right)
        drawn = [_one(CLICKS["random_foreground"], place, None, rng) for place in places]
        prediction = session.predict(Prompts(tuple(drawn)))
        interactions.append(_after(tuple(drawn), prediction))
    return interactions


def box_then_clicks(
    session: Session, truth: np.ndarray, count: int, rng: np.random.Generator, simulator: str = "box_50"
) -> list[Interaction]:
    """A box by this simulator of `CLICKS`, alone, then with `count` - 1 clicks in the error."""
    box, clicks = CLICKS[simulator](truth, None, 1, rng).box, ()
    interactions: list[Interaction] = []
    for number in range(count):
        if number:
            clicks += (_one(CLICKS["error_random"], truth, interactions[-1].mask, rng),)
        prediction = session.predict(Prompts(clicks, box))
        interactions.append(_after(clicks, prediction, box))
    return interactions


def lasso_then_clicks(
    session: Session, truth: np.ndarray, count: int, rng: np.random.Generator
) -> list[Interaction]:
    """A curve drawn around the truth, alone, then with `count` - 1 clicks in the error."""
    given = CLICKS["lasso"](truth, None, 1, rng)
    interactions: list[Interaction] = []
    for number in range(count):
        if number:
            given = given.plus(_one(CLICKS["error_random"], truth, interactions[-1].mask, rng))
        interactions.append(_after(given.clicks, session.predict(given), lasso=given.lasso))
    return interactions


def outline_then_clicks(
    session: Session, truth: np.ndarray, count: int, rng: np.random.Generator
) -> list[Interaction]:
    """As `interact`, by a user who looks through the outlines that the first click may mean.

    He stops at the first that has a Dice of GOOD; where none has, he goes once round and on to the best.
    """
    given = Prompts((_one(CLICKS["random_foreground"], truth, None, rng),))
    given, found, looked = _best_outline(session, truth, given)
    interactions = [_after(given.clicks, found, looked=looked)]
    for _ in range(count - 1):
        given = given.plus(_one(CLICKS["error_random"], truth, interactions[-1].mask, rng))
        interactions.append(_after(given.clicks, session.predict(given), looked=looked))
    return interactions


def _best_outline(session: Session, truth: np.ndarray, click: Prompts) -> tuple[Prompts, Prediction, int]:
    """The click with the outline that is chosen, that outline, and how many others were looked at for it."""
    reached, number, count = [], 0, 1
    while number < count:
        found = session.predict(replace(click, alternative=number))
        reached.append(metrics.dice(found.mask, truth))
        if reached[-1] >= GOOD:
            return replace(click, alternative=number), found, number
        if not number:  # how many there are is known where another one is asked for
            count = session.predict(replace(click, alternative=1)).outline[1]
        number += 1
    best = int(np.argmax(reached))
    chosen = replace(click, alternative=best)
    return chosen, session.predict(chosen), count - 1 + (0 if best == count - 1 else best + 1)


def double_click(
    session: Session, truth: np.ndarray, count: int, rng: np.random.Generator, rounds: int = 1
) -> list[Interaction]:
    """SAMCA's algorithm 1 as a test: at k = 1, 2, ... `count`, k initial and k guided clicks.

    The initial clicks are uniform over the (H, W) bool truth, the guided ones over the error of their mask,
    and the mask of both sets is what counts. After each of `rounds` but the last both are drawn anew from
    both masks, as in training. Every k draws anew.
    """
    return [_double_click(session, truth, k, rng, rounds) for k in range(1, count + 1)]


def _double_click(
    session: Session, truth: np.ndarray, k: int, rng: np.random.Generator, rounds: int
) -> Interaction:
    initial = CLICKS["random_foreground"](truth, None, k, rng)
    before = session.predict(initial).mask
    guided = CLICKS["error_random"](truth, before, k, rng)
    for iteration in range(1, rounds + 1):
        clicks = initial.clicks + guided.clicks
        prediction = session.predict(Prompts(clicks, initial_clicks=k))
        if iteration < rounds:
            initial = draw_initial(truth, before, k, rng)
            guided = draw_guided(truth, (before, prediction.mask), k, rng, iteration)
            before = session.predict(initial).mask
    return _after(clicks, prediction)


def _after(
    clicks: tuple[Click, ...],
    prediction: Prediction,
    box: Box | None = None,
    lasso: tuple[Place, ...] = (),
    looked: int = 0,
) -> Interaction:
    return Interaction(clicks, prediction.mask, prediction.iou, box, prediction.agreement, lasso, looked)


USERS = {
    "clicks": interact,
    "stroke": partial(interact, start="strokes", mend="strokes"),
    "lasso": lasso_then_clicks,
    "outline": outline_then_clicks,
    "two_stage": two_stage,
    "three_points": three_points,
    "box_50": box_then_clicks,  # IoU with the tight box, Medical SAM Adapter's test
    "box_75": partial(box_then_clicks, simulator="box_75"),
    "double_click": double_click,  # SAMCA's sets, drawn from the error of both masks
    "everything": None,  # nobody points at a target: the best of all masks counts, see `_best_of_all`
}


def _one(simulator, truth: np.ndarray, prediction: np.ndarray | None, rng: np.random.Generator) -> Click:
    return simulator(truth, prediction, 1, rng).clicks[0]
