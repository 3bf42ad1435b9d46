"""`samca dicom-seg`: a mask of a DICOM image as a DICOM segmentation, and a report with its sizes."""

from __future__ import annotations

import argparse
import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from .. import __version__
from ..datasets import segments
from ..dicom_objects import EXTRA, TISSUE, Outlined, Terms, available, terms_of, write
from ..images import dicom, frames, nrrd
from ..words import counted
from . import places


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("image", metavar="IMAGE", help="DICOM file, a single frame or a loop")
    add("mask", metavar="MASK", help="what is outlined in it: a mask, labels, or a .seg.nrrd with its terms")
    add("--frame", type=int, help="the frame, from 0, that a mask of one frame is of")
    add("--out", type=Path, required=True, help="segmentation (SEG) to write, as FILE.dcm")
    add("--report", type=Path, metavar="FILE", help="report (SR, TID 1500) with sizes to write, as FILE.dcm")
    add(
        "--keep-patient",
        action="store_true",
        help="with name, number and dates of patient and study, as a PACS asks for; else they are empty",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the objects and say what is in them; errors as of reading the files and of `write`."""
    if not available():
        raise RuntimeError(EXTRA)
    image, mask = Path(arguments.image), Path(arguments.mask)
    if arguments.report:
        places.check_output(arguments.report, [image, mask])
        if places.is_same(arguments.report, arguments.out):
            raise ValueError(f"both would be {arguments.out}: give the report another name")
    if image.is_file() and not dicom.is_dicom(image):
        raise ValueError(f"{image} is no DICOM file: give the image as the scanner exported it")
    shown = frames.read_all(image)
    terms, colours = _terms(mask), _colours(mask)
    outlined = [
        Outlined(one.name, np.asarray(one.masks), terms.get(one.name, TISSUE), colours.get(one.name))
        for one in segments.read(mask, shown, arguments.frame if len(shown) > 1 else 0)
    ]
    words = arguments.out, arguments.report, arguments.keep_patient
    notes = write([image], outlined, *words, version=__version__)
    written = f"{arguments.out}: {counted(len(outlined), 'segment')} of {image}"
    report = f"; {arguments.report}: a report with the sizes" if arguments.report else ""
    print(" ".join([f"{written}{report}.", *notes]))
    return 0


def _terms(mask: Path) -> dict[str, Terms]:
    """Terms by the names of segments, of a segmentation that 3D Slicer has saved."""
    found = {}
    for name, said in _saved(mask):
        tags = dict(tag.split(":", 1) for tag in said("Tags").split("|") if ":" in tag)
        try:
            found[name] = terms_of(tags.get("TerminologyEntry", ""))
        except ValueError as error:
            raise ValueError(f"{mask}: segment {name!r}: {error}") from error
    return found


def _colours(mask: Path) -> dict[str, tuple[float, float, float]]:
    """Colours by the names of segments of such a file; none of one that says no colour."""
    found = {}
    for name, said in _saved(mask):
        with contextlib.suppress(ValueError):
            red, green, blue = map(float, said("Color").split())
            if all(0 <= each <= 1 for each in (red, green, blue)):
                found[name] = red, green, blue
    return found


def _saved(mask: Path) -> Iterator[tuple[str, Callable[[str], str]]]:
    """The name of each segment, and what gives the text that the file has of it, "" for none."""
    texts = nrrd.texts(mask) if mask.name.lower().endswith(nrrd.SUFFIXES) else {}
    for number in itertools.takewhile(lambda each: f"Segment{each}_ID" in texts, itertools.count()):
        start = f"Segment{number}_"
        said = {key.removeprefix(start): text for key, text in texts.items() if key.startswith(start)}
        yield said.get("Name") or said["ID"], lambda field, said=said: said.get(field, "")
