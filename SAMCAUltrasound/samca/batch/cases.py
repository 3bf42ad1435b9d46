"""What a batch has found as cases of a worklist: so the least sure can be looked at first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..worklist.entries import SUGGESTED, UNTOUCHED, Entry
from . import table
from .jobs import SUGGEST
from .run import STATE
from .table import FOUND, NOTHING, Row


def entries_in(folder: str | Path, tell: Callable[[str], None] = lambda sentence: None) -> dict[str, Entry]:
    """By the image's path what was found in it; none in a folder where no batch has been.

    Such cases are suggested; where nothing was found they are untouched, and the model is not sure at all.
    The digest of the file is there only of a class that was suggested, which another model may suggest anew:
    where somebody has pointed, the outline stays. tell: gets a sentence about a damaged table.
    """
    folder = Path(folder)
    if not (folder / STATE).is_file():
        return {}
    try:
        rows = table.read(folder / table.NAME)
    except (OSError, ValueError) as error:
        tell(str(error))
        return {}
    done = {name: [row for row in of if row.result in (FOUND, NOTHING)] for name, of in rows.items()}
    return {name: _entry(name, of) for name, of in done.items() if of}


def _entry(name: str, rows: list[Row]) -> Entry:
    """Of several objects the least sure counts."""
    made = next((row for row in rows if row.mask), None)
    first, *others = rows[0].asked.split(" ", 1)
    is_ours = first == SUGGEST
    model = f"{rows[0].model} {' '.join(others) if is_ours else first}"
    agreement = _lowest(rows, "agreement")
    if made is None:
        return Entry(name, UNTOUCHED, agreement=agreement, iou=0.0, model=model)
    sha256, iou = made.sha256 if is_ours else "", _lowest(rows, "predicted_iou")
    return Entry(name, SUGGESTED, "", made.mask, sha256, agreement, iou, model)


def _lowest(rows: list[Row], name: str) -> float | None:
    known = [value for row in rows if (value := getattr(row, name)) is not None and 0 <= value <= 1]
    return min(known) if known else None
