"""Objects of a frame into the segment and out of it: an object takes away only what it has put there.

What others cover stays: the other objects of the frame, those of other planes and volumes in the segment's
tag, and what was painted by hand before an object came over it. What was erased by hand stays out, see
`HandWork`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..Frames import SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Prompts import PromptLogic
from ..Prompts.PromptLogic import FramePrompts
from ..Prompts.TagLogic import PromptObject
from ..Segments import GridLogic, SegmentLogic
from ..Segments.GridLogic import Patch
from ..Texts import Refusal, _
from . import HandWork
from .StepLogic import begin, changing


@dataclass(frozen=True)
class Shown:
    """An object as it is in the voxels, ahead of the tag; come: what was not there before."""

    thing: PromptObject
    come: tuple[Patch, ...] = ()

    def among(self, prompts: FramePrompts) -> FramePrompts:
        """These prompts with the object as it is in the voxels."""
        own = self.thing
        things = (
            replace(own, prompts=each.prompts, pending=each.pending) if each.id == own.id else each
            for each in prompts.objects
        )
        return replace(prompts, objects=tuple(things))


def write(
    host,
    node,
    segmentId: str,
    frame: Frame,
    before: FramePrompts,
    after: FramePrompts,
    added: Iterable = (),
    shown: Shown | None = None,
) -> None:
    """Bring the voxels of a frame and its prompts in the tag from what they are, `before`, to `after`.

    added: clicks that are new. shown: what `show` has put in since the tag was written.

    An object that has the very same mask before and after keeps its voxels; another mask, even an equal one,
    is put in anew. Of a pending object's, what is there is taken for its own, nothing is put in. Call
    StepLogic.begin before, once per user action. Refusal, before anything is changed, as of
    SegmentLogic.replaceObject, and where stored prompts cannot be read.
    """
    target = node, segmentId, frame
    PromptLogic.checkPrompts(*target)
    with changing(host, node, frame) as itsHost:
        new, come = _changed(itsHost, target, shown.among(before) if shown else before, after, added)
        objects = tuple(new.get(thing.id, thing) for thing in after.objects)
        PromptLogic.setFramePrompts(*target, replace(after, objects=objects))
        _takeFromUnder(target, [*come, *(shown.come if shown else ())])


def show(
    host,
    node,
    segmentId: str,
    frame: Frame,
    before: FramePrompts,
    thing: PromptObject,
    added: Iterable = (),
    shown: Shown | None = None,
) -> Shown:
    """Put an object of `before` into the voxels and leave the tag to `write`, which has the last answer.

    added, shown: as of `write`; Refusal, too.
    """
    target = node, segmentId, frame
    PromptLogic.checkPrompts(*target)
    with changing(host, node, frame) as itsHost:
        before = shown.among(before) if shown else before
        after = replace(before, current=before.indexOf(thing.id)).withObject(thing)
        new, come = _changed(itsHost, target, before, after, added)
    return Shown(new[thing.id], (*(shown.come if shown else ()), *come))


def _changed(host, target: tuple, before: FramePrompts, after: FramePrompts, added: Iterable) -> tuple:
    """Change the voxels; the new objects by id as they are there, and what was not there before."""
    had = {thing.id: thing.mask for thing in before.objects}
    stays = {thing.id for thing in after.objects if thing.mask is had.get(thing.id)}
    gone = [thing for thing in before.objects if thing.id not in stays and thing.mask is not None]
    new = {thing.id: thing for thing in after.objects if thing.id not in stays and thing.mask is not None}
    if not (gone or new):
        return {}, ()
    others = [thing for thing in after.objects if thing.id not in new]
    others += PromptLogic.objectsElsewhere(*target)
    return _exchanged(host, target, gone, new, others, added)


def _takeFromUnder(target: tuple, come: list[Patch]) -> None:
    """What has come was not there before the objects of the segment."""
    grid = _grid(target)

    def covered(shape: tuple[int, int], toRas: np.ndarray) -> np.ndarray:  # seldom asked
        return GridLogic.sampled(toRas, shape, grid, GridLogic.voxelsOf(grid, come))

    if any(patch.mask.any() for patch in come):
        PromptLogic.takeFromUnder(*target, covered)


def _exchanged(host, target: tuple, gone: list, new: dict, others: list, added: Iterable) -> tuple:
    """Take masks out of the segment and put those of new objects in.

    others: all objects that stay. Returns the new ones as they are there, and what was not there before.
    """
    node, _segmentId, frame = target
    grid, lies, present = _grid(target), GridLogic.toNode(node, frame), SegmentLogic.maskOf(*target)
    asked = {name: Patch(thing.mask, lies) for name, thing in new.items() if not thing.pending}
    gone, new = HandWork.kept(node, frame, present, _located(gone, lies), new, added)
    old, put = _masks(gone, lies), [_again(asked[name], new[name].mask) for name in asked]
    taken = [Patch(thing.mask, lies) for thing in new.values() if thing.pending]
    around = GridLogic.voxelsOf(grid, old + put)
    extent = around.extent if around else GridLogic.NOWHERE
    beside = GridLogic.near(grid, _masks(others, lies), extent)
    under = GridLogic.near(grid, _unders(gone + others, lies), extent)
    isObjects = SegmentLogic.covered(node, frame, old + beside, extent)
    painted = present & (~isObjects | SegmentLogic.covered(node, frame, under, extent))
    SegmentLogic.replaceObject(host, *target, old, put, beside + under + taken)
    now = SegmentLogic.maskOf(*target)
    shares = {name: _share(target, patch, now) for name, patch in asked.items()}
    new = {name: _put(thing, lies, now, painted, shares.get(name, 1.0)) for name, thing in new.items()}
    return new, (Patch(now & ~present, lies),)


def _again(patch: Patch, mask: np.ndarray) -> Patch:
    """The mask where the patch lies; the patch itself, whose voxels are found, if it has this mask."""
    return patch if patch.mask is mask else Patch(mask, patch.toNode)


def shareOf(node, segmentId: str, frame: Frame, thing: PromptObject) -> float:
    """How much of what the model drew for this object is in the segment now, 0..1."""
    if thing.mask is None or not thing.mask.any():
        return thing.share
    patch = Patch(thing.mask, GridLogic.toNode(node, frame) if thing.toRas is None else thing.toRas)
    return thing.share * _share((node, segmentId, frame), patch, SegmentLogic.maskOf(node, segmentId, frame))


def _share(target: tuple, patch: Patch, now: np.ndarray) -> float:
    """How much of a mask there is on the frame, as the segmentation's grid can show it."""
    voxels = GridLogic.voxelsOf(_grid(target), [patch])
    extent = voxels.extent if voxels else GridLogic.NOWHERE
    wanted = SegmentLogic.covered(target[0], target[2], [patch], extent)
    return float((wanted & now).sum() / wanted.sum()) if wanted.any() else 1.0


