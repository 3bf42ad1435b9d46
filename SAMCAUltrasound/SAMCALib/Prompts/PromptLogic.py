"""Prompts of one frame of a segment, and prompts from fiducials that are already there.

The truth is the segment's tag (`TagLogic`); `PromptPoints` shows it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from samca.prompts import Box, Click, Prompts

from ..Frames import FrameLogic, Given, SequenceLogic
from ..Frames.FrameLogic import Frame
from ..Texts import Refusal, _
from . import OriginLogic, TagLogic
from .TagLogic import PromptObject


@dataclass(frozen=True)
class FramePrompts:
    """The objects of one frame of one segment, in their order, and which one the next click belongs to.

    current == len(objects): the next click starts a new object.
    """

    objects: tuple[PromptObject, ...] = ()
    current: int = 0

    @property
    def object(self) -> PromptObject:
        """The current object, an empty one if the next click starts it."""
        return self.objects[self.current] if self.current < len(self.objects) else PromptObject(Prompts())

    def indexOf(self, id: str) -> int:
        """Where the object of this id is, len(objects) if it is not there."""
        return next((i for i, thing in enumerate(self.objects) if thing.id == id), len(self.objects))

    def pointAt(self, number: int, index: int) -> tuple[str, Click]:
        """(id of the object, its click) of these places in the order; Refusal if there is none."""
        clicks = self.objects[number].prompts.clicks if 0 <= number < len(self.objects) else ()
        if not 0 <= index < len(clicks):
            raise Refusal(_("This point is not there any more."))
        return self.objects[number].id, clicks[index]

    def withObject(self, thing: PromptObject) -> FramePrompts:
        """The same with this as the current object."""
        objects = (*self.objects[: self.current], thing, *self.objects[self.current + 1 :])
        return replace(self, objects=objects)

    def withoutObject(self, index: int) -> FramePrompts:
        """The same without object `index`, the one before it current if it was."""
        objects = self.objects[:index] + self.objects[index + 1 :]
        current = self.current - (self.current > index or self.current == len(objects))
        return FramePrompts(objects, max(current, 0))


def segmentOf(segmentationNode, segmentId: str, frame: Frame):
    """The vtkSegment in the item of this frame, None without."""
    node = FrameLogic.nodeAt(frame, segmentationNode)
    return node.GetSegmentation().GetSegment(segmentId) if node and segmentId else None


def framePrompts(segmentationNode, segmentId: str, frame: Frame, current: int | None = None) -> FramePrompts:
    """The prompts of this frame in the segment's tag; empty without. current: by default the last object."""
    segment = segmentOf(segmentationNode, segmentId, frame)
    if segment is None:
        return FramePrompts()
    objects = TagLogic.objectsIn(segment, frame.key, FrameLogic.shape(frame), _isOf(segmentationNode, frame))
    last = max(len(objects) - 1, 0)
    return FramePrompts(objects, last if current is None else min(current, len(objects)))


def setFramePrompts(segmentationNode, segmentId: str, frame: Frame, prompts: FramePrompts) -> None:
    """Put the prompts of this frame into the segment's tag; empty ones leave the tag.

    Refusal, and nothing changes, where `problemOf` has something to say.
    """
    segment = segmentOf(segmentationNode, segmentId, frame)
    place = frame.key, FrameLogic.shape(frame)
    origin = OriginLogic.originOf(segmentationNode, frame)
    TagLogic.putObjects(segment, *place, prompts.objects, origin, _isOf(segmentationNode, frame))


def problemOf(segmentationNode, segmentId: str, frame: Frame) -> str:
    """Why the prompts of this frame in the segment's tag cannot be read, "" if they can or there are none."""
    segment = segmentOf(segmentationNode, segmentId, frame)
    if segment is None:
        return ""
    return TagLogic.problemIn(segment, frame.key, FrameLogic.shape(frame), _isOf(segmentationNode, frame))


def checkPrompts(segmentationNode, segmentId: str, frame: Frame) -> None:
    """Refusal where `problemOf` has something to say: before anything is changed on the frame."""
    if says := problemOf(segmentationNode, segmentId, frame):
        raise Refusal(says)


def dropUnreadable(segmentationNode, segmentId: str, frame: Frame) -> None:
    """Take away what `problemOf` tells of."""
    segment = segmentOf(segmentationNode, segmentId, frame)
    TagLogic.dropUnreadable(segment, frame.key, FrameLogic.shape(frame), _isOf(segmentationNode, frame))


