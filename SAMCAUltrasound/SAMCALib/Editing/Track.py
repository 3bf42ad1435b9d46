"""An object on its way from image to image: what the next one is asked, and whether it was seen there."""

from __future__ import annotations

import numpy as np

from samca.prompts import Prompts

from ..Engine.EngineLogic import Result
from ..Engine.Trail import Step, Trail
from ..Prompts.MovedPrompts import Lie, moved

PATIENCE = 5  # images one behind the other in which it may not be seen


class Track:
    """What was sure last: prompts, (H, W) bool mask, and how its image lay."""

    def __init__(self, prompts: Prompts, mask: np.ndarray, lies: Lie):
        from samca.interaction.propagation import FrameMask

        self._last, self._lies, self._origin = FrameMask(0, prompts, mask, 0.0), lies, None
        self.misses = 0  # images since
        self._trail, self._count = Trail(), 0

    @property
    def isLost(self) -> bool:
        """Whether it is looked for no more, until somebody points at it."""
        return self.misses > PATIENCE

    def given(self, lies: Lie) -> Prompts:
        """What an image that lies so is asked; nothing where it does not reach the object."""
        from samca.interaction.propagation import carried

        prompts, mask = moved(self._lies, lies, self._last.prompts, self._last.mask)
        return carried(self._last._replace(prompts=prompts, mask=mask))

    def step(self, isCarried: bool, mask: np.ndarray | None) -> Step:
        """The next image, on the trail of the object; mask: what it is there, where that is known."""
        self._count += 1
        return Step(self._trail, self._count, isCarried, mask)

    def forgetHowSure(self) -> None:
        """Another model says what is sure from now on."""
        self._origin = None

    def take(self, prompts: Prompts, mask: np.ndarray, said: Result, lies: Lie, isPointedAt: bool) -> bool:
        """What an image showed, and whether that is sure. isPointedAt: somebody says so."""
        from samca.interaction.carriers import last_mask, recall
        from samca.interaction.propagation import carried

        found = self._last._replace(prompts=prompts, mask=mask, iou=said.iou, agreement=said.agreement)
        if said.isRecalled:
            isSure, found = recall.is_sure(found), found._replace(prompts=carried(found))
        elif isPointedAt or self._origin is None:
            isSure = bool(mask.any())
        else:
            before = self._last._replace(mask=moved(self._lies, lies, Prompts(), self._last.mask)[1])
            isSure = last_mask.is_sure(found, before, self._origin)
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
