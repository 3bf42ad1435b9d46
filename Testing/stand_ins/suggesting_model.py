"""Models without a network that find things by themselves."""

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


class PickyModel(BrightModel):
    """Is surer the lower the square lies, and blind for the one of `blind` rows."""

    blind = -1

    def predict(self, features, prompts, previous):
        logits, _iou = super().predict(features, prompts, previous)
        rows = int((logits > 0).any(1).sum())
        if rows == self.blind:
            logits[:] = -8.0
        return logits, 1 - rows / 64


class FindingModel(DiscModel):
    """Discs of five px in a frame, and a rectangle for what it finds by itself."""

    suggests = ("lesion", "nerve")

    def __init__(self):
        super().__init__(radius=14.0)

    def predict(self, features, prompts, previous):
        logits, iou = super().predict(features, prompts, previous)
        if prompts.suggestion is not None:
            logits[20:44, 8 + 24 * prompts.suggestion : 24 + 24 * prompts.suggestion] = 8.0
            for point in prompts.clicks:
                near = np.hypot(*(np.mgrid[:64, :64] - np.reshape([point.y, point.x], (2, 1, 1)))) < 8
                logits[near] = 8.0 if point.positive else -8.0
        return logits, iou
