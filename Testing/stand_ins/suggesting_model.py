"""A model without a network that finds things by itself."""

from __future__ import annotations

import numpy as np
from disc_model import DiscModel


class BrightModel(DiscModel):
    """Finds what is brighter than `level` of 255 ("lesion") or as dark ("vessel"), and says `iou` of it."""

    suggests = ("lesion", "vessel")

    def __init__(self, level=150.0, iou=0.9):
        super().__init__()
        self.level, self.iou = level, iou

    def predict_each(self, features, prompts, previous):
        answers = [self.predict(look, each, None) for look, each in zip(features, prompts, strict=True)]
        return np.stack([logits for logits, _ in answers]), [iou for _, iou in answers]

    def predict(self, features, prompts, previous):
        logits, _iou = super().predict(features, prompts, previous)
        if prompts.suggestion is not None and not prompts.clicks:
            grey = features[0][..., 0]
            isFound = grey > self.level if prompts.suggestion == 0 else grey < 255 - self.level
            logits[isFound] = 8.0
        return logits, self.iou
