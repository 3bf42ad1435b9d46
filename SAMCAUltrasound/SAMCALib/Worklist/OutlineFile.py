"""Outlines on the disk: `.seg.nrrd` by Slicer's own writer, whole or not at all, and read back unharmed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import slicer
from vtk.util import numpy_support

from samca import model_files
from samca.files import make_folder, replacing
from samca.images import masks, nrrd
from samca.prompts import Prompts

from ..Frames import SequenceLogic
from ..Prompts.TagLogic import objectsIn, tagText
from ..Segments.SegmentLogic import LABELMAP
from ..Texts import Refusal, _

MOST_KNOWN = 1000
PREFIX = f"{SequenceLogic.PROMPTS}:"  # of our tag in a file, where tags are divided by |

_known: dict[
    tuple[int, int], int
] = {}  # digests of voxels: a loop's are not looked through every few seconds


def write(segmentationNode, path: Path) -> str:
    """Save it with all its prompts; the SHA-256 of the file. OSError where it cannot be written."""
    make_folder(path.parent)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    with replacing(path) as temporary:
        storage.SetFileName(str(temporary))
        if not storage.WriteData(segmentationNode) or not temporary.is_file():
            text = _("Slicer could not write {file}")  # which a full disk explains, where it is full
            raise RuntimeError(text.format(file=path))
        content = sha256Of(temporary)
    return content


def readInto(segmentationNode, path: Path) -> str:
    """Fill a segmentation of the scene from a file; the SHA-256 of that. Refusal for what is no segmentation.

    Slicer's own reader ends the application over a damaged file, so the file is looked through before.
    """
    try:
        nrrd.read(path)
        content = sha256Of(path)
    except (OSError, ValueError) as error:
        text = _("The outline {file} cannot be read ({error}): it stays, move it away to begin anew.")
        raise Refusal(text.format(file=path.name, error=error)) from error
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(path))
    if not storage.ReadData(segmentationNode):
        text = _("{file} holds no segmentation: it stays, move it away to begin anew.")
        raise Refusal(text.format(file=path.name))
    return content


def tagsIn(path: Path) -> list[str]:
    """The tags with prompts of all segments of a file; OSError or ValueError for an unreadable one."""
    entries = (text.split("|") for name, text in nrrd.texts(path).items() if name.endswith("_Tags"))
    return [tag.removeprefix(PREFIX) for tags in entries for tag in tags if tag.startswith(PREFIX)]


def promptsOf(tags: list[str], shapes: list[tuple[int, int]]) -> list[tuple[int, Prompts]]:
    """(index of the frame, what points at an object there), of frames of these (H, W), along their axis k."""
    found = []
    for text in tags:
        segment = slicer.vtkSegment()
        segment.SetTag(SequenceLogic.PROMPTS, text)
        for index, shape in enumerate(shapes):
            things = objectsIn(segment, f"2:{index}", shape)
            found += [(index, thing.prompts) for thing in things if thing.startsSomewhere]
    return found


def sha256Of(path: Path) -> str:
    """SHA-256 of a file; "" if there is none."""
    try:
        return model_files.sha256(path)
    except FileNotFoundError:
        return ""


def freed(path: Path, isTaken: Callable[[Path], bool]) -> Path:
    """The path, or the first with a number behind its name, that is not taken."""
    stem, number, place = path.name.removesuffix(masks.SEGMENTATION), 1, path
    while isTaken(place):
        number += 1
        place = path.with_name(f"{stem} ({number}){masks.SEGMENTATION}")
    return place


def isEmpty(found: tuple) -> bool:
    """Whether a fingerprint is that of nothing: no voxel, no prompt."""
    return not any(tag or voxels for _id, _name, tag, voxels in found)


def fingerprint(segmentationNode) -> tuple:
    """What of a segmentation is to be saved, in short: (id, name, digest of the prompts, of the voxels).

    Both digests are 0 where there is nothing.
    """
    segmentation = segmentationNode.GetSegmentation()
    segments = ((i, segmentation.GetSegment(i)) for i in segmentation.GetSegmentIDs())
    return tuple((i, segment.GetName(), _ofTag(segment), _ofVoxels(segment)) for i, segment in segments)


def _ofTag(segment) -> int:
    text = tagText(segment, SequenceLogic.PROMPTS)
    return zlib.crc32(text.encode()) or 1 if text else 0


def _ofVoxels(segment) -> int:
    """Where its voxels lie, of an image that it may share with others."""
    image = segment.GetRepresentation(LABELMAP)
    scalars = image and image.GetPointData().GetScalars()
    if scalars is None or not image.GetNumberOfPoints():
        return 0
    key = image.GetMTime(), segment.GetLabelValue()  # a time that no other image has
    if key not in _known:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[key] = _digestOf(image, numpy_support.vtk_to_numpy(scalars) == segment.GetLabelValue())
    return _known[key]


def _digestOf(image, filled: np.ndarray) -> int:
    """The same however far the image reaches; 0 of nothing."""
    if not filled.any():
        return 0
    shape, corner = image.GetDimensions()[::-1], image.GetExtent()[4::-2]
    places = np.argwhere(filled.reshape(shape)) + corner
    return zlib.crc32(places.astype(np.int32).tobytes()) or 1
