"""`samca phantoms`: a dataset folder of simulated frames, for pretraining and for trying things out."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("--count", type=int, default=1000, help="number of frames (default %(default)s)")
    parser.add_argument(
        "--out", type=Path, required=True, help="dataset folder to write images/ and labels/ into"
    )
    parser.add_argument("--size", type=int, default=256, help="side of a frame in px (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="frame N is the same for the same seed")


def run(arguments: argparse.Namespace) -> int:
    """Write the frames and print their paths; ValueError for a count or size that is too small."""
    for path in write_frames(arguments.out, arguments.count, arguments.size, arguments.seed):
        print(path)
    return 0


def write_frames(folder: Path, count: int, size: int = 256, seed: int = 0) -> Iterator[Path]:
    """Write `count` frames of (size, size) px with at least one structure each; yields each image's path.

    Frames that are there already are kept, so a run that was interrupted goes on.
    """
    if count < 1 or seed < 0:
        raise ValueError(
            f"count {count}, seed {seed}: expected a count of at least 1 and a seed of at least 0"
        )
    for name in ("images", "masks", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / "images" / f"phantom_{number:05d}.png"
        if not path.exists():
            _write_frame(folder, path.name, size, np.random.default_rng([seed, number]))
        yield path


def _write_frame(folder: Path, name: str, size: int, rng: np.random.Generator) -> None:
    from PIL import Image

    from ..phantoms import make

    phantom = make(rng, size, size, lesions=int(rng.integers(1, 4)))
    Image.fromarray(phantom.labels).save(folder / "labels" / name)
    Image.fromarray((phantom.labels > 0).astype(np.uint8) * 255).save(folder / "masks" / name)
    Image.fromarray(phantom.image).save(
        folder / "images" / name
    )  # last, as the sign that all three are there
