"""Records of an evaluation become means and deviations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from .evaluate import Record, Skipped
from .metrics import mean_and_std
from .reliability import reliability

MEASURES = (
    "dice",
    "iou",
    "box_iou",
    "hd",
    "hd95",
    "hd_mm",
    "hd95_mm",
    "accuracy",
    "sensitivity",
    "specificity",
    "false_hole",
)
GOALS = (80, 85, 90)  # Dice that the clicks needed are counted to


@dataclass(frozen=True)
class Result:
    """What one model reached on one dataset; `summary` is what the function of that name gives."""

    model: str
    data: str
    summary: dict[str, Any]


def summary(records: Iterable[Record | Skipped], curve: int = 0) -> dict[str, Any]:
    """Mean and population deviation over the targets of one dataset, each target the mean over its seeds.

    {"clicks": {"1": {"dice": {"mean": 84.3, "std": 15.7}, ..., "empty": 0}, ...}, "targets": n,
    "images": n, "without_target": n, "left_empty": n, "seeds": n}: overlaps in percent, distances in px or
    mm, of false_hole the mean is the share in percent. empty counts predictions (of each target and seed)
    without a pixel, without_target the images that were left out, left_empty those of them where the model
    found nothing by itself (None: not asked).
    "reliability" is that of the model's own estimates over all trials, see `reliability.reliability`.
    Where a step is not one more click, as with the user "two_stage", "given" is the mean number of clicks.
    With `curve` also "curve", the mean Dice after 1, 2, ... `curve` clicks, and "noc", {"80": {"mean", "std",
    "failed"}, ...}: the clicks needed to reach that Dice; a trial that fails to counts as `curve`.
    """
    records = list(records)
    trials = [r for r in records if isinstance(r, Record)]
    if not trials:
        raise ValueError("no target in any image: expected at least one mask that is not empty")
    by_count = defaultdict(list)
    for record in trials:
        by_count[record.count].append(record)
    asked = sorted(count for count, found in by_count.items() if "iou" in found[0].scores)
    result = {
        "clicks": {str(count): _measured(by_count[count]) for count in asked},
        "targets": len({(r.case, r.target) for r in trials}),
        "images": len({r.case for r in trials}),
        "without_target": len(records) - len(trials),
        "left_empty": _left_empty(records),
        "seeds": len({r.seed for r in trials}),
    }
    if curve:
        steps = [by_count[n] for n in range(1, curve + 1)]
        result["curve"] = [mean_and_std(_per_target(step, "dice"))[0] for step in steps]
        result["noc"] = {str(goal): _clicks_needed(trials, goal, curve) for goal in GOALS}
    return result


def _left_empty(records: list[Record | Skipped]) -> int | None:
    looked_at = [r.left_empty for r in records if isinstance(r, Skipped) and r.left_empty is not None]
    return sum(looked_at) if looked_at else None


def _measured(records: list[Record]) -> dict[str, Any]:
    measured: dict[str, Any] = {}
    for name in MEASURES:
        if values := _per_target(records, name):
            measured[name] = _mean_and_std(values)
    if any(len(r.clicks) != r.count for r in records):
        measured["given"] = float(np.mean([len(r.clicks) for r in records]))
    if found := reliability([r.scores for r in records]):
        measured["reliability"] = found
    return measured | {"empty": sum(r.empty for r in records)}


def _per_target(records: Iterable[Record], name: str) -> list[float]:
    """Means over seeds of one measure, of the targets that have it."""
    values = defaultdict(list)
    for record in records:
        if name in record.scores:
            values[record.case, record.target].append(record.scores[name])
    return [float(np.mean(of_target)) for of_target in values.values()]


def _clicks_needed(trials: list[Record], goal: float, limit: int) -> dict[str, float]:
    needed, failed = defaultdict(list), 0
    for (case, target, _), steps in groupby(trials, lambda r: (r.case, r.target, r.seed)):
        reached = [r.count for r in steps if r.scores["dice"] >= goal and r.count <= limit]
        failed += not reached
        needed[case, target].append(min(reached, default=limit))
    return _mean_and_std([float(np.mean(of_target)) for of_target in needed.values()]) | {"failed": failed}


def _mean_and_std(values: list[float]) -> dict[str, float]:
    mean, std = mean_and_std(values)
    return {"mean": mean, "std": std}


def drop(result: Result, results: Sequence[Result], count: str, measure: str) -> float | None:
    """How much lower a mean is than the same model's on the first dataset; None there, or without both."""
    reference = next(r for r in results if r.model == result.model)
    seen, unseen = (r.summary["clicks"][count].get(measure) for r in (reference, result))
    return None if reference is result or not (seen and unseen) else seen["mean"] - unseen["mean"]
