"""A model that answers with masks prepared for it, and batches, for the tests of schedules."""

from types import SimpleNamespace

import numpy as np
import torch

from samca.config import LossConfig
from samca.prompts import polygons
from samca.training.learner import generator_of
from samca.training.losses import HybridLoss
from samca.training.schedules import SCHEDULES
from samca.training.schedules.batch import Batch

SIZE, IMAGES = 16, 3
TRUTH = np.zeros((SIZE, SIZE), bool)
TRUTH[2:10, 2:10] = True
SHIFTED, LARGE = np.roll(TRUTH, 3, 1), np.zeros_like(TRUTH)  # each misses and adds something
LARGE[1:12, 4:14] = True


class Prepared:
    """Answers initial sets with one mask and fused sets with another; remembers what it was asked."""

    def __init__(self, initial=SHIFTED, guided=LARGE, splits=True, feedback="none"):
        self.config = SimpleNamespace(feedback=feedback)
        self.fusion = SimpleNamespace(splits=splits)
        self.answers = {1: initial, 2: guided}
        self.asked, self.previous, self.given, self.others = [], [], [], []
        self.weight = torch.ones((), requires_grad=True)

    def decode(self, features, sets, previous=None):
        sign = torch.from_numpy(np.where(self.answers[len(sets)], 1.0, -1.0).astype(np.float32))
        logits = (len(self.asked) + 1) * self.weight * sign.expand(IMAGES, 1, SIZE, SIZE)
        self.asked.append([(s.points.numpy(), s.labels.numpy()) for s in sets])
        self.previous.append(previous)
        self.given.append(logits)
        return logits, torch.zeros(IMAGES, 1)

    def decode_fully(self, features, sets, previous=None, alternatives=False):
        logits, iou = self.decode(features, sets, previous)
        self.others.append((torch.cat([logits, -logits, logits / 2], dim=1), torch.zeros(IMAGES, 3)))
        return SimpleNamespace(logits=logits, iou=iou, alternatives=self.others[-1] if alternatives else None)

    def logits_of_lassos(self, prompts):
        return np.stack([polygons.inside(p.lasso, SIZE, SIZE) * np.float32(11) - 10 for p in prompts])


def batch(seed=0, truth=TRUTH):
    rngs = tuple(generator_of(seed, 0, 0, i) for i in range(IMAGES))
    truths = np.stack([truth] * IMAGES)
    return Batch(truths, rngs, generator_of(seed, 0, 0), HybridLoss(LossConfig()), torch.device("cpu"))


def run(model, name="double_click", seed=0, truth=TRUTH, **options):
    return SCHEDULES[name](model, None, batch(seed, truth), **options)


def at(region, points):
    """Whether each (..., 2) xy point lies in the (H, W) bool region."""
    return region[points[..., 1].astype(int), points[..., 0].astype(int)]
