"""A segmentation on images that came from DICOM, as DICOM objects: SEG, and a report with sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import samca
from samca import dicom_objects
from samca.dicom_objects import Outlined

from ..Frames import FrameLogic, Given, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Frames.ScreenRegions import IN_PLANE, fileOf
from ..Models import ExtraPackage
from ..Segments import SegmentLogic
from ..Texts import Refusal, _, counted
from .TermLogic import termsOf

HIGHDICOM = "highdicom>=0.25"
LOADED = ("pydicom", "numpy", "pillow")  # what it needs and Slicer has imported


def export(
    segmentationNode,
    volumeNode,
    path: str | Path,
    report: str | Path | None = None,
    segmentIds: Sequence[str] | None = None,
    keepPatient: bool = False,
    ask: ExtraPackage.Ask = lambda question: False,
) -> str:
    """Write what is outlined on a volume or Sequence, and a report; what was written, in sentences.

    ask: question -> whether a package that is missing may be installed. Refusal, with nothing written, for
    images whose DICOM file is not known any more, for segments without a voxel, and for files that are there
    already or cannot be written.
    """
    Given.checkSegmentation(segmentationNode)
    Given.checkImages(volumeNode)
    if volumeNode is not None and volumeNode.IsA("vtkMRMLSequenceNode"):
        volumeNode = SequenceLogic.browse(volumeNode)[1]
    FrameLogic.checkVolume(volumeNode)
    SegmentLogic.checkSegmentation(segmentationNode)
    frames = FrameLogic.loopOf(FrameLogic.frameOf(volumeNode, 0, IN_PLANE))
    images = _filesOf(frames, volumeNode)
    ExtraPackage.ensure(HIGHDICOM, _("DICOM export"), ask, loaded=LOADED)
    outlined = [_outlined(segmentationNode, each, frames) for each in _ids(segmentationNode, segmentIds)]
    words = images, outlined, path, report, keepPatient
    try:
        notes = dicom_objects.write(*words, version=samca.__version__)
    except (ValueError, RuntimeError) as error:
        raise Refusal(_sentence(str(error))) from error
    except OSError as error:
        if error.errno is None:  # a sentence of ours
            raise Refusal(_sentence(str(error))) from error
        text = _("{file} cannot be written ({reason}): choose another place.")
        raise Refusal(text.format(file=path, reason=error.strerror or error)) from error
    segments = counted(sum(one.masks.any() for one in outlined), _("1 segment"), _("{count} segments"))
    text = _("Written to {file}: {segments} of {volume}.")
    written = text.format(file=Path(path).name, segments=segments, volume=volumeNode.GetName())
    return " ".join([written, *notes])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _filesOf(frames: list[Frame], volumeNode) -> list[Path]:
    """The DICOM file of all frames, or one of each, in order."""
    files = [fileOf(frame) for frame in frames]
    if not all(file and file.is_file() for file in files):
        text = _(
            "{name} did not come from DICOM, or its file is not there any more: load it from the module "
            "DICOM."
        )
        raise Refusal(text.format(name=volumeNode.GetName()))
    different = list(dict.fromkeys(files))
    if len(different) not in (1, len(files)):
        text = _(
            "{name} has {count} frames of {files} DICOM files, expected one file or one for each frame: load "
            "the series again."
        )
        raise Refusal(text.format(name=volumeNode.GetName(), count=len(files), files=len(different)))
    return different


def _ids(segmentationNode, segmentIds: Sequence[str] | None) -> list[str]:
    there = list(segmentationNode.GetSegmentation().GetSegmentIDs())
    ids = there if segmentIds is None else list(segmentIds)
    if not ids:
        text = _("{name} has no segment: outline something first.")
        raise Refusal(text.format(name=segmentationNode.GetName()))
    for segmentId in ids:
        SegmentLogic.ensureSegment(segmentationNode, segmentId or "(empty)")
    return ids


def _outlined(segmentationNode, segmentId: str, frames: list[Frame]) -> Outlined:
    segment = segmentationNode.GetSegmentation().GetSegment(segmentId)
    shape = FrameLogic.shape(frames[0])
    nothing = np.zeros(shape, bool)
    masks = [
        SegmentLogic.maskOf(segmentationNode, segmentId, frame)
        if FrameLogic.hasOwn(frame, segmentationNode)
        else nothing
        for frame in frames
    ]
    return Outlined(segment.GetName(), np.stack(masks), termsOf(segment), tuple(segment.GetColor()))
