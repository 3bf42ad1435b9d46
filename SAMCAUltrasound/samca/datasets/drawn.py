"""An object whose truth is numbers, not a picture: polygons, or runs of pixels, as COCO has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..prompts.polygons import inside
from .runs import filled

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Drawn:
    """One object of an image, of the class with this value.

    polygons: of (x, y) px, where the upper left pixel reaches from 0 to 1, united; runs: lengths of what is
    outside and inside in turn, column by column, of an image of `size` (height, width) px.
    """

    value: int
    polygons: tuple[Polygon, ...] = ()
    runs: tuple[int, ...] = ()
    size: tuple[int, int] = (0, 0)

    def mask(self, height: int, width: int) -> np.ndarray:
        """(height, width) bool; ValueError for runs of an image of another size."""
        if self.runs and self.size != (height, width):
            raise ValueError(
                f"runs of pixels for {self.size[1]} x {self.size[0]} px, the image is {width} x {height} px: "
                "export them again for this image"
            )
        if self.runs:
            return filled(self.runs, height, width)
        mask = np.zeros((height, width), bool)
        for polygon in self.polygons:
            mask |= inside([(x - 0.5, y - 0.5) for x, y in polygon], height, width)
        return mask
