"""The figures of an evaluation by what its targets are: their class and their size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..datasets import Dataset
from .evaluate import Record, Skipped, named_cases
from .summary import summary

SIZES = {"below 2 %": 0.02, "2 to 8 %": 0.08, "above 8 %": 1.0}  # of the image, and where each ends


class Kind(NamedTuple):
    """What a target is: its class, empty where the data does not say, and a name in SIZES."""

    name: str
    size: str


def kinds_of(dataset: Dataset, alone: bool) -> dict[tuple[str, int], Kind]:
    """The kind of each target by its case and number, as `evaluate` calls them; alone: whether 0 is among its
    clicks."""
    found = {}
    for name, case in named_cases(dataset):
        targets = list(case.structures().values()) if alone else case.targets()
        for index, target in enumerate(targets):
            size = next(size for size, end in SIZES.items() if target.mean() <= end)
            found[name, index] = Kind(case.kind_of(target), size)
    return found


def by_kind(
    records: Sequence[Record | Skipped], kinds: dict[tuple[str, int], Kind]
) -> dict[str, dict[str, dict[str, Any]]]:
    """{"class": {"benign": summary, ...}, "size": {"below 2 %": summary, ...}} of one model's records on one
    dataset, see `summary.summary`; what no target is, is left out, and so is a class that all are."""
    trials = [(r, kinds[r.case, r.target]) for r in records if isinstance(r, Record)]
    names = sorted({kind.name for _, kind in trials})
    classes = {name or "not told": [r for r, kind in trials if kind.name == name] for name in names}
    sizes = {size: [r for r, kind in trials if kind.size == size] for size in SIZES}
    groups = {"class": classes if len(classes) > 1 else {}, "size": sizes}
    return {
        by: {name: summary(found) for name, found in of.items() if found} for by, of in groups.items() if of
    }
