"""Volumes with bright discs and a segmentation of them: what a user has before training."""

from __future__ import annotations

import numpy as np
import slicer
import slicer.util
import volumes
from slicer_scene import Editor

from SAMCALib.Frames import SequenceLogic
from SAMCALib.Segments import SegmentLogic

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


def segmented_loop(outlined: int):
    """(browser, proxy, segmentation, segment id) of a loop of three items, the first outlined: 4 px high,
    and 6, 10, 14 px wide."""
    browser, proxy = volumes.cine(3, geometry="anisotropic")
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Loop")
    SegmentLogic.prepareSegmentation(segmentation, proxy)
    SequenceLogic.synchronise(segmentation, proxy)
    segmentId = SegmentLogic.ensureSegment(segmentation)
    SequenceLogic.addSegmentToItems(segmentation, segmentId)
    for number, item in enumerate(SequenceLogic.itemsOf(browser)[:outlined]):
        SequenceLogic.showItem(browser, item)
        mask = np.zeros((1, 20, 24), np.uint8)
        mask[0, 4:8, 4 : 10 + 4 * number] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, segmentId, proxy)
    return browser, proxy, segmentation, segmentId
