"""The tables beside image folders: cases.csv, labels.csv; splits.csv, spacing.csv of several datasets."""

from __future__ import annotations

import logging
import math
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from .. import spreadsheets
from .case import Case
from .listing import composed, file_named
from .pairing import Found
from .split_words import not_known, split_of

Row = dict[str, str]
YES_OR_NO = {"0", "1", "0.0", "1.0", "yes", "no", "y", "n", "true", "false", "x"}
COLUMNS = ("dataset", "id", "group", "loop", "split", "class", "spacing_x_mm", "spacing_y_mm", "source")
BOX = ("x0", "y0", "x1", "y1")
MOST = 2**16 - 1  # a value of labels that a PNG takes
SHOWN = 80  # characters of a heading in a sentence

_log = logging.getLogger(__name__)


def read_rows(path: Path, required: tuple[str, ...]) -> tuple[list[Row], list[str]]:
    """Rows of a comma-separated UTF-8 file with a header, in capitals or not; missing cells are empty.

    Without rows there is one problem: not readable, no rows, or which of the required columns are lacking.
    With rows there is one for each column that is there twice.
    """
    try:
        columns, table = spreadsheets.read(path)
    except OSError as error:
        return [], [f"{path}: cannot be read as a table ({error})"]
    except ValueError as error:
        return [], [str(error)]
    rows = [{composed(name).lower(): composed(cell) for name, cell in row.items()} for row in table]
    if not rows:
        return [], [f"{path}: no rows"]
    lacking = [name for name in required if name not in rows[0]]
    if lacking:
        first = ",".join(columns)[:SHOWN]
        sentence = f"{path}: no column {', '.join(lacking)} in {first!r}: name it there, commas between names"
        return [], [sentence]
    counts = Counter(composed(name).lower() for name in columns)
    twice = [name for name in COLUMNS if counts[name] > 1]
    return rows, [f"{path}: the column {name!r} is there {counts[name]} times: keep one" for name in twice]


def described(cases: list[Case], path: Path | None) -> Found:
    """The cases with what their rows of cases.csv say, if there is such a file.

    Columns: id, and any of group, loop, split, class, spacing_x_mm, spacing_y_mm, source; an empty cell says
    nothing. A case of a split that is not known is left out, as it may be one to test with.
    """
    if path is None:
        return cases, []
    rows, problems = read_rows(path, ("id",))
    if not rows:
        return cases, problems
    problems += _unmatched(cases, rows, path) + _unnamed_splits(rows, path)
    row_of = {row["id"]: row for row in reversed(rows)}  # of duplicates the first counts
    found = []
    for case in cases:
        row = row_of.get(case.id, {})
        spacing, problem = _spacing(row)
        problems += [f"{path}: id {case.id!r}: {problem}"] if problem else []
        told = {name: row[name] for name in ("group", "loop", "source") if row.get(name)}
        kind = row.get("class") or case.kind
        split, more = _split(case, row, path)
        problems += more
        if split is not None:
            found.append(replace(case, spacing_mm=spacing, kind=kind, split=split, **told))
    return found, problems


def _split(case: Case, row: Row, path: Path) -> tuple[str | None, list[str]]:
    """The split of a case by its row and by what was known before, None if it is not known; and a problem."""
    word = row.get("split", "")
    split = split_of(word)
    if split is None:
        return None, [f"{path}: id {case.id!r}: {not_known(word)}"]
    if case.split and split and case.split != split:
        problem = f"{path}: puts {case.id!r} in {split}, but {case.image} is in {case.split}"
        return "test" if split == "test" else case.split, [problem]
    return case.split or split, []


def _unnamed_splits(rows: list[Row], path: Path) -> list[str]:
    """A problem for each column that says who trains and who tests under another name."""
    words_of = {name: {row[name] for row in rows} - {""} for name in rows[0] if name not in COLUMNS}
    return [
        f"{path}: the column {name!r} says {', '.join(sorted(words))}: call it split, or remove it"
        for name, words in words_of.items()
        if not any(row.get("split") for row in rows) and _are_splits(name, words)
    ]


def _are_splits(name: str, words: set[str]) -> bool:
    """Whether the cells of a column of this name can only be meant as splits."""
    splits = set(map(split_of, words))
    by_words = bool(words) and all(splits) and ("test" in splits or len(splits) > 1)
    is_flag = bool(words) and {word.lower() for word in words} <= YES_OR_NO
    return by_words or (is_flag and split_of(name.removeprefix("is").strip("_ ")) in ("val", "test"))


