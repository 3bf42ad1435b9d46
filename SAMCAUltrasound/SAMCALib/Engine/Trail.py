"""An object on its way from picture to picture, as the engine's thread knows it: what the model remembers.

Who carries the object keeps the trail and sends it along with every request; only the engine's thread looks
inside. A model that has no memory of loops is asked by the prompts alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samca.interaction.session import Prediction, Session
from samca.prompts import Prompts


class Trail:
    """What is remembered of one object by one model; with another model it begins anew."""

    def __init__(self):
        self._model = self.recall = None

    def recallOf(self, model, closer: bool):
        """The carrier that recalls the object; None of a model without memory. closer: in windows, too."""
        from samca.interaction.carriers.recall import Recall

        if model is not self._model:
            self._model = model
            self.recall = Recall(model, closer) if getattr(model, "remembers", False) else None
        return self.recall


@dataclass(frozen=True, eq=False)
class Step:
    """The picture that a request is about, on the trail.

    index: its place, by which it is near to others; isCarried: nobody points at the object in it; mask:
    (H, W) bool of the object where it is known already.
    """

    trail: Trail
    index: int
    isCarried: bool
    mask: np.ndarray | None = None

    def recalled(self, model, session: Session, closer: bool) -> Prediction | None:
        """Where the memory says that the object is; None if the model is to be asked by prompts."""
        recall = self.trail.recallOf(model, closer)
        return recall.said(session, self.index) if recall and self.isCarried and recall.knows else None

    def remember(self, session: Session, prompts: Prompts, said: Prediction, mask: np.ndarray) -> None:
        """Know of the object, an (H, W) bool mask, in the picture of this session from now on."""
        from samca.interaction.carriers.frame_mask import FrameMask

        if (recall := self.trail.recall) is None:
            return
        isPrompted = not self.isCarried or not recall.knows
        found = FrameMask(self.index, prompts, mask, said.iou, said.agreement)
        if isPrompted or recall.is_sure(found, found, found):
            recall.take(session, found, isPrompted)
