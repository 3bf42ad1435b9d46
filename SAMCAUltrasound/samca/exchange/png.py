"""Plain PNG: images/, masks/ (0 and 255), labels/ (a number a class), labels.csv and cases.csv.

That is a dataset folder of our own. Cases without truth are left out: a mask of nothing reads as a mistake.
"""

from __future__ import annotations

import numpy as np

from ..files.new_folder import NewFolder
from ..images.overlay import png
from ..spreadsheets import text_of
from ..words import counted
from .entries import Classes, Entry

COLUMNS = ("id", "group", "loop", "split", "spacing_x_mm", "spacing_y_mm")


class Png:
    """Writes pictures and tables."""

    TITLE = "plain PNG"
    FOLDER = "{name}-png"

    def __init__(self, files: NewFolder, entries: list[Entry], classes: Classes):
        self._files, self._classes = files, classes
        self._rows, self._without = [], 0

    def add(self, entry: Entry) -> None:
        """Write its image, its mask and its labels; nothing without truth."""
        labels = self._classes.labels(entry.case)
        if not labels.any():
            self._without += 1
            return
        name = f"{entry.name}.png"
        self._files.write(f"images/{name}", png(entry.case.pixels()))
        self._files.write(f"masks/{name}", png((labels > 0).astype(np.uint8) * 255))
        self._files.write(f"labels/{name}", png(labels if labels.max() > 255 else labels.astype(np.uint8)))
        spacing = entry.case.spacing_mm or ("", "")
        self._rows.append((entry.name, str(entry.group), str(entry.loop), entry.split, *spacing))

    def finish(self) -> str:
        """Write the tables."""
        self._files.write("cases.csv", text_of([COLUMNS, *self._rows]).encode())
        names = enumerate(self._classes.names, start=1)
        self._files.write("labels.csv", text_of([("value", "name"), *names]).encode())
        without = counted(self._without, "case")
        return f"Left out: {without} without truth." if self._without else ""
