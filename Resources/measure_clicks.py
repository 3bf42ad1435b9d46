#!/usr/bin/env python3
"""Which clicks help: python Resources/measure_clicks.py RECORDS.csv...

A row for the clicks of each range, of all files together and of each: how many are inside and outside of the
object, what they bring, and how often the mask is worse after one. The files are those of `samca evaluate`,
of one model each.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

RANGES = (2, 3), (4, 5), (6, 10), (11, 20)  # clicks, first and last
WORSE = -0.5  # points of Dice: a mask that lost more is worse
Gains = dict[tuple[int, bool], list[float]]  # points of Dice by the click's number, and whether it is inside


def gains_of(path: Path) -> Gains:
    """What each click brought to each target."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    dice = {(*_target(row), int(row["clicks"])): float(row["dice"]) for row in rows}
    gains = defaultdict(list)
    for row in rows:
        number = int(row["clicks"])
        before = dice.get((*_target(row), number - 1))
        if before is not None and row["positive"]:
            gains[number, row["positive"] == "1"].append(float(row["dice"]) - before)
    return gains


def together(every: Iterable[Gains]) -> Gains:
    """Those of several files as one."""
    joined = defaultdict(list)
    for gains in every:
        for key, found in gains.items():
            joined[key] += found
    return joined


def report(name: str, gains: Gains) -> str:
    """A row of a table for each range of clicks."""
    lines = []
    for first, last in RANGES:
        cells = []
        for inside in (True, False):
            found = np.array([gain for n in range(first, last + 1) for gain in gains.get((n, inside), [])])
            says = f"{found.mean():+.1f} | {100 * (found < WORSE).mean():.0f} %" if len(found) else " | "
            cells.append(f"{len(found)} | {says}")
        lines.append(f"| {name} | {first} to {last} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _target(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("model", "data", "case", "target", "seed"))


if __name__ == "__main__":
    found = {path.parent.name: gains_of(path) for path in map(Path, sys.argv[1:])}
    print("| | clicks | inside | gain | worse | outside | gain | worse |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for name, gains in {"all": together(found.values()), **found}.items():
        print(report(name, gains))
