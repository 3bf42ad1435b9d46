"""Masks as runs of pixels, as COCO has them: lengths of outside and inside in turn, column by column.

The first length is of what is outside and may be 0. Packed into a text each length takes 5 bits a character,
from the third on as the difference to the one before the last (pycocotools, rleToString).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FIRST = 48  # the character of 0
MOST = 14  # characters of a length: more than any image needs


def runs_of(mask: np.ndarray) -> list[int]:
    """The lengths of an (H, W) bool mask."""
    flat = mask.T.ravel()
    borders = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *borders, flat.size]).tolist()
    return [0, *lengths] if flat.size and flat[0] else lengths


def filled(runs: Sequence[int], height: int, width: int) -> np.ndarray:
    """(height, width) bool of lengths that reach to its last pixel."""
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(width, height).T


def packed(runs: Sequence[int]) -> str:
    """The lengths as a text."""
    characters = []
    for i, length in enumerate(runs):
        rest = length - (runs[i - 2] if i > 2 else 0)
        goes_on = True
        while goes_on:
            bits, rest = rest & 31, rest >> 5
            goes_on = rest != (-1 if bits & 16 else 0)
            characters.append(chr(FIRST + bits + 32 * goes_on))
    return "".join(characters)


def unpacked(text: str) -> list[int]:
    """The lengths in a text; ValueError for one that was not packed so."""
    runs, value, count = [], 0, 0
    for character in text:
        bits = ord(character) - FIRST
        if not 0 <= bits < 64 or count == MOST:
            raise ValueError(f"{character!r} is no part of packed runs")
        value |= (bits & 31) << 5 * count
        count += 1
        if not bits & 32:
            value -= (bits & 16 and 1) << 5 * count
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value, count = 0, 0
    if count:
        raise ValueError("its packed runs break off")
    return runs
