"""COCO: images/, and annotations/instances_SPLIT.json for each split, instances_all.json for cases of none.

Each target is an annotation. Polygons follow the borders of the pixels, so they give the mask back exactly;
what has a hole is written as runs of pixels (RLE), since polygons of COCO have none.
"""

from __future__ import annotations

import json
from collections import defaultdict

import numpy as np

from ..datasets.runs import packed, runs_of
from ..files.new_folder import NewFolder
from ..images.overlay import png
from .entries import Classes, Entry
from .outlines import is_hole, rings_of

WHOLE = "all"  # the split of cases that have none


def runs(mask: np.ndarray) -> dict:
    """The RLE of an (H, W) bool mask."""
    return {"size": list(mask.shape), "counts": packed(runs_of(mask))}


def polygons(mask: np.ndarray) -> list | dict:
    """A list of x, y, x, y, ... for each part of an (H, W) bool mask; its RLE where there is a hole."""
    rings = rings_of(mask)
    if any(map(is_hole, rings)):
        return runs(mask)
    return [[number for corner in ring for number in corner] for ring in rings]


class Polygons:
    """Writes polygons."""

    TITLE = "COCO, polygons"
    FOLDER = "{name}-coco"
    SEGMENTATION = staticmethod(polygons)

    def __init__(self, files: NewFolder, entries: list[Entry], classes: Classes):
        self._files, self._classes = files, classes
        self._images, self._annotations = defaultdict(list), defaultdict(list)

    def add(self, entry: Entry) -> None:
        """Write its image, and keep its annotations."""
        pixels, split = entry.case.pixels(), entry.split or WHOLE
        self._files.write(f"images/{entry.name}.png", png(pixels))
        about = {
            "id": len(self._images[split]) + 1,
            "file_name": f"{entry.name}.png",
            "width": pixels.shape[1],
            "height": pixels.shape[0],
            "group": str(entry.group),
            "loop": str(entry.loop),
        }
        if entry.case.spacing_mm:
            about["spacing_mm"] = list(entry.case.spacing_mm)
        self._images[split].append(about)
        for number, mask in self._classes.objects(entry.case):
            self._annotations[split].append(self._annotation(split, about["id"], number, mask))

    def _annotation(self, split: str, image: int, category: int, mask: np.ndarray) -> dict:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        corner, end = (columns[0], rows[0]), (columns[-1], rows[-1])
        return {
            "id": len(self._annotations[split]) + 1,
            "image_id": image,
            "category_id": category,
            "segmentation": self.SEGMENTATION(mask),
            "area": int(mask.sum()),
            "bbox": [int(value) for value in (*corner, *np.subtract(end, corner) + 1)],
            "iscrowd": 0,
        }

    def finish(self) -> str:
        """Write a table for each split."""
        names = enumerate(self._classes.names, start=1)
        categories = [{"id": number, "name": name, "supercategory": ""} for number, name in names]
        for split, images in self._images.items():
            table = {"images": images, "annotations": self._annotations[split], "categories": categories}
            content = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
            self._files.write(f"annotations/instances_{split}.json", content.encode())
        return ""


class Runs(Polygons):
    """Writes runs of pixels."""

    TITLE = "COCO, RLE"
    FOLDER = "{name}-coco-rle"
    SEGMENTATION = staticmethod(runs)
