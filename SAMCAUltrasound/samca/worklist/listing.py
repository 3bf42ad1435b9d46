"""The images of a folder and of the folders in it, found by their names, a folder at a time; none is opened.

Where an image's outline is saved, too: under its own name, with `.seg.nrrd` in place of its suffix.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..datasets.listing import by_number, composed, is_hidden
from ..images import dicom, frames

SEGMENTATION = ".seg.nrrd"
SEQUENCE = ".seq.nrrd"
SUFFIXES = frames.PICTURES + frames.VOLUMES
OTHERS = (SEGMENTATION, ".json", ".jsonl", ".csv", ".txt", ".md", ".lock")  # are not looked into
DIRECTORY = "dicomdir"  # a table of contents, which carries the mark of DICOM


def images_in(folder: str | Path, on_error: Callable[[OSError], None] | None = None) -> Iterator[Path]:
    """Pictures, volumes, loops and DICOM, in the order of their numbers, a folder's own before its folders'.

    Files without a known suffix are images if they carry the mark of DICOM. Links to folders are not
    followed. FileNotFoundError for no folder; a folder in it that cannot be listed is left out, and
    on_error, if given, is told.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder: give one with images")
    yield from _images_in(folder, on_error)


def saved_names(names: Iterable[str]) -> dict[str, str]:
    """Where the outline of each image lies, by the image's path; both are relative, with / between parts.

    `a.png` -> `a.seg.nrrd`; images that differ by their suffix or by capital letters only keep all of their
    name: `a.png.seg.nrrd` beside `a.jpg.seg.nrrd`.
    """
    names = list(names)
    counts = Counter(_same(stem_of(name)) for name in names)
    stems = {name: stem_of(name) if counts[_same(stem_of(name))] == 1 else name for name in names}
    return {name: stem + SEGMENTATION for name, stem in stems.items()}


def stem_of(name: str) -> str:
    """The name without what says which format the image has."""
    lower = name.lower()
    suffix = next((each for each in (SEQUENCE, ".nii.gz", *SUFFIXES) if lower.endswith(each)), "")
    return name[: len(name) - len(suffix)]


def _same(stem: str) -> str:
    return composed(stem).casefold()


def _images_in(folder: Path, on_error) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError as error:
        if on_error is not None:
            on_error(error)
        return
    found = sorted((each for each in found if not is_hidden(Path(each[0]))), key=lambda e: by_number(e[0]))
    for name, is_folder in found:
        if not is_folder and _is_image(folder / name):
            yield folder / name
    for name, is_folder in found:
        if is_folder:
            yield from _images_in(folder / name, on_error)


def _is_image(path: Path) -> bool:
    name = path.name.lower()
    if name.endswith(OTHERS) or name == DIRECTORY:
        return False
    if name.endswith(SUFFIXES):
        return True
    try:
        return path.is_file() and dicom.is_dicom(path)
    except OSError:  # gone meanwhile, or nobody may read it
        return False
