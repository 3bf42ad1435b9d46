"""What lies on one frame of a loop, where it lies on another one whose pixels differ in size or number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from samca.prompts import Prompts

from ..Frames import FrameLogic, TransformLogic
from ..Frames.FrameLogic import Frame


@dataclass(frozen=True, eq=False)
class Lie:
    """The pixels of a frame as they lie in its image, for when that is another one.

    shape: (H, W) px; spacing: (x, y) mm of a pixel; toImage: (4, 4) from (x, y, index along the frame's axis,
    1) to RAS mm of the image; name: of the frame.
    """

    shape: tuple[int, int]
    spacing: tuple[float, float]
    toImage: np.ndarray
    index: int
    name: str

    def contains(self, x: float, y: float) -> bool:
        """Whether (x, y) px lies on the picture."""
        height, width = self.shape
        return -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5


def lieOf(frame: Frame) -> Lie:
    """How the pixels of a frame lie now."""
    toWorld = FrameLogic.toWorld(frame, frame.volume)
    toImage = TransformLogic.inverse(toWorld, frame.name) @ FrameLogic.pictureToRas(frame)
    return Lie(FrameLogic.shape(frame), FrameLogic.spacing(frame), toImage, frame.index, frame.name)


def onFrame(source: Frame, target: Frame, prompts: Prompts, mask: np.ndarray) -> tuple[Prompts, np.ndarray]:
    """`moved` from one frame of a loop to another."""
    return moved(lieOf(source), lieOf(target), prompts, mask)


def moved(source: Lie, target: Lie, prompts: Prompts, mask: np.ndarray) -> tuple[Prompts, np.ndarray]:
    """Clicks and an (H, W) bool mask of `source` by their places in mm, those that `target` reaches.

    The places are those in the images, whatever transform moves them from frame to frame: the probe moves,
    the structure stays in its picture. As they are, if the pixels of both frames are alike.
    """
    if (source.shape, source.spacing) == (target.shape, target.spacing):
        return prompts, mask
    toTarget = TransformLogic.inverse(target.toImage, target.name) @ source.toImage
    there = [click.through(lambda x, y: _place(toTarget, x, y, source.index)) for click in prompts.clicks]
    clicks = tuple(part for click in there for part in click.within(target.contains))
    toSource = TransformLogic.inverse(toTarget, source.name)
    height, width = target.shape
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
