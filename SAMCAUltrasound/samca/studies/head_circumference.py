"""How far a head circumference by an ellipse fitted to the model's outline is from that of the true mask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..datasets import Case
from ..evaluation.evaluate import trials
from ..measures import measure

HEADING = ("clicks", "n", "truth, mm", "difference, mm", "SD", "absolute, mm", "SD", "no ellipse")


class Answer(NamedTuple):
    """One trial at one head after so many clicks, circumferences in mm; found is None where none fits."""

    case: str
    target: int
    seed: int
    clicks: int
    truth: float
    found: float | None


def ask(model, cases: Iterable[Case], clicks: Sequence[int], seeds: int) -> Iterator[Answer]:
    """Each target of the cases, which have a spacing, seed 0..seeds-1, after each number of clicks.

    `model` is in eval mode. ValueError for a case without spacing, or whose truth fits no ellipse.
    """
    for seed in range(seeds):
        for trial in trials(model, cases, max(clicks), seed):
            name = trial.case.id, trial.index, seed
            truth = circumference(trial.truth, trial.case)
            if truth is None:
                raise ValueError(f"{trial.case.id}: no ellipse fits its true mask, leave it out")
            for count in clicks:
                yield Answer(*name, count, truth, circumference(trial.masks[count], trial.case))


def circumference(mask: np.ndarray, case: Case) -> float | None:
    """Of the ellipse that fits a (H, W) bool mask, in mm; None where none does."""
    if case.spacing_mm is None:
        raise ValueError(f"{case.id}: the size of its pixels is not known, in spacing.csv or cases.csv")
    fitted = measure(mask, case.spacing_mm[::-1]).ellipse
    return fitted and fitted.circumference


def table(answers: Iterable[Answer], clicks: Sequence[int]) -> list[list[str]]:
    """Heading first: a row for each number of clicks; standard deviations of a sample, divisor n - 1."""
    rows, answers = [list(HEADING)], list(answers)
    for count in clicks:
        here = [answer for answer in answers if answer.clicks == count]
        fitted = [answer for answer in here if answer.found is not None]
        off = np.array([answer.found - answer.truth for answer in fitted])
        truth = np.mean([answer.truth for answer in here])
        cells = [f"{value:.2f}" for value in (*_spread(off), *_spread(np.abs(off)))]
        rows.append([str(count), str(len(here)), f"{truth:.1f}", *cells, str(len(here) - len(fitted))])
    return rows


def _spread(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation, NaN of too few."""
    mean = float(values.mean()) if len(values) else float("nan")
    return mean, float(values.std(ddof=1)) if len(values) > 1 else float("nan")
