"""Simulated users drive a session on cases with known truth; what they reach is scored.

The protocol is SAM-Med2D's test, with which SAMCA's tables can be compared: see `interact`. Overlaps are
scored at the image's own size; distances in px on a 256 x 256 grid, as in the papers, and where the spacing
is known also in mm at the own size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from ..config import choose
from ..datasets import Case, Dataset, loops_of, window_around
from ..interaction.everything import everything
from ..interaction.session import Session
from ..prompts.geometry import resample
from ..prompts.prompts import Box, Click, Place, Prompts
from . import metrics
from .users import USERS, Interaction, interact

GRID = 256  # side in px of the squashed image that the papers measure distances on
OVERLAPS = {
    "dice": metrics.dice,
    "iou": metrics.iou,
    "box_iou": metrics.box_iou,
    "accuracy": metrics.accuracy,
    "sensitivity": metrics.sensitivity,
    "specificity": metrics.specificity,
}


Target = tuple[str, str, int]  # dataset, case, number within the case


@dataclass(frozen=True)
class Record:
    """What one trial on one target had reached with its newest click."""

    dataset: str
    case: str  # see `named_cases`
    target: int  # counted from 0 within the case
    seed: int
    count: int  # clicks so far, or stages
    clicks: tuple[Click, ...]  # all that were decoded, the newest last
    empty: bool  # nothing was predicted
    scores: dict[str, float]  # see `scores_of`; of counts that were not asked for only dice
    kind: int | None = None  # class that the model found by itself before the first click
    box: Box | None = None  # that was given with the clicks
    lasso: tuple[Place, ...] = ()  # that was given with the clicks


@dataclass(frozen=True)
class Skipped:
    """A case without anything to click at."""

    dataset: str
    case: str
    left_empty: bool | None = None  # whether the model found nothing in it by itself; None: not asked


def evaluate(
    model,
    datasets: Iterable[Dataset],
    clicks: Sequence[int] = (1, 3, 5),
    seeds: int = 5,
    curve: int = 0,
    user: str = "clicks",
    rounds: int = 1,
) -> Iterator[Record | Skipped]:
    """One record for each target, seed 0..seeds-1 and click; one for each case without target.

    `model` is in eval mode. Records of the counts in `clicks` hold all scores; those of the others, up to the
    largest of them and `curve`, hold dice alone. user: who clicks, a name in USERS; of "two_stage" the
    counts are its stages, 1 and 2; of "box_50", "box_75" and "lasso" 1 is the box or the curve alone; of
    "stroke" they count strokes; of "outline" 1 is the outline that was chosen for the first click; of
    "double_click" they are the size of both sets, drawn in so many `rounds`; "everything" has 1. With 0 among
    the clicks a target is all of one label value in an image, which is what a model with a prompt predictor
    finds by itself: its trials start there, those of others with a click.
    """
    check_protocol(clicks, seeds, curve, user, rounds)
    alone, ask = 0 in clicks, partial(USERS[user], rounds=rounds) if rounds > 1 else USERS[user]
    for dataset in datasets:
        sessions = Sessions(model, dataset.cases)
        for name, case in named_cases(dataset):
            if user == "everything":
                yield from _best_of_all(model, dataset.name, name, case)
                continue
            index = None
            for index, truth, session, kind in _targets(sessions, case, alone):
                for seed in range(seeds):
                    rng, count = generator_for(case.id, index, seed), max(curve, *clicks)
                    if kind is None:
                        trial = ask(session, truth, count, rng)
                    else:
                        trial = interact(session, truth, count, rng, kind=kind)
                    for count, step in enumerate(trial, start=int(kind is None)):
                        scores = scores_of(step, truth, case.spacing_mm, count in clicks)
                        place, empty = (dataset.name, name, index, seed, count), not step.mask.any()
                        yield Record(*place, step.clicks, empty, scores, kind, step.box, step.lasso)
            if index is None:
                yield Skipped(dataset.name, name, _left_empty(sessions, case) if alone else None)


def _best_of_all(model, data: str, name: str, case: Case) -> Iterator[Record | Skipped]:
    """For each target the mask of everything mode with the highest Dice; one without any counts as empty."""
    targets, found = list(case.targets()), []
    if targets:
        found = everything(model, case.pixels())
    for index, truth in enumerate(targets):
        best = max(found, key=lambda thing: metrics.dice(thing.mask, truth), default=None)
        mask = np.zeros_like(truth) if best is None else best.mask
        clicks = () if best is None else (best.click,)
        step = Interaction(clicks, mask, 0.0 if best is None else best.iou)
        scores = scores_of(step, truth, case.spacing_mm, True)
        yield Record(data, name, index, 0, 1, clicks, not mask.any(), scores)
    if not targets:
        yield Skipped(data, name)


def check_protocol(
    clicks: Sequence[int], seeds: int, curve: int, user: str = "clicks", rounds: int = 1
) -> None:
    """ValueError unless there are clicks of at least 0, not 0 alone, seeds of at least 1, a curve of at least
    0, such a user, and rounds that it has."""
    choose("user", USERS, user)
    if rounds < 1 or (rounds > 1 and user != "double_click"):
        raise ValueError(f"rounds {rounds}, user {user}: expected at least 1; only double_click has several")
    if user == "everything" and (tuple(clicks), seeds, curve) != ((1,), 1, 0):
        said = f"clicks {list(clicks)}, seeds {seeds}, curve {curve}"
        raise ValueError(f"{said}: the user everything draws nothing, expected 1, 1 and 0")
    if user == "double_click" and 0 in clicks:
        raise ValueError(f"clicks {list(clicks)}: the user double_click starts with a click, leave out 0")
    if user == "three_points" and (curve or max(clicks, default=0) > 3 or 0 in clicks):
        said = f"clicks {list(clicks)}, curve {curve}"
        raise ValueError(f"{said}: the user three_points has 1, 2 or 3 right ones and no curve")
    if user == "two_stage" and (curve or max(clicks, default=0) > 2 or 0 in clicks):
        said = f"clicks {list(clicks)}, curve {curve}"
        raise ValueError(f"{said}: the user two_stage has the stages 1 and 2 and no curve")
    if max(clicks, default=0) < 1 or min(clicks) < 0 or seeds < 1 or curve < 0:
        said = f"clicks {list(clicks)}, seeds {seeds}, curve {curve}"
        raise ValueError(
            f"{said}: expected clicks of at least 1 (and 0: the model alone), seeds of at least 1, curve >= 0"
        )


def named_cases(dataset: Dataset) -> list[tuple[str, Case]]:
    """Cases with their ids, or source/id where several sources lie in the dataset and ids may occur twice."""
    several = len({case.source for case in dataset.cases}) > 1
    return [(f"{case.source}/{case.id}" if several else case.id, case) for case in dataset.cases]


def scores_of(
    step: Interaction, truth: np.ndarray, spacing_mm: tuple[float, float] | None, everything: bool
) -> dict[str, float]:
    """What `score` says, and what the model says itself, 0..100: predicted_iou, and agreement if it looks
    twice; dice alone unless `everything` is wanted."""
    if not everything:
        return {"dice": 100 * metrics.dice(step.mask, truth)}
    said = {"predicted_iou": step.iou, "agreement": step.agreement}
    own = {name: 100 * value for name, value in said.items() if value is not None}
    return score(step.mask, truth, spacing_mm) | own


def score(
    mask: np.ndarray, truth: np.ndarray, spacing_mm: tuple[float, float] | None = None
) -> dict[str, float]:
    """All measures of one (H, W) bool mask: the overlaps in 0..100, hd and hd95 in px of a 256 x 256 image,
    and false_hole, 100 where it has a hole that the truth has not, else 0.

    With the (x, y) size of a pixel also hd_mm and hd95_mm, at the mask's own size.
    """
    scores = {name: 100 * overlap(mask, truth) for name, overlap in OVERLAPS.items()}
    small = on_grid(mask), on_grid(truth)
    scores |= {"hd": metrics.hd(*small), "hd95": metrics.hd95(*small)}
    scores["false_hole"] = 100.0 * metrics.has_false_hole(mask, truth)
    if spacing_mm:
        scores |= {
            "hd_mm": metrics.hd(mask, truth, spacing_mm),
            "hd95_mm": metrics.hd95(mask, truth, spacing_mm),
        }
    return scores


def on_grid(mask: np.ndarray, side: int = GRID) -> np.ndarray:
    """(H, W) bool squashed to (side, side) bool; what is smaller than a pixel there keeps its fullest one."""
    coverage = resample(mask, side, side)
    return coverage >= min(0.5, coverage.max() or 1.0)


class Trial(NamedTuple):
    """A simulated user's clicks at one target of a case."""

    case: Case
    index: int  # of the target
    truth: np.ndarray  # (H, W) bool
    interactions: list[Interaction]

    @property
    def masks(self) -> dict[int, np.ndarray]:
        """Number of clicks: (H, W) bool; 0 where the model found the target by itself."""
        return {len(step.clicks): step.mask for step in self.interactions}


