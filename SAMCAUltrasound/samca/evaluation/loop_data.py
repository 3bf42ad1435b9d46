"""Loops with the truth of every frame: those of a dataset, or such as single images are made into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..datasets import Case, Dataset, loops_of
from ..images.contrast import as_rgb
from ..phantoms.moving import HARD, moving
from ..prompts.geometry import resample
from .evaluate import generator_for

IN_TURN = (None, *HARD)  # what is hard about one loop after another
LARGEST = 384  # px of a side of a frame that is made


@dataclass(frozen=True)
class Loop:
    """Frames (H, W) or (H, W, 3) uint8, and the truth of each: (H, W) integers, a number for a structure."""

    dataset: str
    name: str
    kind: str  # its class, empty where the data does not say
    frames: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...]

    def structures(self) -> dict[int, list[np.ndarray]]:
        """By its number (H, W) bool of every frame, in which it need not be."""
        values = sorted({int(value) for labels in self.labels for value in np.unique(labels[labels > 0])})
        return {value: [labels == value for labels in self.labels] for value in values}


def filmed(dataset: Dataset) -> Iterator[Loop]:
    """Each group of a dataset, or each of its loops; ValueError for one of a single frame."""
    for indices in loops_of(dataset.cases):
        cases = [dataset.cases[i] for i in indices]
        if len(cases) < 2:
            raise ValueError(
                f"{dataset.name}: {cases[0].id} is a loop of one frame: give its frames one group in "
                "cases.csv, or make loops of single images with --frames"
            )
        first = cases[0]
        frames, labels = tuple(case.pixels() for case in cases), tuple(map(_values, cases))
        yield Loop(dataset.name, first.loop or first.group, first.kind, frames, labels)


def made(dataset: Dataset, frames: int) -> Iterator[Loop]:
    """A loop of so many frames of one image of each group, its class what is hard about it; each target of
    the image is a structure."""
    first: dict[str, Case] = {}
    for case in dataset.cases:
        if case.has_truth:
            first.setdefault(case.group, case)
    for number, case in enumerate(first.values()):
        hard = IN_TURN[number % len(IN_TURN)]
        found = moving(*_small(case), frames, generator_for(case.id, 0, 0), hard)
        yield Loop(dataset.name, case.id, hard or "plain", *zip(*found, strict=True))


def _values(case: Case) -> np.ndarray:
    values = np.zeros(case.pixels().shape[:2], int)
    for value, structure in case.structures().items():
        values[structure] = value
    return values


def _small(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) uint8 grey and labels, a number for each target of the case, of at most LARGEST px a side."""
    grey = as_rgb(case.pixels()).mean(axis=2)
    factor = min(1.0, LARGEST / max(grey.shape))
    height, width = (max(1, round(side * factor)) for side in grey.shape)
    labels = np.zeros((height, width), np.uint8)
    for number, target in enumerate(case.targets(), start=1):
        labels[resample(target, height, width) >= 0.5] = number
    return resample(grey, height, width).round().clip(0, 255).astype(np.uint8), labels
