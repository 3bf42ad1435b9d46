"""What was pointed at: clicks, a box and a mask, in image pixels.

Coordinates are (x, y) with x to the right and y down; pixel centres lie at whole numbers, so a pixel covers
half a pixel to each side of its index. The same types are made by a mouse and by a simulated user.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Click:
    """One point at (x, y) px that belongs to the structure (positive) or does not."""

    x: float
    y: float
    positive: bool = True

    def __post_init__(self):
        if not (math.isfinite(self.x) and math.isfinite(self.y)):
            raise ValueError(f"click at ({self.x}, {self.y}): both coordinates must be finite numbers")

    @property
    def pixel(self) -> tuple[int, int]:
        """(row, column) of the pixel that it lies in, which may be outside of the image."""
        return math.floor(self.y + 0.5), math.floor(self.x + 0.5)


@dataclass(frozen=True)
class Box:
    """A rectangle from its first pixel (x0, y0) to its last (x1, y1), both included."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self):
        corners = (self.x0, self.y0, self.x1, self.y1)
        if not all(math.isfinite(c) for c in corners) or self.x1 <= self.x0 or self.y1 <= self.y0:
            raise ValueError(f"box {corners}: expected finite x0 < x1 and y0 < y1")

    def shifted(self, x: float, y: float) -> Box:
        """The same box x px further right and y px further down."""
        return Box(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y)


@dataclass(frozen=True)
class Prompts:
    """What points at one object: clicks in their order, at most one box, at most one (H, W) bool mask.

    suggestion: the class, from 0, of the object that the model is to find by itself (Sam2Rad); what the user
    points at mends it. None: only the user points. initial_clicks: how many clicks start the object; of more
    than one, those are the first (SAMCA's N_initial).
    """

    clicks: tuple[Click, ...] = ()
    box: Box | None = None
    mask: np.ndarray | None = field(default=None, compare=False)
    suggestion: int | None = None
    initial_clicks: int = 1

    def __bool__(self) -> bool:
        return self.by_user or self.suggestion is not None

    @property
    def by_user(self) -> bool:
        """Whether the user points at anything."""
        return bool(self.clicks) or self.box is not None or self.mask is not None

    def plus(self, *clicks: Click) -> Prompts:
        """The same prompts with these clicks after the others."""
        return replace(self, clicks=self.clicks + clicks)

    def moved(self, index: int, x: float, y: float) -> Prompts:
        """The same prompts with click `index` at (x, y) px."""
        click = replace(self.clicks[self._checked(index)], x=x, y=y)
        return replace(self, clicks=(*self.clicks[:index], click, *self.clicks[index + 1 :]))

    def without(self, index: int) -> Prompts:
        """The same prompts without click `index`."""
        self._checked(index)
        return replace(self, clicks=self.clicks[:index] + self.clicks[index + 1 :])

    def first(self, count: int) -> Prompts:
        """The same prompts with only the first `count` clicks."""
        return replace(self, clicks=self.clicks[:count])

    def mirrored(self, width: int) -> Prompts:
        """The same prompts in the mirror image, left for right, of an image `width` px wide."""
        last = width - 1
        clicks = tuple(Click(last - c.x, c.y, c.positive) for c in self.clicks)
        box = self.box and Box(last - self.box.x1, self.box.y0, last - self.box.x0, self.box.y1)
        mask = None if self.mask is None else self.mask[:, ::-1]
        return replace(self, clicks=clicks, box=box, mask=mask)

    def initial_and_guided(self) -> tuple[Prompts, Prompts]:
        """Split by role: what starts the object and what mends it (SAMCA section 3.1), the rule of inference.

        A suggestion starts the object if there is one, else a box, else the first positive click (the first
        click where none is positive), or all of several initial clicks; what else there is mends it. A mask
        belongs to both, because it is dense and not fused.
        """
        if self.suggestion is not None:
            return replace(self, clicks=(), box=None), replace(self, suggestion=None)
        if self.box is not None or not self.clicks:
            return replace(self, clicks=()), Prompts(self.clicks, mask=self.mask)
        if self.initial_clicks > 1:
            return self.first(self.initial_clicks), replace(self, clicks=self.clicks[self.initial_clicks :])
        start = next((i for i, click in enumerate(self.clicks) if click.positive), 0)
        return replace(self, clicks=(self.clicks[start],)), self.without(start)

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self.clicks):
            raise IndexError(f"click {index} does not exist: there are {len(self.clicks)}, counted from 0")
        return index


def box_around(mask: np.ndarray) -> Box:
    """The tight box around a non-empty (H, W) bool mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        raise ValueError("an empty mask has no box")
    x0, x1, y0, y1 = columns[0], columns[-1], rows[0], rows[-1]
    return Box(float(x0), float(y0), float(max(x1, x0 + 1)), float(max(y1, y0 + 1)))
