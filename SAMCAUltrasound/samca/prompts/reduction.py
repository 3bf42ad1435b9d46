"""Images that are too large to be worked on in every pixel: made smaller by a whole number, masks larger.

A model sees a few hundred pixels a side, so nothing is lost but steps of the outline, which are `factor` px.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .prompts import Box, Prompts

LARGEST = 2048  # px of a side that are worked on; above it a click took seconds and gigabytes (8192 px)


@dataclass(frozen=True)
class Reduction:
    """Of a (height, width) px image to at most LARGEST px a side; of an ordinary one to itself."""

    height: int
    width: int

    @cached_property
    def factor(self) -> int:
        """Image pixels along a side of a pixel that is worked on; 1 for an ordinary image."""
        return -(-max(self.height, self.width) // LARGEST)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of what is worked on, px; the last row and column may stand for fewer pixels."""
        return -(-self.height // self.factor), -(-self.width // self.factor)

    def picture(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W) or (H, W, C) numbers -> their means, of the same kind; bool becomes 0 to 255.

        The image itself where it is ordinary.
        """
        if self.factor == 1:
            return pixels
        means = np.empty(
            (*self.shape, *pixels.shape[2:]), np.float64 if pixels.dtype.itemsize > 4 else np.float32
        )
        for row in range(len(means)):
            means[row] = self._means(pixels[row * self.factor : (row + 1) * self.factor])
        if pixels.dtype == bool:
            return (means * 255).round().astype(np.uint8)
        return means.astype(pixels.dtype) if pixels.dtype.kind == "f" else means.round().astype(pixels.dtype)

    def prompts(self, prompts: Prompts) -> Prompts:
        """The same prompts in pixels that are worked on."""
        if self.factor == 1:
            return prompts
        clicks = tuple(click.through(lambda x, y: (self._at(x), self._at(y))) for click in prompts.clicks)
        box = prompts.box and Box(
            *map(self._at, (prompts.box.x0, prompts.box.y0, prompts.box.x1, prompts.box.y1))
        )
        mask = None if prompts.mask is None else self.picture(prompts.mask) > 127
        lasso = tuple((self._at(x), self._at(y)) for x, y in prompts.lasso)
        return replace(prompts, clicks=clicks, box=box, mask=mask, lasso=lasso)

    def enlarged(self, values: np.ndarray) -> np.ndarray:
        """(h, w) of what was worked on -> (H, W) of the image, each value `factor` times a side."""
        if self.factor == 1:
            return values
        columns = np.repeat(values, self.factor, axis=1)[:, : self.width]
        return np.repeat(columns, self.factor, axis=0)[: self.height]

    def _at(self, place: float) -> float:
        return (place + 0.5) / self.factor - 0.5

    def _means(self, rows: np.ndarray) -> np.ndarray:
        """(factor or fewer, W[, C]) -> (w[, C]) float64."""
        starts = np.arange(0, self.width, self.factor)
        counts = np.diff(starts, append=self.width).reshape(-1, *[1] * (rows.ndim - 2))
        column = (rows / (len(rows) * float(self.factor))).sum(
            0
        )  # divided first: sums of float64 may overflow
        return np.add.reduceat(column, starts, axis=0) * (self.factor / counts)