def dropUnreadable(host, node, segmentId: str, frame: Frame) -> None:
    """Take away what is stored of the frame and cannot be read, as one undo step; its voxels stay."""
    begin(host, node, segmentId)
    with changing(host, node, frame):
        PromptLogic.dropUnreadable(node, segmentId, frame)


def maskBeside(node, segmentId: str, frame: Frame, prompts: FramePrompts) -> np.ndarray:
    """(H, W) bool: what the segment covers on the frame, its objects but for the current one aside.

    Refusal if that is nothing.
    """
    mask = SegmentLogic.maskOf(node, segmentId, frame) if segmentId else np.zeros((1, 1), bool)
    for thing in prompts.objects:
        if thing is not prompts.object and thing.mask is not None:
            mask &= ~thing.mask
    if not mask.any():
        raise Refusal(_("The segment is empty on this frame: paint or click first, then use the mask."))
    return mask


def _grid(target: tuple) -> np.ndarray:
    """(4, 4) voxels of the segmentation in the frame's item -> RAS mm of the node."""
    node, _segmentId, frame = target
    return GridLogic.gridToNode(SequenceLogic.ownNode(node, frame.item))


def _put(
    thing: PromptObject, lies: np.ndarray, now: np.ndarray, painted: np.ndarray, share: float
) -> PromptObject:
    """A new object, with what Slicer's own masking let in of its mask."""
    mask = thing.mask & now
    under = None if thing.pending else mask & painted
    return replace(thing, mask=mask, under=under, toRas=lies, share=round(share, 3))


def _located(things: Iterable[PromptObject], lies: np.ndarray) -> list[PromptObject]:
    """The same, each with the place of its mask."""
    return [replace(t, toRas=lies if t.toRas is None else t.toRas) for t in things]


def _masks(things: Iterable[PromptObject], lies: np.ndarray) -> list[Patch]:
    return [Patch(t.mask, lies if t.toRas is None else t.toRas) for t in things if t.mask is not None]


def _unders(things: Iterable[PromptObject], lies: np.ndarray) -> list[Patch]:
    return [Patch(t.under, lies if t.toRas is None else t.toRas) for t in things if t.under is not None]
