"""A mask of one frame into a segment, through Segment Editor's own masking, overwriting and history.

The host is Slicer's `scriptedEffect`, or `EditorHost` around a vtkSlicerSegmentEditorLogic where there is no
window. The segmentation's geometry may differ from the volume's in every way. A voxel of it belongs to a
frame if its centre lies in the frame, or, where voxels are thicker than frames, if the frame's plane cuts it.
"""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from ..Frames import FrameLogic, TransformLogic
from ..Frames.FrameLogic import Frame
from ..Texts import Refusal, _

LABELMAP = "Binary labelmap"


class EditorHost:
    """What is asked of a scriptedEffect, from a vtkSlicerSegmentEditorLogic with its editor node set."""

    def __init__(self, editorLogic):
        self.editorLogic = editorLogic

    def parameterSetNode(self):
        """The vtkMRMLSegmentEditorNode."""
        return self.editorLogic.GetSegmentEditorNode()

    def saveStateForUndo(self) -> None:
        """Keep the present state in the editor's history."""
        self.editorLogic.SaveStateForUndo()

    def modifySegmentByLabelmap(self, segmentationNode, segmentId, image, mode, bypassMasking=False) -> None:
        """Add or remove the labelmap, by the masks and the overwrite mode of the editor node."""
        self.editorLogic.ModifySegmentByLabelmap(
            segmentationNode, segmentId, image, mode, True, bypassMasking
        )


def replaceObject(host, segmentationNode, segmentId: str, frame: Frame, old, new, keep=None) -> None:
    """Change an object's mask here: Remove(old and not new and not keep), Add(new); (H, W) bool or None.

    keep: what other objects of the frame cover. What was painted elsewhere stays. Call
    host.saveStateForUndo() before, once per user action. Refusal, before anything is changed, if the
    segmentation does not reach the frame.
    """
    empty = np.zeros(FrameLogic.shape(frame), bool)
    old, new, keep = (empty if mask is None else mask for mask in (old, new, keep))
    present = maskOf(segmentationNode, segmentId, frame)
    gone = old & ~new & ~keep & present  # elsewhere Slicer would give the area to a masking segment
    added = new if (new & ~present).any() else empty  # with masks, each change of a large volume takes 0.2 s
    changes = [("Remove", gone), ("Add", added)]
    images = [(kind, labelmapOf(segmentationNode, frame, mask)) for kind, mask in changes if mask.any()]
    for kind, image in images:
        host.modifySegmentByLabelmap(segmentationNode, segmentId, image, _mode(host, kind))


def labelmapOf(segmentationNode, frame: Frame, mask: np.ndarray):
    """A non-empty (H, W) bool mask as small vtkOrientedImageData on the segmentation's voxels.

    Refusal if no voxel of the segmentation lies on the mask.
    """
    geometry = referenceGeometry(segmentationNode)
    toPicture = _imageToPicture(segmentationNode, frame, TransformLogic.imageToWorld(geometry))
    half = 0.5 * max(1.0, float(np.abs(toPicture[2, :3]).sum()))  # of a frame, or of the voxels it cuts
    extent = _extentOf(mask, frame, half, toPicture, geometry.GetExtent())
    if extent is None:
        raise Refusal(_("The segmentation does not reach this frame: set its geometry in Segment Editor."))
    image = slicer.vtkOrientedImageData()
    image.SetExtent(extent)
    image.SetGeometryFromImageToWorldMatrix(_matrixOf(geometry))
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    voxels = numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())
    voxels[:] = _sampled(mask, frame, half, toPicture, extent).ravel()
    return image


def maskOf(segmentationNode, segmentId: str, frame: Frame, segmentation=None) -> np.ndarray:
    """(H, W) bool: where the segment lies on this frame, at the pixels' centres.

    segmentation: what a Sequence stores for the frame's item, if the node shows another item.
    """
    segment = (segmentation or segmentationNode.GetSegmentation()).GetSegment(segmentId)
    labelmap = segment.GetRepresentation(LABELMAP)
    height, width = FrameLogic.shape(frame)
    if labelmap is None or not labelmap.GetNumberOfPoints():
        return np.zeros((height, width), bool)
    toVoxels = np.linalg.inv(_imageToPicture(segmentationNode, frame, TransformLogic.imageToWorld(labelmap)))
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    extent = labelmap.GetExtent()
    ijk = [_rounded(_along(row, x, y, frame.index)) for row in toVoxels[:3]]
    inside = np.ones((height, width), bool)
    for axis, places in enumerate(ijk):
        inside &= (places >= extent[2 * axis]) & (places <= extent[2 * axis + 1])
        ijk[axis] = np.clip(places, extent[2 * axis], extent[2 * axis + 1]) - extent[2 * axis]
    voxels = numpy_support.vtk_to_numpy(labelmap.GetPointData().GetScalars())
    voxels = voxels.reshape(labelmap.GetDimensions()[::-1])
    return inside & (voxels[ijk[2], ijk[1], ijk[0]] == segment.GetLabelValue())


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
    if segmentation.GetSegment(segmentId) is None:
        ids = ", ".join(segmentation.GetSegmentIDs()) or "none"
        raise ValueError(f"segment {segmentId!r} is not in {segmentationNode.GetName()}: it has {ids}")
    return segmentId


