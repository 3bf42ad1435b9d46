"""The cases that raters agree on least, as one picture: each image bare, and with everybody's outline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..evaluation.report_pictures import captioned
from ..images.overlay import Sign, legend, png, thumbnail
from .agreement import Row
from .reading import Case

COUNT, SIDE, GAP = 8, 420, 8  # cases; px of a picture's longer side, and between pictures
COLOURS = ((255, 199, 28), (86, 190, 255), (255, 92, 84), (70, 222, 122), (214, 130, 255), (255, 255, 255))


class Worst:
    """Keeps the pictures of the few frames of lowest Dice; the cases themselves may go."""

    def __init__(self, raters: Sequence[str], count: int = COUNT):
        self._count = count
        self._signs = {
            rater: Sign(rater, COLOURS[i % len(COLOURS)], "line") for i, rater in enumerate(raters)
        }
        self._kept: list[tuple[float, str, np.ndarray]] = []

    def look(self, case: Case, rows: Sequence[Row]) -> None:
        """Take in a case and what was found of it."""
        for row in sorted(rows, key=lambda row: row.dice)[: self._count]:
            is_low = len(self._kept) < self._count or row.dice < self._kept[-1][0]
            if is_low and row.dice < 100 and not any(name == _place(row) for _, name, _ in self._kept):
                self._kept.append((row.dice, _place(row), self._strip(case, row)))
                self._kept = sorted(self._kept, key=lambda each: each[0])[: self._count]

    def picture(self) -> bytes | None:
        """A PNG, None where all agree on everything."""
        if not self._kept:
            return None
        strips = [strip for *_, strip in self._kept]
        width = max(strip.shape[1] for strip in strips)
        rows = [
            np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0)), constant_values=255)
            for strip in strips
        ]
        return png(np.vstack([legend(list(self._signs.values()), width, 1.0), *rows]))

    def _strip(self, case: Case, row: Row) -> np.ndarray:
        pixels = case.shown[row.frame].pixels if case.shown else np.zeros(case.size[1:], np.uint8)
        outlines = [(self._signs[rater], of[row.structure][row.frame]) for rater, of in case.masks.items()]
        bare, outlined = (thumbnail(pixels, each, SIDE) for each in ([], outlines))
        gap = np.full((bare.shape[0], GAP, 3), 255, np.uint8)
        about = f"{_place(row)}, {row.structure}: Dice {row.dice:.1f}, {row.one} - {row.other}"
        return captioned(np.hstack([bare, gap, outlined]), f"{about} {row.says}".strip())


def _place(row: Row) -> str:
    return f"{row.case}, frame {row.frame}"
