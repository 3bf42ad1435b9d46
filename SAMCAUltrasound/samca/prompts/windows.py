"""Windows: parts of a frame, of its own proportions, in which a small structure is seen enlarged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .prompts import Box, Prompts, box_around

SHARES = (0.25, 0.35, 0.5, 0.7, 0.85)  # of a frame's sides, the sides of its windows
LATTICE = 8  # windows begin at multiples of this part of their own sides, so that they repeat
RIM = 0.05  # of a window's sides, what stays free around a structure for which the window is kept


@dataclass(frozen=True)
class Window:
    """Columns x0..x1 and rows y0..y1 (x1 and y1 excluded) of an image, in px."""

    x0: int
    y0: int
    x1: int
    y1: int

    def crop(self, pixels: np.ndarray) -> np.ndarray:
        """What the window shows of an (H, W[, C]) array."""
        return pixels[self.y0 : self.y1, self.x0 : self.x1]

    def paste(self, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        """A copy of the (H, W) array `whole` that has `part` in the window."""
        pasted = whole.copy()
        pasted[self.y0 : self.y1, self.x0 : self.x1] = part
        return pasted

    def prompts(self, prompts: Prompts) -> Prompts:
        """The same prompts in the window's own px; clicks and parts of strokes outside of it are left out."""
        inside = [part for click in prompts.clicks for part in click.within(self.holds)]
        clicks = tuple(click.through(self._own) for click in inside)
        box = prompts.box and prompts.box.shifted(-self.x0, -self.y0)
        mask = None if prompts.mask is None else self.crop(prompts.mask)
        lasso = tuple(self._own(*corner) for corner in prompts.lasso)
        return Prompts(clicks, box, mask, lasso=lasso, alternative=prompts.alternative)

    def holds(self, x: float, y: float) -> bool:
        """Whether the pixel at (x, y) px of the image lies in it."""
        return self.x0 - 0.5 <= x < self.x1 - 0.5 and self.y0 - 0.5 <= y < self.y1 - 0.5

    def shows(self, box: Box, height: int, width: int) -> bool:
        """Whether `box` lies in it with a rim on all sides but for those of the (height, width) px image."""
        x, y = (RIM * side for side in (self.x1 - self.x0, self.y1 - self.y0))
        first = (box.x0 >= self.x0 + x or not self.x0) and (box.y0 >= self.y0 + y or not self.y0)
        last = (box.x1 < self.x1 - x or self.x1 == width) and (box.y1 < self.y1 - y or self.y1 == height)
        return first and last

    def _own(self, x: float, y: float) -> tuple[float, float]:
        return x - self.x0, y - self.y0


def enlarging(mask: np.ndarray, prompts: Prompts, margin: float, kept: Window | None = None) -> Window | None:
    """The window to look at (H, W) bool `mask` in, and at all that says what belongs to it; None if there is
    no need to enlarge, or nothing to look at.

    Its sides are at least `margin` times those of the box or the lasso, else of the mask, with the positive
    clicks: what is drawn around says how far the object goes, whatever the mask does. kept: the window of the
    prompts before, which stays as long as it shows all that with a rim, about as large.
    """
    if not mask.any() and not prompts.drawn_around:
        return None
    box = prompts.bound or prompts.reaching(box_around(mask))
    needed = margin * share_of(box, *mask.shape)
    shares = [share for share in SHARES if needed <= share]
    largest = round(mask.shape[1] * (*shares, 1, 1)[1])  # the second smallest that will do
    if kept and kept.x1 - kept.x0 <= largest and kept.shows(box, *mask.shape):
        return kept
    return around(box, *mask.shape, shares[0]) if shares else None


def around(box: Box, height: int, width: int, share: float) -> Window:
    """The window of `share` (0..1) of the sides of a (height, width) px image with `box` in its middle, as
    far as the image goes."""
    rows, columns = (max(1, round(side * share)) for side in (height, width))
    x0 = _start((box.x0 + box.x1 + 1 - columns) / 2, columns, width)
    y0 = _start((box.y0 + box.y1 + 1 - rows) / 2, rows, height)
    return Window(x0, y0, x0 + columns, y0 + rows)


def share_of(box: Box, height: int, width: int) -> float:
    """The larger of the shares that `box` takes of the sides of a (height, width) px image."""
    return max((box.x1 - box.x0 + 1) / width, (box.y1 - box.y0 + 1) / height)


def _start(wanted: float, side: int, whole: int) -> int:
    step = max(1, side // LATTICE)
    return min(max(0, round(wanted / step) * step), whole - side)
