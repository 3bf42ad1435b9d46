"""What the user changed by hand where an object is: erased parts stay out of it, painted islands stay there.

An erased part comes back with a new click into it: every click is answered.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..Frames import SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Prompts.TagLogic import PromptObject
from ..Segments import GridLogic, SegmentLogic
from ..Segments.GridLogic import Patch


def kept(
    node, frame: Frame, present: np.ndarray, gone: list[PromptObject], new: dict[str, PromptObject], added=()
) -> tuple[list[PromptObject], dict[str, PromptObject]]:
    """The objects that go, without the islands that stay; the new ones by id, without what was erased.

    present: (H, W) bool, what the segment covers now. gone: with toRas. added: the clicks that are new.
    """
    new, left = dict(new), []
    for before in gone:
        thing = new.get(before.id)
        if thing is not None and not thing.pending:
            erased = _erased(node, frame, present, before)
            if erased.any():
                erased &= ~_around(erased, [pixel for c in added if c.positive for pixel in c.pixels])
                thing = replace(thing, mask=thing.mask & ~erased)
            islands, new[before.id] = _islands(before, new[before.id].mask), replace(thing, erased=erased)
            before = before if islands is None else replace(before, mask=before.mask & ~islands)
        left.append(before)
    return left, new


def _erased(node, frame: Frame, present: np.ndarray, thing: PromptObject) -> np.ndarray:
    """(H, W) bool: what the object has put in, or was erased before, and is not there now."""
    patch = Patch(thing.mask, thing.toRas)
    voxels = GridLogic.voxelsOf(GridLogic.gridToNode(SequenceLogic.ownNode(node, frame.item)), [patch])
    there = np.zeros_like(present)
    if voxels is not None:
        there = SegmentLogic.covered(node, frame, [patch], voxels.extent)
    return (there if thing.erased is None else there | thing.erased) & ~present


def _around(mask: np.ndarray, places: list[tuple[int, int]]) -> np.ndarray:
    """The parts of a mask that hold one of these places, (row, column) px."""
    from scipy import ndimage  # here: not while Slicer starts

    (height, width), labels = mask.shape, ndimage.label(mask)[0]
    inside = [labels[y, x] for y, x in places if 0 <= y < height and 0 <= x < width]
    return mask & np.isin(labels, inside)


def _islands(before: PromptObject, mask: np.ndarray) -> np.ndarray | None:
    """The parts of a painted mask, given as prompt, that the model's answer leaves out altogether."""
    from scipy import ndimage

    given = before.prompts.mask
    if not before.pending or given is None or not np.array_equal(given, before.mask):
        return None
    labels = ndimage.label(given)[0]
    return given & ~np.isin(labels, labels[mask & given])
