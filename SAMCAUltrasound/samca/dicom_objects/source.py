"""The images that an object is made on: what of their headers it takes over, and where their frames lie.

An image of ultrasound mostly has no frame of reference. Where the size of its pixels is known it gets one of
its own, its pixel grid: the upper left pixel at 0, rows and columns along x and y, the frames of a loop 1 mm
apart along z, as programs lay them out that open the file. That is no place in the patient. Where the size is
not known there is none, and no mm either.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..images import dicom
from ..images.dicom import Header

NEEDED = (  # of every image
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Rows",
    "Columns",
)
IMAGE = (
    *("Modality", "NumberOfFrames", "ImageType", "SamplesPerPixel", "PhotometricInterpretation"),
    *("SpecificCharacterSet", "FrameOfReferenceUID", "PixelSpacing"),
    *("ImagePositionPatient", "ImageOrientationPatient", "SliceThickness", "SpacingBetweenSlices"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
)
OF_PATIENT = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber"),
    *("StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
GROUPS = ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
STRAIGHT, STEP_MM = [1, 0, 0, 0, 1, 0], 1.0  # of a frame of reference of its own


@dataclass(frozen=True)
class Source:
    """Single images of one series, or one with several frames; elements: their headers without pixels.

    own_place: whether the frame of reference is the image's own; has_place: whether there is one at all.
    """

    elements: tuple[Any, ...]
    frames: int
    has_place: bool
    own_place: bool

    def frame(self, index: int) -> tuple[str, int | None]:
        """SOP instance and frame number, from 1, of a frame from 0; no number in a single image."""
        if len(self.elements) > 1 or "NumberOfFrames" not in self.elements[0]:
            return str(self.elements[index].SOPInstanceUID), None
        return str(self.elements[0].SOPInstanceUID), index + 1


def source_of(
    paths: Sequence[Path], spacing_mm: tuple[float, float] | None, keep_patient: bool = False
) -> Source:
    """The images in files of one series, in order; ValueError for what is no image of DICOM.

    spacing_mm: (x, y) of a pixel, None if it is not known. keep_patient: with what is said of the patient and
    of the study.
    """
    headers = [dicom.header_of(path) for path in paths]
    for path, header in zip(paths, headers, strict=True):
        lost = [name for name in NEEDED if not header.get(name)]
        if lost:
            raise ValueError(
                f"{path} has no {lost[0]}, so no DICOM object can refer to it: give the file as the scanner "
                "exported it"
            )
    has_place = all(map(_has_place, headers))
    counts = [int(header.number("NumberOfFrames", 1)) for header in headers]
    elements = tuple(_elements(header, keep_patient, has_place) for header in headers)
    if not has_place and spacing_mm:
        for number, one in enumerate(elements):
            _place(one, elements[0], spacing_mm, number)
    return Source(elements, sum(counts), has_place or spacing_mm is not None, not has_place)


def _has_place(header: Header) -> bool:
    """Whether the header says where its frames lie in the patient."""
    if not header.get("FrameOfReferenceUID"):
        return False
    shared = header.items("SharedFunctionalGroupsSequence")
    each = header.items("PerFrameFunctionalGroupsSequence")
    known = {name for group in (*shared, *each[:1]) for name in GROUPS if group.items(name)}
    at_root = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
    return known == set(GROUPS) or all(header.get(name) for name in at_root)


def _elements(header: Header, keep_patient: bool, has_place: bool):
    """A data set of what is taken over, empty where the patient is concerned unless that is kept."""
    import pydicom

    found = pydicom.Dataset()
    for name in (*NEEDED, *IMAGE):
        if (value := header.get(name)) not in (None, ""):
            setattr(found, name, copy.deepcopy(value))
    for name in OF_PATIENT:
        setattr(found, name, header.get(name, "") if keep_patient else "")
    found.PositionReferenceIndicator = ""  # a free text
    if has_place and "SliceThickness" not in found:
        found.SliceThickness = STEP_MM  # nothing is known; readers ask for one
    if not has_place:
        for name in ("FrameOfReferenceUID", *(name for name in IMAGE if name.endswith("GroupsSequence"))):
            if name in found:
                delattr(found, name)
    return found


def _place(elements, first, spacing_mm: tuple[float, float], number: int) -> None:
    """Give an image a frame of reference of its own, the same for all images of a series."""
    import highdicom as hd
    from pydicom.uid import generate_uid

    x, y = spacing_mm
    measures = hd.PixelMeasuresSequence(pixel_spacing=[y, x], slice_thickness=STEP_MM)
    elements.FrameOfReferenceUID = generate_uid(entropy_srcs=["SAMCA", str(first.SOPInstanceUID)])
    if "NumberOfFrames" not in elements:
        elements.PixelSpacing, elements.SliceThickness = measures[0].PixelSpacing, STEP_MM
        elements.ImageOrientationPatient, elements.ImagePositionPatient = STRAIGHT, [0, 0, number * STEP_MM]
        return
    import pydicom

    shared, each = pydicom.Dataset(), []
    shared.PixelMeasuresSequence = measures
    shared.PlaneOrientationSequence = hd.PlaneOrientationSequence("PATIENT", STRAIGHT)
    for index in range(int(elements.NumberOfFrames)):
        group = pydicom.Dataset()
        group.PlanePositionSequence = hd.PlanePositionSequence("PATIENT", [0, 0, index * STEP_MM])
        each.append(group)
    elements.SharedFunctionalGroupsSequence, elements.PerFrameFunctionalGroupsSequence = [shared], each
