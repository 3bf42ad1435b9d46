"""`found.csv`: what was found in each image and how sure the model is, a row for each object.

A row is there before its mask is, so a mask without a row is somebody else's, and what a kill has left
between the two is done again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from .. import spreadsheets
from ..files import append, write_atomically

NAME = "found.csv"
FOUND, NOTHING, FAILED, KEPT = "found", "nothing found", "not done", "kept"
RESULTS = FOUND, NOTHING, FAILED, KEPT


@dataclass(frozen=True)
class Row:
    """image, mask: paths in their folders, with / between parts; mask "" where there is none of this run.
    sha256: of the mask's file as it was written. model: digits of the digest of the weights that answered.

    frame: from 0. predicted_iou, agreement: 0..1, how sure the model is. asked: what pointed at the object.
    says: why there is no mask, or what to heed.
    """

    image: str
    result: str
    frame: int | None = None
    area_px: int | None = None
    predicted_iou: float | None = None
    agreement: float | None = None
    asked: str = ""
    mask: str = ""
    says: str = ""
    sha256: str = ""
    model: str = ""


Rows = dict[str, list[Row]]  # by the image's path


def read(path: Path) -> Rows:
    """The rows of each image, those written last; none without a file. ValueError for another table."""
    if not path.is_file():
        return {}
    columns, cells = spreadsheets.read(path)
    if not set(_columns()) <= set(columns):
        raise ValueError(f"{path} is another table than that of a batch: move it away, or give another --out")
    rows: Rows = defaultdict(list)
    for each in cells:
        row = _row(each)
        if row is not None:
            rows[row.image].append(row)
    return dict(rows)


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write the table with these rows alone."""
    write_atomically(path, spreadsheets.text_of([_columns(), *map(astuple, rows)]).encode())


def add(path: Path, rows: Iterable[Row]) -> None:
    """Add the rows of an image, all or none of them."""
    append(path, spreadsheets.text_of(map(astuple, rows)).encode())


def _columns() -> list[str]:
    return [each.name for each in fields(Row)]


def _row(cells: dict[str, str]) -> Row | None:
    """None for what somebody has typed, or a power cut has left."""
    if cells["result"] not in RESULTS:
        return None
    try:
        whole = [int(cells[name]) if cells[name] else None for name in ("frame", "area_px")]
        shares = [float(cells[name]) if cells[name] else None for name in ("predicted_iou", "agreement")]
    except ValueError:
        return None
    texts = (cells[name] for name in ("asked", "mask", "says", "sha256", "model"))
    return Row(cells["image"], cells["result"], *whole, *shares, *texts)
