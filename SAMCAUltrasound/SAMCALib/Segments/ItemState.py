"""What a segmentation holds in one item of a loop, kept small: voxels and some tags of its segments.

Going from one state to another changes what differs between the two, so what was painted by hand since stays.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import vtk

from ..Frames import TransformLogic
from . import GridLogic
from .GridLogic import Voxels
from .ItemHost import editorOf

LABELMAP = "Binary labelmap"


@dataclass(frozen=True)
class SegmentState:
    """Voxels packed to bits, None for none; toNode: (4, 4) their grid -> RAS mm; tags: name -> text."""

    tags: dict[str, str]
    extent: tuple[int, ...] = ()
    bits: bytes = b""
    toNode: np.ndarray | None = None

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        return len(self.bits) + sum(map(len, self.tags.values())) + 200

    @property
    def voxels(self) -> Voxels | None:
        """The voxels as they were."""
        if self.toNode is None:
            return None
        shape = tuple(b - a + 1 for a, b in zip(self.extent[4::-2], self.extent[5::-2], strict=True))
        bits = np.frombuffer(zlib.decompress(self.bits), np.uint8)
        return Voxels(self.extent, np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape).astype(bool))


State = dict[str, SegmentState]  # by segment id


def stateOf(segmentationNode, tags: tuple[str, ...]) -> State:
    """What the node's segments hold now."""
    segmentation = segmentationNode.GetSegmentation()
    return {each: _stateOf(segmentation.GetSegment(each), tags) for each in segmentation.GetSegmentIDs()}


def bytesOf(state: State) -> int:
    """About how much memory it takes."""
    return sum(segment.bytes for segment in state.values())


def tagOf(segment, name: str) -> str:
    """The text of a tag, "" without tag or segment."""
    value = vtk.mutable("")
    return str(value) if segment is not None and segment.GetTag(name, value) else ""


def setTag(segment, name: str, text: str) -> None:
    """Set a tag; "" takes it away."""
    if text:
        segment.SetTag(name, text)
    else:
        segment.RemoveTag(name)


def go(segmentationNode, before: State, after: State) -> None:
    """Change what differs between the two; a segment or a tag that is neither as before is left alone."""
    segmentation = segmentationNode.GetSegmentation()
    with editorOf(segmentationNode) as (host, node):
        for each in before.keys() & after.keys() & set(segmentation.GetSegmentIDs()):
            _goVoxels(host.editorLogic, node, each, before[each], after[each])
    for each in before.keys() & after.keys() & set(segmentation.GetSegmentIDs()):
        segment = segmentation.GetSegment(each)
        for name, text in before[each].tags.items():
            if tagOf(segment, name) == text != after[each].tags[name]:
                setTag(segment, name, after[each].tags[name])


def _stateOf(segment, tags: tuple[str, ...]) -> SegmentState:
    labelmap = segment.GetRepresentation(LABELMAP)
    texts = {name: tagOf(segment, name) for name in tags}
    voxels = GridLogic.trimmed(GridLogic.voxelsIn(segment, labelmap))
    if voxels is None:
        return SegmentState(texts)
    bits = zlib.compress(np.packbits(voxels.values).tobytes(), 1)
    return SegmentState(texts, voxels.extent, bits, TransformLogic.imageToWorld(labelmap))


def _goVoxels(logic, node, segmentId: str, before: SegmentState, after: SegmentState) -> None:
    if before.extent == after.extent and before.bits == after.bits:
        return
    gone, added = before.voxels, after.voxels
    if np.array_equal(before.toNode, after.toNode):
        gone, added = GridLogic.without(gone, added), GridLogic.without(added, gone)
    for mode, grid, voxels in (("Remove", before.toNode, gone), ("Add", after.toNode, added)):
        if voxels is not None and voxels.values.any():
            image, kind = GridLogic.imageOf(grid, voxels), getattr(logic, f"ModificationMode{mode}")
            logic.ModifySegmentByLabelmap(node, segmentId, image, kind, True, True)
