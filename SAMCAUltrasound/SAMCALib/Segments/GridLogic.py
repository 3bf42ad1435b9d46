"""The voxel grid of a segmentation: masks in space as voxels of it, and its growth.

A voxel belongs to a mask if its centre lies in the mask's frame, or, where voxels are thicker than frames, if
the frame's plane cuts it. The grid grows by whole voxels, so nothing is resampled.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from ..Frames import FrameLogic, TransformLogic
from ..Frames.FrameLogic import Frame
from ..Texts import Refusal, _

MOST_VOXELS = 2**29  # of a grid that grows: Segment Editor makes several images of it, a byte a voxel
NOWHERE = (0, -1, 0, -1, 0, -1)  # the extent of no voxel


@dataclass(frozen=True)
class Patch:
    """An (H, W) bool mask in space; toNode: (4, 4) (x, y, frames beside its own, 1) -> RAS mm of the node.

    Neither is changed any more: its voxels are found once for each grid.
    """

    mask: np.ndarray
    toNode: np.ndarray
    found: dict = field(default_factory=dict, repr=False, compare=False)  # by grid: its Voxels or None


@dataclass(frozen=True)
class Voxels:
    """(K, J, I) bool values of an extent, the first and last index along i, j and k."""

    extent: tuple[int, ...]
    values: np.ndarray


def toNode(segmentationNode, frame: Frame) -> np.ndarray:
    """(4, 4) of a Patch: where this frame lies in the segmentation, in the frame's item."""
    toWorld = FrameLogic.toWorld(frame, segmentationNode)
    matrix = TransformLogic.inverse(toWorld, segmentationNode.GetName()) @ FrameLogic.pictureToRas(frame)
    matrix[:, 3] += frame.index * matrix[:, 2]
    return matrix


def voxelsOf(gridToNode: np.ndarray, patches: list[Patch], within=None) -> Voxels | None:
    """The voxels of all these masks, those of an extent only if one is given; None for none.

    Refusal if they are too many.
    """
    parts = [part for patch in patches if (part := _voxelsOf(gridToNode, patch, within)) is not None]
    if not parts:
        return None
    extents = np.array([part.extent for part in parts])
    extent = np.empty(6, int)
    extent[0::2], extent[1::2] = extents[:, 0::2].min(0), extents[:, 1::2].max(0)
    _checkSize(extent)
    values = np.zeros(_shapeOf(extent), bool)
    for part in parts:
        values[_slices(part.extent, extent)] |= part.values
    return Voxels(tuple(extent.tolist()), values)


def near(gridToNode: np.ndarray, patches: list[Patch], extent) -> list[Patch]:
    """Those of the masks that may have voxels in an extent: of a long volume's frames only a few."""
    if not patches:
        return []
    toGrid = TransformLogic.inverse(gridToNode, _("The segmentation")) @ [patch.toNode for patch in patches]
    sides = [(shape[1] - 0.5, shape[0] - 0.5) for shape in (patch.mask.shape for patch in patches)]
    corners = [list(itertools.product((-0.5, x), (-0.5, y), (-0.5, 0.5), (1,))) for x, y in sides]
    ijk = (toGrid @ np.swapaxes(corners, 1, 2))[:, :3]
    first, last = np.array(extent[0::2]) - 1, np.array(extent[1::2]) + 1  # voxels reach beyond their frame
    isNear = ((ijk.min(2) <= last) & (ijk.max(2) >= first)).all(1)
    return [patch for patch, each in zip(patches, isNear, strict=True) if each]


def without(voxels: Voxels | None, others: Voxels | None) -> Voxels | None:
    """The first less the second."""
    if voxels is None or others is None:
        return voxels
    first = np.maximum(voxels.extent[0::2], others.extent[0::2])
    last = np.minimum(voxels.extent[1::2], others.extent[1::2])
    if (first > last).any():
        return voxels
    common, values = np.stack([first, last], 1).ravel(), voxels.values.copy()
    values[_slices(common, voxels.extent)] &= ~others.values[_slices(common, others.extent)]
    return Voxels(voxels.extent, values)


def sampled(
    toNode: np.ndarray, shape: tuple[int, int], gridToNode: np.ndarray, voxels: Voxels | None
) -> np.ndarray:
    """(H, W) bool: the voxels at the centres of a picture's pixels; toNode: as of Patch."""
    if voxels is None:
        return np.zeros(shape, bool)
    toVoxels = TransformLogic.inverse(gridToNode, _("The segmentation")) @ toNode
    x, y = np.arange(shape[1])[None, :], np.arange(shape[0])[:, None]
    return _valuesAt(voxels, [_along(row, x, y, 0) for row in toVoxels[:3]], shape)


def present(segment, labelmap, gridToNode: np.ndarray, extent) -> np.ndarray:
    """(K, J, I) bool of this extent of the grid: where the segment is; its labelmap may have another grid."""
    voxels = voxelsIn(segment, labelmap)
    if voxels is None:
        return np.zeros(_shapeOf(extent), bool)
    imageToNode = TransformLogic.imageToWorld(labelmap)
    toVoxels = TransformLogic.inverse(imageToNode, _("The segmentation")) @ gridToNode
    return _valuesAt(voxels, [_along(row, *_indices(extent)) for row in toVoxels[:3]], _shapeOf(extent))


