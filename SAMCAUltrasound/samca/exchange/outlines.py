"""Outlines of masks along the borders of their pixels: filling them gives back the mask to the pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Corner = tuple[int, int]
Ring = list[Corner]


def rings_of(mask: np.ndarray) -> list[Ring]:
    """Closed rings of corners (x, y) around the parts of an (H, W) bool mask and around their holes.

    The upper left pixel reaches from 0 to 1. A part runs clockwise as seen on the screen, a hole against it;
    pixels that meet at a corner alone are two parts.
    """
    onward = _steps(mask)
    rings = []
    while onward:
        first = at = next(iter(onward))
        step, ring = (0, 0), []
        while ways := onward.get(at, ()):
            right = -step[1], step[0]  # along the same pixel
            if at == first and ring and right not in ways:
                break
            way = right if right in ways else ways[0]
            ways.remove(way)
            if way != step:
                ring.append(at)
            step, at = way, (at[0] + way[0], at[1] + way[1])
        onward = {corner: ways for corner, ways in onward.items() if ways}
        rings.append(ring)
    return rings


def is_hole(ring: Ring) -> bool:
    """Whether a ring runs around what is outside."""
    x, y = np.array(ring).T
    return bool(x @ np.roll(y, -1) - y @ np.roll(x, -1) < 0)


def joined(rings: Sequence[Ring]) -> Ring:
    """One ring that runs through all of them, over bridges of no width between their nearest corners."""
    path, *others = map(list, rings)
    for ring in others:
        apart = np.abs(np.array(path)[:, None] - np.array(ring)[None]).sum(-1)
        i, j = np.unravel_index(apart.argmin(), apart.shape)
        path = path[: i + 1] + ring[j:] + ring[: j + 1] + path[i:]
    return path


def _steps(mask: np.ndarray) -> dict[Corner, list[Corner]]:
    """From each corner the steps along a border, with what is inside to their right."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    sides = (  # neighbour beyond the side, start of the side from the pixel's upper left corner, direction
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (0, 1)),
        (padded[2:, 1:-1], (1, 1), (-1, 0)),
        (padded[1:-1, :-2], (0, 1), (0, -1)),
    )
    onward: dict[Corner, list[Corner]] = {}
    for beyond, start, step in sides:
        for y, x in np.argwhere(inside & ~beyond).tolist():
            onward.setdefault((x + start[0], y + start[1]), []).append(step)
    return onward
