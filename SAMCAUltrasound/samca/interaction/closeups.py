"""Windows of an image that were looked at, encoded once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..prompts.geometry import Geometry
from ..prompts.windows import Window
from .looks import embed
from .memory import Memory

KEPT = 4  # windows of an image; the least recently used is dropped first


class Closeups:
    """An (H, W, 3) image in 0..255 and the windows of it that were encoded, with their mirror images if
    `mirror`."""

    def __init__(self, rgb: np.ndarray, mirror: bool = False):
        self._mirror = mirror
        self._rgb = rgb.round().clip(0, 255).astype(np.uint8)
        self._encoded: Memory[Window, tuple[Any, Geometry]] = Memory(KEPT)

    @property
    def nbytes(self) -> int:
        """Bytes of the image and of the features of its windows."""
        return self._rgb.nbytes + sum(bytes_of(features) for features, _ in self._encoded.values())

    def encoded(self, window: Window, model) -> tuple[Any, Geometry]:
        """The features of what the window shows, and how it lies in the model's input."""
        return self._encoded.of(window, lambda: self._encode(window.crop(self._rgb), model))

    def has(self, window: Window) -> bool:
        """Whether this window was encoded and is kept."""
        return window in self._encoded

    def _encode(self, pixels: np.ndarray, model) -> tuple[Any, Geometry]:
        geometry = Geometry(*pixels.shape[:2], model.config.image_size, model.config.fit)
        return embed(model, geometry.image_to_model(pixels), self._mirror), geometry


def bytes_of(embedding: Any) -> int:
    """Bytes of an array, a tensor or closeups, or of all in nested tuples and lists of them."""
    if isinstance(embedding, tuple | list):
        return sum(map(bytes_of, embedding))
    return int(getattr(embedding, "nbytes", 0))
