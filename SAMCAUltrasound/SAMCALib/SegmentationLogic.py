"""Segmentation from the Python console: one frame, every item of a Sequence, or the pictures of a folder."""

from __future__ import annotations

from .EngineLogic import EngineLogic
from .MaskLogic import MaskOptions


class SegmentationLogic:
    """Works with no window; the engine is the application's own by default."""

    def __init__(self, engine: EngineLogic | None = None):
        """The shipped model is loaded at the first call, if the engine has none."""

    def segment(
        self, volumeNode, initial, guidedPositive=None, guidedNegative=None,
        segmentationNode=None, segmentId: str = "", frame=None, options: MaskOptions | None = None,
    ) -> str:
        """Segment one frame and return the segment id.

        volumeNode: a volume; a Sequence node or a folder of pictures, all of whose frames are done then.
        initial, guidedPositive, guidedNegative: fiducial nodes, or sequences of world RAS positions in mm.
        segmentationNode, segmentId: where it goes; a new one each if not given.
        frame: an index along the volume's last axis, a FrameLogic.Frame, or None: where the first initial point lies.
        """
