"""One image with its truth, and a set of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import find_objects, label

from .drawn import Drawn
from .images import read_labels, read_mask, read_pixels

Outline = tuple[tuple[float, float], ...]
BoxPx = tuple[int, int, int, int]  # x0, y0, x1, y1; x1 and y1 excluded


@dataclass(frozen=True)
class Case:
    """One image and where its truth lies; files are read when asked for, and a bad one is a ValueError."""

    id: str  # unique within its source
    image: Path
    group: str  # patient, volume or loop: what must never be split
    split: str = ""  # "train", "val", "test"; empty where the data does not say
    spacing_mm: tuple[float, float] | None = None  # (x, y) size of a pixel
    source: str = ""  # the dataset it comes from
    masks: tuple[Path, ...] = ()  # united
    labels: Path | None = None
    outlines: tuple[Outline, ...] = ()  # closed polygons of (x, y) px, united
    drawn: tuple[Drawn, ...] = ()  # single objects with the values of their classes
    kind: str = ""  # class of what is outlined, as "benign"; empty where the data does not say
    kinds: tuple[tuple[BoxPx, str], ...] = ()  # of single connected parts of the labels
    names: tuple[tuple[int, str], ...] = ()  # of the values of the labels
    loop: str = ""  # of a group with several volumes or loops, the one that the frame is of

    @property
    def has_truth(self) -> bool:
        """Whether anything is outlined; an image of healthy tissue has no truth."""
        return bool(self.masks or self.labels or self.outlines or self.drawn)

    @property
    def has_values(self) -> bool:
        """Whether the truth tells kinds of structures apart; a mask does not."""
        return bool(self.labels or self.drawn)

    def pixels(self) -> np.ndarray:
        """(H, W) grey or (H, W, 3) colour, uint8."""
        return read_pixels(self.image)

    def mask(self) -> np.ndarray:
        """(H, W) bool: all structures united; all False without truth."""
        if self.masks:
            return np.logical_or.reduce([read_mask(path) for path in self.masks])
        if self.labels:
            return read_labels(self.labels) > 0
        if self.drawn:
            shape = self.pixels().shape[:2]
            return np.logical_or.reduce([each.mask(*shape) for each in self.drawn])
        return _filled(self.outlines, self.pixels().shape[:2])

    def targets(self) -> list[np.ndarray]:
        """What a click can aim at, each (H, W) bool and not empty.

        With labels each 8-connected part of one value, by value and then from top to bottom; each single
        object that was drawn; else the whole mask as one. Without truth there are none.
        """
        return [target for _value, target in self.objects()]

    def objects(self) -> list[tuple[int, np.ndarray]]:
        """The targets with their label values; a mask is value 1."""
        if self.drawn:
            shape = self.pixels().shape[:2]
            masks = [(each.value, each.mask(*shape)) for each in self.drawn]
            return [(value, mask) for value, mask in masks if mask.any()]
        if self.labels is None:
            return list(self.structures().items())
        objects = []
        for value, structure in self.structures().items():
            parts, count = label(structure, np.ones((3, 3)))
            objects += [(value, parts == number) for number in range(1, count + 1)]
        return objects

    def kind_of(self, target: np.ndarray) -> str:
        """The class of one of the targets or structures; empty where the data does not say."""
        if not self.kinds:
            names = dict(self.names)
            return names.get(self._value_of(target), self.kind) if names else self.kind
        rows, columns = find_objects(label(target, np.ones((3, 3)))[0], 1)[0]
        return dict(self.kinds).get((columns.start, rows.start, columns.stop, rows.stop), self.kind)

    def structures(self) -> dict[int, np.ndarray]:
        """What is of one label value, together, (H, W) bool and not empty; a mask is value 1."""
        if self.drawn:
            objects = self.objects()
            values = sorted({value for value, _mask in objects})
            return {v: np.logical_or.reduce([mask for value, mask in objects if value == v]) for v in values}
        if self.labels is None:
            mask = self.mask()
            return {1: mask} if mask.any() else {}
        values = read_labels(self.labels)
        return {int(value): values == value for value in np.unique(values[values > 0])}

    def _value_of(self, target: np.ndarray) -> int:
        """The label value of a target or structure, of which others may overlap it; 0 if it is neither."""
        if self.labels:
            return int(read_labels(self.labels)[target].flat[0])
        found = [*self.objects(), *self.structures().items()]
        return next((value for value, mask in found if np.array_equal(mask, target)), 0)


@dataclass(frozen=True)
class Dataset:
    """Cases fit for use, a sentence about each file that is not, and about what nobody reads."""

    name: str
    cases: tuple[Case, ...]
    problems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def _filled(outlines: tuple[Outline, ...], shape: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: the inside of the polygons, their edges with it."""
    from PIL import Image, ImageDraw

    canvas = Image.new("L", shape[::-1])
    for outline in outlines:
        ImageDraw.Draw(canvas).polygon(outline, fill=1, outline=1)
    return np.asarray(canvas) > 0
