"""Cine loops, sweeps and volumes as cases: their frames in order, and windows of neighbours.

A group is one loop unless its cases name several. Frames are in the order of their ids, as listing.py has it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .case import Case
from .listing import by_number


def loops_of(cases: Sequence[Case]) -> list[tuple[int, ...]]:
    """Indices of the cases of each loop, in the order of the frames; loops as they come."""
    loops: dict[tuple[str, str, str], list[int]] = {}
    for index, case in enumerate(cases):
        loops.setdefault((case.source, case.group, case.loop), []).append(index)
    return [tuple(sorted(loop, key=lambda i: by_number(cases[i].id))) for loop in loops.values()]


def windows_of(cases: Sequence[Case], depth: int) -> list[tuple[int, ...]]:
    """Indices of every `depth` neighbouring frames of a loop.

    Loops that are shorter are left out. Raises ValueError that names a group in which all are, or a loop with
    frames of different size.
    """
    windows, longest = [], {}
    for loop in loops_of(cases):
        first = cases[loop[0]]
        name = f"{first.source} group {first.group!r}"
        longest[name] = max(longest.get(name, 0), len(loop))
        if len(loop) >= depth:
            check_sizes([cases[i].pixels().shape[:2] for i in loop], name)
            windows += [loop[i : i + depth] for i in range(len(loop) - depth + 1)]
    for name, count in longest.items():
        if count < depth:
            raise ValueError(
                f"model.depth is {depth}, but {name} has {count} frame(s): lower the depth, or leave that "
                "group out"
            )
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
