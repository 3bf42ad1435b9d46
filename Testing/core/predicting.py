"""The prompt predictor of a tiny model, and an image, for the tests of suggestions."""

import numpy as np
import torch

SIZE = 64
PREDICTED = {"predictor": {"name": "single_block", "tokens": 4, "classes": ["disc", "bar"]}}
IMAGE = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE), dtype=np.uint8)
BEYOND = "this model finds 0 disc, 1 bar"


def presence_of(model, logit):
    """The same model, sure of an object (or none) by this logit."""
    with torch.no_grad():
        model.objectness.head.weight.zero_()
        model.objectness.head.bias.fill_(logit)
    return model
