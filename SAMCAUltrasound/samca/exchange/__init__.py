"""Datasets in the forms that other programs read: FORMATS, and `converting`, which writes one.

Names of cases are kept. Patients and loops are numbers there, images are written anew from their pixels, and
nothing else is taken along: no path, no date and no name of a person, unless a case itself is called by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..datasets import Dataset
from ..files.new_folder import check_new, new_folder
from ..words import counted
from . import coco, nnunet, png, yolo
from .entries import Classes, entries_of

__all__ = ["FORMATS", "Progress", "check_format", "check_new", "converted", "converting"]

# a format is made of the new folder, the entries and the classes; it has TITLE, FOLDER, a name for its folder
# by that of the dataset, add(entry) for each entry, and finish(), which may say something
FORMATS = {
    "coco": coco.Polygons,
    "coco-rle": coco.Runs,
    "yolo": yolo.Yolo,
    "nnunet": nnunet.NnUNet,
    "png": png.Png,
}


@dataclass(frozen=True)
class Progress:
    """How far it is, in cases; text: what was written, "" before the end."""

    done: int
    of: int
    text: str = ""


def check_format(name: str) -> str:
    """The name, if it is one of FORMATS; else ValueError."""
    if name not in FORMATS:
        raise ValueError(f"format {name!r} is not one of {', '.join(FORMATS)}")
    return name


def converted(data: Dataset, form: str, out: str | Path) -> str:
    """Write a dataset in one of FORMATS as the new folder `out`; what was written, in a sentence."""
    *_others, last = converting(data, form, out)
    return last.text


def converting(data: Dataset, form: str, out: str | Path) -> Iterator[Progress]:
    """The same case by case; closed before its end, or after an error, it leaves nothing.

    ValueError for another form and for a dataset without cases, FileExistsError for a folder that is there,
    DiskFullError for a disk that is full, OSError for one that cannot be written to.
    """
    form = FORMATS[check_format(form)]
    if not data.cases:
        raise ValueError(f"{data.name} has no cases: add some, or give another dataset")
    entries, classes = entries_of(data.cases), Classes(data.cases)
    with new_folder(out) as files:
        writer = form(files, entries, classes)
        for number, entry in enumerate(entries):
            yield Progress(number, len(entries))
            writer.add(entry)
        said = writer.finish()
    text = f"{out}: {counted(len(entries), 'case')} of {data.name} as {form.TITLE}"
    yield Progress(len(entries), len(entries), f"{text}. {said}" if said else f"{text}.")
