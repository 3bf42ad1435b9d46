"""What answers: anything that encodes a picture and decodes prompts on it, whatever it runs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ..prompts import Prompts


class Embedder(Protocol):
    """What a session asks of a model; see `samca.network.model.Model`."""

    config: Any

    def embed(self, pixels: np.ndarray) -> Any:
        """(h, w, 3) float32 RGB in 0..255 at model resolution -> features."""

    def embed_frames(self, *groups: Sequence[np.ndarray]) -> list[Any]:
        """The same of frames that are encoded together; asked for where a session gets several."""

    def embed_each(self, pictures: Sequence[np.ndarray]) -> Any:
        """The same of a batch; asked for where a session mirrors."""

    def predict(
        self, features: Any, prompts: Prompts, previous: np.ndarray | None
    ) -> tuple[np.ndarray, float]: ...

    def predict_each(
        self, features: Any, prompts: Sequence[Prompts], previous: np.ndarray | None
    ) -> tuple[np.ndarray, list[float]]:
        """The same of a batch; asked for where a session mirrors."""

    def alternatives_each(self, features: Any, prompts: Sequence[Prompts]) -> tuple[np.ndarray, np.ndarray]:
        """What one click may mean, on each picture of a batch: logits (B, 3, m, m) and predicted IoU (B, 3);
        asked for where the model has `gives_alternatives`, which it may lack."""

    def remember(self, features: Any, masks: np.ndarray) -> Any:
        """What is kept of a batch of pictures of a loop in which an object is known, masks (B, m, m) float32
        0..1; asked for where the model has `remembers`, which it may lack."""

    def recall(
        self, features: Any, bank: Sequence[Any], kinds: Sequence[int]
    ) -> tuple[np.ndarray, list[float]]:
        """By what is kept of pictures of these kinds, 0: the user pointed there, 1: it was carried there:
        logits (B, m, m) and predicted IoU of the object in others; asked for likewise."""

    def joined(self, features: Sequence[Any]) -> Any:
        """Those of several pictures as of one batch; a model may lack it, then each is decoded by itself."""
