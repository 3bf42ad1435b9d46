"""A picture as a model sees it, whole frame or window: prompts in, logits in the picture's own pixels out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..prompts import Prompts
from ..prompts.geometry import Geometry
from ..prompts.prompts import box_around
from ..prompts.windows import Window, enlarging
from .closeups import Closeups
from .decoding import Decoding
from .embedder import Embedder


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
        self._windows: dict[Window, View] = {}

    def looks(self, prompts: Prompts) -> tuple[tuple[np.ndarray, ...], float]:
        """Logits (H, W) float32 of each look, and the mean of the predicted IoU, 0..1.

        Where the model zooms and the structure is small, what it says of the window around it and what it
        said of the whole picture are averaged. Without prompts all is background.
        """
        if not prompts:
            shape = self.geometry.height, self.geometry.width
            return (np.full(shape, -np.inf, np.float32),) * (1 + self.mirror), 0.0
        looks, iou = self._at_once(prompts)
        mask = np.mean(looks, axis=0) > 0
        window = self.closeups and enlarging(mask, prompts, self.model.config.zoom)
        if not window:
            return looks, iou
        closer, iou_there = self._at(window).looks(window.prompts(_by_box(prompts, mask)))
        pairs = zip(looks, closer, strict=True)
        joined = (window.paste((window.crop(look) + there) / 2, look) for look, there in pairs)
        return tuple(joined), (iou + iou_there) / 2

    def forget(self) -> None:
        """Drop the logits of earlier prompts; what is encoded stays."""
        self._decoding.forget()
        self._windows = {}

    def _at_once(self, prompts: Prompts) -> tuple[tuple[np.ndarray, ...], float]:
        """What is said of the picture itself, without a closer look."""
        logits, ious = self._decoding(prompts)
        first, *mirrored = map(self.geometry.logits_to_image, logits)
        looks = (first, *(look[:, ::-1] for look in mirrored))
        return looks, float(np.mean(np.clip(ious, 0.0, 1.0)))

    def _at(self, window: Window) -> View:
        """The window as a view of its own, which looks no closer."""
        if window not in self._windows:
            encoded = self.closeups.encoded(window, self.model)
            self._windows[window] = View(self.model, self.mirror, *encoded)
        return self._windows[window]


def _by_box(prompts: Prompts, mask: np.ndarray) -> Prompts:
    """The prompts for a closer look at `mask`: of a suggestion, which knows whole frames, its box."""
    if prompts.suggestion is None:
        return prompts
    return replace(prompts, suggestion=None, box=prompts.box or box_around(mask))
