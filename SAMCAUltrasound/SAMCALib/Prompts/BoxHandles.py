"""By what a box can be held: its first corner, its last one, and the middle of its upper edge.

The first two give it another size, the third moves it; none lies where a structure is clicked.
"""

from __future__ import annotations

from dataclasses import dataclass

from samca.prompts import Box, Click

FIRST, LAST, EDGE = range(3)


@dataclass(frozen=True)
class Handle(Click):
    """A place of a box, in px; part: FIRST, LAST or EDGE."""

    part: int = FIRST


def handlesOf(box: Box) -> list[Handle]:
    """The three of a box."""
    edge = Handle((box.x0 + box.x1) / 2, box.y0, part=EDGE)
    return [Handle(box.x0, box.y0), Handle(box.x1, box.y1, part=LAST), edge]


def reached(handles, part: int, x: float, y: float, shape: tuple[int, int]) -> tuple[float, float]:
    """How far a handle follows to (x, y) px: corners keep their order, the box stays on the (H, W) frame."""
    (x0, y0), (x1, y1) = ((handles[corner].x, handles[corner].y) for corner in (FIRST, LAST))
    last_x, last_y, half, height = shape[1] - 1.0, shape[0] - 1.0, (x1 - x0) / 2, y1 - y0
    least = {FIRST: (0.0, 0.0), LAST: (x0 + 1, y0 + 1), EDGE: (half, 0.0)}[part]
    most = {FIRST: (x1 - 1, y1 - 1), LAST: (last_x, last_y), EDGE: (last_x - half, last_y - height)}[part]
    return min(max(x, least[0]), most[0]), min(max(y, least[1]), most[1])


def moved(box: Box, part: int, x: float, y: float) -> Box:
    """The box with this handle at (x, y) px."""
    if part == FIRST:
        return Box(x, y, box.x1, box.y1)
    if part == LAST:
        return Box(box.x0, box.y0, x, y)
    return box.shifted(x - (box.x0 + box.x1) / 2, y - box.y0)
