"""A model without a network, for editors: discs around clicks."""

from __future__ import annotations

import threading
import types

import numpy as np

from samca.prompts import polygons


class DiscModel:
    """Stands in for a network: the mask is a disc of `radius` model px around the first click, less or plus
    smaller discs around the others; a box, a mask or a lasso is taken as it is. others: radii of what a click
    may mean beside that, the surest first. The embedding is the picture
    itself. lean: model px by which discs lie too far to the right, in a mirror too. hole: radius in model px
    of what the first click's disc lacks to the left of the click, as a model may by itself. deaf: clicks
    after the first one change nothing."""

    gives_alternatives = True

    def __init__(self, radius=5.0, size=64):
        self.radius, self.lean, self.hole, self.deaf = radius, 0.0, 0.0, False
        self.config = types.SimpleNamespace(
            image_size=size, fit="squash", feedback="none", zoom=0.0, mirror=False, tidy=False
        )
        self.embedded, self.others = [], (2 * radius, 0.5 * radius, radius)

    def embed(self, pixels):
        self.embedded.append(pixels)
        return (pixels,)

    def embed_each(self, pictures):
        return tuple(map(self.embed, pictures))

    def predict_each(self, features, prompts, previous):
        answers = [self.predict(features, each, None) for each in prompts]
        return np.stack([logits for logits, _ in answers]), [iou for _, iou in answers]

    def predict(self, features, prompts, previous):
        y, x = np.mgrid[: self.config.image_size, : self.config.image_size]
        inside = np.zeros(x.shape, bool) if prompts.mask is None else prompts.mask > 0.5
        if prompts.lasso:
            inside |= polygons.inside(prompts.lasso, *x.shape)
        if prompts.box is not None and prompts.mask is None and not prompts.lasso:  # these say more
            box = prompts.box
            inside |= (x >= box.x0) & (x <= box.x1) & (y >= box.y0) & (y <= box.y1)
        for number, click in enumerate(prompts.clicks[: 1 if self.deaf else None]):
            radius = self.radius if number == 0 else self.radius / 2
            distance = np.hypot(x - click.x - self.lean, y - click.y)
            disc = distance <= radius
            if number == 0 and self.hole:
                disc &= np.hypot(x - click.x + self.hole + 1, y - click.y) > self.hole
            inside = inside | disc if click.positive else inside & ~disc
        return np.where(inside, 8.0, -8.0).astype(np.float32), 0.9

    def alternatives_each(self, features, prompts):
        y, x = np.mgrid[: self.config.image_size, : self.config.image_size]
        clicks = [each.clicks[0] for each in prompts]
        discs = [[np.hypot(x - click.x, y - click.y) <= r for r in self.others] for click in clicks]
        logits = np.where(discs, 8.0, -8.0).astype(np.float32)
        return logits, np.tile(np.linspace(0.8, 0.4, len(self.others)), (len(prompts), 1))


class GatedModel:
    """Encodes and answers only while the gate is open."""

    def __init__(self, model):
        self.model, self.config, self.suggests = model, model.config, getattr(model, "suggests", ())
        self.started, self.gate = threading.Event(), threading.Event()

    def close(self):
        """From now on it waits again."""
        self.gate.clear()

    def embed(self, pixels):
        self.started.set()
        assert self.gate.wait(30)
        return self.model.embed(pixels)

    def predict(self, *arguments):
        assert self.gate.wait(30)
        return self.model.predict(*arguments)
