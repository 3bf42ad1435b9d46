#!/usr/bin/env python3
"""Which clicks help: python Resources/measure_clicks.py RECORDS.csv...

A row for the clicks of each range: how many are inside and outside of the object, what they bring, and how
often the mask is worse after one. The files are those of `samca evaluate`, of one model each.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

RANGES = (2, 3), (4, 5), (6, 10), (11, 20)  # clicks, first and last
WORSE = -0.5  # points of Dice: a mask that lost more is worse


def gains_of(path: Path) -> dict[tuple[int, bool], list[float]]:
    """(number of the click, whether it is inside) -> points of Dice that it brought, of each target."""
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


def report(path: Path) -> str:
    """A row of a table for each range of clicks."""
    gains, lines = gains_of(path), []
    for first, last in RANGES:
        cells = []
        for inside in (True, False):
            found = np.array([gain for n in range(first, last + 1) for gain in gains.get((n, inside), [])])
            if len(found):
                cells.append(f"{len(found)} | {found.mean():+.2f} | {100 * (found < WORSE).mean():.0f} %")
            else:
                cells.append("0 | | ")
        lines.append(f"| {path.parent.name} | {first} to {last} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _target(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("model", "data", "case", "target", "seed"))


if __name__ == "__main__":
    print("| | clicks | inside | gain | worse | outside | gain | worse |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for each in sys.argv[1:]:
        print(report(Path(each)))
