"""A segment of a loop has one name, colour and terminology: what is changed in one item is changed in all.

Slicer keeps a segment for each item. An item where it was another one before, by somebody's choice, stays so.
"""

from __future__ import annotations

import slicer

from ..Frames import SequenceLogic
from ..Segments import ItemState

TERMINOLOGY = "TerminologyEntry"


class SameSegment:
    """host: as of EditLogic."""

    def __init__(self, host):
        self.host = host
        self.forget()

    def forget(self) -> None:
        """Begin anew: what is different then stays so."""
        self._place: tuple[str, str] | None = None  # (segmentation id, item) that was shown
        self._known: dict = {}  # by segment id: what was known of it there

    def follow(self) -> None:
        """See what has changed in the item that was shown, and do it to the others."""
        editor = self.host.parameterSetNode()
        shown = SequenceLogic.placeShown(editor and editor.GetSegmentationNode())
        if self._place is not None:
            self._share()
        self._place, self._known = shown, _known(SequenceLogic.segmentationAt(*shown)) if shown else {}

    def _share(self) -> None:
        segmentation = SequenceLogic.segmentationAt(*self._place)
        if segmentation is None or (now := _known(segmentation)) == self._known:
            return
        changes = [
            (segmentId, kind, value, now[segmentId][kind])
            for segmentId in self._known.keys() & now.keys()
            for kind, value in self._known[segmentId].items()
            if value != now[segmentId][kind]
        ]
        node = slicer.mrmlScene.GetNodeByID(self._place[0])
        sequence = SequenceLogic.browserOf(node).GetSequenceNode(node)
        for number in range(sequence.GetNumberOfDataNodes() if changes else 0):
            other = sequence.GetNthDataNode(number).GetSegmentation()
            for segmentId, kind, before, after in changes:
                segment = other.GetSegment(segmentId)
                if segment is not None and _about(segment)[kind] == before:
                    _set(segment, kind, after)
            SequenceLogic.toBeSaved(node)


def _known(segmentation) -> dict:
    """By segment id: what `_about` says."""
    return {each: _about(segmentation.GetSegment(each)) for each in segmentation.GetSegmentIDs()}


def _about(segment) -> dict:
    """Name, colour and terminology."""
    terminology = ItemState.tagOf(segment, TERMINOLOGY)
    return {"name": segment.GetName(), "colour": segment.GetColor(), "terminology": terminology}


def _set(segment, kind: str, value) -> None:
    if kind == "name":
        segment.SetName(value)
    elif kind == "colour":
        segment.SetColor(*value)
    else:
        ItemState.setTag(segment, TERMINOLOGY, value)
