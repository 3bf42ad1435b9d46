"""`samca patchwork`: a dataset folder of real frames with objects that nobody has labelled, for training."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from .. import datasets
from ..datasets import Case
from ..images.contrast import as_rgb
from ..phantoms.patchwork import patchwork
from ..prompts.geometry import resample
from .phantoms import add_frames, write_each

SHOWN = (0.5, 1.0)  # of the sides of an image, how much a frame shows of it
DRAWS = 50  # of a frame, until there is an object in it
SMALLEST = 64  # px of a side of a frame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument(
        "--data",
        action="append",
        required=True,
        help="dataset folder whose training images are taken; repeat for more, each is taken equally often",
    )
    add_frames(parser, "frame N is the same for the same seed and data")


def run(arguments: argparse.Namespace) -> int:
    """Write the frames and print their paths; ValueError for numbers that are too small and unfit data."""
    sets = [_training_images(folder) for folder in arguments.data]
    for path in write_frames(arguments.out, sets, arguments.count, arguments.size, arguments.seed):
        print(path)
    return 0


def write_frames(
    folder: Path, sets: Sequence[Sequence[Case]], count: int, size: int = 256, seed: int = 0
) -> Iterator[Path]:
    """Write `count` frames of (size, size) px with at least one object each, as `phantoms.write_each`."""
    if size < SMALLEST:
        raise ValueError(f"size {size}: expected at least {SMALLEST} px")
    if len({case.image for cases in sets for case in cases}) < 2:
        raise ValueError("one training image in all: expected two, each frame gets parts of another image")
    return write_each(folder, "patchwork", count, seed, partial(_frame, sets, size))


def _training_images(folder: str) -> list[Case]:
    data = datasets.checked(folder)
    if cases := [case for case in data.cases if case.split in ("", "train")]:
        return cases
    raise ValueError(f"{data.name} has no training images: give a folder that has some, or leave it out")


def _frame(
    sets: Sequence[Sequence[Case]], size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The first draw in which there is an object: (size, size) uint8 image and labels."""
    for _ in range(DRAWS):
        case = donor = _drawn(sets, rng)
        while donor.image == case.image:
            donor = _drawn(sets, rng)
        image, labels = patchwork(_part(case, size, rng), _part(donor, size, rng), rng)
        if labels.any():
            return image, labels
    raise ValueError(f"no object fits into any of {DRAWS} frames: the images are black, give others")


def _drawn(sets: Sequence[Sequence[Case]], rng: np.random.Generator) -> Case:
    cases = sets[int(rng.integers(len(sets)))]
    return cases[int(rng.integers(len(cases)))]


def _part(case: Case, size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, size) uint8 grey: a random part of an image, stretched."""
    grey = as_rgb(case.pixels()).mean(axis=2)
    share = rng.uniform(*SHOWN)
    height, width = (max(1, int(side * share)) for side in grey.shape)
    top, left = rng.integers(grey.shape[0] - height + 1), rng.integers(grey.shape[1] - width + 1)
    part = resample(grey[top : top + height, left : left + width], size, size)
    return part.round().clip(0, 255).astype(np.uint8)
