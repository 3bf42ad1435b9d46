"""Pictures side by side on one screen: each is a frame of its own, with its own spacing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..prompts import Prompts
from ..prompts.windows import Window

LEAST = 16  # px of a side; what is smaller is no picture
APART = 0.1  # of the smaller of two, the share that two pictures may have in common


@dataclass(frozen=True)
class Region:
    """A part of a screen and the (x, y) mm of its pixels, None if unknown."""

    window: Window
    spacing_mm: tuple[float, float] | None = None

    @property
    def area(self) -> int:
        """In px."""
        return _area(self.window)

    def __str__(self) -> str:
        at = self.window
        return f"x {at.x0} to {at.x1 - 1}, y {at.y0} to {at.y1 - 1}"


def side_by_side(regions: Sequence[Region], height: int, width: int) -> tuple[Region, ...]:
    """The pictures on a screen of (height, width) px, from the left; none if there is only one."""
    found = pictures_on(regions, height, width)
    return found if len(found) > 1 else ()


def pictures_on(regions: Sequence[Region], height: int, width: int) -> tuple[Region, ...]:
    """The same, and the only one if there is one; none where regions overlap.

    A region within another, as that of colour flow, is no picture of its own.
    """
    screen = Window(0, 0, width, height)
    regions = [replace(region, window=_common(region.window, screen)) for region in regions]
    regions = [r for r in regions if min(r.window.x1 - r.window.x0, r.window.y1 - r.window.y0) >= LEAST]
    pictures: list[Region] = []
    for region in sorted(regions, key=lambda region: -region.area):
        shared = [_area(_common(region.window, other.window)) / region.area for other in pictures]
        if all(share <= APART for share in shared):
            pictures.append(region)
        elif all(share < 1 - APART for share in shared):
            return ()  # they overlap: one picture, as far as can be told
    return tuple(sorted(pictures, key=lambda region: (region.window.x0, region.window.y0)))


def region_under(regions: Sequence[Region], prompts: Prompts) -> Region | None:
    """The picture that all prompts lie in; None where there are no pictures side by side, or none is met.

    ValueError for prompts in several pictures, or in one and beside it.
    """
    places = [place for click in prompts.clicks for place in click.places] + list(prompts.lasso)
    places += [(prompts.box.x0, prompts.box.y0), (prompts.box.x1, prompts.box.y1)] if prompts.box else []
    met = [next((region for region in regions if region.window.holds(*place)), None) for place in places]
    first = next((region for region in met if region), None)
    for place, region in zip(places, met, strict=True):
        if region is not first:
            raise ValueError(
                f"({place[0]:g}, {place[1]:g}) is not in the picture that other prompts point at ({first}): "
                "there are several on this screen, point at one at a time"
            )
    return first


def region_around(regions: Sequence[Region], mask: np.ndarray) -> Region | None:
    """The picture that all of a (H, W) bool mask lies in; None for one across several, beside, or empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    ends = (columns[0], rows[0]), (columns[-1], rows[-1])
    return next((each for each in regions if all(each.window.holds(*end) for end in ends)), None)


def _common(one: Window, other: Window) -> Window:
    x0, y0 = max(one.x0, other.x0), max(one.y0, other.y0)
    return Window(x0, y0, max(x0, min(one.x1, other.x1)), max(y0, min(one.y1, other.y1)))


def _area(window: Window) -> int:
    return (window.x1 - window.x0) * (window.y1 - window.y0)
