"""Images that change in place, as those of a probe do, and a model that sees what is bright in them."""

from __future__ import annotations

import numpy as np
import slicer.util
from disc_model import DiscModel

from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments.SegmentLogic import maskOf

SHAPE = 64, 64  # as the model sees them, so that not a pixel is lost
RADIUS = 8
BRIGHT, DIM = 200, 120  # what the model is sure of, and what it is not


class SeeingModel(DiscModel):
    """The mask is all that is not dark, wherever somebody points; of a dim one it is not sure. A click after
    the first counts as a disc that is added or taken away."""

    def predict(self, features, prompts, previous):
        picture = features[0].mean(2)
        seen = picture > 100
        y, x = np.mgrid[: self.config.image_size, : self.config.image_size]
        for click in prompts.clicks[1:]:
            disc = np.hypot(x - click.x, y - click.y) <= 3
            seen = seen | disc if click.positive else seen & ~disc
        iou = 0.9 if (picture > 160).any() else 0.3
        return np.where(seen, 8.0, -8.0).astype(np.float32), iou


def picture(x, y=32, value=BRIGHT, shape=SHAPE, radius=RADIUS) -> np.ndarray:
    """(1, H, W) uint8: a disc at (x, y) px, or nothing where x is None."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    inside = np.zeros(shape, bool) if x is None else np.hypot(columns - x, rows - y) <= radius
    return np.where(inside, value, 20).astype(np.uint8)[None]


class Live:
    """What the user does while an image changes, and what the effect's timer does."""

    def __init__(self, volume, edit, editor, browser=None):
        self.volume, self.edit, self.editor, self.browser = volume, edit, editor, browser

    @property
    def frame(self):
        """The frame that is shown."""
        return FrameLogic.frameOf(self.volume, 0)

    def show(self, *where, **how) -> np.ndarray:
        """Another image in the same node, in place where it has the same size; the (H, W) bool truth."""
        pixels = picture(*where, **how)
        there = slicer.util.arrayFromVolume(self.volume)
        if there.shape == pixels.shape:
            there[:] = pixels
            slicer.util.arrayFromVolumeModified(self.volume)
        else:
            slicer.util.updateVolumeFromArray(self.volume, pixels)
        return pixels[0] > 100

    def tick(self) -> None:
        """The effect's timer."""
        self.edit.setFrame(self.frame)
        self.edit.answer(0.02)

    def settle(self) -> None:
        """Let the timer run until the newest image is answered."""
        for _ in range(3):
            self.tick()
            assert self.edit.engine.wait(30)
        self.tick()

    def start(self, x=20, y=32) -> None:
        """Click on the object, and follow it."""
        self.edit.setFrame(self.frame)
        self.edit.click(self.frame, x, y)
        self.settle()
        self.edit.follow(self.frame)
        self.settle()

    def stop(self) -> None:
        """Switch it off."""
        self.edit.cancel()
        self.settle()

    def mask(self, frame=None) -> np.ndarray:
        """(H, W) bool: the segment on a frame, the one that is shown by default."""
        return maskOf(self.editor.segmentation, "Lesion", frame or self.frame)

    def objects(self, frame=None):
        """What the tag has of a frame."""
        return PromptLogic.framePrompts(self.editor.segmentation, "Lesion", frame or self.frame).objects
