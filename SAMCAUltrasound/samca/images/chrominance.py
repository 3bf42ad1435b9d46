"""Colours that are none: luminance and chrominance that somebody took for red, green and blue."""

from __future__ import annotations

import numpy as np

NEUTRAL, CLOSE, MOST = 128, 3, 0.5  # chrominance of grey, how far JPEG moves it, the share that shows it


def is_ybr(frame: np.ndarray) -> bool:
    """Whether an (H, W, 3) uint8 frame is luminance and chrominance of what is grey for the most part.

    Ultrasound is, and as RGB it would be of one green: no scanner paints more than half of a screen in it.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        return False
    neutral = (np.abs(frame[..., 1:].astype(np.int16) - NEUTRAL) <= CLOSE).all(-1)
    return bool(neutral.mean() > MOST)


def in_rgb(frame: np.ndarray) -> np.ndarray:
    """The frame as it is, or in RGB if it is luminance and chrominance (full range, ITU-R BT.601)."""
    if not is_ybr(frame):
        return frame
    y, cb, cr = np.moveaxis(frame.astype(np.float32), 2, 0)
    cb, cr = cb - NEUTRAL, cr - NEUTRAL
    colours = (y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb)
    return np.stack(colours, axis=2).round().clip(0, 255).astype(np.uint8)
