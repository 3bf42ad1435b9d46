"""A model that needs no torch: discs around clicks, and a note of every call."""

from types import SimpleNamespace

import numpy as np

from samca.prompts import polygons

HEIGHT, WIDTH, SIZE, SIDE = 60, 80, 64, 16  # of its images, its input, its masks


class Dots:
    """Marks discs around clicks and corners of strokes, a box, what a mask or lasso holds; notes every call.

    lean: px of the model by which discs are drawn too far to the right.
    """

    def __init__(self, feedback="none", fit="squash", zoom=0.0, mirror=False, lean=0.0):
        self.config = SimpleNamespace(
            image_size=SIZE, fit=fit, feedback=feedback, zoom=zoom, mirror=mirror, tidy=False
        )
        self.calls, self.lean = [], lean

    def embed(self, pixels):
        self.calls.append(("embed", pixels.shape, pixels.dtype))
        return "features"

    def embed_each(self, pictures):
        for pixels in pictures:
            self.embed(pixels)
        return "features"

    def predict_each(self, features, prompts, previous):
        before = previous if previous is not None else [None] * len(prompts)
        answers = [self.predict(features, *each) for each in zip(prompts, before, strict=True)]
        return np.stack([logits for logits, _ in answers]), [iou for _, iou in answers]

    def predict(self, features, prompts, previous):
        assert features == "features"
        self.calls.append((prompts, previous))
        rows, columns = (np.mgrid[:SIDE, :SIDE] + 0.5) * SIZE / SIDE - 0.5
        logits = np.full((SIDE, SIDE), -5, np.float32) if previous is None else previous - 1
        if prompts.mask is not None:
            logits = np.where(prompts.mask.reshape(SIDE, 4, SIDE, 4).mean((1, 3)) > 0.5, 5, logits)
        if prompts.lasso and previous is None:
            corners = [
                ((x + 0.5) * SIDE / SIZE - 0.5, (y + 0.5) * SIDE / SIZE - 0.5) for x, y in prompts.lasso
            ]
            logits = np.where(polygons.inside(corners, SIDE, SIDE), 5, logits)
        if prompts.box is not None:
            box = prompts.box
            inside = (columns > box.x0) & (columns < box.x1) & (rows > box.y0) & (rows < box.y1)
            logits = np.where(inside, 5, logits)
        for click in prompts.clicks:
            for x, y in click.places:
                near = (columns - x - self.lean) ** 2 + (rows - y) ** 2 < 8**2
                logits = np.where(near, 5 if click.positive else -5, logits)
        return logits.astype(np.float32), 1.5 * len(prompts.clicks)

    @property
    def predictions(self):
        return [call for call in self.calls if call[0] != "embed"]