def objectsElsewhere(segmentationNode, segmentId: str, frame: Frame) -> tuple[PromptObject, ...]:
    """The objects of the segment that are not of this frame, see TagLogic.objectsElsewhere."""
    segment = segmentOf(segmentationNode, segmentId, frame)
    isOf = _isOf(segmentationNode, frame)
    return TagLogic.objectsElsewhere(segment, frame.key, FrameLogic.shape(frame), isOf)


def takeFromUnder(segmentationNode, segmentId: str, frame: Frame, cover) -> None:
    """What covers there was not there before the objects of the segment, see TagLogic.takeFromUnder."""
    TagLogic.takeFromUnder(segmentOf(segmentationNode, segmentId, frame), cover)


class PromptWatch:
    """Notices that somebody else changed a segment's prompts in an item, or took a step back there."""

    def __init__(self, segmentationNode, segmentId: str, frame: Frame):
        """From how they are now, in the item that the frame belongs to."""
        self._node, self._segmentId, self._frame = segmentationNode, segmentId, frame
        self._left = self._text()

    @property
    def isOvertaken(self) -> bool:
        """Whether they are others now."""
        return self._text() != self._left

    def _text(self) -> tuple[str, str]:
        segment = segmentOf(self._node, self._segmentId, self._frame)
        return TagLogic.tagText(segment), TagLogic.tagText(segment, SequenceLogic.STEP)


def _isOf(segmentationNode, frame: Frame) -> TagLogic.IsOf:
    return functools.partial(OriginLogic.isOf, segmentationNode, frame)


def clickAt(x: float, y: float, positive: bool = True) -> Click:
    """A click at (x, y) px."""
    return Click(*asKept((x, y)), positive)


def asKept(place: tuple[float, float]) -> tuple[float, float]:
    """(x, y) px as the tag keeps it: what lies there is known by it."""
    return round(float(place[0]), 3), round(float(place[1]), 3)


def boxBetween(frame: Frame, a: tuple[float, float], b: tuple[float, float]) -> Box:
    """The box between two opposite corners in px, cut to the frame; Refusal if it is thinner than a pixel."""
    (left, right), (top, bottom) = map(
        sorted, zip(FrameLogic.nearest(frame, *a), FrameLogic.nearest(frame, *b), strict=True)
    )
    if right - left < 1 or bottom - top < 1:
        raise Refusal(
            _("The box is thinner than a pixel of the image: drag from corner to corner inside it.")
        )
    return Box(left, top, right, bottom)


def promptsFromFiducials(
    frame: Frame, initial=None, guidedPositive=None, guidedNegative=None, needsInitial: bool = True
) -> Prompts:
    """Clicks from fiducial nodes or sequences of world RAS positions, those on this frame, initial first.

    Refusal if no initial point lies on the frame, where one is needed.
    """
    clicks = []
    for points, positive in ((initial, True), (guidedPositive, True), (guidedNegative, False)):
        places = [ras for ras in positionsOf(points, frame) if FrameLogic.holds(frame, ras)]
        if points is initial and needsInitial and not places:
            raise Refusal(
                _("No initial point lies on {frame}: place one there, or choose its frame.").format(
                    frame=frame.name
                )
            )
        pixels = [FrameLogic.rasToXy(frame, ras) for ras in places]
        clicks += [clickAt(x, y, positive) for x, y in pixels]
    return Prompts(tuple(clicks))


def positionsOf(points, frame: Frame | None = None) -> list:
    """World RAS positions in mm of a markups node, or of a sequence of positions; none for None.

    frame: the node is taken as it is in the item of this frame. Refusal for anything else.
    """
    if points is None:
        return []
    if isinstance(points, str) or hasattr(points, "IsA"):
        Given.check(points, _("a fiducial list"), "vtkMRMLMarkupsNode")
    if not hasattr(points, "GetNumberOfControlPoints"):
        return _positions(points)
    node = points if frame is None else FrameLogic.nodeAt(frame, points)
    count = node.GetNumberOfControlPoints() if node else 0
    indices = [i for i in range(count) if node.GetNthControlPointPositionStatus(i) == node.PositionDefined]
    if frame is None or FrameLogic.isShown(frame):
        return [node.GetNthControlPointPositionWorld(i) for i in indices]
    toWorld = FrameLogic.toWorld(frame, points)
    return [tuple((toWorld @ [*node.GetNthControlPointPosition(i), 1])[:3]) for i in indices]


def _positions(points) -> list[tuple[float, float, float]]:
    try:
        places = np.asarray(list(points), float)
    except (TypeError, ValueError):
        places = np.full(1, np.nan)
    if places.size and (places.shape[1:] != (3,) or not np.isfinite(places).all()):
        text = _("{points!r} are no points: give a fiducial list, or positions in mm as [(R, A, S)].")
        raise Refusal(text.format(points=points))
    return [tuple(place) for place in places]
