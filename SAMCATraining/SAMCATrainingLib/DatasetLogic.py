"""Segmentations of the scene become cases of a dataset folder: pixels as the model sees them, masks exactly.

A case is a frame with at least one voxel of the segments. Its image is what the effect would send to the
model: window and level for what is not 8-bit, colours as they are. In labels/ each name of a segment has a
value, the same in the whole dataset; segments that overlap go into cases of their own. The id names volume,
axis and frame, and ends with a digest of the pixels, so that the same frame replaces its case and another
volume of the same name does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import slicer
from scipy.ndimage import maximum_filter

from samca.files import DiskFullError
from samca.files.changes import changing
from samca.images import banner, frames
from SAMCALib.Frames import FrameLogic, PatientGroup, ScreenRegions
from SAMCALib.Frames.FrameLogic import Frame
from SAMCALib.Texts import Refusal, _, counted

from . import Advice
from .CaseFiles import LAYER, CaseFiles, NewCase, checkFolder, nameOf
from .SegmentedFrames import Source, axesOf, candidates, masksOf, sourceOf

AXES = "ijk"  # by number


@dataclass(frozen=True)
class Added:
    """What an export did."""

    folder: Path
    cases: tuple[str, ...]
    replaced: int
    text: str
    heed: str = ""  # a sentence about names that may stand on the images


@dataclass(frozen=True)
class Progress:
    """How far an export is, in frames looked at; `added` at its end."""

    done: int
    of: int
    added: Added | None = None


def addCase(*words, **options) -> Added:
    """Add every segmented frame to the dataset folder, which is made if need be; all or none."""
    *_others, last = adding(*words, **options)
    return last.added


def adding(
    volumeNode,
    segmentationNode,
    folder,
    segmentIds=None,
    axis=None,
    group="",
    anyImage=False,
    keepBanner=False,
) -> Iterator[Progress]:
    """The same frame by frame; closed before its end it leaves the folder as it was.

    keepBanner: with what stands outside of the ultrasound regions of images from DICOM, which else is black.
    Refusal, with the folder as it was, for what is missing, for a frame that cannot be shown, for a mask of
    another image unless `anyImage`, and for a disk that is full.
    """
    source = sourceOf(volumeNode, segmentationNode, segmentIds, axis, anyImage, keepBanner)
    folder = checkFolder(folder)
    found, cases = candidates(source), []
    try:
        with changing(folder) as change:
            files = CaseFiles(change)
            yield from _collecting(source, found, group, files, cases)
            replaced = files.tabulate(keepsGroup=not group)
    except DiskFullError as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(f"{error}. {Advice.adviceFor(str(error))}") from error
    heed = aboutBanner(source)
    text = " ".join(filter(None, [_sentence(source, folder, len(cases), replaced), heed]))
    added = Added(folder, tuple(cases), replaced, text, heed)
    yield Progress(len(found), len(found), added)


def _collecting(
    source: Source, found: list[Frame], group: str, files: CaseFiles, cases: list[str]
) -> Iterator[Progress]:
    about = str(group) or groupOf(source.volume), f"{loopOf(source.volume)}_{AXES[source.axis]}"
    segmentation = source.segmentation.GetSegmentation()
    values = {i: files.valueOf(segmentation.GetSegment(i).GetName()) for i in source.segmentIds}
    for number, frame in enumerate(found):
        yield Progress(number, len(found))
        for case in casesOf(source, frame, *about, values):
            files.add(case)
            cases.append(case.id)
    if not cases:
        text = _(
            "{name} has no voxel on the frames of {volume}: segment a frame first, or choose another axis."
        )
        raise Refusal(text.format(name=source.segmentation.GetName(), volume=source.volume.GetName()))


def _sentence(source: Source, folder: Path, cases: int, replaced: int) -> str:
    added = counted(cases, _("1 case"), _("{count} cases"))
    text = _("Added to {folder}: {added} of {volume}.")
    if replaced:
        text += " " + _("Of these were there before, and replaced: {replaced}.")
    return text.format(added=added, volume=source.volume.GetName(), folder=nameOf(folder), replaced=replaced)


def aboutBanner(source: Source) -> str:
    """What to heed of names and dates on images from DICOM, "" where they are black or it came from none."""
    shown = FrameLogic.frameOf(source.volume, 0, source.axis)
    if source.keepsBanner or ScreenRegions.fileOf(shown) is None or ScreenRegions.areaOf(shown) is not None:
        return ""
    text = _("{volume}: its DICOM file names no ultrasound region, look whether a name stands on the images.")
    return text.format(volume=source.volume.GetName())


def casesOf(source: Source, frame: Frame, group: str, loop: str, values: dict[str, int]) -> list[NewCase]:
    """The case of a frame; none without a voxel, several where segments overlap. values: by segment id."""
    masks = masksOf(source, frame)
    if not masks:
        return []
    stored = FrameLogic.pixels(frame)
    try:
        pixels = withoutBanner(source, frame, asPicture(stored, FrameLogic.window(frame)))
    except ValueError as error:
        raise Refusal(_("{name} cannot be exported: {error}").format(name=frame.name, error=error)) from error
    name, spacing = caseName(frame, stored), FrameLogic.spacing(frame)
    layers = enumerate(_layers(masks, values))
    parts = [(f"{LAYER}{number}" if number else "", labels) for number, labels in layers]
    return [NewCase(name + part, pixels, labels, group, loop + part, spacing) for part, labels in parts]


def asPicture(pixels: np.ndarray, window: tuple[float, float] | None) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 as the model sees a frame; grey where all colours are equal."""
    picture = frames.as_bytes(pixels, window)
    isGrey = picture.ndim == 3 and (picture == picture[..., :1]).all()
    return picture[..., 0] if isGrey else picture


