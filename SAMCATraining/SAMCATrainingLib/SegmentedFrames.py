"""Which frames of a volume or Sequence are segmented, and the masks of segments on them, to the voxel."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from vtk.util import numpy_support

from SAMCALib.Frames import FrameLogic, Given, SequenceLogic, TransformLogic
from SAMCALib.Frames.FrameLogic import Frame
from SAMCALib.Segments import SegmentLogic
from SAMCALib.Texts import Refusal, _

from . import MadeOn


@dataclass(frozen=True)
class Source:
    """A volume with what is segmented on it."""

    volume: object  # node
    segmentation: object  # node
    segmentIds: tuple[str, ...]
    axis: int
    keepsBanner: bool = False  # what stands outside of the ultrasound


def sourceOf(
    volumeNode,
    segmentationNode,
    segmentIds: Sequence[str] | None,
    axis: int | None,
    anyImage: bool = False,
    keepsBanner: bool = False,
) -> Source:
    """The source; None: all segments, the natural axis. Refusal says what is missing.

    anyImage: even if the segmentation was made on another image.
    """
    if segmentationNode is None:
        raise Refusal(_("There is no segmentation: choose one."))
    Given.checkSegmentation(segmentationNode)
    Given.checkImages(volumeNode)
    if isinstance(segmentIds, str):
        raise Refusal(_("segmentIds is {value!r}: give a list of ids.").format(value=segmentIds))
    if volumeNode is not None and volumeNode.IsA("vtkMRMLSequenceNode"):
        volumeNode = SequenceLogic.browse(volumeNode)[1]
    FrameLogic.checkVolume(volumeNode)
    SequenceLogic.checkLoop(segmentationNode, volumeNode)
    if not anyImage and (other := MadeOn.otherImage(volumeNode, segmentationNode)):
        raise Refusal(other + " " + _("Choose that image, or say anyImage=True."))
    name, there = segmentationNode.GetName(), list(segmentationNode.GetSegmentation().GetSegmentIDs())
    ids = there if segmentIds is None else list(segmentIds)
    if not ids:
        raise Refusal(_("{name} has no segment: segment a frame first.").format(name=name))
    for segmentId in ids:
        SegmentLogic.ensureSegment(segmentationNode, segmentId or "(empty)")
    SegmentLogic.checkSegmentation(segmentationNode)
    axes = axesOf(volumeNode)
    if axis is not None and axis not in axes:
        text = _("{name} has no frames across axis {axis}: expected one of {axes}.")
        raise Refusal(text.format(name=volumeNode.GetName(), axis=axis, axes=", ".join(map(str, axes))))
    return Source(volumeNode, segmentationNode, tuple(ids), axes[0] if axis is None else axis, keepsBanner)


def axesOf(volumeNode) -> list[int]:
    """Axes that frames of at least 2 x 2 pixels lie across, the one the frames were stored along first."""
    size = volumeNode.GetImageData().GetDimensions()
    axes = [axis for axis in (2, 1, 0) if min(size[:axis] + size[axis + 1 :]) > 1]
    return sorted(axes, key=lambda axis: size[axis] != 1 if 1 in size else 0)


def candidates(source: Source) -> list[Frame]:
    """The frames that may have a voxel of the segments, in order.

    In a Sequence these are the frames of the items that have a segmentation of their own.
    """
    shown = FrameLogic.frameOf(source.volume, 0, source.axis)
    items = [first for first in FrameLogic.items(shown) if FrameLogic.hasOwn(first, source.segmentation)]
    return list(itertools.chain.from_iterable(_framesOf(source, first) for first in items))


def masksOf(source: Source, frame: Frame) -> dict[str, np.ndarray]:
    """(H, W) bool of each segment that has a pixel on this frame."""
    segmentation = FrameLogic.nodeAt(frame, source.segmentation).GetSegmentation()
    there = [segmentId for segmentId in source.segmentIds if segmentation.GetSegment(segmentId) is not None]
    masks = {i: SegmentLogic.maskOf(source.segmentation, i, frame) for i in there}
    return {segmentId: mask for segmentId, mask in masks.items() if mask.any()}


def _framesOf(source: Source, first: Frame) -> Iterator[Frame]:
    """The frames of the item of this one."""
    count = FrameLogic.imageOf(first).GetImageData().GetDimensions()[source.axis]
    segmentation = FrameLogic.nodeAt(first, source.segmentation).GetSegmentation()
    indices: set[int] = set()
    for segmentId in source.segmentIds:
        indices |= set(_indices(source.segmentation, segmentation.GetSegment(segmentId), first, count))
    return (replace(first, index=index) for index in sorted(indices))


def _indices(segmentationNode, segment, frame: Frame, count: int) -> range:
    """Frames that the box around the segment's voxels reaches into."""
    labelmap = segment and segment.GetRepresentation(SegmentLogic.LABELMAP)
    if labelmap is None or not labelmap.GetNumberOfPoints():
        return range(0)
    voxels = numpy_support.vtk_to_numpy(labelmap.GetPointData().GetScalars())
    filled = voxels.reshape(labelmap.GetDimensions()[::-1]) == segment.GetLabelValue()
    if not filled.any():
        return range(0)
    extent = labelmap.GetExtent()
    sides = []
    for axis, others in enumerate(((0, 1), (0, 2), (1, 2))):  # i, j, k lie along the last axes of the array
        along = np.flatnonzero(filled.any(others)) + extent[2 * axis]
        sides.append((along[0] - 0.5, along[-1] + 0.5))
    corners = np.array([[*corner, 1] for corner in itertools.product(*sides)])
    toWorld = FrameLogic.toWorld(frame, segmentationNode) @ TransformLogic.imageToWorld(labelmap)
    places = (FrameLogic.rasToPicture(frame) @ toWorld @ corners.T)[2]
    return range(max(0, int(np.floor(places.min()))), min(count - 1, int(np.ceil(places.max()))) + 1)
