"""What leads an object through a loop, and stays: what the user pointed at, mended or completed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import slicer

from samca.prompts import Prompts

from ..Frames import SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import PromptLogic
from ..Prompts.TagLogic import PromptObject
from ..Segments import GridLogic, SegmentLogic
from ..Segments.GridLogic import Patch
from ..Texts import Refusal, _


@dataclass(frozen=True)
class Lead:
    """What points at the object in a frame, and the (H, W) bool mask that it has in the segment, which stays.

    mask: None where the model is to say it, and it is to be written.
    """

    prompts: Prompts
    mask: np.ndarray | None = None


@dataclass
class Leads:
    """By place in a loop what leads, and the places that nothing is carried to or through."""

    by: dict[int, Lead] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)


def reading(
    leads: Leads, loop: list[Frame], frame: Frame, own: PromptObject | None, target: tuple, bounds
) -> Iterator[Frame]:
    """Find what leads in the frames first to last of a loop, frame by frame, and put it into `leads`.

    own: the object of `frame` that is carried; None where what is in `leads` already says so. In another
    frame it is the user's object that lies where that does, or the only one of both. target: (segmentation
    node, segment id).
    """
    here, (first, last) = loop.index(frame), bounds
    if own is not None:
        leads.by[here] = leadOf(target, frame, own)
    isAlone = len(PromptLogic.framePrompts(*target, frame).objects) < 2
    for place in range(first, last + 1):
        if place not in leads.by:
            lead, isClosed = leadIn(target, loop[place], own, isAlone)
            if lead is not None:
                leads.by[place] = lead
            elif isClosed:
                leads.closed.add(place)
        yield loop[place]


def leadIn(
    target: tuple, frame: Frame, own: PromptObject | None, isAlone: bool = True
) -> tuple[Lead | None, bool]:
    """What leads from a frame, if anything does, and else whether nothing may be put there.

    own, isAlone: the object that is carried, and whether it is the only one of its frame.
    """
    objects = PromptLogic.framePrompts(*target, frame).objects
    found = [(thing, leadOf(target, frame, thing)) for thing in objects]
    if not (isClosed := isCompleted(target, frame)):
        mended = [each for each in found if each[0].carried and each[1].mask is not each[0].mask]
        isClosed = any(lead.mask is not None and not lead.mask.any() for _thing, lead in mended)  # erased
        found = [each for each in found if not each[0].carried] + mended
    found = [each for each in found if each[0].startsSomewhere and each[1].prompts]
    found = [each for each in found if isAlone or _overlap(each[0], own)]
    best = max(found, key=lambda each: _overlap(each[0], own), default=None)
    return best and best[1], isClosed


def leadOf(target: tuple, frame: Frame, thing: PromptObject) -> Lead:
    """An object as it leads from a frame: by its prompts, or by what was made of it by hand."""
    if thing.pending or thing.mask is None:
        return Lead(thing.prompts)
    mask = _inSegment(target, frame, thing)
    if np.array_equal(mask, thing.mask):
        return Lead(thing.prompts, mask)
    return Lead(pointingAt(mask), mask)


def pointingAt(mask: np.ndarray) -> Prompts:
    """What points at an (H, W) bool mask that nobody has clicked on; nothing if it is empty."""
    from samca.interaction.propagation import FrameMask, carried

    return carried(FrameMask(0, Prompts(), mask, 0.0))


def isCompleted(target: tuple, frame: Frame) -> bool:
    """Whether the user has marked the segment as completed, in the item of the frame."""
    segment = PromptLogic.segmentOf(*target, frame)
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    return segment is not None and logic.GetSegmentStatus(segment) == logic.Completed


def checkOpen(target: tuple, frame: Frame) -> None:
    """Refusal for a segment that the user has completed; in a Sequence each item is judged by itself."""
    if not frame.item and isCompleted(target, frame):
        segment = PromptLogic.segmentOf(*target, frame)
        text = _("{segment} is marked as completed: set its status to In progress first.")
        raise Refusal(text.format(segment=segment.GetName()))


def _overlap(one: PromptObject, other: PromptObject | None) -> int:
    """Pixels that two objects have in common; 0 in frames of different size."""
    masks = [thing.mask for thing in (one, other) if thing is not None and thing.mask is not None]
    isAlike = len(masks) == 2 and masks[0].shape == masks[1].shape
    return int((masks[0] & masks[1]).sum()) if isAlike else 0


def _inSegment(target: tuple, frame: Frame, thing: PromptObject) -> np.ndarray:
    """(H, W) bool: what is there of the object, with what was painted onto it by hand."""
    from scipy import ndimage  # here: not while Slicer starts

    node = target[0]
    there = SegmentLogic.maskOf(*target, frame)
    own = thing.mask & there
    if thing.under is not None and thing.under.any():  # painted before it came
        return own
    grid = GridLogic.gridToNode(SequenceLogic.ownNode(node, frame.item))
    lies = GridLogic.toNode(node, frame)
    extent = GridLogic.extentOf(lies, there.shape, grid)
    things = PromptLogic.framePrompts(*target, frame).objects
    things += PromptLogic.objectsElsewhere(*target, frame)
    patches = [Patch(t.mask, lies if t.toRas is None else t.toRas) for t in things if t.mask is not None]
    patches = GridLogic.near(grid, patches, extent)
    painted = there & ~SegmentLogic.covered(node, frame, patches, extent)
    labels = ndimage.label(painted | own)[0]
    mask = own | (painted & np.isin(labels, labels[own]))
    return thing.mask if np.array_equal(mask, thing.mask) else mask
