#!/usr/bin/env python3
"""How deep in a second part a click takes it away: python Resources/measure_outside.py FOLDER...

Dice after one to five clicks of the simulated user on 40 images of each dataset folder, by the depth from
which a click outside takes such a part away (`tidy.MIDDLE`; 0: anywhere, 1: nowhere). First a user who wants
all of the truth, then one who wants a single part of it. Needs SAMCAUltrasound on PYTHONPATH. For training
images: the depth is chosen by it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from sample_targets import targets_of
from scipy import ndimage

import samca
from samca import Session
from samca.evaluation import metrics
from samca.evaluation.users import interact
from samca.interaction import tidy

DEPTHS = 0.0, 0.2, 0.35, 0.5, 0.6, 1.01
IMAGES, CLICKS = 40, 5
SMALL = 0.3  # of the largest part: smaller ones are nobody's wish


def main() -> None:
    """Print a table for each folder and user."""
    model = samca.load()
    for folder in map(Path, sys.argv[1:]):
        for wish in (all_of_it, a_part):
            found = np.array(list(dice_by_depth(model, folder, wish)))  # (image, depth, click)
            print(folder.parent.name, folder.name, wish.__name__, f"{len(found)} images")
            for depth, dice in zip(DEPTHS, found.mean(0), strict=True):
                print(f"  {depth:.2f}", " / ".join(f"{100 * value:.1f}" for value in dice), flush=True)


def dice_by_depth(model, folder: Path, wish) -> Iterator[list[list[float]]]:
    """For each image, at each depth, the Dice after each click."""
    for index, session, truth, rng in targets_of(model, folder, IMAGES):
        wished = wish(truth, rng)
        yield [clicked(session, wished, depth, index) for depth in DEPTHS]


def clicked(session: Session, truth: np.ndarray, depth: float, seed: int) -> list[float]:
    """Dice after each click."""
    with mock.patch.object(tidy, "MIDDLE", depth):
        found = interact(session, truth, CLICKS, np.random.default_rng(seed))
        return [metrics.dice(each.mask, truth) for each in found]


def all_of_it(truth: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    """The user wants the truth."""
    return truth


def a_part(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The user wants one of its large parts."""
    labels, _count = ndimage.label(truth, tidy.EIGHT)
    areas = np.bincount(labels[truth], minlength=2)
    return labels == rng.choice(np.flatnonzero(areas > SMALL * areas.max()))


if __name__ == "__main__":
    main()
