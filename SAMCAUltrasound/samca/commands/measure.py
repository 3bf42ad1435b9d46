"""`samca measure`: sizes of what a mask outlines in an image, for each segment and frame."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from .. import spreadsheets
from ..datasets import segments
from ..files import write_atomically
from ..images import dicom, frames
from ..images.frames import Frame
from ..images.regions import region_around
from ..measures import Measurements, measure, rounded, sentence_of, sizes_of, voxel_volume
from ..measures.table import ALL, HEADING, rows_of, volume_row
from . import places


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("image", metavar="IMAGE", help="a picture, loop or volume, of any format that samca segment reads")
    add("mask", metavar="MASK", help="what is outlined in it: a mask, labels, or a .seg.nrrd")
    add("--frame", type=int, help="measure this frame alone, from 0, of which a mask of one frame is")
    add("--csv", metavar="FILE", help="write a table: a row for each segment, frame and part")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each object and volume, and write the table; errors as of reading the files."""
    if arguments.csv:
        places.check_output(arguments.csv, [arguments.image, arguments.mask])
    shown = frames.read_all(arguments.image)
    rows = []
    for name, masks in segments.read(arguments.mask, shown, arguments.frame):
        numbers = range(len(shown)) if arguments.frame is None else [arguments.frame]
        for number in [n for n in numbers if masks[n].any()] or list(numbers)[:1]:
            measured = _measured(shown[number], masks[number])
            rows += rows_of(name, str(number), measured)
            print(f"{name}, frame {number}: {_words(measured)}")
        if arguments.frame is None and len(shown) > 1:
            rows += _volumes(name, masks, shown[0])
    if arguments.csv:
        write_atomically(Path(arguments.csv), spreadsheets.text_of([HEADING, *rows]).encode())
    return 0


def _measured(frame: Frame, mask: np.ndarray) -> Measurements:
    """Of the picture on a screen with several that it lies in, with its spacing; across them without any."""
    if frame.regions and mask.any():
        if region := region_around(frame.regions, mask):
            return _measured(frame.part(region), region.window.crop(mask))
        return measure(mask, None, frame.pixels)
    return measure(mask, _known(frame), frame.pixels, window=frame.window)


def _known(frame: Frame) -> tuple[float, float] | None:
    """(row, column) mm of a pixel; None where it is not known, which other files than DICOM say by 1 mm."""
    if frame.spacing_mm is None or (frame.spacing_mm == (1.0, 1.0) and not dicom.is_dicom(frame.source)):
        return None
    return frame.spacing_mm[::-1]


def _words(measured: Measurements) -> str:
    return " ".join([sentence_of(measured), sizes_of(measured), *measured.notes]).strip()


def _volumes(name: str, masks: np.ndarray, frame: Frame) -> list[list]:
    """A row for a volume, or for each of a Sequence of volumes; one without where frames are no slices."""
    slices = frame.grid.size[2]
    if slices == 1 or not masks.any():
        return []
    if not (frame.grid.across_known and _known(frame)):
        print(f"{name}: How far the frames lie apart is not known: no volume.")
        return []
    rows = []
    for item in masks.reshape(-1, slices, *masks.shape[1:]):
        volume = voxel_volume(item, frame.grid.spacing[::-1])
        print(f"{name}: volume {rounded(volume)} mm\u00b3, {rounded(volume / 1000)} ml, by voxels.")
        rows.append(volume_row(name, ALL, volume, int(item.sum()), "mm"))
    return rows