def _unmatched(cases: list[Case], rows: list[Row], path: Path) -> list[str]:
    """Rows without an image, rows of one id, images without a row."""
    counts, ids = Counter(row["id"] for row in rows), {case.id for case in cases}
    return (
        [f"{path}: duplicate id {name!r}" for name, count in counts.items() if count > 1]
        + [f"{path}: no image and mask for id {name!r}" for name in counts if name not in ids]
        + [f"{path}: no row for {case.image}" for case in cases if case.id not in counts]
    )


def _spacing(
    row: Row, columns: tuple[str, str] = ("spacing_x_mm", "spacing_y_mm")
) -> tuple[tuple[float, float] | None, str]:
    """(x, y) mm of a row, None if it is empty or wrong, and what is wrong."""
    texts = tuple(row.get(name, "") for name in columns)
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
    maybe split. A case without a row keeps what it has, one of a split that is not known is left out; a file
    further up that has other columns is not meant for us.
    """
    path = _near(folder, "splits.csv")
    if path is None:
        return cases, []
    rows, problems = read_rows(path, ("dataset", "id", "group"))
    if not rows:
        _log.warning("not used: %s", problems[0])
        return cases, problems if path.parent == folder else []
    row_of = {(row["dataset"], row["id"]): row for row in rows}
    problems += _of_no_use(cases, rows, path, folder) + _unnamed_splits(rows, path)
    found = []
    for case in cases:
        row = row_of.get((case.source, case.id), {})
        split, more = _split(case, row, path)
        problems += more
        told = {"group": row.get("group") or case.group, "kind": row.get("class") or case.kind}
        if split is not None:
            found.append(replace(case, split=split, **told))
    return found, problems


def _of_no_use(cases: list[Case], rows: list[Row], path: Path, folder: Path) -> list[str]:
    """Ids of our datasets with two different rows, and a table that is ours and meets none of the cases."""
    sources, said = {case.source for case in cases}, defaultdict(set)
    for row in rows:
        said[row["dataset"], row["id"]].add((row["group"], row.get("split", "")))
    problems = [
        f"{path}: duplicate id {name!r} of {source} with other words: keep one row"
        for (source, name), words in said.items()
        if source in sources and len(words) > 1
    ]
    unmet = not any(case.split or (case.source, case.id) in said for case in cases)
    named = {source.casefold() for source in sources} & {source.casefold() for source, _ in said}
    if cases and unmet and (named or path.parent == folder):
        problems.append(
            f"{path}: none of its rows is of {cases[0].source}/{cases[0].id} or another case in {folder}: "
            "write dataset and id as the folder and its images are called, without suffix"
        )
    return problems


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


def with_spacing(cases: list[Case], folder: Path) -> Found:
    """Cases that have no spacing with that of their row in spacing.csv, which lies as splits.csv does.

    Columns: dataset, id, spacing_mm, of square pixels. Anything else is not meant for us.
    """
    path, problems, spacings = _near(folder, "spacing.csv"), [], {}
    for row in read_rows(path, ("dataset", "id", "spacing_mm"))[0] if path else ():
        spacings[row["dataset"], row["id"]], problem = _spacing(row, ("spacing_mm",) * 2)
        if problem and any((case.source, case.id) == (row["dataset"], row["id"]) for case in cases):
            problems.append(f"{path}: id {row['id']!r}: {problem}")
    return [replace(c, spacing_mm=c.spacing_mm or spacings.get((c.source, c.id))) for c in cases], problems


def with_names(cases: list[Case], path: Path | None) -> Found:
    """Cases that have labels with the names of the values, as labels.csv beside them tells."""
    names, problems = names_in(path) if path else ({}, [])
    return [replace(c, names=tuple(names.items())) if c.labels else c for c in cases], problems


def names_in(path: Path) -> tuple[dict[int, str], list[str]]:
    """Label value -> name, and problems, of a table with the columns value and name."""
    rows, problems = read_rows(path, ("value", "name"))
    names = {}
    for row in rows:
        value, name = row["value"], row["name"]
        if not value.isdecimal() or not 0 < int(value) <= MOST or not name:
            problems.append(f"{path}: {value!r} is {name!r}: expected a number from 1 to {MOST}, and a name")
        elif names.setdefault(int(value), name) != name:
            problems.append(f"{path}: the value {value} has several names: keep one")
    return names, problems


def _near(folder: Path, name: str) -> Path | None:
    """The file of this name in the folder or up to two levels up."""
    places = [folder, *folder.resolve().parents[:2]]
    return next(filter(None, (file_named(place, name) for place in places)), None)