def withoutBanner(source: Source, frame: Frame, picture: np.ndarray) -> np.ndarray:
    """The picture, black outside of what is ultrasound where that is known and not to be kept."""
    area = None if source.keepsBanner else ScreenRegions.areaOf(frame)
    return picture if area is None else banner.blackened(picture, area)


def caseName(frame: Frame, stored: np.ndarray) -> str:
    """For instance thyroid_k017_3fa92c01: volume, axis and index (or item of a Sequence), digest."""
    place = f"{AXES[frame.axis]}{frame.index:03d}" if not frame.item else f"t{_slug(frame.item)}"
    return f"{_slug(frame.volume.GetName())}_{place}_{_digest(stored)}"


def groupOf(volumeNode) -> str:
    """What must never be split: the patient by a digest, without a name; else the volume or loop."""
    return PatientGroup.ofNode(volumeNode) or loopOf(volumeNode)


def loopOf(volumeNode) -> str:
    """The volume or Sequence, by its name and a digest of its first voxels."""
    first = FrameLogic.loopOf(FrameLogic.frameOf(volumeNode, 0, axesOf(volumeNode)[0]))[0]
    voxels = slicer.util.arrayFromVolume(FrameLogic.imageOf(first))
    return f"{_slug(volumeNode.GetName())}_{_digest(voxels)}"


def _layers(masks: dict[str, np.ndarray], values: dict[str, int]) -> list[np.ndarray]:
    """Label images, each with as many segments as do not overlap there, nor touch one of the same value."""
    layers: list[np.ndarray] = []
    kind = np.uint8 if max(values.values()) < 256 else np.uint16
    for segmentId, mask in masks.items():
        around, value = maximum_filter(mask, 3), values[segmentId]
        free = (layer for layer in layers if not layer[mask].any() and value not in layer[around])
        layer = next(free, None)
        if layer is None:
            layer = np.zeros(mask.shape, kind)
            layers.append(layer)
        layer[mask] = value
    return layers


def _slug(text: str) -> str:
    """What is safe in a file name on every system."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")[:40] or "volume"


def _digest(array: np.ndarray) -> str:
    return frames.digest_of(array)[:8]
