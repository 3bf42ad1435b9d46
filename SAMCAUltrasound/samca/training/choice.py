"""Which weights a run keeps: the best epoch by validation, and none that is not ahead of where it started.

Epoch 0 is the model before training. Few images say little, so an epoch takes its place only when it is ahead
by more than one standard error of the paired difference over groups of images.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any

import numpy as np

from ..datasets import Case
from ..evaluation.evaluate import Target
from ..evaluation.paired import Difference, by_group, difference_of

ERRORS = 1.0  # standard errors that an epoch has to be ahead of epoch 0

Dice = dict[Target, dict[int, float]]


class Choice:
    """What validation has said so far. keep: "best", or "last" whatever it says."""

    def __init__(self, keep: str, cases: Iterable[Case]):
        self.keep, self.kept, self.best = keep, -1, -1.0  # no epoch yet
        self._group_of = by_group(cases)
        self._before: dict[Target, float] = {}

    @property
    def has_started(self) -> bool:
        """Whether epoch 0 is known."""
        return bool(self._before)

    def start(self, dice: Dice) -> None:
        """Take epoch 0: the model before training."""
        self._before = of_each(dice)
        self.kept, self.best = 0, _mean(dice)

    def gain(self, dice: Dice) -> Difference | None:
        """How far an epoch is ahead of epoch 0 in Dice, mean over clicks; None where that is not known."""
        try:
            return difference_of(of_each(dice), self._before, self._group_of)
        except ValueError:  # a run from before there was an epoch 0, or whose images are all others now
            return None

    def takes(self, epoch: int, dice: Dice) -> bool:
        """Whether the weights after this epoch are kept from now on."""
        if self.keep == "best" and not (_mean(dice) > self.best and _is_ahead(self.gain(dice))):
            return False
        self.kept, self.best = epoch, _mean(dice)
        return True

    def state(self) -> dict[str, Any]:
        """What a resume point keeps of it."""
        return {
            "kept": self.kept,
            "best": self.best,
            "before": [[*key, v] for key, v in self._before.items()],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go back to what `state` gave; any error where that is damaged."""
        self.kept, self.best = int(state["kept"]), float(state["best"])
        self._before = {
            (str(source), str(case), int(index)): float(value)
            for source, case, index, value in state["before"]
        }


def of_before(state: dict[str, Any], epochs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The choice in a resume point from before there was an epoch 0, by the "epoch" records of its log."""
    best, kept = float(state["best"]), int(state["epoch"])
    if epochs and state["settings"].get("keep") != "last":
        kept = max(epochs, key=lambda record: sum(record["dice"].values()))["epoch"]
    return {"kept": kept if best >= 0 else -1, "best": best, "before": []}


def _is_ahead(gain: Difference | None) -> bool:
    if gain is None:
        return True
    error = 0.0 if isnan(gain.standard_error) else gain.standard_error  # one group: it is all there is
    return gain.mean > ERRORS * error


def of_each(dice: Dice) -> dict[Target, float]:
    """The mean over numbers of clicks of each target."""
    return {target: float(np.mean(list(of.values()))) for target, of in dice.items() if of}


def _mean(dice: Dice) -> float:
    return float(np.mean(list(of_each(dice).values())))
