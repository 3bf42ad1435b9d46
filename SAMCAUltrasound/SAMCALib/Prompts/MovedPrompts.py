"""What lies on one frame of a loop, where it lies on another one whose pixels differ in size or number."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from samca.prompts import Prompts

from ..Frames import FrameLogic, TransformLogic
from ..Frames.FrameLogic import Frame


def onFrame(source: Frame, target: Frame, prompts: Prompts, mask: np.ndarray) -> tuple[Prompts, np.ndarray]:
    """Clicks and an (H, W) bool mask of `source` by their places in mm, those that `target` reaches.

    The places are those in the images, whatever transform moves them from frame to frame: the probe moves,
    the structure stays in its picture. As they are, if the pixels of both frames are alike.
    """
    if _pixelsOf(source) == _pixelsOf(target):
        return prompts, mask
    toTarget = TransformLogic.inverse(_toImage(target), target.name) @ _toImage(source)
    there = [click.through(lambda x, y: _place(toTarget, x, y, source.index)) for click in prompts.clicks]
    clicks = tuple(part for click in there for part in click.within(partial(FrameLogic.contains, target)))
    toSource = TransformLogic.inverse(toTarget, source.name)
    height, width = FrameLogic.shape(target)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    columns, rows = (
        np.floor(row[0] * x + row[1] * y + row[2] * target.index + row[3] + 0.5).astype(int)
        for row in toSource[:2]
    )
    inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    kept = mask[np.clip(rows, 0, mask.shape[0] - 1), np.clip(columns, 0, mask.shape[1] - 1)]
    return replace(prompts, clicks=clicks), inside & kept


def _place(matrix: np.ndarray, x: float, y: float, index: int) -> tuple[float, float]:
    return tuple((matrix @ [x, y, index, 1])[:2].tolist())


def _pixelsOf(frame: Frame) -> tuple:
    return FrameLogic.shape(frame), FrameLogic.spacing(frame)


def _toImage(frame: Frame) -> np.ndarray:
    """(4, 4): (x, y, index along the frame's axis, 1) -> RAS mm of its image."""
    toWorld = FrameLogic.toWorld(frame, frame.volume)
    return TransformLogic.inverse(toWorld, frame.name) @ FrameLogic.pictureToRas(frame)
