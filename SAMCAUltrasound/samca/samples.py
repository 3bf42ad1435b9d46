"""Cases of datasets at model resolution, as training takes them: an image and one of its targets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from . import augment
from .config import choose
from .frames import as_rgb
from .geometry import Geometry, resample

CACHE_BYTES = 1 << 30  # of decoded images and masks kept in memory


class Samples:
    """Cases at (size, size) px. Images are read once and kept while they fit in memory."""

    def __init__(self, cases: Sequence, size: int, fit: str, augmentation: str):
        self.cases, self.size, self.fit = list(cases), size, fit
        self.transform = choose("run.augment", augment.AUGMENTS, augmentation)()
        self._load = lru_cache(max(1, CACHE_BYTES // (4 * size * size)))(self._read)

    def __len__(self) -> int:
        return len(self.cases)

    def image(self, index: int) -> np.ndarray:
        """Image (size, size, 1 or 3) uint8 of case `index`, as it is."""
        return self._load(index)[0]

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image (size, size, 1 or 3) uint8 and a random target (size, size) bool of a case, augmented."""
        image, targets = self._load(index)
        target = targets[int(rng.integers(len(targets)))]
        if self.transform is None:
            return image, target
        return augment.apply(self.transform, image, target, rng)

    def _read(self, index: int) -> tuple[np.ndarray, list[np.ndarray]]:
        case = self.cases[index]
        pixels = as_rgb(case.pixels())
        geometry = Geometry(*pixels.shape[:2], self.size, self.fit)
        height, width = geometry.content
        image = np.zeros((self.size, self.size, 3), np.uint8)
        image[:height, :width] = geometry.image_to_model(pixels).round().clip(0, 255)
        gray = np.array_equal(image[..., 0], image[..., 1]) and np.array_equal(image[..., 0], image[..., 2])
        return image[..., :1] if gray else image, [self._target(t, height, width) for t in case.targets()]

    def _target(self, target: np.ndarray, height: int, width: int) -> np.ndarray:
        coverage = resample(target, height, width)
        mask = np.zeros((self.size, self.size), bool)
        # A structure thinner than a model pixel keeps the pixels it covers most.
        mask[:height, :width] = coverage >= min(0.5, coverage.max())
        return mask


def to_rgb_planes(images: Sequence[np.ndarray]) -> np.ndarray:
    """Images (S, S, 1 or 3) uint8 -> (B, 3, S, S) float32 in 0..255."""
    return np.stack([np.broadcast_to(i, (*i.shape[:2], 3)).transpose(2, 0, 1) for i in images]).astype(
        np.float32
    )
