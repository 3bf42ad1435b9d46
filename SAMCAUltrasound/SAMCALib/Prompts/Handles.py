"""By what a box and a lasso can be held: points in the views that stand for more than a click.

A box has three: first and last corner give it another size, the middle of its upper edge moves it. A lasso
is moved by its first corner. None lies where a structure is clicked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from samca.prompts import Box, Click, Prompts

FIRST, LAST, EDGE, CORNER = range(4)


@dataclass(frozen=True)
class Handle(Click):
    """A place of a box or lasso, in px; part: FIRST, LAST or EDGE of a box, CORNER of a lasso."""

    part: int = FIRST


def handlesOf(box: Box) -> list[Handle]:
    """The three of a box."""
    edge = Handle((box.x0 + box.x1) / 2, box.y0, part=EDGE)
    return [Handle(box.x0, box.y0), Handle(box.x1, box.y1, part=LAST), edge]


def handleOf(lasso: tuple[tuple[float, float], ...]) -> Handle:
    """The one of a lasso, whose other corners go with it."""
    (x, y), *others = lasso
    return Handle(x, y, path=tuple(others), part=CORNER)


def reached(handles, part: int, x: float, y: float, shape: tuple[int, int]) -> tuple[float, float]:
    """How far a handle of a box follows to (x, y) px: corners keep their order, the box stays on the (H, W)
    frame."""
    (x0, y0), (x1, y1) = ((handles[corner].x, handles[corner].y) for corner in (FIRST, LAST))
    last_x, last_y, half, height = shape[1] - 1.0, shape[0] - 1.0, (x1 - x0) / 2, y1 - y0
    least = {FIRST: (0.0, 0.0), LAST: (x0 + 1, y0 + 1), EDGE: (half, 0.0)}[part]
    most = {FIRST: (x1 - 1, y1 - 1), LAST: (last_x, last_y), EDGE: (last_x - half, last_y - height)}[part]
    return min(max(x, least[0]), most[0]), min(max(y, least[1]), most[1])


def isThere(prompts: Prompts, handle: Handle) -> bool:
    """Whether these prompts have what the handle is of."""
    return bool(prompts.lasso) if handle.part == CORNER else prompts.box is not None


def moved(prompts: Prompts, handle: Handle, x: float, y: float) -> Prompts:
    """The prompts with the handle at (x, y) px."""
    if handle.part == CORNER:
        return replace(prompts, lasso=handleOf(prompts.lasso).moved_to(x, y).places)
    return replace(prompts, box=_moved(prompts.box, handle.part, x, y))


def without(prompts: Prompts, handle: Handle) -> Prompts:
    """The prompts without what the handle is of."""
    return replace(prompts, **({"lasso": ()} if handle.part == CORNER else {"box": None}))


def _moved(box: Box, part: int, x: float, y: float) -> Box:
    if part == FIRST:
        return Box(x, y, box.x1, box.y1)
    if part == LAST:
        return Box(box.x0, box.y0, x, y)
    return box.shifted(x - (box.x0 + box.x1) / 2, y - box.y0)
