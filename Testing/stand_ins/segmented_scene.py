"""Volumes with bright discs and a segmentation of them: what a user has before training."""

from __future__ import annotations

import numpy as np
import slicer.util
import volumes
from slicer_scene import Editor

SHAPE = (3, 64, 80)  # K, J, I
SIZES = ((14, 17, 20), (15, 12, 18), (19, 16, 13))  # px: radii of the discs of each volume


def truth(number: int) -> np.ndarray:
    """(K, J, I) bool: a disc in every frame."""
    frames, rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    radii = np.array(SIZES[number % len(SIZES)])[frames]
    return np.hypot(rows - 30 - 2 * number, columns - 36 - 3 * frames) < radii


def segmented(number: int, geometry: str = "oblique") -> Editor:
    """A segment editor on the volume of this number, its segment Lesion filled in."""
    noise = np.random.default_rng(number).integers(0, 90, SHAPE)
    pixels = (noise + 100 * truth(number)).astype(np.uint8)
    editor = Editor(volumes.volume(pixels, geometry, f"Sweep {number}"))
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        truth(number).astype(np.uint8), editor.segmentation, "Lesion", editor.volume
    )
    return editor