def voxelsIn(segment, labelmap, within=None) -> Voxels | None:
    """What a labelmap holds of a segment, on the labelmap's own grid; of an extent only if one is given."""
    if labelmap is None or not labelmap.GetNumberOfPoints():
        return None
    whole = extent = np.array(labelmap.GetExtent())
    if within is not None:
        extent = whole.copy()
        extent[0::2] = np.maximum(whole[0::2], within[0::2])
        extent[1::2] = np.minimum(whole[1::2], within[1::2])
    if (extent[0::2] > extent[1::2]).any():
        return None
    values = numpy_support.vtk_to_numpy(labelmap.GetPointData().GetScalars())
    values = values.reshape(labelmap.GetDimensions()[::-1])[_slices(extent, whole)]
    return Voxels(tuple(extent.tolist()), values == segment.GetLabelValue())


def extentOf(toNode: np.ndarray, shape: tuple[int, int], gridToNode: np.ndarray) -> np.ndarray:
    """The extent that the pixels of a picture lie in; toNode: as of Patch."""
    corners = [[x, y, 0, 1] for x in (0, shape[1] - 1) for y in (0, shape[0] - 1)]
    toVoxels = TransformLogic.inverse(gridToNode, _("The segmentation")) @ toNode
    ijk = (toVoxels @ np.transpose(corners))[:3]
    return np.stack([np.floor(ijk.min(1)), np.ceil(ijk.max(1))], 1).ravel().astype(int) + [-1, 1] * 3


def trimmed(voxels: Voxels | None) -> Voxels | None:
    """The same without empty surroundings; None if that leaves nothing."""
    return voxels and _trimmed(np.array(voxels.extent), voxels.values)


def imageOf(gridToNode: np.ndarray, voxels: Voxels):
    """The voxels as a vtkOrientedImageData."""
    image = slicer.vtkOrientedImageData()
    image.SetExtent(voxels.extent)
    image.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(gridToNode))
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())[:] = voxels.values.ravel()
    return image


def grow(segmentationNode, extent) -> None:
    """Make the segmentation's grid reach over this extent as well; Refusal as of `grown`."""
    if (geometry := grown(segmentationNode, extent)) is not None:
        name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
        text = slicer.vtkSegmentationConverter.SerializeImageGeometry(geometry)
        segmentationNode.GetSegmentation().SetConversionParameter(name, text)


def grown(segmentationNode, extent):
    """The grid with this extent as vtkOrientedImageData, None if it has it; Refusal if it were too large."""
    geometry = referenceGeometry(segmentationNode)
    whole, wanted = np.array(geometry.GetExtent()), np.array(extent)
    wanted[0::2], wanted[1::2] = np.minimum(whole, wanted)[0::2], np.maximum(whole, wanted)[1::2]
    if (wanted == whole).all():
        return None
    _checkSize(wanted)
    geometry.SetExtent(wanted.tolist())
    return geometry


def referenceGeometry(segmentationNode):
    """The segmentation's voxel grid as vtkOrientedImageData without voxels; Refusal if it has none."""
    return _geometryOf(geometryText(segmentationNode))


def _geometryOf(text: str):
    image = slicer.vtkOrientedImageData()
    if not text or not slicer.vtkSegmentationConverter.DeserializeImageGeometry(text, image, False):
        raise Refusal(_("The segmentation has no geometry: choose a source volume for it in Segment Editor."))
    return image


@functools.lru_cache(maxsize=64)  # a click asks for it a dozen times
def _matrixOf(text: str) -> np.ndarray:
    return TransformLogic.imageToWorld(_geometryOf(text))


def gridToNode(segmentationNode) -> np.ndarray:
    """(4, 4) voxels of the segmentation's grid -> RAS mm of the node."""
    return _matrixOf(geometryText(segmentationNode)).copy()


def geometryText(segmentationNode) -> str:
    """The segmentation's grid in Slicer's own words, by its setting or else its segments; "" without."""
    segmentation = segmentationNode.GetSegmentation()
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    text = segmentation.GetConversionParameter(name)
    if text or not segmentation.GetNumberOfSegments():
        return text
    return slicer.vtkSlicerSegmentEditorLogic.GetReferenceImageGeometryStringFromSegmentation(segmentation)


def _voxelsOf(gridToNode: np.ndarray, patch: Patch, within) -> Voxels | None:
    grid = gridToNode.tobytes()
    if grid not in patch.found:
        patch.found[grid] = _foundIn(gridToNode, patch)
    voxels = patch.found[grid]
    return voxels if voxels is None or within is None else _cut(voxels, within)


