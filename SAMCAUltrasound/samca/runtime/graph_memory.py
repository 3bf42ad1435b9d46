"""A memory of loops on ONNX Runtime: the graphs that come with the package, with the tensors of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .about import GIVEN, RECALLED, REMEMBERED


class Remembered(NamedTuple):
    """Of B pictures: keys (B, n, K) and values (B, n, V) float32 of n cells."""

    keys: np.ndarray
    values: np.ndarray

    @property
    def nbytes(self) -> int:
        """Of both."""
        return self.keys.nbytes + self.values.nbytes


class GraphMemory:
    """Two sessions, made when the first loop comes; features: names of what encoding gives."""

    def __init__(self, session_of: Callable[[str], Any], features: Sequence[str]):
        """session_of: from "remember" or "recall" to a session."""
        self._session_of, self._features = session_of, [GIVEN + name for name in features]

    @cached_property
    def _remembering(self) -> Any:
        return self._session_of("remember")

    @cached_property
    def _recalling(self) -> Any:
        return self._session_of("recall")

    def remember(self, maps: Sequence[np.ndarray], masks: np.ndarray) -> Remembered:
        """What is kept of B pictures: their maps, the embedding first, and masks (B, m, m) float32, 0..1."""
        given = {self._features[0]: maps[0], "masks": np.asarray(masks, np.float32)[:, None]}
        return Remembered(*self._remembering.run(REMEMBERED, given))

    def recall(
        self, maps: Sequence[np.ndarray], bank: Sequence[Remembered], kinds: Sequence[int]
    ) -> tuple[np.ndarray, list[float]]:
        """Logits (B, m, m) float32 and IoU of the object in B pictures by others of these kinds."""
        kept = (np.concatenate(each, 1) for each in zip(*bank, strict=True))
        given = dict(zip(self._features, maps, strict=True)) | dict(zip(REMEMBERED, kept, strict=True))
        logits, iou = self._recalling.run(RECALLED, given | {"kinds": np.array(kinds, np.int64)})
        return logits[:, 0], iou[:, 0].tolist()
