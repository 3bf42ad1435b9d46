"""The tables beside image folders: cases.csv, and splits.csv of a folder of datasets."""

from __future__ import annotations

import csv
import logging
import math
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from .case import Case
from .pairing import Found

Row = dict[str, str]
BOX = ("x0", "y0", "x1", "y1")

_log = logging.getLogger(__name__)


def read_rows(path: Path, required: tuple[str, ...]) -> tuple[list[Row], list[str]]:
    """Rows of a comma-separated UTF-8 file with a header; missing cells are empty.

    Without rows there is one problem: not readable, no rows, or which of the required columns are lacking.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return [], [f"{path}: cannot be read as a table ({error})"]
    rows = [{name: (cell or "").strip() for name, cell in row.items() if name is not None} for row in table]
    if not rows:
        return [], [f"{path}: no rows"]
    lacking = [name for name in required if name not in rows[0]]
    return ([], [f"{path}: no column {', '.join(lacking)}"]) if lacking else (rows, [])


def described(cases: list[Case], path: Path) -> Found:
    """The cases with what their rows of cases.csv say, if there is such a file.

    Columns: id, and any of group, loop, split, class, spacing_x_mm, spacing_y_mm, source; an empty cell says
    nothing.
    """
    if not path.is_file():
        return cases, []
    rows, problems = read_rows(path, ("id",))
    if not rows:
        return cases, problems
    problems = _unmatched(cases, rows, path)
    row_of = {row["id"]: row for row in reversed(rows)}  # of duplicates the first counts
    found = []
    for case in cases:
        row = row_of.get(case.id, {})
        spacing, problem = _spacing(row)
        problems += [f"{path}: id {case.id!r}: {problem}"] if problem else []
        told = {name: row[name] for name in ("group", "loop", "split", "source") if row.get(name)}
        kind = row.get("class") or case.kind
        found.append(replace(case, spacing_mm=spacing, kind=kind, **told))
    return found, problems


def _unmatched(cases: list[Case], rows: list[Row], path: Path) -> list[str]:
    """Rows without an image, rows of one id, images without a row."""
    counts, ids = Counter(row["id"] for row in rows), {case.id for case in cases}
    return (
        [f"{path}: duplicate id {name!r}" for name, count in counts.items() if count > 1]
        + [f"{path}: no image and mask for id {name!r}" for name in counts if name not in ids]
        + [f"{path}: no row for {case.image}" for case in cases if case.id not in counts]
    )


def _spacing(row: Row) -> tuple[tuple[float, float] | None, str]:
    """(x, y) mm of a row, None if it is empty or wrong, and what is wrong."""
    texts = row.get("spacing_x_mm", ""), row.get("spacing_y_mm", "")
    if texts == ("", ""):
        return None, ""
    try:
        spacing = float(texts[0]), float(texts[1])
    except ValueError:
        spacing = math.nan, math.nan
    if all(0 < value < math.inf for value in spacing):
        return spacing, ""
    return None, f"spacing {' x '.join(texts)} mm, expected two positive numbers"


def grouped(cases: list[Case], folder: Path) -> Found:
    """The cases with the group of their row in splits.csv, and its split where they have none.

    The file lies in the folder or up to two levels up. Columns: dataset (the case's source), id, group, and
    maybe split. A case without a row keeps what it has; a file further up that has other columns is not
    meant for us.
    """
    path = _near(folder, "splits.csv")
    if path is None:
        return cases, []
    rows, problems = read_rows(path, ("dataset", "id", "group"))
    if problems:
        _log.warning("not used: %s", problems[0])
        return cases, problems if path.parent == folder else []
    row_of = {(row["dataset"], row["id"]): row for row in rows}
    found = []
    for case in cases:
        row = row_of.get((case.source, case.id), {})
        split = row.get("split", "")
        if case.split and split and case.split != split:
            problems.append(f"{path}: puts {case.id!r} in {split}, but {case.image} is in {case.split}")
        told = {"group": row.get("group") or case.group, "kind": row.get("class") or case.kind}
        found.append(replace(case, split=case.split or split, **told))
    return found, problems


def with_kinds(cases: list[Case], folder: Path) -> list[Case]:
    """Cases that have labels with the classes of their connected parts, as structures.csv tells them.

    The file lies as splits.csv does. Columns: dataset, id, structure (the class), and the part's box x0, y0,
    x1, y1 in px, the last two excluded. Anything else is not meant for us.
    """
    path = _near(folder, "structures.csv")
    rows = read_rows(path, ("dataset", "id", "structure", *BOX))[0] if path else []
    kinds = defaultdict(list)
    for row in rows:
        with suppress(ValueError):
            box = tuple(int(row[side]) for side in BOX)
            kinds[row["dataset"], row["id"]].append((box, row["structure"]))
    return [replace(c, kinds=tuple(kinds[c.source, c.id])) if c.labels else c for c in cases]


def _near(folder: Path, name: str) -> Path | None:
    """The file of this name in the folder or up to two levels up."""
    places = [folder, *folder.resolve().parents[:2]]
    return next((place / name for place in places if (place / name).is_file()), None)