def trials(
    model, cases: Iterable[Case], count: int, seed: int = 0, alone: bool = False, user: str = "clicks"
) -> Iterator[Trial]:
    """One trial of `count` clicks, or of what else this user of USERS does, for each target of the cases.

    `model` is in eval mode. alone: targets are all of one label value, which the model finds by itself before
    the clicks, if it can.
    """
    cases = list(cases)
    sessions = Sessions(model, cases)
    for case in cases:
        for index, truth, session, kind in _targets(sessions, case, alone):
            rng = generator_for(case.id, index, seed)
            ask = USERS[user] if kind is None else partial(interact, kind=kind)
            found = ask(session, truth, count, rng)
            yield Trial(case, index, truth, found)


def validate(
    model, cases: Iterable[Case], clicks: Sequence[int] = (1, 3, 5), seed: int = 0
) -> dict[int, float]:
    """Mean Dice in 0..100 over all targets of `cases` after each number of clicks; one trial a target.

    `model` is in eval mode; 0 clicks as in `evaluate`. ValueError if no case has a target.
    """
    return mean_dice(trials(model, cases, max(clicks), seed, 0 in clicks), clicks)


def mean_dice(found: Iterable[Trial], clicks: Sequence[int]) -> dict[int, float]:
    """Mean Dice in 0..100 of trials after each number of clicks; ValueError if there are none."""
    return mean_by_clicks(dice_of(found, clicks))


