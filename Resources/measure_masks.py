#!/usr/bin/env python3
"""What becomes of a mask that is nearly right: python Resources/measure_masks.py FOLDER...

The truth of 20 images of each dataset folder, its border moved at random by about a tenth of its size, is the
mask prompt; Dice of it, of the model's answer, and after one to four clicks of the simulated user. Needs
SAMCAUltrasound on PYTHONPATH.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sample_targets import targets_of
from scipy import ndimage

import samca
from samca import Session
from samca.clicks import CLICKS
from samca.evaluation.metrics import dice
from samca.prompts import Prompts

IMAGES, MENDED, LEAST = 20, 4, 200  # images, clicks, and px of a structure
MOVED, WAVES = 0.08, 0.25  # by how much, and over which length; of the root of the area


def main() -> None:
    """Print a line for each folder."""
    model = samca.load()
    for folder in map(Path, sys.argv[1:]):
        found = []
        for index, session, truth, _rng in targets_of(model, folder, IMAGES):
            given = nearly(truth, np.random.default_rng(index))
            if truth.sum() >= LEAST and given.any():
                found.append([dice(given, truth), *mended(session, truth, given, index)])
        shown, *after = (f"{100 * value:.1f}" for value in np.mean(found, 0))
        print(folder.parent.name, f"{len(found)} images, given {shown}:", " / ".join(after), flush=True)


def nearly(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W) bool: the truth with another border."""
    size = np.sqrt(truth.sum())
    waves = ndimage.gaussian_filter(rng.standard_normal(truth.shape), size * WAVES)
    inside = ndimage.distance_transform_edt(truth) - ndimage.distance_transform_edt(~truth)
    return inside + size * (MOVED * waves / waves.std() + rng.uniform(-MOVED, MOVED)) > 0


def mended(session: Session, truth: np.ndarray, given: np.ndarray, seed: int) -> list[float]:
    """Dice of the answer to the mask, and after each click."""
    rng, prompts = np.random.default_rng(seed), Prompts(mask=given)
    masks = [session.predict(prompts).mask]
    for _ in range(MENDED):
        prompts = prompts.plus(*CLICKS["error_random"](truth, masks[-1], 1, rng).clicks)
        masks.append(session.predict(prompts).mask)
    return [dice(mask, truth) for mask in masks]


if __name__ == "__main__":
    main()
