"""A mask of one frame into a segment, through Segment Editor's own masking, overwriting and history.

The host is Slicer's `scriptedEffect`, or `EditorHost` around a vtkSlicerSegmentEditorLogic where there is no window.
"""

from __future__ import annotations

import numpy as np

from .FrameLogic import Frame


class EditorHost:
    """What SegmentLogic asks of a scriptedEffect, from a vtkSlicerSegmentEditorLogic."""

    def __init__(self, editorLogic):
        """editorLogic: with its segment editor node set."""

    def saveStateForUndo(self) -> None: ...

    def parameterSetNode(self): ...

    def modifySegmentByLabelmap(self, segmentationNode, segmentId, image, mode, extent=None, bypassMasking=False): ...


def replaceObject(host, segmentationNode, segmentId: str, frame: Frame, old, new, keep=None) -> None:
    """Change an object's mask of this frame: Remove(old and not new and not keep), Add(new); all (H, W) bool or None.

    keep: what other objects of the frame cover. Call host.saveStateForUndo() before, once per user action.
    """


def maskOf(segmentationNode, segmentId: str, frame: Frame) -> np.ndarray:
    """(H, W) bool: where the segment lies on this frame."""


def prepareSegmentation(segmentationNode, volumeNode) -> None:
    """Give a new segmentation its geometry and place from the volume; leave one that has a geometry alone."""


def ensureSegment(segmentationNode, segmentId: str = "") -> str:
    """The id of this segment; of a new one, if the id is empty. ValueError for an id that does not exist."""
