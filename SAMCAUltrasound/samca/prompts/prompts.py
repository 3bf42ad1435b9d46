"""What was pointed at: clicks, a box and a mask, in image pixels.

Coordinates are (x, y) with x to the right and y down; pixel centres lie at whole numbers, so a pixel covers
half a pixel to each side of its index. The same types are made by a mouse and by a simulated user.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, pairwise

import numpy as np

Place = tuple[float, float]  # (x, y) px
MARKS = 6  # of a stroke, whatever its length: what a model gets to see


@dataclass(frozen=True)
class Click:
    """One point at (x, y) px that belongs to the structure (positive) or does not.

    path: the corners, (x, y) px each, at which a stroke goes on from there; one prompt as a click is.
    """

    x: float
    y: float
    positive: bool = True
    path: tuple[Place, ...] = ()

    def __post_init__(self):
        for x, y in self.places:
            if not (math.isfinite(x) and math.isfinite(y)):
                raise ValueError(f"click at ({x}, {y}): both coordinates must be finite numbers")

    @property
    def places(self) -> tuple[Place, ...]:
        """The point, or the corners of a stroke in their order."""
        return ((self.x, self.y), *self.path)

    @property
    def trail(self) -> tuple[Place, ...]:
        """The point, or places all along a stroke, its corners among them, at most a pixel apart."""
        between = (_between(*ends) for ends in pairwise(self.places))
        return ((self.x, self.y), *chain.from_iterable(between))

    @property
    def marks(self) -> tuple[Place, ...]:
        """What a model is told of it: the point, or MARKS places along a stroke, equally far apart."""
        if not self.path:
            return self.places
        corners = np.array(self.places)
        walked = np.append(0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T)))
        stops = np.linspace(0, walked[-1], MARKS)
        return tuple(zip(*(np.interp(stops, walked, axis).tolist() for axis in corners.T), strict=True))

    def through(self, place: Callable[[float, float], Place]) -> Click:
        """The same click where `place` puts each of its corners."""
        (x, y), *path = (place(*corner) for corner in self.places)
        return Click(x, y, self.positive, tuple(path))

    def moved_to(self, x: float, y: float) -> Click:
        """The same click at (x, y) px, a stroke with its beginning."""
        return self.through(lambda at_x, at_y: (at_x - self.x + x, at_y - self.y + y))

    def within(self, holds: Callable[[float, float], bool]) -> tuple[Click, ...]:
        """The parts of it that lie where `holds` says, each a click or stroke of its own."""
        if all(holds(*place) for place in self.trail):
            return (self,)
        parts = [tuple(part) for held, part in groupby(self.trail, lambda place: holds(*place)) if held]
        return tuple(Click(*part[0], self.positive, part[1:]) for part in parts)

    @property
    def pixel(self) -> tuple[int, int]:
        """(row, column) of the pixel that it begins in, which may be outside of the image."""
        return self.pixels[0]

    @property
    def pixels(self) -> tuple[tuple[int, int], ...]:
        """(row, column) of each pixel that it lies in, in their order; they may be outside of the image."""
        return tuple(dict.fromkeys((math.floor(y + 0.5), math.floor(x + 0.5)) for x, y in self.trail))


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
    """What points at one object: clicks in their order, at most one box, lasso and (H, W) bool mask.

    suggestion: the class, from 0, of the object that the model is to find by itself (Sam2Rad); what the user
    points at mends it. None: only the user points. initial_clicks: how many clicks start the object; of more
    than one, those are the first (SAMCA's N_initial). lasso: the corners, (x, y) px each, of a closed curve
    drawn around the object; to a model it is a mask, so a mask beside it takes its place. alternative: which
    of the outlines that a first click may mean is meant, see `Session.another`; 0: what the model answers.
    """

    clicks: tuple[Click, ...] = ()
    box: Box | None = None
    mask: np.ndarray | None = field(default=None, compare=False)
    suggestion: int | None = None
    initial_clicks: int = 1
    lasso: tuple[Place, ...] = ()
    alternative: int = 0

    def __bool__(self) -> bool:
        return self.by_user or self.suggestion is not None

    @property
    def by_user(self) -> bool:
        """Whether the user points at anything."""
        return bool(self.clicks or self.lasso) or self.box is not None or self.mask is not None

    @property
    def drawn_around(self) -> Box | None:
        """The box around all that is drawn around the object, be it a box or a lasso; None without either."""
        box = self.box
        corners = [*self.lasso, *([(box.x0, box.y0), (box.x1, box.y1)] if box else [])]
        if not corners:
            return None
        xs, ys = zip(*corners, strict=True)
        return Box(min(xs), min(ys), max(*xs, min(xs) + 1), max(*ys, min(ys) + 1))

    @property
    def bound(self) -> Box | None:
        """How far the object goes by what is drawn around it, and by the clicks inside that lie beyond: these
        say that it was drawn too small."""
        return self.reaching(self.drawn_around) if self.drawn_around else None

    def reaching(self, box: Box) -> Box:
        """A box, larger where positive clicks lie beyond it."""
        places = [place for click in self.clicks if click.positive for place in click.places]
        xs, ys = zip((box.x0, box.y0), (box.x1, box.y1), *places, strict=True)
        return Box(min(xs), min(ys), max(xs), max(ys))

    @property
    def is_ambiguous(self) -> bool:
        """Whether they are one click on the object and nothing else: it may mean whole or part."""
        single = len(self.clicks) == 1 and self.clicks[0].positive and not self.clicks[0].path
        others = self.box, self.mask, self.suggestion
        return single and not self.lasso and all(other is None for other in others)

    def plus(self, *clicks: Click) -> Prompts:
        """The same prompts with these clicks after the others."""
        return replace(self, clicks=self.clicks + clicks)

    def moved(self, index: int, x: float, y: float) -> Prompts:
        """The same prompts with click `index` at (x, y) px."""
        click = self.clicks[self._checked(index)].moved_to(x, y)
        return replace(self, clicks=(*self.clicks[:index], click, *self.clicks[index + 1 :]))

    def without(self, index: int) -> Prompts:
        """The same prompts without click `index`; what the first one meant goes with it."""
        self._checked(index)
        clicks = self.clicks[:index] + self.clicks[index + 1 :]
        return replace(self, clicks=clicks, alternative=self.alternative if index else 0)

    def first(self, count: int) -> Prompts:
        """The same prompts with only the first `count` clicks."""
        return replace(self, clicks=self.clicks[:count])

    def mirrored(self, width: int) -> Prompts:
        """The same prompts in the mirror image, left for right, of an image `width` px wide."""
        last = width - 1
        clicks = tuple(click.through(lambda x, y: (last - x, y)) for click in self.clicks)
        box = self.box and Box(last - self.box.x1, self.box.y0, last - self.box.x0, self.box.y1)
        mask = None if self.mask is None else self.mask[:, ::-1]
        lasso = tuple((last - x, y) for x, y in self.lasso)
        return replace(self, clicks=clicks, box=box, mask=mask, lasso=lasso)

    def initial_and_guided(self) -> tuple[Prompts, Prompts]:
        """Split by role: what starts the object and what mends it (SAMCA section 3.1), the rule of inference.

        A suggestion starts the object if there is one, else a box or a lasso, else the first positive click
        (the first click where none is positive), or all of several initial clicks; what else there is mends
        it. A mask belongs to both, because it is dense and not fused.
        """
        if self.suggestion is not None:
            return replace(self, clicks=(), box=None), replace(self, suggestion=None)
        if self.box is not None or self.lasso or not self.clicks:
            return replace(self, clicks=()), Prompts(self.clicks, mask=self.mask)
        if self.initial_clicks > 1:
            return self.first(self.initial_clicks), replace(self, clicks=self.clicks[self.initial_clicks :])
        start = next((i for i, click in enumerate(self.clicks) if click.positive), 0)
        return replace(self, clicks=(self.clicks[start],)), self.without(start)

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self.clicks):
            raise IndexError(f"click {index} does not exist: there are {len(self.clicks)}, counted from 0")
        return index


def _between(start: Place, end: Place) -> list[Place]:
    """Places on the way from start to end, at most a pixel apart, the end the last of them."""
    steps = max(1, math.ceil(math.dist(start, end)))
    shares = [step / steps for step in range(1, steps)]
    (x0, y0), (x1, y1) = start, end
    return [*((x0 + (x1 - x0) * s, y0 + (y1 - y0) * s) for s in shares), end]


def box_around(mask: np.ndarray) -> Box:
    """The tight box around a non-empty (H, W) bool mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        raise ValueError("an empty mask has no box")
    x0, x1, y0, y1 = columns[0], columns[-1], rows[0], rows[-1]
    return Box(float(x0), float(y0), float(max(x1, x0 + 1)), float(max(y1, y0 + 1)))
