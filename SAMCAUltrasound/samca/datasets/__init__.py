"""Folders of images and masks: recognise the layout, list the cases, and name every file that is not fit for
use."""

from __future__ import annotations

import logging
from pathlib import Path

from . import busi, camus, coco, ddti, folder, tg3k, tn3k, tnscui, udiat
from .case import Case, Dataset
from .check import Steps, examined, examining
from .listing import unfinished
from .loops import loops_of, window_around, windows_of
from .split import divided, folds_by_group, split_by_group
from .split_words import split_of

__all__ = [
    "READERS",
    "Case",
    "Dataset",
    "checked",
    "divided",
    "folds_by_group",
    "loops_of",
    "read",
    "reading",
    "split_by_group",
    "window_around",
    "windows_of",
]

# a reader is a module with LAYOUT (in words), matches(folder) -> bool and find(folder) -> (cases, problems);
# BESIDE, if it has that, are ends of names of other files that are not told of as left out
READERS = {
    "coco": coco,  # before the folder, which would take its images/ for images without truth
    "folder": folder,
    "busi": busi,
    "tn3k": tn3k,
    "tg3k": tg3k,
    "ddti": ddti,
    "udiat": udiat,
    "tnscui": tnscui,
    "camus": camus,
}

_log = logging.getLogger(__name__)


def read(path: str | Path, reader: str | None = None) -> Dataset:
    """The dataset in a folder, read by the reader of that name, by default the first that knows the layout.

    Every file is decoded once. Bad files never raise: they are left out of the cases and named in the
    problems. FileNotFoundError if there is no such folder, ValueError if no reader knows its layout.
    """
    return examined(reading(path, reader, threads=True))


def reading(path: str | Path, reader: str | None = None, threads: bool = False) -> Steps:
    """The same case by case: yields how many were looked at, of how many, and returns the dataset.

    threads: look at many at a time, in threads.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(
            f"dataset folder {path} does not exist: give a folder with images/ and masks/"
        )
    problems = unfinished(path)
    layout = READERS[_named(reader) if reader else _recognised(path)]
    cases, more = layout.find(path)
    beside = getattr(layout, "BESIDE", ())
    return (yield from examining(_name(path), path, cases, problems + more, beside, threads))


def checked(path: str | Path, reader: str | None = None) -> Dataset:
    """The dataset as `read` gives it, if it has no problems; else a ValueError that lists them all.

    What is left out is in the log.
    """
    dataset = read(path, reader)
    for sentence in dataset.left_out:
        _log.warning("%s", sentence)
    if dataset.problems:
        count = len(dataset.problems)
        raise ValueError(
            "\n".join([f"{path} has {count} problem(s), mend or remove the files:", *dataset.problems])
        )
    return dataset


def _named(reader: str) -> str:
    if reader not in READERS:
        raise ValueError(f"reader {reader!r} is not one of {', '.join(READERS)}")
    return reader


def _recognised(path: Path) -> str:
    for name, reader in READERS.items():
        if reader.matches(path):
            return name
    layouts = "; ".join(f"{name}: {reader.LAYOUT}" for name, reader in READERS.items())
    raise ValueError(f"{path} has the layout of no known dataset. Expected one of these: {layouts}")


def _name(path: Path) -> str:
    """The folder's name; for a split of a dataset that of the dataset too, as in busi/val."""
    path = path.resolve()
    return f"{path.parent.name}/{path.name}" if split_of(path.name) else path.name
