"""A dataset folder of our own (images/, masks/, labels/, cases.csv) that cases are added to, all or none.

New files are written into a folder beside them and renamed at the end, the table last, so a full disk or a
cancelled export leaves everything as it was.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samca.datasets.images import SUFFIXES
from samca.files import write_atomically
from SAMCALib.Texts import Refusal, _

KINDS = ("images", "masks", "labels")
COLUMNS = ("id", "group", "loop", "split", "spacing_x_mm", "spacing_y_mm")
TABLE = "cases.csv"
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
    """Collects new cases; `commit` puts them in, `discard` forgets them."""

    def __init__(self, folder: Path):
        """Refusal for a folder that holds something else."""
        self.folder = folder
        _checkFolder(folder)
        self._isNew = not folder.exists()
        self._staged = folder / f".adding_{os.getpid()}"
        self._rows: list[dict[str, str]] = []

    def add(self, case: NewCase) -> None:
        """Write one case aside; OSError where that fails."""
        pictures = {
            "images": case.pixels,
            "masks": (case.labels > 0).astype(np.uint8) * 255,
            "labels": case.labels,
        }
        for kind, array in pictures.items():
            _writePicture(self._staged / kind / f"{case.id}.png", array)
        spacing = [f"{value:.10g}" for value in case.spacing]
        values = (case.id, case.group, case.loop, "", *spacing)
        self._rows.append(dict(zip(COLUMNS, values, strict=True)))

    def commit(self, keepsGroup: bool = False) -> int:
        """Put the cases in; those of the same frames that were there before go. How many these were.

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
        new = {row["id"] for row in self._rows}
        table = _tableText([*columns, *(c for c in COLUMNS if c not in columns)], rows)
        write_atomically(self._staged / TABLE, table)  # a disk that is full says so before anything moves
        for kind in KINDS:
            for path in sorted((self._staged / kind).iterdir()):
                (self.folder / kind).mkdir(exist_ok=True)
                path.replace(self.folder / kind / path.name)
        (self._staged / TABLE).replace(self.folder / TABLE)
        for name in set(old) - new:
            _remove(self.folder, name)
        self.discard()
        return len(old)

    def discard(self) -> None:
        """Remove what was written aside, and the folder if it was made for it."""
        shutil.rmtree(self._staged, ignore_errors=True)
        if self._isNew and self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


def readTable(folder: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of a folder's table; without one, a row with nothing but its id for each image."""
    path = folder / TABLE
    if path.is_file():
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [{n: cell or "" for n, cell in row.items() if n is not None} for row in reader]
            return list(reader.fieldnames or COLUMNS), rows
    images = folder / "images"
    names = sorted(p.stem for p in images.iterdir() if _isImage(p)) if images.is_dir() else []
    return list(COLUMNS), [{"id": name} for name in names]


def removeCases(folder: Path, ids: Sequence[str]) -> int:
    """Delete the files and rows of these cases; how many there were. Refusal for a folder without a table."""
    if not (folder / TABLE).is_file():
        raise Refusal(_("{folder} is no data set of our own: its files stay.").format(folder=folder))
    columns, rows = readTable(folder)
    kept = [row for row in rows if row["id"] not in set(ids)]
    write_atomically(folder / TABLE, _tableText(columns, kept))
    for name in ids:
        _remove(folder, name)
    return len(rows) - len(kept)


def setValidation(folder: Path, groups: set[str]) -> None:
    """Write into the table that these groups validate and all others train, unless it says so already."""
    columns, rows = readTable(folder)
    if not any(row.get("split") for row in rows):
        for row in rows:
            row["split"] = "val" if (row.get("group") or row["id"]) in groups else "train"
        columns = columns if "split" in columns else [*columns, "split"]
        write_atomically(folder / TABLE, _tableText(columns, rows))


def frameOf(name: str) -> str:
    """The id without the number of its layer: the same for all cases of one frame."""
    return name.split(LAYER)[0]


def _checkFolder(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise Refusal(_("{folder} is a file: give a folder for the data set.").format(folder=folder))
    visible = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    if visible and not (folder / "images").is_dir():
        text = _("{folder} is no data set of our own (images/ and masks/): give a new or empty folder.")
        raise Refusal(text.format(folder=folder))


def _isImage(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _remove(folder: Path, name: str) -> None:
    for kind in KINDS:
        if (folder / kind).is_dir():
            for path in [path for path in (folder / kind).iterdir() if path.stem == name]:
                path.unlink()


def _tableText(columns: list[str], rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def _writePicture(path: Path, array: np.ndarray) -> None:
    from PIL import Image

    if array.dtype != np.uint8 and array.max() <= 255:
        array = array.astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(array).save(content, format="PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue())
