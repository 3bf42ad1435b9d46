"""A frame into view: the item of its Sequence, and the place of a slice view along its axis."""

from __future__ import annotations

from . import FrameLogic, SequenceLogic
from .FrameLogic import Frame


def show(sliceNode, frame: Frame) -> None:
    """Let the Sequence browser and this view, which is not turned, show the frame; Refusal if it is gone."""
    height, width = FrameLogic.shape(frame)
    if not FrameLogic.isShown(frame):
        SequenceLogic.showItem(SequenceLogic.browserOf(frame.volume), frame.item)
    sliceNode.JumpSliceByOffsetting(*FrameLogic.xyToRas(frame, (width - 1) / 2, (height - 1) / 2))
