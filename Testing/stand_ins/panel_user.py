"""What a user does in the training panel: segmentations to choose, add and wait for."""

from __future__ import annotations

import time

import numpy as np
import slicer
import volumes
from slicer_scene import Editor


def lesion(name, frames=(2, 5), segments=("Lesion",)):
    """An Editor on a volume, with a square of each segment on these frames."""
    pixels = volumes.speckle(9, 60, 80) // (len(name) + ord(name[-1]) % 7)
    editor = Editor(volumes.volume(pixels, name=name), segments)
    editor.segmentation.SetName(f"{name} segmentation")
    for number, segment in enumerate(segments):
        voxels = np.zeros((9, 60, 80), np.uint8)
        voxels[list(frames), 20 + 10 * number : 28 + 10 * number, 30:50] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, segment, editor.volume)
    return editor


def choose(shown, editor):
    """The user picks the images, and the segmentation."""
    shown.data.ui.volumeSelector.setCurrentNode(editor.volume)
    shown.data.ui.segmentationSelector.setCurrentNode(editor.segmentation)


def add(shown, editor):
    """The user adds a segmentation, and waits."""
    choose(shown, editor)
    shown.data.ui.addButton.click()
    wait(shown)


def wait(shown):
    """Until all is added and looked at."""
    until = time.monotonic() + 20
    while shown.data.slices.timer.isRunning or not shown.data.isChecked:
        assert time.monotonic() < until
        shown.data.slices.timer.fire()
    shown.timer.fire()
