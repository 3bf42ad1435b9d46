"""Simulated users drive a session on cases with known truth; what they reach is scored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from . import metrics
from .clicks import CLICKS
from .prompts import Click, Prompts
from .session import Session


class Interaction(NamedTuple):
    """One click, the (H, W) bool mask of all clicks up to it, and the model's estimate of its IoU, 0..1."""

    click: Click
    mask: np.ndarray
    iou: float


def interact(
    session: Session, truth: np.ndarray, count: int, rng: np.random.Generator, first: Click | None = None
) -> list[Interaction]:
    """Click `count` times at an object of the session's image: first on it, then each time on what is wrong.

    Click 1 is uniform over the (H, W) bool truth (or `first`), each other uniform over the error of the mask
    before it; clicks add up (SAM-Med2D's test protocol, without its mask feedback). The session's own prompts
    stay as they were.
    """
    interactions: list[Interaction] = []
    clicks: tuple[Click, ...] = ()
    for number in range(count):
        if number:
            click = _one(CLICKS["error_random"], truth, interactions[-1].mask, rng)
        else:
            click = first or _one(CLICKS["random_foreground"], truth, None, rng)
        clicks += (click,)
        prediction = session.predict(Prompts(clicks))
        interactions.append(Interaction(click, prediction.mask, prediction.iou))
    return interactions


def validate(model, cases: Iterable, clicks: Sequence[int] = (1, 3, 5), seed: int = 0) -> dict[int, float]:
    """Mean Dice in 0..100 over all targets of `cases` after each number of clicks; one trial a target.

    `model` is in eval mode. ValueError if no case has a target.
    """
    reached: list[list[float]] = []
    for case in cases:
        for index, truth, session in _targets(model, case):
            trial = interact(session, truth, max(clicks), generator_for(case.id, index, seed))
            reached.append([100 * metrics.dice(trial[count - 1].mask, truth) for count in clicks])
    if not reached:
        raise ValueError("no target in any case: expected at least one mask that is not empty")
    return dict(zip(clicks, np.mean(reached, axis=0).tolist(), strict=True))


def generator_for(case: str, target: int, seed: int) -> np.random.Generator:
    """The random draws of one trial: equal for every model, in any order and on any machine."""
    digest = hashlib.sha256(f"{case}\n{target}\n{seed}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _targets(model, case) -> Iterator[tuple[int, np.ndarray, Session]]:
    """Each target of a case with its number, (H, W) bool truth and a session; the image is encoded once."""
    session = None
    for index, truth in enumerate(case.targets()):
        if session is None:
            session = Session(model)
            session.set_image(case.pixels())
        yield index, truth, session


def _one(simulator, truth: np.ndarray, prediction: np.ndarray | None, rng: np.random.Generator) -> Click:
    return simulator(truth, prediction, 1, rng).clicks[0]
