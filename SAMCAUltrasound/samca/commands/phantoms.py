"""`samca phantoms`: a dataset folder of simulated frames or loops, for pretraining and for trying out."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..files import make_folder, write_atomically
from ..files.changes import Changes, changing, finish
from ..images.overlay import png
from ..phantoms import Phantom, make, make_loop
from ..spreadsheets import text_of

Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add_frames(parser, "frame N is the same for the same seed")
    parser.add_argument(
        "--loops", type=int, help="instead of frames, number of cine loops and sweeps, each one group"
    )
    parser.add_argument("--frames", type=int, default=8, help="frames of each loop (default %(default)s)")


def add_frames(parser: argparse.ArgumentParser, same: str) -> None:
    """The options of every command that makes frames; same: what a seed promises."""
    parser.add_argument("--count", type=int, default=1000, help="number of frames (default %(default)s)")
    parser.add_argument(
        "--out", type=Path, required=True, help="dataset folder to write images/ and labels/ into"
    )
    parser.add_argument("--size", type=int, default=256, help="side of a frame in px (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help=same)


def run(arguments: argparse.Namespace) -> int:
    """Write the frames and print their paths; ValueError for a count or size that is too small."""
    out, size, seed = arguments.out, arguments.size, arguments.seed
    if arguments.loops is None:
        paths = write_frames(out, arguments.count, size, seed)
    else:
        paths = write_loops(out, arguments.loops, arguments.frames, size, seed)
    for path in paths:
        print(path)
    return 0


def write_frames(folder: Path, count: int, size: int = 256, seed: int = 0) -> Iterator[Path]:
    """Write `count` frames of (size, size) px with at least one structure each, as `write_each`."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        phantom = make(rng, size, size, lesions=int(rng.integers(1, 4)))
        return phantom.image, phantom.labels

    return write_each(folder, "phantom", count, seed, draw)


def write_each(folder: Path, kind: str, count: int, seed: int, draw: Draw) -> Iterator[Path]:
    """Write `count` frames that are called KIND_NUMBER; yields each image's path.

    draw: from a generator, which belongs to seed and number, to (H, W) uint8 image and labels. Frames that
    are there already are kept, so a run that was interrupted goes on.
    """
    _prepare(folder, count, seed)
    for number in range(count):
        path = folder / "images" / f"{kind}_{number:05d}.png"
        if not path.exists():
            image, labels = draw(np.random.default_rng([seed, number]))
            with changing(folder) as files:
                _write_frame(files, path.name, image, labels)
        yield path


def write_loops(folder: Path, count: int, frames: int = 8, size: int = 256, seed: int = 0) -> Iterator[Path]:
    """Write `count` loops, cine and sweep in turn, each a group in cases.csv; yields each image's path.

    A structure has one label in its loop; every frame shows one. Whole loops that are there are kept.
    """
    if frames < 1:
        raise ValueError(f"loops of {frames} frames: expected at least 1")
    _prepare(folder, count, seed)
    names = [f"{('cine', 'sweep')[number % 2]}_{number:05d}" for number in range(count)]
    ids = [(f"{group}_{frame:03d}", group) for group in names for frame in range(frames)]
    for number, group in enumerate(names):
        paths = [folder / "images" / f"{group}_{frame:03d}.png" for frame in range(frames)]
        if not all(path.exists() for path in paths):
            loop = _loop(number, frames, size, seed)
            with changing(folder) as files:
                for path, phantom in zip(paths, loop, strict=True):
                    _write_frame(files, path.name, phantom.image, phantom.labels)
        yield from paths
    write_atomically(folder / "cases.csv", text_of([("id", "group"), *ids]).encode())


def _loop(number: int, frames: int, size: int, seed: int) -> tuple[Phantom, ...]:
    """The first draw in which something is to be seen in every frame."""
    rng = np.random.default_rng([seed, number])
    while True:
        kind = ("cine", "sweep")[number % 2]
        loop = make_loop(rng, frames, size, size, lesions=int(rng.integers(1, 4)), kind=kind)
        if all(phantom.labels.any() for phantom in loop):
            return loop


def _prepare(folder: Path, count: int, seed: int) -> None:
    """Make the folder and finish what was begun in it; ValueError for a count or seed that is too small."""
    if count < 1 or seed < 0:
        raise ValueError(
            f"count {count}, seed {seed}: expected a count of at least 1 and a seed of at least 0"
        )
    make_folder(folder)
    finish(folder)


def _write_frame(files: Changes, name: str, image: np.ndarray, labels: np.ndarray) -> None:
    """Put an (H, W) uint8 image, its labels and its mask among the changes of a dataset folder."""
    files.write(f"labels/{name}", png(labels))
    files.write(f"masks/{name}", png((labels > 0).astype(np.uint8) * 255))
    files.write(f"images/{name}", png(image))
