"""Comma-separated tables that people open in a spreadsheet, and that are read again as they were.

A text that a spreadsheet would take for a formula gets an apostrophe in front, which goes again when it is
read here. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")  # the last four are their wide forms


def text_of(rows: Iterable[Sequence]) -> str:
    """Rows of numbers, texts and None, which is an empty cell, as a table."""
    return "".join(map(_line, rows))


def text_of_named(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """The same with a heading; of rows by name, what is in these columns."""
    return text_of([columns, *([row.get(name, "") for name in columns] for row in rows)])


def read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Names of the columns, and rows by them; missing cells are empty, what has no column is left out.

    OSError without the file, ValueError for one that is no such table in UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        columns, *rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: cannot be read as a table ({error}): save it as CSV in UTF-8") from error
    columns = [_read(name) for name in columns]
    width = len(columns)
    return columns, [dict(zip_longest(columns, map(_read, row[:width]), fillvalue="")) for row in rows]


def _line(row: Sequence) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(map(_written, row))
    return text.getvalue().removesuffix("\r\n") + "\n"  # written so that both of its characters are quoted


def _written(cell):
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def _read(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell
