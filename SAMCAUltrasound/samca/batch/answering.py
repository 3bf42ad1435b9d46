"""What a model answers on one frame, on a screen with several pictures in the one that is pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..images.frames import Frame
from ..images.regions import Region, region_under
from ..interaction.session import Session
from ..prompts import Prompts
from ..prompts.kinds import check_kind


@dataclass(frozen=True)
class Answer:
    """One object: prompts in px of the frame, the (H, W) bool mask on it, and how sure the model is.

    iou: what it predicts, 0..1; agreement: of a look at the picture and one at its mirror image, 0..1, None
    where there was no second look.
    frame: the frame, with the spacing of the picture that the object is in. region: that picture, None where
    there is only one. factor: by how much a large picture was reduced.
    """

    prompts: Prompts
    mask: np.ndarray
    iou: float
    agreement: float | None
    frame: Frame
    region: Region | None = None
    factor: int = 1


class OnFrame:
    """A model and a frame; each picture on it is encoded once, when it is first pointed at.

    twice: look at the mirror image, too, of a model that does not so itself.
    """

    def __init__(self, model, frame: Frame, twice: bool = False):
        self._model, self._frame, self._twice = model, frame, twice
        self._sessions: dict[Region | None, Session] = {}

    def answer(self, prompts: Prompts) -> Answer:
        """The object that these prompts point at; ValueError for what is outside, or in several pictures."""
        regions = self._frame.regions
        region = region_under(regions, prompts)
        if regions and not prompts.by_user:
            raise ValueError(f"there are {len(regions)} pictures on this screen: point at one with --click")
        return self._answer(region, prompts)

    def suggestions(self, kind: int) -> list[Answer]:
        """What the model finds of its class `kind` (from 0) by itself, in each picture one object at most."""
        prompts = Prompts(suggestion=kind)
        found = (self._answer(region, prompts) for region in self._frame.regions or (None,))
        return [answer for answer in found if answer.mask.any()]

    def _answer(self, region: Region | None, prompts: Prompts) -> Answer:
        session = self._session(region)
        mask = session.point(prompts if region is None else _within(region, prompts))
        frame = self._frame
        if region is not None:
            mask = region.window.paste(mask, np.zeros(frame.pixels.shape[:2], bool))
            spacing = frame.part(region).grid.spacing
            frame = replace(frame, grid=replace(frame.grid, spacing=spacing))
        looks_twice = self._twice or session.mirror
        agreement = session.agreement if looks_twice else None
        return Answer(prompts, mask, session.iou, agreement, frame, region, session.geometry.reduction.factor)

    def _session(self, region: Region | None) -> Session:
        if region not in self._sessions:
            part = self._frame if region is None else self._frame.part(region)
            self._sessions[region] = Session(self._model)
            self._sessions[region].set_image(part.pixels)
        return self._sessions[region]


def class_of(names: Sequence[str], word: str) -> int:
    """The number, from 0, of a model's class by its name or number; ValueError for one that it has not."""
    if word in names:
        return names.index(word)
    if names and not word.isdecimal():
        raise ValueError(f"--suggest {word!r} is not one of {', '.join(names)}")
    kind = int(word) if word.isdecimal() else 0
    check_kind(kind, names)
    return kind


def _within(region: Region, prompts: Prompts) -> Prompts:
    return replace(region.window.prompts(prompts), suggestion=prompts.suggestion)