def _foundIn(gridToNode: np.ndarray, patch: Patch) -> Voxels | None:
    rows, columns = np.flatnonzero(patch.mask.any(1)), np.flatnonzero(patch.mask.any(0))
    if not len(rows):
        return None
    toPicture = TransformLogic.inverse(patch.toNode, _("The frame")) @ gridToNode
    half = 0.5 * max(1.0, float(np.abs(toPicture[2, :3]).sum()))  # of a frame, or of the voxels it cuts
    x, y, n = (columns[0] - 0.5, columns[-1] + 0.5), (rows[0] - 0.5, rows[-1] + 0.5), (-half, half)
    corners = np.array([[a, b, c, 1] for a in x for b in y for c in n])
    ijk = (TransformLogic.inverse(toPicture, _("The segmentation")) @ corners.T)[:3]
    extent = np.stack([np.floor(ijk.min(1)), np.ceil(ijk.max(1))], 1).ravel()
    _checkSize(extent)
    extent = extent.astype(int)
    return _trimmed(extent, _inside(patch.mask, half, toPicture, extent))


def _cut(voxels: Voxels, within) -> Voxels | None:
    """What lies in an extent."""
    extent = np.array(voxels.extent)
    extent[0::2], extent[1::2] = np.maximum(extent, within)[0::2], np.minimum(extent, within)[1::2]
    if (extent[0::2] > extent[1::2]).any():
        return None
    return _trimmed(extent, voxels.values[_slices(extent, voxels.extent)])


def _inside(mask: np.ndarray, half: float, toPicture: np.ndarray, extent) -> np.ndarray:
    """(K, J, I) bool of this extent: the mask at each voxel's centre, False outside the frame."""
    x, y, depth = (_along(row, *_indices(extent)) for row in toPicture[:3])
    x, y, depth = _rounded(x), _rounded(y), depth + FrameLogic.TOLERANCE
    height, width = mask.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height) & (depth >= -half) & (depth < half)
    values = inside & mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    return np.broadcast_to(values, _shapeOf(extent))


def _trimmed(extent: np.ndarray, values: np.ndarray) -> Voxels | None:
    """The smallest extent that holds all that is True."""
    sides = [np.flatnonzero(values.any(others)) for others in ((0, 1), (0, 2), (1, 2))]
    if not len(sides[0]):
        return None
    i, j, k = (slice(side[0], side[-1] + 1) for side in sides)
    small = np.array([[side[0], side[-1]] for side in sides]) + extent[0::2, None]
    return Voxels(tuple(small.ravel().tolist()), values[k, j, i])


def _valuesAt(voxels: Voxels, places: list, shape: tuple[int, ...]) -> np.ndarray:
    """bool of this shape: the voxels at places along i, j and k, False outside their extent."""
    values, starts, stops, indices = np.zeros(shape, bool), [0] * len(shape), list(shape), []
    for axis, along in enumerate(map(_rounded, places)):
        first, last = voxels.extent[2 * axis], voxels.extent[2 * axis + 1]
        along = along.reshape((1,) * (len(shape) - along.ndim) + along.shape) - first
        found = np.flatnonzero((along >= 0) & (along <= last - first))
        if not len(found):
            return values
        for side in (s for s, n in enumerate(along.shape) if n == along.size > 1):  # most lie along a side
            starts[side], stops[side] = max(starts[side], found[0]), min(stops[side], found[-1] + 1)
        indices.append((along, last - first))
    part, inside, at = tuple(map(slice, starts, stops)), True, []
    for along, last in indices:
        own = along[tuple(s if n > 1 else slice(None) for s, n in zip(part, along.shape, strict=True))]
        inside = inside & (own >= 0) & (own <= last)
        at.append(np.clip(own, 0, last))
    values[part] = inside & voxels.values[tuple(reversed(at))]
    return values


def _along(row: np.ndarray, i, j, k):
    """row @ (i, j, k, 1) of broadcast indices; an axis that does not count stays of length one."""
    terms = [weight * index for weight, index in zip(row, (i, j, k), strict=False) if abs(weight) > 1e-9]
    return sum(terms, row[3])


def _rounded(places):
    """The nearest whole numbers; halves go up, as they do everywhere else here."""
    return np.floor(np.asarray(places) + 0.5 + FrameLogic.TOLERANCE).astype(int)


def _indices(extent) -> tuple:
    """Indices along i, j and k that broadcast to (K, J, I)."""
    i, j, k = (np.arange(extent[2 * axis], extent[2 * axis + 1] + 1) for axis in range(3))
    return i[None, None, :], j[None, :, None], k[:, None, None]


def _shapeOf(extent) -> tuple[int, int, int]:
    """(K, J, I) of an extent."""
    return tuple(int(last - first + 1) for first, last in zip(extent[4::-2], extent[5::-2], strict=True))


def _slices(extent, within) -> tuple[slice, slice, slice]:
    """Where an extent lies in the (K, J, I) array of another one that holds it."""
    return tuple(
        slice(extent[2 * axis] - within[2 * axis], extent[2 * axis + 1] - within[2 * axis] + 1)
        for axis in (2, 1, 0)
    )


def _checkSize(extent) -> None:
    voxels = np.prod(np.array(extent, float)[1::2] - np.array(extent, float)[0::2] + 1)
    if voxels > MOST_VOXELS:
        text = _(
            "To reach this outline the segmentation would grow to {count:.0f} million voxels: set its "
            "geometry in Segment Editor."
        )
        raise Refusal(text.format(count=voxels / 1e6))
