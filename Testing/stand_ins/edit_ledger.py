"""What segmentations have to hold, by what was done to them: for tests in which anything may happen.

A segment holds what its stored prompts have given, and what was painted by hand, less what was erased by hand
since. All images have one grid; a loop has a segmentation in each item, anything else one in the item "".
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import slicer
from vtk.util import numpy_support

from samca.prompts import Box, Click, Prompts
from SAMCALib.Prompts.TagLogic import tagText
from SAMCALib.Segments.SegmentLogic import LABELMAP, EditorHost


@dataclass(frozen=True)
class ByHand:
    """(K, J, I) bool: what was painted and what was erased; unsure: painted where an object's was erased.

    Nobody can tell afterwards whether that is the object's again, until the object is gone.
    """

    painted: np.ndarray
    erased: np.ndarray
    unsure: np.ndarray

    def after(self, area: np.ndarray, isErased: bool, present: np.ndarray, given: np.ndarray) -> ByHand:
        """The same after an area was painted or erased where that was present, and objects had given this."""
        if isErased:
            return ByHand(self.painted & ~area, self.erased | area, self.unsure & ~area)
        new = area & ~present
        return ByHand(self.painted | new & ~given, self.erased & ~area, self.unsure | new & given)


class Ledger:
    """segmentations: -> by item the vtkSegmentation whose segments lie on a grid of this (K, J, I) shape."""

    def __init__(self, segmentations: Callable[[], dict], shape: tuple[int, int, int]):
        self.segmentations, self.shape = segmentations, shape
        self.byHand: dict[tuple, ByHand] = {}  # (item, segment id)
        self.carried: set[str] = set()  # mask prompts that objects had while nothing waited
        self.known: list[dict] = []  # states of all items as they were once
        self.changes: list[
            tuple
        ] = []  # by hand: (how many states were known then, place, area, whether erased)

    def places(self) -> list[tuple[str, str]]:
        """(item, segment id) of all there are."""
        there = self.segmentations().items()
        return [(item, name) for item, each in there for name in each.GetSegmentIDs()]

    def segment(self, place: tuple):
        return self.segmentations()[place[0]].GetSegment(place[1])

    def voxels(self, place: tuple) -> np.ndarray:
        """(K, J, I) bool: what a segment holds."""
        segment, whole = self.segment(place), np.zeros(self.shape, bool)
        labelmap = segment.GetRepresentation(LABELMAP)
        if labelmap is not None and labelmap.GetNumberOfPoints():
            put(whole, labelmap, values(labelmap) == segment.GetLabelValue())
        return whole

    def given(self, place: tuple) -> np.ndarray:
        """(K, J, I) bool: what its objects have put there."""
        whole = np.zeros(self.shape, bool)
        for key, entry in entries(self.segment(place)):
            if "mask" in entry:
                plane(whole, key)[...] |= unpacked(entry["mask"])
        return whole

    def expected(self, place: tuple) -> np.ndarray:
        """(K, J, I) bool: what it has to hold."""
        hand = self.of(place)
        return self.given(place) & ~hand.erased | hand.painted

    def of(self, place: tuple) -> ByHand:
        """What was done by hand in a segment."""
        if place not in self.byHand:
            self.byHand[place] = ByHand(*(np.zeros(self.shape, bool) for _ in range(3)))
        return self.byHand[place]

    def change(self, place: tuple, area: np.ndarray, isErased: bool, present: np.ndarray) -> None:
        """This was painted, or erased, by hand; present: what was there before."""
        self.changes.append((len(self.known), place, area, isErased))
        self.byHand[place] = self.of(place).after(area, isErased, present, self.given(place))

    def forget(self, place: tuple) -> None:
        """The segment is gone."""
        self.byHand.pop(place, None)

    def add(self, segmentation, name: str, image) -> None:
        """Not a hand put these there."""
        whole = np.zeros(self.shape, bool)
        put(whole, image, values(image) > 0)
        for item, each in self.segmentations().items():
            if each is segmentation:
                hand = self.of((item, name))
                self.byHand[item, name] = replace(hand, erased=hand.erased & ~whole)

    def settle(self) -> None:
        """What waits as a mask prompt is the object's from now on, unless it was one when nothing waited, as
        Follow leaves it; what it has left is the painter's."""
        for place in self.places():
            hand, given = self.of(place), self.given(place)
            left = hand.unsure & ~given
            painted = hand.painted | left & self.voxels(place)
            for key, entry in entries(self.segment(place)):
                if not {"mask", "maskPrompt"} <= entry.keys():
                    continue
                if not entry.get("pending"):
                    self.carried.add(json.dumps(entry["maskPrompt"]))
                elif json.dumps(entry["maskPrompt"]) not in self.carried:
                    plane(painted, key)[...] &= ~(unpacked(entry["mask"]) & unpacked(entry["maskPrompt"]))
            self.byHand[place] = ByHand(painted, hand.erased, hand.unsure & given)

    def state(self) -> dict:
        """place -> (voxels, tag, what was done by hand)."""
        return {
            place: (self.voxels(place), tagText(self.segment(place)), self.of(place))
            for place in self.places()
        }

    def isRight(self, place: tuple) -> bool:
        """Whether a segment holds what it has to hold."""
        return bool((self.voxels(place) == self.expected(place)).all())

    def recall(self, place: tuple) -> bool:
        """Whether a segment is as it was once, alone or with what was done by hand since; if so, go on so."""
        voxels, tag = self.voxels(place), tagText(self.segment(place))
        for number, state in reversed(list(enumerate(self.known))):
            if place in state and state[place][1] == tag:
                since = [each[2:] for each in self.changes if each[0] > number and each[1] == place]
                for changes in ([], since):
                    there, hand = self._after(place, state[place], changes)
                    if (there == voxels).all():
                        self.byHand[place] = hand
                        return True
        return False

    def _after(self, place: tuple, state: tuple, changes: list) -> tuple:
        """(voxels, what was done by hand) of a state after changes by hand."""
        there, _tag, hand = state
        for area, isErased in changes:
            hand = hand.after(area, isErased, there, self.given(place))
            there = there & ~area if isErased else there | area
        return there, hand

    def restore(self, state: dict) -> None:
        """Nothing but this was done in these places."""
        self.byHand.update({place: hand for place, (_voxels, _tag, hand) in state.items()})


