"""The model's own memory: frames in which the object is known are read by the features of the new one.

What the user pointed at stays, the last frames that it was sure of go along. Read are the nearest prompted
frame to each side, so what lies between two prompted ones follows both, and of the others the nearest that
are nearer than those.

What it recalls is the answer: on two loops of training images, 11 frames each, that had Dice 84.6; as mask
prompt with a click in the decoder it came to 83.6, the mean of both logits to 83.9, for twice the time. In
windows that go along with the object it had 79.2 on two loops of 20 frames, on whole frames 74.1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...prompts import Box, Prompts
from ...prompts.windows import SHARES, Window, around, share_of
from ..session import Prediction, Session
from .frame_mask import FrameMask, closest_to_another
from .last_mask import carried

PROMPTED, RECENT = 0, 1  # as `network.loop_memory` calls them
POINTED_AT, LAST = 16, 4  # frames that are kept of each kind
LOST = 5  # frames from the last sure one
ROOM = 2.0  # sides of the object, at least, in the sides of a window
READ = 2  # of the last ones, that are read at a time
SURE = 0.75  # IoU that it says; below are 65 % of slipped frames of two training loops, 5 % of others
AGREEING = 0.8  # of two looks: below, it is not sure


class Kept(NamedTuple):
    """What the model keeps of a frame, whether the user pointed there, and where the object was."""

    remembered: Any
    prompted: bool
    place: Box | None


class Recall:
    """Carries by a model that remembers; see `carriers.Carrier`.

    closer: look at a small object in a window that goes along with it, of one size in all frames.
    """

    goes_on = True

    def __init__(self, model, closer: bool = True):
        if not getattr(model, "remembers", False):
            raise ValueError(
                "this model has no memory of loops: put the memory.safetensors of its base beside the base, "
                "train one with `samca train-memory`, or take carrier mask"
            )
        self._kept: dict[int, Kept] = {}
        self._closer, self._share = closer, 0.0  # of a frame's sides, those of a window; 0: not known yet
        self._looked: tuple[int, Window | None] = -1, None  # the frame that was looked at last, and where

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept."""
        return sum(each.remembered.nbytes for each in self._kept.values())

    def take(self, session: Session, found: FrameMask, prompted: bool) -> None:
        """Keep it if the user pointed there, or if it is sure. For it the farthest of its kind is dropped,
        and of those where the user pointed one that lies close to another."""
        if not prompted and not found.is_sure:
            return
        place = session.place_of(found.mask)
        self._share = self._share or self._share_for(session, place)
        remembered = session.remember(found.mask, self._window(session, found.index, place))
        self._kept[found.index] = Kept(remembered, prompted, place)
        alike = sorted(index for index, kept in self._kept.items() if kept.prompted == prompted)
        if len(alike) > (POINTED_AT if prompted else LAST):
            far = max(alike, key=lambda index: abs(index - found.index))
            del self._kept[closest_to_another(alike, found.index) if prompted else far]

    @property
    def knows(self) -> bool:
        """Whether there is a prompted frame, without which nothing is recalled."""
        return any(kept.prompted for kept in self._kept.values())

    def said(self, session: Session, index: int) -> Prediction:
        """What the memory says of frame `index`, which has this session."""
        read = [self._kept[each] for each in self._read(index)]
        kinds = [PROMPTED if each.prompted else RECENT for each in read]
        window = self._window(session, index, self._place(index))
        return session.recall([each.remembered for each in read], kinds, window)

    def carry(self, session: Session, index: int, before: FrameMask) -> FrameMask:
        """As the memory says."""
        said = self.said(session, index)
        found = FrameMask(index, Prompts(), said.mask, said.iou, said.agreement)
        return found._replace(prompts=carried(found._replace(prompts=before.prompts)))

    def is_sure(self, found: FrameMask, before: FrameMask, pointed_at: FrameMask) -> bool:
        """Whether it says so, and both looks, of something that is there."""
        return is_sure(found)

    def _place(self, index: int) -> Box | None:
        """Where to look for the object: where it was next to this frame; once it is lost, in every other
        frame where the user pointed, as what left may be back there."""
        nearest = min(self._kept, key=lambda each: abs(each - index))
        if abs(nearest - index) > LOST and index % 2:
            pointed_at = [each for each, kept in self._kept.items() if kept.prompted]
            nearest = min(pointed_at, key=lambda each: abs(each - index))
        return self._kept[nearest].place

    def _share_for(self, session: Session, place: Box | None) -> float:
        """The least that leaves ROOM around the object; 1, the whole frame, where none does."""
        if place is None or not self._closer or not session.looks_closer:
            return 1.0
        needed = ROOM * share_of(place, *session.geometry.reduction.shape)
        return next((share for share in SHARES if needed <= share), 1.0)

    def _window(self, session: Session, index: int, place: Box | None) -> Window | None:
        """Where to look in a frame; None: at all of it. Once it was looked at it is remembered as seen."""
        if self._share == 1 or place is None:
            return None
        if self._looked[0] != index:
            self._looked = index, around(place, *session.geometry.reduction.shape, self._share)
        return self._looked[1]

    def _read(self, index: int) -> list[int]:
        """The frames that are read for this one."""
        pointed_at = sorted(i for i, kept in self._kept.items() if kept.prompted)
        nearest = [i for i in pointed_at if i < index][-1:] + [i for i in pointed_at if i >= index][:1]
        reach = min(abs(i - index) for i in nearest)
        others = [i for i, kept in self._kept.items() if not kept.prompted and 0 < abs(i - index) < reach]
        return [*nearest, *sorted(others, key=lambda i: abs(i - index))[:READ]]


def is_sure(found: FrameMask) -> bool:
    """Whether the memory says that it found the object, and both looks agree on something that is there."""
    agrees = found.agreement is None or found.agreement >= AGREEING
    return agrees and found.iou >= SURE and bool(found.mask.any())
