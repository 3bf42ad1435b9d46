"""A mask of one frame into a segment, through Segment Editor's own masking, overwriting and history.

The host is Slicer's `scriptedEffect`, or `EditorHost` around a vtkSlicerSegmentEditorLogic where there is no
window. The segmentation's geometry may differ from the volume's in every way, see `GridLogic`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..Frames import FrameLogic, SequenceLogic, TransformLogic
from ..Frames.FrameLogic import Frame
from ..Texts import Refusal, _
from . import GridLogic, Masking
from .EditorHost import EditorHost as EditorHost  # where it is looked for
from .GridLogic import Patch, geometryText
from .ItemHost import hostAt

LABELMAP = "Binary labelmap"


def replaceObject(host, segmentationNode, segmentId: str, frame: Frame, old, new, keep=None) -> None:
    """Change an object here, in the item of the frame: Remove(old and not new and not keep), Add(new).

    Each is an (H, W) bool mask of the frame, or Patches wherever they lie, or None. keep: what others cover.
    What was painted elsewhere stays. Where new lies beside the segmentation's grid, the grid grows. Call
    host.saveStateForUndo() before, once per user action. Refusal, before anything is changed, if the grid
    would become too large.
    """
    own = SequenceLogic.ownNode(segmentationNode, frame.item)
    segment, grid = own.GetSegmentation().GetSegment(segmentId), GridLogic.gridToNode(own)
    labelmap = segment.GetRepresentation(LABELMAP)
    old, new, keep = (_patches(segmentationNode, frame, each) for each in (old, new, keep))
    gone, added = GridLogic.voxelsOf(grid, old), GridLogic.voxelsOf(grid, new)
    if gone is not None:  # elsewhere Slicer would give the area to a masking segment
        stays = GridLogic.voxelsOf(grid, new + keep, gone.extent)
        gone = GridLogic.without(gone, stays)
        gone = replace(gone, values=gone.values & GridLogic.present(segment, labelmap, grid, gone.extent))
    if added is not None:
        GridLogic.grow(own, added.extent)
        if not (added.values & ~GridLogic.present(segment, labelmap, grid, added.extent)).any():
            added = None
    changes = {kind: voxels for kind, voxels in (("Remove", gone), ("Add", added)) if voxels is not None}
    changes = {kind: GridLogic.imageOf(grid, each) for kind, each in changes.items() if each.values.any()}
    if changes:
        with hostAt(host, segmentationNode, frame) as (itemHost, node):
            for kind, image in changes.items():
                Masking.modify(itemHost, node, segmentId, image, kind)


def checkReach(segmentationNode, frame: Frame, mask: np.ndarray) -> None:
    """Refusal if the segmentation's grid cannot grow over this (H, W) bool mask, in the frame's item."""
    own = SequenceLogic.ownNode(segmentationNode, frame.item)
    voxels = GridLogic.voxelsOf(GridLogic.gridToNode(own), _patches(segmentationNode, frame, mask))
    if voxels is not None:
        GridLogic.grown(own, voxels.extent)


def maskOf(segmentationNode, segmentId: str, frame: Frame) -> np.ndarray:
    """(H, W) bool: where the segment lies on this frame, at the pixels' centres, in the item of the frame."""
    node = FrameLogic.nodeAt(frame, segmentationNode)
    segment = node and node.GetSegmentation().GetSegment(segmentId)
    labelmap = segment and segment.GetRepresentation(LABELMAP)
    if labelmap is None:
        return np.zeros(FrameLogic.shape(frame), bool)
    grid, place = TransformLogic.imageToWorld(labelmap), GridLogic.toNode(segmentationNode, frame)
    around = GridLogic.extentOf(place, FrameLogic.shape(frame), grid)  # a long volume is not looked through
    return _onFrame(segmentationNode, frame, grid, GridLogic.voxelsIn(segment, labelmap, around))


def covered(segmentationNode, frame: Frame, patches: list[Patch], extent) -> np.ndarray:
    """(H, W) bool: where voxels of these masks, those of an extent, lie on this frame, at pixels' centres."""
    grid = GridLogic.gridToNode(FrameLogic.nodeAt(frame, segmentationNode))
    return _onFrame(segmentationNode, frame, grid, GridLogic.voxelsOf(grid, patches, extent))


def prepareSegmentation(segmentationNode, volumeNode) -> None:
    """Give a new segmentation its geometry and place from the volume; leave one that has a geometry alone.

    Refusal for a segmentation that cannot be edited by voxels.
    """
    checkSegmentation(segmentationNode)
    if geometryText(segmentationNode):
        return
    segmentationNode.SetAndObserveTransformNodeID(volumeNode.GetTransformNodeID())
    segmentationNode.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    segmentationNode.CreateDefaultDisplayNodes()


def ensureSegment(segmentationNode, segmentId: str = "") -> str:
    """The id of this segment; of a new one, if the id is empty. ValueError for an id that does not exist."""
    segmentation = segmentationNode.GetSegmentation()
    if not segmentId:
        return segmentation.AddEmptySegment()
    if segmentId not in segmentation.GetSegmentIDs():
        ids = ", ".join(segmentation.GetSegmentIDs()) or "none"
        raise ValueError(f"segment {segmentId!r} is not in {segmentationNode.GetName()}: it has {ids}")
    return segmentId


def checkSegmentation(segmentationNode) -> None:
    """Refusal for a segmentation whose voxels cannot be read or edited as they lie."""
    name, segmentation = segmentationNode.GetName(), segmentationNode.GetSegmentation()
    if not TransformLogic.isLinear(segmentationNode):
        raise Refusal(
            _("{name} is under a transform that bends it: harden the transform first.").format(name=name)
        )
    if segmentation.GetNumberOfSegments() and segmentation.GetSourceRepresentationName() != LABELMAP:
        raise Refusal(
            _(
                "{name} is made of surfaces: in the module Segmentations, under Representations, press "
                "Create beside Binary labelmap, then Make source."
            ).format(name=name)
        )
    TransformLogic.inverse(TransformLogic.toWorld(segmentationNode), name)
    if geometryText(segmentationNode):
        TransformLogic.inverse(GridLogic.gridToNode(segmentationNode), name)


def _patches(segmentationNode, frame: Frame, masks) -> list[Patch]:
    if isinstance(masks, np.ndarray):
        return [Patch(masks, GridLogic.toNode(segmentationNode, frame))]
    return list(masks or ())


def _onFrame(segmentationNode, frame: Frame, gridToNode: np.ndarray, voxels) -> np.ndarray:
    toNode = GridLogic.toNode(segmentationNode, frame)
    return GridLogic.sampled(toNode, FrameLogic.shape(frame), gridToNode, voxels)
