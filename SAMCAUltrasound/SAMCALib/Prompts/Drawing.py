"""What was drawn with the mouse on a frame, as prompts: cut to the image, with no more corners than count."""

from __future__ import annotations

import math
from functools import partial

from samca.prompts import Click, polygons

from ..Frames import FrameLogic
from ..Frames.FrameLogic import Frame
from ..Texts import Refusal, _
from .PromptLogic import asKept

STEP_PX = 0.5  # of the image: corners that are nearer to each other say nothing
Places = list[tuple[float, float]]  # (x, y) px of the frame


def strokeAlong(frame: Frame, places: Places, positive: bool = True) -> Click:
    """The stroke; of one over the edge its longest part on the image; a click where that is one place.

    Refusal if nothing of it lies there.
    """
    (x, y), *path = _checked(places)
    parts = Click(x, y, positive, tuple(path)).within(partial(FrameLogic.contains, frame))
    if not parts:
        raise Refusal(_("The stroke is outside the image: draw inside it."))
    longest = max(parts, key=lambda part: len(part.pixels))
    (x, y), *path = _thinned(longest.places)
    return Click(x, y, positive, tuple(path))


def lassoAlong(frame: Frame, places: Places) -> tuple[tuple[float, float], ...]:
    """The corners of the closed curve, brought to the edge beyond it; Refusal if it holds nothing."""
    corners = _thinned([FrameLogic.nearest(frame, *place) for place in _checked(places)])
    if len(corners) < 3 or not polygons.inside(corners, *FrameLogic.shape(frame)).any():
        raise Refusal(_("The line holds nothing: draw once around the structure."))
    return tuple(corners)


def reached(frame: Frame, click: Click, x: float, y: float) -> tuple[float, float]:
    """How far a click follows to (x, y) px: the whole of it, all of a stroke, stays on the image."""
    height, width = FrameLogic.shape(frame)
    limits = zip((x, y), (click.x, click.y), zip(*click.places, strict=True), (width, height), strict=True)
    to_x, to_y = (
        min(max(to, at - min(places)), max(at - min(places), side - 1 + at - max(places)))
        for to, at, places, side in limits
    )
    return to_x, to_y


def _checked(places: Places) -> Places:
    """These places as floats; Refusal for what is no list of them."""
    try:
        checked = [(float(x), float(y)) for x, y in places]
    except (TypeError, ValueError):
        checked = []
    if not checked or not all(map(math.isfinite, (number for place in checked for number in place))):
        text = _("{places!r} are no places of a line: give (x, y) px each, as [(10, 20), (30, 25)].")
        raise Refusal(text.format(places=places))
    return checked


def _thinned(places) -> Places:
    """As the tag keeps them: those that lie apart, the first and the last among them."""
    kept = [places[0]]
    kept += [place for place in places[1:-1] if math.dist(place, kept[-1]) >= STEP_PX]
    kept += [places[-1]] if len(places) > 1 and math.dist(places[-1], kept[0]) > 0 else []
    return [asKept(place) for place in kept]
