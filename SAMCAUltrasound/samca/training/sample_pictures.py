"""Masks of a few validation cases as a training run goes on: one small picture an epoch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ..datasets import Case
from ..evaluation.evaluate import Trial
from ..images.overlay import OUTLINE, TRUTH, save, thumbnail

SHOWN = 4  # cases
SIDE = 192  # px of a case's longer side
GAP = 6  # px


class SamplePictures:
    """Evenly chosen cases with truth and mask, a column each; a row for the fewest and the most clicks."""

    def __init__(self, cases: Sequence[Case], clicks: Sequence[int]):
        places = np.linspace(0, len(cases) - 1, min(SHOWN, len(cases))).round().astype(int)
        self.shown = {cases[place] for place in places}
        self.clicks = sorted({min(clicks), max(clicks)})
        self._columns: list[list[np.ndarray]] = []

    def watching(self, trials: Iterable[Trial]) -> Iterator[Trial]:
        """The same trials; the first target of each case that is shown is remembered as a picture."""
        self._columns = []
        for trial in trials:
            if trial.case in self.shown and trial.index == 0:
                self._columns.append([self._cell(trial, count) for count in self.clicks])
            yield trial

    def write(self, path: Path) -> None:
        """Write what was watched last as a PNG, whole or not at all; makes the folder."""
        rows = [
            np.hstack([_framed(column[row]) for column in self._columns]) for row in range(len(self.clicks))
        ]
        save(path, np.vstack(rows))

    def _cell(self, trial: Trial, count: int) -> np.ndarray:
        masks = trial.masks
        mask = masks.get(count, masks[min(masks)])  # none of 0 clicks: it cannot look by itself
        regions = [(TRUTH, trial.truth), (OUTLINE, mask)]
        return thumbnail(trial.case.pixels(), regions, SIDE)


def _framed(picture: np.ndarray) -> np.ndarray:
    """The picture in the middle of a black square, with a gap to the next."""
    side, (height, width) = SIDE + GAP, picture.shape[:2]
    square = np.zeros((side, side, 3), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = picture
    return square
