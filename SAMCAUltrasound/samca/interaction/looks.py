"""Looks at one image, as it is and in a mirror: what they agree on, and where they do not.

A structure does not change in a mirror, so what a model says of it there should not either; how far it does
is a measure of its doubt (Wang et al., Neurocomputing 2019: uncertainty by augmentation at test time).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def embed(model, picture: np.ndarray, mirror: bool) -> Any:
    """Features of an (h, w, 3) picture at model resolution; with its mirror image if `mirror`, as a batch."""
    return model.embed_each([picture, picture[:, ::-1]]) if mirror else model.embed(picture)


def mean_of(looks: Sequence[np.ndarray]) -> np.ndarray:
    """(H, W) float32 mean of (H, W) logits of each look."""
    return sum(looks[1:], looks[0]) / np.float32(len(looks))  # np.mean would copy all of them first


def uncertainty(looks: Sequence[np.ndarray]) -> np.ndarray:
    """(H, W) logits of each look -> (H, W) float32: the standard deviation of the probability over the looks.

    Of two looks it is half of what they differ by: 0 where they agree, 0.5 where one is sure that the pixel
    is inside and the other that it is not.
    """
    return np.std(_probabilities(looks), axis=0)


def agreement(looks: Sequence[np.ndarray]) -> float:
    """Soft Dice of what two looks, (H, W) logits each, say: 0..1; 1 where both see nothing.

    1 - sum |p - q| / sum (p + q) of their probabilities, which of sure masks is the Dice coefficient.
    """
    one, other = _probabilities(looks)
    total = float((one + other).sum())
    return 1 - float(np.abs(one - other).sum()) / total if total else 1.0


def _probabilities(looks: Sequence[np.ndarray]) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * np.stack(looks)))  # the logistic function, without overflow
