"""Two models on the same targets: the mean difference, and how sure it is.

Images of one patient or near-duplicates resemble each other, so the standard error is that of groups of
images and not of images (Liang, Zeger, Biometrika 1986: errors clustered by group).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from ..datasets import Case
from .evaluate import Record, Target


@dataclass(frozen=True)
class Difference:
    """Mean over targets of what one model reaches more than another, and its standard error over groups.

    standard_error is NaN of a single group, which says nothing of others.
    """

    mean: float
    standard_error: float
    targets: int
    groups: int


def difference(
    ours: Iterable[Record],
    theirs: Iterable[Record],
    group_of: Callable[[Target], str],
    count: int,
    measure: str = "dice",
) -> Difference:
    """Of all targets that both have been asked for with `count` clicks, each the mean over its trials.

    Records of several trainings of one recipe are given together. ValueError where no target is in both.
    """
    one, other = (per_target(records, count, measure) for records in (ours, theirs))
    if not one.keys() & other.keys():
        raise ValueError(f"no target has {measure} after {count} clicks in both: evaluate them alike")
    return difference_of(one, other, group_of)


def difference_of(
    ours: dict[Target, float], theirs: dict[Target, float], group_of: Callable[[Target], str]
) -> Difference:
    """Of the values of all targets that both have; ValueError where there is none."""
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        raise ValueError("no target is in both: evaluate them alike")
    found = np.array([ours[target] - theirs[target] for target in both])
    return Difference(float(found.mean()), *_error(found, [group_of(target) for target in both]))


def standard_error(values: dict[Target, float], group_of: Callable[[Target], str]) -> float:
    """Standard error over groups of the mean of the targets' values."""
    return _error(np.array(list(values.values())), [group_of(target) for target in values])[0]


def by_group(cases: Iterable[Case]) -> Callable[[Target], str]:
    """What tells the group of a target of these cases, whose dataset is their source; of another its case."""
    groups = {(case.source, case.id): f"{case.source}/{case.group}" for case in cases}
    return lambda target: groups.get(target[:2], target[1])


def per_target(records: Iterable[Record], count: int, measure: str) -> dict[Target, float]:
    """The mean over all trials of each target that has this measure after so many clicks."""
    found = defaultdict(list)
    for record in records:
        if record.count == count and measure in record.scores:
            found[record.dataset, record.case, record.target].append(record.scores[measure])
    return {target: float(np.mean(values)) for target, values in found.items()}


def _error(values: np.ndarray, groups: list[str]) -> tuple[float, int, int]:
    """Standard error over groups, targets, groups."""
    sums = defaultdict(float)
    for group, value in zip(groups, values - values.mean(), strict=True):
        sums[group] += value
    count = len(sums)
    spread = sqrt(sum(total**2 for total in sums.values())) / len(values)
    return spread * sqrt(count / (count - 1)) if count > 1 else nan, len(values), count
