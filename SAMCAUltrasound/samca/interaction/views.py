"""A picture as a model sees it, whole frame or window: prompts in, logits in the picture's own pixels out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..prompts import Box, Prompts
from ..prompts.geometry import Geometry, resample
from ..prompts.prompts import box_around
from ..prompts.windows import Window, enlarging
from .closeups import KEPT, Closeups, bytes_of
from .decoding import REMEMBERED, Decoding, decode_together
from .embedder import Embedder
from .looks import mean_of
from .memory import Memory
from .tidy import mask_of

OUTSIDE = -10.0  # logit where a memory did not look
BEYOND = 30.0  # what logits lose one side of a box further out than what is drawn around the object
SAME = 0.9  # IoU from which two outlines are one to the eye
SURELY = 3.0  # logits beyond which a next click seldom changes a pixel
MEANINGS = (1, 2, 3)  # numbers of SAM's masks for an ambiguous click
Looks = tuple[np.ndarray, ...]


class View:
    """An encoded picture of H x W px, and the windows in it that are looked at more closely.

    features, geometry: the picture as the model encoded it, with its mirror image if `mirror`; closeups:
    where windows come from, None if it is looked at no closer.
    """

    def __init__(
        self,
        model: Embedder,
        mirror: bool,
        features: Any,
        geometry: Geometry,
        closeups: Closeups | None = None,
    ):
        self.model, self.mirror = model, mirror
        self.features, self.geometry, self.closeups = features, geometry, closeups
        self._decoding = Decoding(model, mirror, features, geometry)
        self._whole: Memory[Prompts, tuple[Looks, float]] = Memory(1)  # what was said of the whole picture
        self._chosen: Memory[Prompts, Window | None] = Memory(REMEMBERED)
        self._windows: Memory[Window, View] = Memory(KEPT)
        self._outlines: Memory[Prompts, tuple[int, ...]] = Memory(REMEMBERED)

    def looks(self, prompts: Prompts, closer: bool = True) -> tuple[Looks, float]:
        """Logits (H, W) float32 of each look, and the mean of the predicted IoU, 0..1.

        Where the model zooms and the structure is small, what it says of the window around it and what it
        said of the whole picture are averaged; not closer: of the whole picture alone. The farther outside of
        a box or a lasso and the clicks inside, the surer the model has to be, and outside of a window around
        all that there is nothing. Without prompts all is background.
        """
        if not prompts:
            shape = self.geometry.height, self.geometry.width
            return (np.full(shape, -np.inf, np.float32),) * (1 + self.mirror), 0.0
        window = self._window(prompts) if closer else None
        looks, iou = self._at_once(prompts)
        if not window:
            return looks, iou
        there, iou_there = self._at(window).looks(window.prompts(_by_box(prompts, _mask_of(looks))))
        inside = [(window.crop(look) + closest) / 2 for look, closest in zip(looks, there, strict=True)]
        around = [self._nothing] * len(looks) if prompts.drawn_around else looks
        joined = tuple(window.paste(*pair) for pair in zip(inside, around, strict=True))
        return joined, (iou + iou_there) / 2

    def remember(self, mask: np.ndarray, window: Window | None = None) -> Any:
        """What the model's memory keeps of the picture, or of a window in it, with an (H, W) bool mask of the
        object."""
        if window is not None:
            return self._at(window).remember(window.crop(mask))
        coverage = self.geometry.prompts_to_model(Prompts(mask=mask)).mask
        seen = resample(coverage, self.model.mask_side, self.model.mask_side)
        looks = (seen, seen[:, ::-1]) if self.mirror else (seen,)
        return self.model.remember(self.features, np.stack(looks))

    def recall(
        self, bank: Sequence[Any], kinds: Sequence[int], window: Window | None = None
    ) -> tuple[Looks, float]:
        """As `looks`, of an object that was remembered in other pictures of this size, or in such windows;
        outside of the window there is nothing."""
        if window is not None:
            looks, iou = self._at(window).recall(bank, kinds)
            return tuple(window.paste(look, self._nothing) for look in looks), iou
        return self._shown(*self.model.recall(self.features, bank, kinds))

    def outlines(self, click: Prompts) -> tuple[int, ...]:
        """What this one click may mean: 0, the model's answer, then the numbers of its other masks, the
        surest first, those that are not to the eye one of them before."""
        return self._outlines.of(click, lambda: self._differing(click))

    def _differing(self, click: Prompts) -> tuple[int, ...]:
        if not getattr(self.model, "gives_alternatives", False):
            return (0,)
        said = {number: self.looks(replace(click, alternative=number), False) for number in (0, *MEANINGS)}
        masks = {number: mask_of(np.mean(looks, axis=0), click) for number, (looks, _) in said.items()}
        kept = [0]
        for number in sorted(MEANINGS, key=lambda number: -said[number][1]):
            if masks[number].any() and all(_iou(masks[number], masks[other]) < SAME for other in kept):
                kept.append(number)
        return tuple(kept)

    def has_to_encode(self, prompts: Prompts) -> bool:
        """Whether a window has to be encoded before these prompts are looked at more closely."""
        window = self._window(prompts) if prompts else None
        return bool(window) and not self.closeups.has(window)

    def encode_ahead(self, prompts: Prompts) -> None:
        """Encode the windows that the next click will probably ask for, if they are not there: around what is
        surely part of the object, and around all that may be."""
        if not self.closeups or not prompts or prompts.mask is not None:
            return
        kept, said = self._window(prompts), mean_of(self._at_once(prompts)[0])
        for level in (SURELY, -SURELY):
            window = enlarging(said > level, prompts, self.model.config.zoom, kept)
            if window:
                self.closeups.encoded(window, self.model)

    @property
    def nbytes(self) -> int:
        """Bytes of features, windows and the logits that are remembered."""
        looks = sum(bytes_of(looks) for looks, _ in self._whole.values())
        kept = bytes_of((self.features, self.closeups)) + self._decoding.nbytes + looks
        return kept + sum(view._decoding.nbytes for view in self._windows.values())

    def forget(self) -> None:
        """Drop the logits of earlier prompts; what is encoded stays."""
        self._decoding.forget()
        for kept in (self._whole, self._chosen, self._windows, self._outlines):
            kept.clear()

    @property
    def _nothing(self) -> np.ndarray:
        return np.full((self.geometry.height, self.geometry.width), OUTSIDE, np.float32)

    def _at_once(self, prompts: Prompts) -> tuple[Looks, float]:
        """What is said of the picture itself, without a closer look."""
        if prompts.mask is not None:  # masks are not compared
            return self._said(prompts)
        return self._whole.of(prompts, lambda: self._said(prompts))

    def _said(self, prompts: Prompts) -> tuple[Looks, float]:
        looks, iou = self._shown(*self._decoding(prompts))
        if around := prompts.bound:
            beyond = BEYOND * _beyond(around, self.geometry.height, self.geometry.width)
            looks = tuple(look - beyond for look in looks)
        return looks, iou

    def _shown(self, logits: np.ndarray, ious: list[float]) -> tuple[Looks, float]:
        first, *mirrored = map(self.geometry.logits_to_image, logits)
        looks = (first, *(look[:, ::-1] for look in mirrored))
        return looks, float(np.mean(np.clip(ious, 0.0, 1.0)))

    def _window(self, prompts: Prompts) -> Window | None:
        """Where to look more closely: in the window of one click less, as long as the mask fits in it.

        So it depends on the prompts alone, whatever was looked at before.
        """
        if not self.closeups:
            return None
        if prompts.mask is not None:
            return self._choose(prompts)
        return self._chosen.following(prompts, _before, self._choose)

    def _choose(self, prompts: Prompts, kept: Window | None = None) -> Window | None:
        if kept and self.closeups.has(kept) and hasattr(self.model, "joined"):  # most often it is kept again
            both = (self, prompts), (self._at(kept), kept.prompts(prompts))
            decode_together([(view._decoding, given) for view, given in both])
        return enlarging(_mask_of(self._at_once(prompts)[0]), prompts, self.model.config.zoom, kept)

    def _at(self, window: Window) -> View:
        """The window as a view of its own, which looks no closer."""
        encoded = self.closeups.encoded(window, self.model)
        return self._windows.of(window, lambda: View(self.model, self.mirror, *encoded))


def _mask_of(looks: Looks) -> np.ndarray:
    return sum(looks[1:], looks[0]) > 0


def _beyond(box: Box, height: int, width: int) -> np.ndarray:
    """(H, W) float32: how far outside of a box each pixel lies, in sides of the box; inside 0."""
    rows, columns = (
        np.maximum(np.maximum(first - np.arange(side), np.arange(side) - last), 0) / (last - first)
        for first, last, side in ((box.y0, box.y1, height), (box.x0, box.x1, width))
    )
    return np.maximum(rows[:, None], columns).astype(np.float32)


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def _before(prompts: Prompts) -> Prompts:
    """One click less."""
    return prompts.first(len(prompts.clicks) - 1) if prompts.clicks else Prompts()


def _by_box(prompts: Prompts, mask: np.ndarray) -> Prompts:
    """The prompts for a closer look at `mask`: of a suggestion, which knows whole frames, its box."""
    if prompts.suggestion is None:
        return prompts
    return replace(prompts, suggestion=None, box=prompts.box or box_around(mask))
