"""A model that encodes only when a test lets it, and pictures and clicks for an engine."""

from __future__ import annotations

import threading
import types

import numpy as np

from samca.prompts import Click, Prompts
from SAMCALib.Engine.EngineLogic import Picture
from SAMCALib.Segments.MaskLogic import MaskOptions

AS_IT_IS = MaskOptions(largestComponent=False, fillHoles=False)
SIZE = 64


def picture(key, value=100, **more):
    return Picture((key,), np.full((SIZE, SIZE), value, np.uint8), name=f"frame {key}", **more)


def at(x, y=32.0):
    return Prompts((Click(x, y),))


class SlowModel:
    """Encodes only while `open` is set, in steps through an encoder with hooks as torch modules have them."""

    def __init__(self):
        self.config = types.SimpleNamespace(
            image_size=SIZE, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=False
        )
        self.image_encoder = self
        self.started, self.open = threading.Event(), threading.Event()
        self.embedded, self.finished, self.hooks = [], [], []

    def modules(self):
        return [self]

    def register_forward_pre_hook(self, hook):
        self.hooks.append(hook)
        return types.SimpleNamespace(remove=lambda: self.hooks.remove(hook))

    def embed(self, pixels):
        value = int(pixels.max())
        self.embedded.append(value)
        self.started.set()
        assert self.open.wait(30)
        for hook in self.hooks:
            hook(self, ())
        self.finished.append(value)
        return (pixels,)

    def predict(self, features, prompts, previous):
        logits = np.full((SIZE, SIZE), -1, np.float32)
        for click in prompts.clicks:
            logits[int(click.y), int(click.x)] = 1
        return logits, 0.5
