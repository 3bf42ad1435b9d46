"""A dataset folder of our own (images/, masks/, labels/, two tables) that cases are added to and taken from.

All of them or none: files and table change together (samca.files.changes).
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samca import spreadsheets, typed_json
from samca.datasets.images import read_labels
from samca.datasets.listing import composed, image_files, visible
from samca.datasets.tables import names_in
from samca.files import write_atomically
from samca.files.changes import Changes, changing, finish
from SAMCALib.Texts import Refusal, _

KINDS = ("images", "masks", "labels")
COLUMNS = ("id", "group", "loop", "split", "spacing_x_mm", "spacing_y_mm")
TABLE, NAMES, ABOUT = "cases.csv", "labels.csv", "dataset.json"
LAYER = "_layer"  # before the number of a case that holds what overlaps another one's segments


@dataclass(frozen=True)
class NewCase:
    """One image with labels; spacing: (x, y) mm of a pixel."""

    id: str
    pixels: np.ndarray  # (H, W) or (H, W, 3) uint8
    labels: np.ndarray  # (H, W) whole numbers, 0 is background
    group: str
    loop: str
    spacing: tuple[float, float]


class CaseFiles:
    """Collects new cases for a folder that is being changed."""

    def __init__(self, change: Changes):
        self.folder, self._change = change.folder, change
        self._names = readNames(change.folder)  # by value
        self._rows: list[dict[str, str]] = []

    def valueOf(self, name: str) -> int:
        """The number in labels/ of a segment of this name: the same in all cases, new for a new name."""
        name = composed(name) or _("Segment")
        known = {other.casefold(): value for value, other in self._names.items()}
        value = known.get(name.casefold()) or max(self._names, default=0) + 1
        self._names.setdefault(value, name)
        return value

    def add(self, case: NewCase) -> None:
        """Take one case; OSError where there is no room for it."""
        pictures = {
            "images": case.pixels,
            "masks": (case.labels > 0).astype(np.uint8) * 255,
            "labels": case.labels,
        }
        for kind, array in pictures.items():
            self._change.write(f"{kind}/{case.id}.png", _png(array))
        spacing = [f"{value:.10g}" for value in case.spacing]
        values = (case.id, case.group, case.loop, "", *spacing)
        self._rows.append(dict(zip(COLUMNS, values, strict=True)))

    def tabulate(self, keepsGroup: bool = False) -> int:
        """Write the table; cases of the same frames that were there before go. How many these were.

        keepsGroup: frames that replace others take the group of those with them.
        """
        columns, rows = readTable(self.folder)
        frames = {frameOf(row["id"]) for row in self._rows}
        old = [row["id"] for row in rows if frameOf(row["id"]) in frames]
        earlier = next((row.get("group") for row in rows if row["id"] in old), "")
        if keepsGroup and earlier:
            self._rows = [{**row, "group": earlier} for row in self._rows]
        splits = {row.get("group"): row["split"] for row in rows if row.get("split")}
        rows = [row for row in rows if row["id"] not in old]
        rows += [{**row, "split": splits.get(row["group"], "")} for row in self._rows]
        columns = [*columns, *(c for c in COLUMNS if c not in columns)]
        _remove(self._change, old)
        self._change.write(TABLE, spreadsheets.text_of_named(columns, rows).encode())
        names = [{"value": str(value), "name": name} for value, name in self._names.items() if name]
        if names:  # a table without rows would be a problem of the data set
            self._change.write(NAMES, spreadsheets.text_of_named(["value", "name"], names).encode())
        return len(old)


def readTable(folder: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of a folder's table; without one, a row with nothing but its id for each image."""
    if (folder / TABLE).is_file():
        return spreadsheets.read(folder / TABLE)
    names = [composed(path.stem) for path in image_files(folder / "images")]
    return list(COLUMNS), [{"id": name} for name in names]


def nameOf(folder: Path) -> str:
    """What the user calls a dataset; the folder's own name until they say."""
    try:
        return typed_json.read(folder / ABOUT)["name"].text() or folder.name
    except (OSError, ValueError):
        return folder.name


def writeName(folder: Path, name: str) -> None:
    """Call a dataset by another name; its folder, which runs know, stays."""
    write_atomically(folder / ABOUT, json.dumps({"name": name}).encode())


def readNames(folder: Path) -> dict[int, str]:
    """The names of the values in a folder's labels/, "" for those of an older dataset, which has no table.

    Refusal for a table that is damaged.
    """
    if (folder / NAMES).is_file():
        names, problems = names_in(folder / NAMES)
        if problems:
            raise Refusal(_("{problem}; mend that first.").format(problem=problems[0]))
        return names
    values = {int(value) for path in image_files(folder / "labels") for value in np.unique(read_labels(path))}
    return dict.fromkeys(sorted(values - {0}), "")


def removeCases(folder: Path, ids: Sequence[str]) -> int:
    """Delete the files and rows of these cases; how many there were. Refusal for a folder without a table."""
    finish(folder)
    if not (folder / TABLE).is_file():
        raise Refusal(_("{folder} is no dataset of our own: its files stay.").format(folder=folder))
    columns, rows = readTable(folder)
    kept = [row for row in rows if composed(row["id"]) not in set(ids)]
    with changing(folder) as change:
        _remove(change, ids)
        change.write(TABLE, spreadsheets.text_of_named(columns, kept).encode())
    return len(rows) - len(kept)


def setValidation(folder: Path, groups: set[str]) -> None:
    """Write into the table that these groups validate and all others train, unless it says so already."""
    columns, rows = readTable(folder)
    if not any(row.get("split") for row in rows):
        for row in rows:
            row["split"] = "val" if (row.get("group") or row["id"]) in groups else "train"
        columns = columns if "split" in columns else [*columns, "split"]
        write_atomically(folder / TABLE, spreadsheets.text_of_named(columns, rows).encode())


def frameOf(name: str) -> str:
    """The id without the number of its layer: the same for all cases of one frame."""
    return name.split(LAYER)[0]


def checkFolder(folder) -> Path:
    """The folder as a path; Refusal for one that holds something else, and for what is no path."""
    try:
        folder = Path(folder).absolute()
    except TypeError as error:
        text = _("A {kind} is no folder: give a path.")
        raise Refusal(text.format(kind=type(folder).__name__)) from error
    if not folder.exists():
        return folder
    if not folder.is_dir():
        raise Refusal(_("{folder} is a file: give a folder for the dataset.").format(folder=folder))
    if visible(folder) and not (folder / "images").is_dir():
        text = _("{folder} is no dataset of our own (images/ and masks/): give a new or empty folder.")
        raise Refusal(text.format(folder=folder))
    return folder


def _remove(change: Changes, ids: Sequence[str]) -> None:
    for kind in KINDS:
        for path in image_files(change.folder / kind):
            if composed(path.stem) in set(ids):
                change.remove(f"{kind}/{path.name}")


def _png(array: np.ndarray) -> bytes:
    from PIL import Image

    if array.dtype != np.uint8 and array.max() <= 255:
        array = array.astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(array).save(content, format="PNG")
    return content.getvalue()
