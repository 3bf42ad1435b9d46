"""What a batch has found as cases of a worklist: so the least sure can be looked at first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .. import typed_json
from ..worklist.entries import SUGGESTED, UNTOUCHED, Entry
from . import table
from .run import STATE, SUGGESTIONS
from .table import FOUND, NOTHING, Row

DIGITS = 16  # of a model's digest, as a worklist names it


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
        about, rows = typed_json.read(folder / STATE), table.read(folder / table.NAME)
        what, digest = about["what"].text(), about["sha256"].text()
    except (OSError, ValueError) as error:
        tell(str(error))
        return {}
    is_ours = what.startswith(SUGGESTIONS)
    model = f"{digest[:DIGITS]} {what.removeprefix(SUGGESTIONS)}"
    done = {name: [row for row in of if row.result in (FOUND, NOTHING)] for name, of in rows.items()}
    return {name: _entry(name, of, is_ours, model) for name, of in done.items() if of}


def _entry(name: str, rows: list[Row], is_ours: bool, model: str) -> Entry:
    """Of several objects the least sure counts."""
    made = next((row for row in rows if row.mask), None)
    if made is None:
        return Entry(name, UNTOUCHED, agreement=_lowest(rows, "agreement"), iou=0.0, model=model)
    figures = {"iou": _lowest(rows, "predicted_iou"), "agreement": _lowest(rows, "agreement")}
    sha256 = made.sha256 if is_ours else ""
    return Entry(name, SUGGESTED, file=made.mask, sha256=sha256, model=model, **figures)


def _lowest(rows: list[Row], name: str) -> float | None:
    known = [value for row in rows if (value := getattr(row, name)) is not None and 0 <= value <= 1]
    return min(known) if known else None
