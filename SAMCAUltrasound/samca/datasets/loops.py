"""Cine loops, sweeps and volumes as cases: the frames of a group in their order, and windows of neighbours.

A group's frames are in the order of their ids, numbers in them by value (frame_2 before frame_10).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .case import Case


def loops_of(cases: Sequence[Case]) -> list[tuple[int, ...]]:
    """Indices of the cases of each group of each source, in the order of the frames; groups as they come."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, case in enumerate(cases):
        groups.setdefault((case.source, case.group), []).append(index)
    return [tuple(sorted(group, key=lambda i: _by_number(cases[i].id))) for group in groups.values()]


def windows_of(cases: Sequence[Case], depth: int) -> list[tuple[int, ...]]:
    """Indices of every `depth` neighbouring frames of a group.

    Raises ValueError that names a group with fewer frames, or with frames of different size.
    """
    windows = []
    for loop in loops_of(cases):
        name = f"{cases[loop[0]].source} group {cases[loop[0]].group!r}"
        if len(loop) < depth:
            raise ValueError(
                f"model.depth is {depth}, but {name} has {len(loop)} frame(s): lower the depth, or leave "
                "that group out"
            )
        check_sizes([cases[i].pixels().shape[:2] for i in loop], name)
        windows += [loop[i : i + depth] for i in range(len(loop) - depth + 1)]
    return windows


def window_around(place: int, count: int, depth: int) -> range:
    """Places of the `depth` of `count` frames nearest to `place`, one of them; all if there are fewer."""
    depth = min(depth, count)
    first = min(max(place - (depth - 1) // 2, 0), count - depth)
    return range(first, first + depth)


def check_sizes(sizes: Sequence[tuple[int, ...]], name: str) -> None:
    """ValueError unless all (height, width) are one."""
    if len(set(sizes)) > 1:
        one, other = sorted(set(sizes))[:2]
        raise ValueError(
            f"{name} has frames of {one[1]} x {one[0]} px and of {other[1]} x {other[0]} px: frames that go "
            "through the encoder together must be of one size"
        )


def _by_number(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
