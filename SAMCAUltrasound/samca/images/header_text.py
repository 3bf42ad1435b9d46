"""What text headers have in common: bounded lines of a name and a value, and voxels in a file beside them."""

from __future__ import annotations

import math
from pathlib import Path

LONGEST = 1 << 20  # bytes of a header: the index values of ten thousand frames fit ten times


def beside(path: Path, name: str) -> Path:
    """The file of this name beside a header; ValueError for a name that leads elsewhere or to several."""
    name = name.removeprefix("./")
    leads = any(mark in name for mark in "/\\%:") or name in ("", ".", "..")
    if leads or name.split()[0].upper() == "LIST":
        raise ValueError(
            f"{path} cannot be read: its voxels are in {name[:80]!r}, and only one file beside it is read: "
            "save both as one file"
        )
    return path.with_name(name)


def whole(path: Path, name: str, text: str, count: int | None = None) -> list[int]:
    """The whole numbers of a field; ValueError for anything else, and unless there are `count`."""
    try:
        numbers = [int(word) for word in text.split()]
    except ValueError:
        numbers = []
    if not numbers or (count is not None and len(numbers) != count):
        expected = "whole numbers" if count is None else f"{count} whole numbers"
        raise ValueError(
            f"{path} cannot be read: {name} is {text[:80]!r}, expected {expected}: it is damaged"
        )
    return numbers


def numbers(path: Path, name: str, text: str, count: int) -> list[float]:
    """The same of any numbers; what is no number is NaN."""
    words = text.split()
    if len(words) != count:
        raise ValueError(
            f"{path} cannot be read: {name} is {text[:80]!r}, expected {count} numbers: it is damaged"
        )
    return [_number(word) for word in words]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan
