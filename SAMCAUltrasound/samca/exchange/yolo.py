"""YOLO-seg: images/SPLIT/ID.png, labels/SPLIT/ID.txt with a line an object, data.yaml with the classes.

A line has the class from 0 and one polygon in shares of width and height; parts and holes of an object are
joined by bridges of no width. Who has no split is divided by groups, as a training does it.
"""

from __future__ import annotations

import json

from ..datasets import divided
from ..files.new_folder import NewFolder
from ..images.overlay import png
from .entries import Classes, Entry
from .outlines import joined, rings_of

SHARE, SEED = 0.2, 0  # of the cases validate, where the data does not say


class Yolo:
    """Writes polygons in text files."""

    TITLE = "YOLO-seg"
    FOLDER = "{name}-yolo"

    def __init__(self, files: NewFolder, entries: list[Entry], classes: Classes):
        self._files, self._classes = files, classes
        _train, held_out = divided([entry.case for entry in entries], SHARE, SEED)
        self._held_out = {id(case) for case in held_out}
        self._splits: set[str] = set()

    def add(self, entry: Entry) -> None:
        """Write its image and its lines, none for an image without truth."""
        split = self._split(entry)
        self._splits.add(split)
        pixels, lines = entry.case.pixels(), []
        for number, mask in self._classes.objects(entry.case):
            height, width = mask.shape
            shares = [f"{x / width:.6f} {y / height:.6f}" for x, y in joined(rings_of(mask))]
            lines.append(" ".join([str(number - 1), *shares]) + "\n")
        self._files.write(f"images/{split}/{entry.name}.png", png(pixels))
        self._files.write(f"labels/{split}/{entry.name}.txt", "".join(lines).encode())

    def _split(self, entry: Entry) -> str:
        if entry.split == "test":
            return "test"
        return "val" if id(entry.case) in self._held_out else "train"

    def finish(self) -> str:
        """Write what trainers are given."""
        places = [f"{split}: images/{split}\n" for split in ("train", "val", "test") if split in self._splits]
        names = [f"  {n}: {json.dumps(name)}\n" for n, name in enumerate(self._classes.names)]
        self._files.write("data.yaml", "".join([*places, "names:\n", *names]).encode())
        return "" if "val" in self._splits else "There is one group alone, so nothing validates: add another."
