"""Prompts of every kind, on a frame of any size, for tests of what must answer all of them."""

from __future__ import annotations

import numpy as np

from samca.prompts import Box, Click, Prompts


def every_kind(height: int, width: int) -> dict[str, Prompts]:
    """By name; places in px of a frame of height x width."""

    def at(x: float, y: float, positive: bool = True, path=()) -> Click:
        return Click(x * width, y * height, positive, tuple((a * width, b * height) for a, b in path))

    rows, columns = np.mgrid[:height, :width]
    mask = np.hypot(rows / height - 0.4, columns / width - 0.5) < 0.2
    inside, outside = at(0.5, 0.4), at(0.15, 0.8, False)
    box = Box(0.3 * width, 0.25 * height, 0.7 * width, 0.6 * height)
    stroke = at(0.45, 0.4, True, ((0.5, 0.45), (0.6, 0.45)))
    corners = ((0.3, 0.3), (0.7, 0.3), (0.6, 0.6))
    return {
        "a click": Prompts((inside,)),
        "a click that means another outline": Prompts((inside,), alternative=1),
        "clicks after one that means another": Prompts((inside, outside, at(0.6, 0.45)), alternative=2),
        "clicks with ones outside": Prompts((inside, outside, at(0.6, 0.45), at(0.8, 0.2, False))),
        "two initial clicks": Prompts((outside, inside, at(0.6, 0.45)), initial_clicks=2),
        "a stroke": Prompts((inside, stroke, outside)),
        "a box": Prompts(box=box),
        "a box and clicks": Prompts((inside, outside), box),
        "a mask": Prompts(mask=mask),
        "a mask and a click": Prompts((outside,), mask=mask),
        "a lasso": Prompts(lasso=tuple((x * width, y * height) for x, y in corners)),
        "a lasso and a click": Prompts((inside,), lasso=tuple((x * width, y * height) for x, y in corners)),
    }
