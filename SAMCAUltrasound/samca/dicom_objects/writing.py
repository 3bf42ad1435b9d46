"""Outlined things and the DICOM images they are on, into files: a SEG, and a report about it if asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..files import make_folder, replacing
from ..images import dicom, frames
from ..images.regions import Region, region_around
from ..measures import measure
from .report import report
from .segmentation import NO_DATE, NO_TIME, Colour, check_frames, places, segmentation
from .source import source_of
from .steps import step_mm
from .terms import TISSUE, Terms

EXTRA = "DICOM objects need the package highdicom: install it with `pip install 'samca[dicom]'`"
DATES = ("InstanceCreationDate", "InstanceCreationTime")
OWN_PLACE = (
    "The images have no frame of reference, so the segmentation has one of its own: their pixel grid, with "
    "the frames of a loop 1 mm apart; that is no place in the patient."
)
NO_PLACE = (
    "The images have neither a frame of reference nor a known size of pixels, so the segmentation refers to "
    "them by their numbers alone, and sizes are in px."
)
NO_VOLUME = (
    "The report has no volume, as nothing in the images says that their frames lie one behind the other at "
    "even steps."
)


@dataclass(frozen=True)
class Outlined:
    """A segment; masks: (N, H, W) bool, a frame of the images each; colour: what programs show it in."""

    name: str
    masks: np.ndarray
    terms: Terms = TISSUE
    colour: Colour | None = None


def available() -> bool:
    """Whether what writes DICOM objects is installed; imports nothing."""
    return find_spec("highdicom") is not None


def write(
    images: Sequence[str | Path],
    outlined: Sequence[Outlined],
    out: str | Path,
    report_out: str | Path | None = None,
    keep_patient: bool = False,
    *,
    version: str,
) -> list[str]:
    """Write a SEG, and a report about it, both or none; sentences about what to heed.

    images: one DICOM file, or single images of one series in the order of the frames. keep_patient: with
    name, number, dates and the like as the images have them; else those are empty, and dates that the
    standard asks for are 1900-01-01. version: of this software.

    RuntimeError without highdicom, ValueError for what does not fit and for masks that are empty,
    FileExistsError for a file that is there.
    """
    if not available():
        raise RuntimeError(EXTRA)
    images = [Path(path) for path in images]
    for path in filter(None, (out, report_out)):
        check_new(Path(path))
    there, notes = _not_empty(outlined)
    with dicom.quietly():
        source = source_of(images, _spacing(images), keep_patient)
    _check_sizes(images, source, there)
    masks = np.stack([one.masks for one in there], axis=-1)  # (N, H, W, S)
    check_frames(source, masks)
    made, about, told = _made(images, source, there, masks, version, bool(report_out))
    for one in filter(None, (made, about)):
        if not keep_patient:
            _forget_dates(one)
    _save(made, Path(out), about, Path(report_out) if report_out else None)
    if source.own_place:
        notes.append(OWN_PLACE if source.has_place else NO_PLACE)
    return notes + told


def _made(images, source, there: Sequence[Outlined], masks, version: str, with_report: bool) -> tuple:
    """The segmentation, the report if asked for, and sentences about what that has."""
    names, terms = [one.name for one in there], [one.terms for one in there]
    try:
        with dicom.quietly():
            made = segmentation(source, names, terms, [one.colour for one in there], masks, version)
            if not with_report:
                return made, None, []
            where = sorted(places(made, source), key=lambda place: (place.segment, place.frame))
            pixels, told = _pixels(images, source.frames)
            sizes = [
                _measured(images, masks[p.frame, ..., p.segment - 1], p.frame, pixels[p.frame]) for p in where
            ]
            step = step_mm(source)
            told += sorted({note for each in sizes for note in each.notes})
            told += [NO_VOLUME] if step is None and source.frames > 1 else []
            return made, report(source, made, where, sizes, names, terms, step, version), told
    except ImportError as error:
        raise RuntimeError(f"{EXTRA} ({error})") from error
    except Exception as error:  # what headers that break the standard raise differs from tag to tag
        raise ValueError(
            f"{images[0]} has a header that no DICOM object can be made on ({error}): export it from the "
            "scanner again"
        ) from error


def check_new(path: Path) -> None:
    """FileExistsError for a name that is taken."""
    if os.path.lexists(path):
        raise FileExistsError(f"{path} is there already: give another name, or remove it first")


def _not_empty(outlined: Sequence[Outlined]) -> tuple[list[Outlined], list[str]]:
    there = [one for one in outlined if one.masks.any()]
    if not there:
        raise ValueError("nothing is outlined, every mask is empty: outline something first")
    return there, [f"Left out, as it is empty: {one.name}." for one in outlined if not one.masks.any()]


def _check_sizes(images: Sequence[Path], source, outlined: Sequence[Outlined]) -> None:
    first = source.elements[0]
    expected = source.frames, int(first.Rows), int(first.Columns)
    for one in outlined:
        if one.masks.shape != expected:
            said, right = (f"{n} x {w} x {h}" for n, h, w in (one.masks.shape, expected))
            raise ValueError(
                f"the masks of {one.name} are {said} (frames, columns, rows), {images[0]} is {right}: give "
                "masks of these images as they are stored"
            )


def _regions(path: Path) -> tuple[Region, ...]:
    header = dicom.header_of(path)
    return dicom.pictures(header, int(header.number("Rows")), int(header.number("Columns")))


def _spacing(images: Sequence[Path]) -> tuple[float, float] | None:
    """(x, y) mm that holds for the whole of every image, None if that is not known."""
    found = {dicom.spacing_mm(dicom.header_of(path)) for path in images}
    found |= {region.spacing_mm for path in images for region in _regions(path)}
    return found.pop() if len(found) == 1 else None


def _pixels(images: Sequence[Path], count: int) -> tuple[Sequence[np.ndarray | None], list[str]]:
    """Of each frame; None of all, and a sentence, where they cannot be read: sizes need none."""
    try:
        return [frame.pixels for path in images for frame in frames.read_all(path)], []
    except ValueError as error:
        return [None] * count, [f"The report has no brightness: {error}."]


def _measured(images: Sequence[Path], mask: np.ndarray, frame: int, pixels: np.ndarray | None):
    """Sizes in the picture on the screen that the mask lies in, with its spacing; across them without any."""
    path, index = (images[frame], 0) if len(images) > 1 else (images[0], frame)
    header, regions = dicom.header_of(path), _regions(path)
    spacing, window = dicom.spacing_mm(header, index), dicom.only_window(header, *mask.shape)
    if regions:
        region = region_around(regions, mask)
        spacing = region and region.spacing_mm
        if region:
            mask, pixels = region.window.crop(mask), None if pixels is None else region.window.crop(pixels)
    return measure(mask, spacing and spacing[::-1], pixels, window=window)


def _forget_dates(made) -> None:
    """When it was made says when the patient was looked at."""
    made.ContentDate, made.ContentTime = NO_DATE, NO_TIME
    for name in DATES:
        if name in made:
            delattr(made, name)
    for item in made.get("ContributingEquipmentSequence", ()):
        item.pop("ContributionDateTime", None)


def _save(made, out: Path, about, report_out: Path | None) -> None:
    make_folder(out.parent)
    with dicom.quietly(), replacing(out) as temporary:
        made.save_as(temporary)
        if about is not None:
            make_folder(report_out.parent)
            with replacing(report_out) as beside:
                about.save_as(beside)