def dice_of(found: Iterable[Trial], clicks: Sequence[int]) -> dict[Target, dict[int, float]]:
    """Dice in 0..100 of each target after each number of clicks that its trial has."""
    return {
        (trial.case.source, trial.case.id, trial.index): {
            count: 100 * metrics.dice(mask, trial.truth)
            for count, mask in trial.masks.items()
            if count in clicks
        }
        for trial in found
    }


def mean_by_clicks(dice: dict[Target, dict[int, float]]) -> dict[int, float]:
    """The mean over targets, by number of clicks in rising order; ValueError without any."""
    counts = sorted({count for of_target in dice.values() for count in of_target})
    if not counts:
        raise ValueError("no target in any case: expected at least one mask that is not empty")
    reached = {count: [each[count] for each in dice.values() if count in each] for count in counts}
    return {count: float(np.mean(values)) for count, values in reached.items()}


def generator_for(case: str, target: int, seed: int) -> np.random.Generator:
    """The random draws of one trial: equal for every model, in any order and on any machine."""
    digest = hashlib.sha256(f"{case}\n{target}\n{seed}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


class Sessions:
    """Sessions on cases; a model of several frames gets each case with its neighbours in its group.

    A group of fewer frames than the model's depth goes through the encoder as it is.
    """

    def __init__(self, model, cases: Sequence[Case]):
        self.model, depth = model, model.config.depth
        self._windows: dict[tuple[str, str], tuple[list[Case], int]] = {}
        for loop in loops_of(cases) if depth > 1 else ():
            for place, index in enumerate(loop):
                window = window_around(place, len(loop), depth)
                neighbours = [cases[loop[i]] for i in window], place - window.start
                self._windows[cases[index].source, cases[index].id] = neighbours

    def on(self, case: Case) -> Session:
        """A new session with the case's image; ValueError where its neighbours have another size."""
        session = Session(self.model)
        window, place = self._windows.get((case.source, case.id), ([case], 0))
        if len(window) == 1:
            session.set_image(case.pixels())
        else:
            session.set_frames([neighbour.pixels() for neighbour in window], place)
        return session


def _targets(
    sessions: Sessions, case: Case, alone: bool
) -> Iterator[tuple[int, np.ndarray, Session, int | None]]:
    """Each target of a case: number, (H, W) bool truth, a session, and the class that the model is to find
    `alone` first, if it can; the image is encoded once."""
    session, classes = None, _classes_of(sessions.model, case)
    if alone:
        targets = [(structure, classes.get(value)) for value, structure in case.structures().items()]
    else:
        targets = [(target, None) for target in case.targets()]
    for index, (truth, kind) in enumerate(targets):
        session = session or sessions.on(case)
        yield index, truth, session, kind


def _classes_of(model, case: Case) -> dict[int, int]:
    """Label value -> class of what this model finds by itself in images of the case's dataset."""
    predictor = getattr(model, "predictor", None)
    return {} if predictor is None else predictor.classes.of_values(case.source)


def _left_empty(sessions: Sessions, case: Case) -> bool | None:
    """Whether the model finds nothing in an image where nothing is; None if it cannot look by itself."""
    if not (kinds := _classes_of(sessions.model, case).values()):
        return None
    session = sessions.on(case)
    return not any(session.predict(Prompts(suggestion=kind)).mask.any() for kind in kinds)
