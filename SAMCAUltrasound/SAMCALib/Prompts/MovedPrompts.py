"""What lies on one frame of a loop, where it lies on another one whose pixels differ in size or number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from samca.prompts import Click, Prompts

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
    places = [(click, toTarget @ [click.x, click.y, source.index, 1]) for click in prompts.clicks]
    clicks = [Click(float(x), float(y), click.positive) for click, (x, y, *_depth) in places]
    clicks = tuple(click for click in clicks if FrameLogic.contains(target, click.x, click.y))
    toSource = TransformLogic.inverse(toTarget, source.name)
    height, width = FrameLogic.shape(target)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    columns, rows = (
        np.floor(row[0] * x + row[1] * y + row[2] * target.index + row[3] + 0.5).astype(int)
        for row in toSource[:2]
    )
    inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    there = mask[np.clip(rows, 0, mask.shape[0] - 1), np.clip(columns, 0, mask.shape[1] - 1)]
    return replace(prompts, clicks=clicks), inside & there


def _pixelsOf(frame: Frame) -> tuple:
    return FrameLogic.shape(frame), FrameLogic.spacing(frame)


def _toImage(frame: Frame) -> np.ndarray:
    """(4, 4): (x, y, index along the frame's axis, 1) -> RAS mm of its image."""
    toWorld = FrameLogic.toWorld(frame, frame.volume)
    return TransformLogic.inverse(toWorld, frame.name) @ FrameLogic.pictureToRas(frame)
