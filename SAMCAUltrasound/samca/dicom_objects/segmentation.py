"""A DICOM segmentation (SEG) by highdicom: binary, a segment for each thing that was outlined."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .source import Source
from .terms import Term, Terms

Colour = tuple[float, float, float]  # red, green and blue, 0 to 1
MAKER = "SAMCA"
SERIES = 100  # its number: beyond those of scanners
NO_DATE, NO_TIME = "19000101", "000000"  # where the standard asks for one


class Place(NamedTuple):
    """A frame of a segmentation: its number and the segment's, from 1, and the images' frame, from 0."""

    number: int
    segment: int
    frame: int


def code(term: Term):
    """The term for highdicom."""
    from highdicom.sr import CodedConcept

    return CodedConcept(term.value, term.scheme, term.meaning)


def identification(version: str):
    """What made the outlines."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    return hd.AlgorithmIdentificationSequence(MAKER, codes.DCM.ArtificialIntelligence, version)


def segmentation(
    source: Source,
    names: Sequence[str],
    terms: Sequence[Terms],
    colours: Sequence[Colour | None],
    masks: np.ndarray,
    version: str,
):
    """The data set; masks: (N, H, W, S) bool, of which every segment has a pixel, N frames of the images.

    Of images without a place only one frame may be outlined (`check_frames`).
    """
    import highdicom as hd

    described = [
        _described(number, *each, version)
        for number, each in enumerate(zip(names, terms, colours, strict=True), start=1)
    ]
    images, outlined = list(source.elements), np.flatnonzero(masks.any((1, 2, 3)))
    if not source.has_place:
        images, masks = [_alone(source, int(outlined[0]))], masks[outlined]
    made = hd.seg.Segmentation(
        images,
        masks.astype(np.uint8),
        hd.seg.SegmentationTypeValues.BINARY,
        described,
        hd.UID(),
        SERIES,
        hd.UID(),
        1,
        MAKER,
        MAKER,
        version,
        MAKER,
        content_description="Outlines of structures in ultrasound",
    )
    made.ContentCreatorName = ""
    if not source.has_place:
        made.PatientOrientation = ""
        made.SharedFunctionalGroupsSequence[0].pop("PixelMeasuresSequence", None)
        _number_frames(made, source, outlined)
    return made


def check_frames(source: Source, masks: np.ndarray) -> None:
    """ValueError for several frames of images of which nobody knows where they lie, nor their size."""
    outlined = int(masks.any((1, 2, 3)).sum())
    if outlined > 1 and not source.has_place:
        raise ValueError(
            f"{outlined} frames are outlined of images that have neither a frame of reference nor a known "
            "size of pixels, where a segmentation can hold one: outline one frame, or give images with "
            "spacing"
        )


def places(made, source: Source) -> list[Place]:
    """The frames of a segmentation, in order."""
    index_of = {source.frame(index): index for index in range(source.frames)}
    found = []
    for number, group in enumerate(made.PerFrameFunctionalGroupsSequence, start=1):
        place = group if "SegmentIdentificationSequence" in group else made.SharedFunctionalGroupsSequence[0]
        segment = int(place.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        image = group.DerivationImageSequence[0].SourceImageSequence[0]
        frame = int(image.ReferencedFrameNumber) if "ReferencedFrameNumber" in image else None
        found.append(Place(number, segment, index_of[str(image.ReferencedSOPInstanceUID), frame]))
    return found


def _described(number: int, name: str, terms: Terms, colour: Colour | None, version: str):
    import highdicom as hd

    found = hd.seg.SegmentDescription(
        number,
        name[:64],
        code(terms.category),
        code(terms.type),
        hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        identification(version),
        tracking_uid=hd.UID(),
        tracking_id=f"{number}",
        anatomic_regions=[code(terms.region)] if terms.region else None,
        display_color=hd.color.CIELabColor.from_rgb(*(255 * each for each in colour)) if colour else None,
    )
    if terms.modifier:
        found.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [
            code(terms.modifier)
        ]
    if terms.side:
        found.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [code(terms.side)]
    return found


def _alone(source: Source, index: int):
    """The header of one frame, as if it were an image of its own."""
    import highdicom as hd
    import pydicom

    found = copy.deepcopy(source.elements[index if len(source.elements) > 1 else 0])
    if "NumberOfFrames" in found:
        found.NumberOfFrames = 1
        group = pydicom.Dataset()
        group.PixelMeasuresSequence = hd.PixelMeasuresSequence([1, 1], 1)  # asked for, taken out again
        found.SharedFunctionalGroupsSequence = found.PerFrameFunctionalGroupsSequence = [group]
    return found


def _number_frames(made, source: Source, outlined: np.ndarray) -> None:
    """Say which frame of a loop the one was that had to stand as an image of its own."""
    _uid, number = source.frame(int(outlined[0]))
    if number is not None:
        for group in made.PerFrameFunctionalGroupsSequence:
            group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber = number
