"""Dice by seconds of a user's work: clicks, clicks after a look at other outlines, strokes, a lasso.

Seconds are those of the keystroke-level model (Card, Moran, Newell, Communications of the ACM 23, 1980): 1.35
to think, 1.1 to point, 0.2 to press and let go, 0.28 for a key, and to draw with the mouse 0.9 for each
straight part and 0.16 for each cm. A stroke counts as one straight part, a lasso as four, and the longer side
of a frame is 15 cm on the screen: these three are ours. What the model takes is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..datasets import Dataset
from ..evaluation import metrics
from ..evaluation.evaluate import Trial, trials
from ..evaluation.report import Rows
from ..evaluation.users import GOOD, Interaction

THINK, POINT, PRESS, KEY = 1.35, 1.1, 0.2, 0.28  # s
PART, PER_CM = 0.9, 0.16  # s
LASSO_PARTS, VIEW_CM = 4, 15.0
USERS = ("clicks", "outline", "stroke", "lasso")
ALL = "all"  # mean over the datasets
Work = dict[str, list[Trial]]  # trials by user, of the same targets in the same order


def work(model, dataset: Dataset, count: int, seeds: int, users: Sequence[str] = USERS) -> Work:
    """Trials of up to `count` prompts for each target of a dataset and each seed; `model` is in eval mode."""
    found = {
        user: [
            trial for seed in range(seeds) for trial in trials(model, dataset.cases, count, seed, user=user)
        ]
        for user in users
    }
    if {"clicks", "outline"} <= found.keys():  # the first outline of the same click is there meanwhile
        for plain, trial in zip(found["clicks"], found["outline"], strict=True):
            trial.interactions.insert(0, plain.interactions[0])
    return found


def seconds_of(step: Interaction) -> float:
    """What a user has worked until this step."""
    cm = VIEW_CM / max(step.mask.shape)
    seconds = step.looked * (THINK + KEY)
    for click in step.clicks:
        drawn = PART + PER_CM * cm * _length(click.places)
        seconds += THINK + POINT + (drawn if click.path else PRESS)
    if step.lasso:
        drawn = LASSO_PARTS * PART + PER_CM * cm * _length((*step.lasso, step.lasso[0]))
        seconds += THINK + POINT + drawn
    return round(seconds, 3)


def dice_at(trial: Trial, seconds: float) -> float:
    """Dice in 0..100 of what was there after so many seconds; 0 before the first answer."""
    done = [step for step in trial.interactions if seconds_of(step) <= seconds]
    return 100 * metrics.dice(done[-1].mask, trial.truth) if done else 0.0


def table(found: dict[str, Work], seconds: Sequence[float]) -> Rows:
    """By dataset and user the mean Dice after each number of seconds, and over all datasets."""
    rows = [["data", "user", *(f"{each:g} s" for each in seconds)]]
    means = {
        data: {u: [np.mean([dice_at(t, s) for t in each]) for s in seconds] for u, each in of.items()}
        for data, of in found.items()
    }
    if len(means) > 1:
        users = next(iter(means.values()))
        means[ALL] = {user: np.mean([of[user] for of in means.values()], axis=0) for user in users}
    for data, of in means.items():
        rows += [[data, user, *(f"{value:.1f}" for value in values)] for user, values in of.items()]
    return rows


def outlines_table(found: dict[str, Work]) -> Rows:
    """By dataset how often, in percent, the first outline of a click is good, and where it is not, how often
    another one is."""
    rows = [["data", f"first outline {GOOD:.0%}", "else another one"]]
    for data, of in found.items():
        first, chosen = (_reached(of[user]) >= GOOD for user in ("clicks", "outline"))
        others = chosen[~first].mean() if (~first).any() else 0.0
        rows.append([data, f"{100 * first.mean():.1f}", f"{100 * others:.1f}"])
    return rows


def _reached(of_user: Sequence[Trial]) -> np.ndarray:
    """Dice in 0..1 of the newest step with one click of each trial."""
    first = ([step for step in trial.interactions if len(step.clicks) == 1][-1] for trial in of_user)
    masks = zip(first, (trial.truth for trial in of_user), strict=True)
    return np.array([metrics.dice(step.mask, truth) for step, truth in masks])


def _length(places: Sequence[tuple[float, float]]) -> float:
    return sum(math.dist(*ends) for ends in pairwise(places))
