"""An object on its way from image to image: what the next one is asked, and whether it was seen there."""

from __future__ import annotations

import numpy as np

from samca.prompts import Prompts

from ..Engine.EngineLogic import Result
from ..Prompts.MovedPrompts import Lie, moved

PATIENCE = 5  # images one behind the other in which it may not be seen


class Track:
    """What was sure last: prompts, (H, W) bool mask, and how its image lay."""

    def __init__(self, prompts: Prompts, mask: np.ndarray, lies: Lie):
        from samca.interaction.propagation import FrameMask

        self._last, self._lies, self._origin = FrameMask(0, prompts, mask, 0.0), lies, None
        self.misses = 0  # images since

    @property
    def isLost(self) -> bool:
        """Whether it is looked for no more, until somebody points at it."""
        return self.misses > PATIENCE

    def given(self, lies: Lie) -> Prompts:
        """What an image that lies so is asked; nothing where it does not reach the object."""
        from samca.interaction.propagation import carried

        prompts, mask = moved(self._lies, lies, self._last.prompts, self._last.mask)
        return carried(self._last._replace(prompts=prompts, mask=mask))

    def forgetHowSure(self) -> None:
        """Another model says what is sure from now on."""
        self._origin = None

    def take(self, prompts: Prompts, mask: np.ndarray, said: Result, lies: Lie, isPointedAt: bool) -> bool:
        """What an image showed, and whether that is sure. isPointedAt: somebody says so."""
        from samca.interaction.carriers.last_mask import is_sure

        found = self._last._replace(prompts=prompts, mask=mask, iou=said.iou, agreement=said.agreement)
        if isPointedAt or self._origin is None:
            isSure = bool(mask.any())
        else:
            before = self._last._replace(mask=moved(self._lies, lies, Prompts(), self._last.mask)[1])
            isSure = is_sure(found, before, self._origin)
        if not isSure:
            self.misses = PATIENCE + 1 if isPointedAt else self.misses + 1
            return False
        if isPointedAt or self._origin is None:
            self._origin = found
        self._last, self._lies, self.misses = found, lies, 0
        return True

    def miss(self) -> None:
        """An image does not reach it."""
        self.misses += 1
