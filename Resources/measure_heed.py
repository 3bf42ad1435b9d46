#!/usr/bin/env python3
"""How surely clicks are answered, and how far: python Resources/measure_heed.py MODEL FOLDER...

Dice after one, three, five and ten clicks of the simulated user, who sees the outlines of each answer, on 24
images of each dataset folder, one target each, with the standard error of what each is ahead of the first.
MODEL: "shipped" or a file, as a base that has not seen these organs. Needs SAMCAUltrasound on PYTHONPATH. For
training images: the constants of `interaction/heed.py` are chosen by it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
from sample_targets import targets_of

import samca
from samca.evaluation import metrics
from samca.evaluation.users import interact
from samca.interaction import heed

FAR = 1e6
ANSWERS = {  # LOGIT, REACH, ALIKE
    "0.5, 0.2, any": (0.5, 0.2, FAR),
    "0.5, 0.6, 1": (0.5, 0.6, 1.0),
    "1, 0.6, 1": (1.0, 0.6, 1.0),
    "2, 0.5, 1": (2.0, 0.5, 1.0),
    "3, 0.5, 2": (3.0, 0.5, 2.0),
    "5, 0.6, 1": (5.0, 0.6, 1.0),
}
IMAGES, CLICKS = 24, (1, 3, 5, 10)


def main() -> None:
    """Print a table for each folder, and of all."""
    source, *folders = sys.argv[1:]
    model, everything = samca.load(source), []
    for folder in map(Path, folders):
        everything.append(np.array(list(dice_by_answer(model, folder))))  # (image, answer, count)
        show(f"{folder.parent.name} {folder.name}", everything[-1])
    if len(everything) > 1:
        show("all", np.concatenate(everything))


def dice_by_answer(model, folder: Path) -> Iterator[list[list[float]]]:
    """For each image and each answer the Dice by number of clicks."""
    for _index, session, truth, rng in targets_of(model, folder, IMAGES):
        seed = int(rng.integers(2**31))
        yield [dice_of(session, truth, seed, *answer) for answer in ANSWERS.values()]


def dice_of(session, truth: np.ndarray, seed: int, logit: float, reach: float, alike: float) -> list[float]:
    """Dice in percent after so many CLICKS."""
    how = {"LOGIT": logit, "ON_THE_WAY": logit / 2, "REACH": reach, "ALIKE": alike}
    with mock.patch.multiple(heed, **how):
        steps = interact(session, truth, max(CLICKS), np.random.default_rng(seed))
        found = [100 * metrics.dice(step.mask, truth) for step in steps]
    return [found[min(count, len(found)) - 1] for count in CLICKS]


def show(name: str, found: np.ndarray) -> None:
    """Means of (image, answer, count), and how far each answer is ahead of the first."""
    print(name, f"{len(found)} images")
    for number, answer in enumerate(ANSWERS):
        ahead = found[:, number] - found[:, 0]
        errors = ahead.std(0) / len(ahead) ** 0.5
        dice = " / ".join(f"{value:.1f}" for value in found[:, number].mean(0))
        gains = " / ".join(f"{m:+.1f} ({e:.1f})" for m, e in zip(ahead.mean(0), errors, strict=True))
        print(f"  {answer:>13}", dice, "  ", gains, flush=True)


if __name__ == "__main__":
    main()
