"""Where a command writes: never over what it reads, by whatever name that is called."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

READ = (  # names of arguments that are files or folders to read
    "image",
    "mask",
    "truth",
    "files",
    "settings",
    "model",
    "base",
    "start",
    "data",
    "validation",
    "empty",
    "detector",
    "raters",
    "images",
)
OF_DATA = ("images", "masks", "labels")  # what a dataset folder is read from


def check(arguments: argparse.Namespace) -> None:
    """ValueError if a command's --out is one of the files and folders that it reads."""
    if getattr(arguments, "out", None):
        given = [getattr(arguments, name, None) for name in READ]
        check_output(arguments.out, given)


def check_output(out: str | Path, read: Iterable) -> None:
    """ValueError if `out` is one of what is read, or a folder of images within one.

    read: paths, lists of them, None, and words that are no path, as "shipped".
    """
    for place in _flat(read):
        if place.exists() and (is_same(Path(out), place) or _holds(place, Path(out))):
            raise ValueError(
                f"out {out} is what is read as {place}: give another name, so that nothing is written over"
            )


def is_same(one: Path, other: Path) -> bool:
    """Whether both names lead to one file or folder, on a disk that knows no capital letters, too."""
    if one.exists() and other.exists() and one.samefile(other):
        return True
    one, other = one.resolve(), other.resolve()
    return str(one).casefold() == str(other).casefold()


def _holds(folder: Path, out: Path) -> bool:
    """Whether `out` is a folder of images within a dataset folder."""
    folder, out = folder.resolve(), out.resolve()
    if not folder.is_dir() or folder not in out.parents:
        return False
    within = out.relative_to(folder).parts
    return any(part in OF_DATA for part in within) or any((out / name).is_dir() for name in OF_DATA)


def _flat(read: Iterable) -> Iterable[Path]:
    for given in read:
        if isinstance(given, list | tuple):
            yield from _flat(given)
        elif isinstance(given, str | Path) and str(given):
            yield Path(given)