def referenceGeometry(segmentationNode):
    """The segmentation's voxel grid as vtkOrientedImageData without voxels; Refusal if it has none."""
    image = slicer.vtkOrientedImageData()
    text = geometryText(segmentationNode)
    if not text or not slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, image, False):
        raise Refusal(_("The segmentation has no geometry: choose a source volume for it in Segment Editor."))
    return image


def geometryText(segmentationNode) -> str:
    """The segmentation's grid in Slicer's own words, by its setting or else its segments; "" without."""
    segmentation = segmentationNode.GetSegmentation()
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    text = segmentation.GetConversionParameter(name)
    if text or not segmentation.GetNumberOfSegments():
        return text
    return slicer.vtkSlicerSegmentEditorLogic.GetReferenceImageGeometryStringFromSegmentation(segmentation)


def checkSegmentation(segmentationNode) -> None:
    """Refusal for a segmentation whose voxels cannot be read or edited as they lie."""
    name, segmentation = segmentationNode.GetName(), segmentationNode.GetSegmentation()
    if not TransformLogic.isLinear(segmentationNode):
        raise Refusal(
            _("{name} is under a transform that bends it: harden the transform first.").format(name=name)
        )
    if segmentation.GetNumberOfSegments() and segmentation.GetSourceRepresentationName() != LABELMAP:
        raise Refusal(
            _("{name} is made of surfaces: make its binary labelmap the source in Segmentations.").format(
                name=name
            )
        )


def _imageToPicture(segmentationNode, frame: Frame, imageToNode: np.ndarray) -> np.ndarray:
    """(4, 4): voxels of an image of the segmentation -> (x, y, index along the frame's axis, 1)."""
    toWorld = TransformLogic.toWorld(segmentationNode) @ imageToNode
    return np.linalg.inv(FrameLogic.pictureToRas(frame)) @ toWorld


def _extentOf(mask: np.ndarray, frame: Frame, half: float, toPicture: np.ndarray, whole) -> list[int] | None:
    """First and last voxel along i, j and k of what the mask may cover, None if it covers none."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y, n = (columns[0] - 0.5, columns[-1] + 0.5), (rows[0] - 0.5, rows[-1] + 0.5), (-half, half)
    corners = np.array([[a, b, frame.index + c, 1] for a in x for b in y for c in n])
    ijk = (np.linalg.inv(toPicture) @ corners.T)[:3]
    first = np.maximum(np.floor(ijk.min(1)), whole[0::2]).astype(int)
    last = np.minimum(np.ceil(ijk.max(1)), whole[1::2]).astype(int)
    return None if (first > last).any() else np.stack([first, last], 1).ravel().tolist()


def _sampled(mask: np.ndarray, frame: Frame, half: float, toPicture: np.ndarray, extent) -> np.ndarray:
    """(K, J, I) bool of this extent: the mask at each voxel's centre, False outside the frame."""
    i = np.arange(extent[0], extent[1] + 1)[None, None, :]
    j = np.arange(extent[2], extent[3] + 1)[None, :, None]
    k = np.arange(extent[4], extent[5] + 1)[:, None, None]
    x, y, n = (_along(row, i, j, k) for row in toPicture[:3])
    x, y, depth = _rounded(x), _rounded(y), n - frame.index + FrameLogic.TOLERANCE
    height, width = mask.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (depth >= -half) & (depth < half)
    values = inside & mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    return np.broadcast_to(values, (k.size, j.size, i.size))


def _along(row: np.ndarray, i, j, k):
    """row @ (i, j, k, 1) of broadcast indices; an axis that does not count stays of length one."""
    terms = [weight * index for weight, index in zip(row, (i, j, k), strict=False) if abs(weight) > 1e-9]
    return sum(terms, row[3])


def _rounded(places):
    """The nearest whole numbers; halves go up, as they do everywhere else here."""
    return np.floor(np.asarray(places) + 0.5 + FrameLogic.TOLERANCE).astype(int)


def _matrixOf(geometry) -> vtk.vtkMatrix4x4:
    matrix = vtk.vtkMatrix4x4()
    geometry.GetImageToWorldMatrix(matrix)
    return matrix


def _mode(host, kind: str):
    """ "Add" or "Remove" as the host's own enumeration: C++ takes neither a number nor the other one."""
    own = isinstance(host, EditorHost)
    owner = slicer.vtkSlicerSegmentEditorLogic if own else slicer.qSlicerSegmentEditorAbstractEffect
    return getattr(owner, f"ModificationMode{kind}")
