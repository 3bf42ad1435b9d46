"""Prompts to logits on one encoded picture, each prefix of the clicks decoded once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..prompts import Prompts
from ..prompts.geometry import Geometry
from .embedder import Embedder
from .memory import Memory

REMEMBERED = 64  # prompts whose logits are kept

Said = tuple[np.ndarray, list[float]]  # logits (n, m, m) float32 and predicted IoU of n looks


class Decoding:
    """What a model says of the features of a picture, or of a picture and its mirror image if `mirror`.

    It remembers the logits of prompts without a mask, because where a model takes its previous logits as mask
    prompt, those of all prompts before have to be there.
    """

    def __init__(self, model: Embedder, mirror: bool, features: Any, geometry: Geometry):
        self._model, self._mirror, self._features, self._geometry = model, mirror, features, geometry
        self._said: Memory[Prompts, Said] = Memory(REMEMBERED)

    def __call__(self, prompts: Prompts) -> Said:
        """Logits (n, m, m) float32 in model resolution and predicted IoU of n looks; a mirror image's stay
        mirrored."""
        if prompts.mask is not None:  # masks are not compared, so their logits are not kept
            return self._decode(prompts, None)
        return self._said.following(prompts, self._before, self._decode_after)

    @property
    def nbytes(self) -> int:
        """Bytes of the logits that are remembered."""
        return sum(logits.nbytes for logits, _ in self._said.values())

    def forget(self) -> None:
        """Remember nothing."""
        self._said.clear()

    def _decode_after(self, prompts: Prompts, answer: Said | None) -> Said:
        return self._decode(prompts, None if answer is None else answer[0])

    def _decode(self, prompts: Prompts, previous: np.ndarray | None) -> Said:
        given = self._geometry.prompts_to_model(prompts)
        if not self._mirror:
            before = None if previous is None else previous[0]
            logits, iou = self._model.predict(self._features, given, before)
            return logits[None], [iou]
        mirrored = self._geometry.prompts_to_model(prompts.mirrored(self._geometry.width))
        return self._model.predict_each(self._features, (given, mirrored), previous)

    def _before(self, prompts: Prompts) -> Prompts:
        """The prompts whose logits are the mask prompt for these; none where there are no earlier ones."""
        feedback = self._model.config.feedback
        if feedback == "none" or not prompts.clicks:
            return Prompts()
        if feedback == "last":
            return prompts.first(len(prompts.clicks) - 1)
        initial, _ = prompts.initial_and_guided()
        return Prompts() if initial == prompts else initial