class History:
    """The states that one editor can go back and forth to, as Slicer keeps them.

    What has not changed is not kept twice; any change, whoever made it, ends going forth. item: -> the one
    that is shown, which is all that the history reaches.
    """

    EVENTS = ("SegmentAdded", "SegmentRemoved", "SegmentModified", "SourceRepresentationModified")

    def __init__(self, ledger: Ledger, logic, item: Callable[[], str]):
        self.ledger, self.logic, self.item, self.isRestoring = ledger, logic, item, False
        self.forget()

    def forget(self) -> None:
        """It is another segmentation now, whose events are heard from here on."""
        self.states, self.place, self.isKept = [], -1, False
        for event in self.EVENTS:
            segmentation = self.ledger.segmentations()[self.item()]
            segmentation.AddObserver(getattr(slicer.vtkSegmentation, event), self._change)

    def save(self) -> None:
        """A step begins."""
        self.ledger.known.append(self.ledger.state())
        if not self.isKept:
            self.states.append(self._state())
            self.place, self.isKept = len(self.states) - 1, True

    def undo(self) -> bool:
        """Slicer's Undo; whether there was a step. It gives back exactly what was there."""
        assert self.logic.CanUndo() == (self.place > 0 if self.isKept else bool(self.states))
        return self._go(-1, self.logic.Undo) if self.logic.CanUndo() else False

    def redo(self) -> bool:
        """Slicer's Redo, likewise."""
        assert self.logic.CanRedo() == (self.isKept and self.place < len(self.states) - 1)
        return self._go(1, self.logic.Redo) if self.logic.CanRedo() else False

    def _go(self, step: int, action) -> bool:
        self.save()
        self.place += step
        self.isRestoring = True
        action()
        self.isRestoring = False
        now, state = self._state(), self.states[self.place]
        assert now.keys() == state.keys()
        for place, (voxels, tag, _byHand) in state.items():
            np.testing.assert_array_equal(now[place][0], voxels)
            assert now[place][1] == tag
        self.ledger.restore(state)
        return True

    def _state(self) -> dict:
        return {place: each for place, each in self.ledger.state().items() if place[0] == self.item()}

    def _change(self, *_event) -> None:
        if self.isKept and not self.isRestoring:
            del self.states[self.place + 1 :]
            self.isKept = False


class WatchedHost(EditorHost):
    """An editor's host of whose steps the history hears."""

    def __init__(self, editorLogic, ledger: Ledger, item: Callable[[], str]):
        super().__init__(editorLogic)
        self.history = History(ledger, editorLogic, item)

    def saveStateForUndo(self):
        self.history.save()
        super().saveStateForUndo()


def entries(segment) -> list[tuple[str, dict]]:
    """(frame's key, object) of all that a segment's tag holds."""
    text = tagText(segment)
    frames = json.loads(text)["frames"] if text else {}
    return [(key, entry) for key, objects in frames.items() for entry in objects]


def prompts_in(entry: dict) -> Prompts:
    """What points at an object, as the tag has it."""
    clicks = tuple(
        Click(x, y, bool(positive), tuple(tuple(corner) for corner in (path[0] if path else ())))
        for x, y, positive, *path in entry["clicks"]
    )
    box = Box(*entry["box"]) if "box" in entry else None
    mask = unpacked(entry["maskPrompt"]) if "maskPrompt" in entry else None
    lasso = tuple(map(tuple, entry.get("lasso", ())))
    chosen = entry.get("alternative", 0)
    return Prompts(clicks, box, mask, entry.get("suggestion"), lasso=lasso, alternative=chosen)


def unpacked(mask: dict) -> np.ndarray:
    """(H, W) bool of a mask as the tag has it."""
    whole = np.zeros(mask["shape"], bool)
    top, left, height, width = mask["at"]
    bits = np.frombuffer(zlib.decompress(base64.b64decode(mask["bits"])), np.uint8)
    part = np.unpackbits(bits, count=height * width).reshape(height, width)
    whole[top : top + height, left : left + width] = part
    return whole


def plane(whole: np.ndarray, key: str) -> np.ndarray:
    """The frame of this key in a (K, J, I) array."""
    axis, index = map(int, key.split(":")[:2])
    return np.moveaxis(whole, 2 - axis, 0)[index]


def values(image) -> np.ndarray:
    """(K, J, I) of a vtkImageData."""
    return numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])


def put(whole: np.ndarray, image, inside: np.ndarray) -> None:
    """Put an image's (K, J, I) bool into a whole one; all that is True lies within it."""
    whole[tuple((np.argwhere(inside) + image.GetExtent()[4::-2]).T)] = True
