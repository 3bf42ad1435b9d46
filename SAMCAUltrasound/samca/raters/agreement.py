"""How far raters agree: two by two, case by case, and over all cases.

Dice, the 95th percentile Hausdorff distance at the images' own size, and the long axis; distances in mm where
the size of a pixel is known, else in px. An empty mask has no distance and no axis: those count the cases in
which both raters have outlined something.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import combinations

import numpy as np

from ..evaluation import metrics
from ..evaluation.report import Rows, aligned
from ..measures import measure
from ..spreadsheets import text_of
from .reading import Case

LIMIT = 1.96  # standard deviations to both sides hold 95 % of differences (Bland and Altman, Lancet 1986)
ONE_EMPTY, BOTH_EMPTY = "empty by {}", "empty by both"


@dataclass(frozen=True)
class Row:
    """One structure in one frame (from 0) of one case, as two raters have it.

    dice: 0..100. hd95 and long axes in `unit`, None where a mask is empty; difference: of the second rater
    from the first. says: what to heed.
    """

    case: str
    frame: int
    structure: str
    one: str
    other: str
    dice: float
    hd95: float | None
    long_axis_one: float | None
    long_axis_other: float | None
    unit: str
    says: str = ""

    @property
    def difference(self) -> float | None:
        """Of the long axes, the second less the first."""
        if self.long_axis_one is None or self.long_axis_other is None:
            return None
        return self.long_axis_other - self.long_axis_one


@dataclass(frozen=True)
class Mean:
    """Of n numbers the mean and the standard deviation, of one alone None."""

    n: int
    mean: float
    std: float | None

    @property
    def limits(self) -> tuple[float, float] | None:
        """Bland-Altman limits of agreement, between which 95 % of differences lie."""
        return None if self.std is None else (self.mean - LIMIT * self.std, self.mean + LIMIT * self.std)


@dataclass(frozen=True)
class Summary:
    """Two raters over all cases of one unit; None of what no case has."""

    one: str
    other: str
    unit: str
    dice: Mean
    hd95: Mean | None
    difference: Mean | None
    one_empty: int
    both_empty: int


def rows_of(case: Case) -> Iterator[Row]:
    """Each pair of raters on each structure, in the frames that one of them has outlined it in."""
    for one, other in combinations(case.masks, 2):
        for structure in case.masks[one]:
            masks = case.masks[one][structure], case.masks[other][structure]
            outlined = np.flatnonzero((masks[0] | masks[1]).any((1, 2)))
            for frame in map(int, outlined if len(outlined) else [0]):
                yield _row(case, frame, structure, (one, other), masks[0][frame], masks[1][frame])


def summaries(rows: Iterable[Row]) -> list[Summary]:
    """Of each pair of raters, in their order; apart by unit, where only some cases have mm."""
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[row.one, row.other, row.unit].append(row)
    pairs = list(dict.fromkeys(key[:2] for key in found))
    ordered = sorted(found, key=lambda key: (pairs.index(key[:2]), key[2]))
    return [_summary(*key, found[key]) for key in ordered]


def table(found: Sequence[Summary]) -> str:
    """For a terminal."""
    heading = [
        "raters",
        "",
        "cases",
        "DSC",
        "HD95",
        "long axis: difference",
        "limits of agreement",
        "n",
        "empty",
    ]
    rows: Rows = [heading]
    for each in found:
        limits = each.difference.limits if each.difference else None
        empty = f"{each.one_empty} by one, {each.both_empty} by both"
        rows.append(
            [
                f"{each.one} - {each.other}",
                each.unit,
                str(each.dice.n),
                _cell(each.dice),
                _cell(each.hd95),
                _cell(each.difference),
                f"{limits[0]:.2f} to {limits[1]:.2f}" if limits else "",
                str(each.difference.n if each.difference else 0),
                empty,
            ]
        )
    return aligned(rows)


def rows_csv(rows: Iterable[Row]) -> str:
    """Comma-separated: a row for each pair of raters on each structure."""
    heading = [*(each.name for each in fields(Row)), "difference"]
    return text_of([heading, *([*astuple(row), row.difference] for row in rows)])


def summaries_csv(found: Iterable[Summary]) -> str:
    """Comma-separated: a row for each pair of raters."""
    parts = [(name, part) for name in ("dice", "hd95", "difference") for part in ("n", "mean", "std")]
    heading = ["one", "other", "unit", *(f"{name}_{part}" for name, part in parts)]
    rows = [[*heading, "limit_low", "limit_high", "one_empty", "both_empty"]]
    for each in found:
        cells = [getattr(getattr(each, name), part, None) for name, part in parts]
        limits = (each.difference and each.difference.limits) or (None, None)
        rows.append([each.one, each.other, each.unit, *cells, *limits, each.one_empty, each.both_empty])
    return text_of(rows)


def _row(case: Case, frame: int, structure: str, pair: tuple[str, str], one, other) -> Row:
    empty = [rater for rater, mask in zip(pair, (one, other), strict=True) if not mask.any()]
    says = BOTH_EMPTY if len(empty) == 2 else ONE_EMPTY.format(empty[0]) if empty else ""
    spacing = case.spacing_mm
    axes = [measure(mask, spacing and spacing[::-1]).long_axis for mask in (one, other)]
    hd95 = None if empty else metrics.hd95(one, other, spacing or (1.0, 1.0))
    lengths = [axis and axis.length for axis in axes]
    dice = 100 * metrics.dice(one, other)
    return Row(case.name, frame, structure, *pair, dice, hd95, *lengths, "mm" if spacing else "px", says)


def _summary(one: str, other: str, unit: str, rows: list[Row]) -> Summary:
    empty = [row.says for row in rows if row.says]
    measured = [row for row in rows if not row.says]
    return Summary(
        one,
        other,
        unit,
        _mean([row.dice for row in rows]),
        _mean([row.hd95 for row in measured]),
        _mean([row.difference for row in measured]),
        len([says for says in empty if says != BOTH_EMPTY]),
        empty.count(BOTH_EMPTY),
    )


def _mean(values: list[float]) -> Mean | None:
    if not values:
        return None
    return Mean(
        len(values), float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None
    )


def _cell(mean: Mean | None) -> str:
    if mean is None:
        return ""
    return f"{mean.mean:.2f}" if mean.std is None else f"{mean.mean:.2f}±{mean.std:.2f}"
