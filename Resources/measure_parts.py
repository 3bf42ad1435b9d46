#!/usr/bin/env python3
"""How sure of a part that nobody clicked the model has to be: python Resources/measure_parts.py FOLDER...

Dice after one to three clicks of the simulated user, who sees the outlines of today, on 40 images of each
dataset folder, one target each, by the mean probability from which such a part stays (`tidy.SURE`; none:
such parts go). Needs SAMCAUltrasound on PYTHONPATH. For training images: the level is chosen by it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from sample_targets import targets_of

import samca
from samca import Session
from samca.evaluation import metrics
from samca.evaluation.users import interact
from samca.interaction import tidy
from samca.interaction.session import Prediction

LEVELS = {"none": 2.0, "any": 0.0, "0.75": 0.75, "0.85": 0.85, "0.9": 0.9, "0.92": 0.92, "0.95": 0.95}
IMAGES, CLICKS = 40, 3


def main() -> None:
    """Print a table for each folder."""
    model = samca.load()
    for folder in map(Path, sys.argv[1:]):
        found = np.array(list(dice_by_level(model, folder)))  # (image, click, level)
        print(folder.parent.name, folder.name, f"{len(found)} images")
        for level, dice in zip(LEVELS, found.mean(0).T, strict=True):
            print(f"  {level:>5}", " / ".join(f"{100 * value:.1f}" for value in dice), flush=True)


def dice_by_level(model, folder: Path) -> Iterator[list[list[float]]]:
    """For each image, after each click, the Dice at each level."""
    for _index, session, truth, rng in targets_of(model, folder, IMAGES):
        yield [[metrics.dice(mask, truth) for mask in by_level(said)] for said in asked(session, truth, rng)]


def asked(session: Session, truth: np.ndarray, rng: np.random.Generator) -> list[Prediction]:
    """What the model says after each click."""
    said, predict = [], session.predict

    def noted(*given):
        said.append(predict(*given))
        return said[-1]

    with mock.patch.object(session, "predict", noted):
        interact(session, truth, CLICKS, rng)
    return said


def by_level(said: Prediction) -> Iterator[np.ndarray]:
    """The masks of one prediction."""
    for level in LEVELS.values():
        with mock.patch.object(tidy, "SURE", level):
            yield said.mask


if __name__ == "__main__":
    main()
