"""Cases of datasets at model resolution, as training takes them: an image and one of its targets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from . import augment
from .config import choose
from .frames import as_rgb
from .geometry import Geometry, resample
from .prompts import box_around
from .windows import around, share_of

CACHE_BYTES = 1 << 30  # of decoded images and masks kept in memory
SMALLEST = 0.2  # of a frame's sides, the sides of a window

Masks = list[np.ndarray]


class Samples:
    """Cases at (size, size) px. Images are read once and kept while they fit in memory.

    windows: the share of samples, 0..1, that show a window around the target instead of the whole frame, the
    target taking 20 to 80 % of its sides.
    """

    def __init__(self, cases: Sequence, size: int, fit: str, augmentation: str, windows: float = 0.0):
        self.cases, self.size, self.fit, self.windows = list(cases), size, fit, windows
        self.transform = choose("run.augment", augment.AUGMENTS, augmentation)()
        self._load = lru_cache(max(1, CACHE_BYTES // (4 * size * size)))(self._read)
        if windows:  # cut from frames at their own resolution
            self._read_frame = lru_cache(max(1, CACHE_BYTES // (16 * size * size)))(self._read_frame)

    def __len__(self) -> int:
        return len(self.cases)

    def image(self, index: int) -> np.ndarray:
        """Image (size, size, 1 or 3) uint8 of case `index`, as it is."""
        return self._load(index)[0]

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image (size, size, 1 or 3) uint8 and a random target (size, size) bool of a case, augmented."""
        if self.windows and rng.random() < self.windows:
            image, target = self._window(index, rng)
        else:
            image, targets = self._load(index)
            target = targets[int(rng.integers(len(targets)))]
        if self.transform is None:
            return image, target
        return augment.apply(self.transform, image, target, rng)

    def _window(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A window around a random target of a case, up to a quarter of the frame's sides large."""
        frame, targets = self._read_frame(index)
        target = targets[int(rng.integers(len(targets)))]
        box, shape = box_around(target), target.shape
        share = share_of(box, *shape) / rng.uniform(0.2, 0.8)
        free = max(0.0, share - share_of(box, *shape)) / 2  # the target may lie off the middle
        x, y = rng.uniform(-free, free, 2) * shape[::-1]
        window = around(box.shifted(x, y), *shape, min(max(share, SMALLEST), 1.0))
        image, masks = self._at_model_size(window.crop(frame), [window.crop(target)])
        return image, masks[0]

    def _read(self, index: int) -> tuple[np.ndarray, Masks]:
        return self._at_model_size(*self._read_frame(index))

    def _read_frame(self, index: int) -> tuple[np.ndarray, Masks]:
        case = self.cases[index]
        return as_rgb(case.pixels()).round().clip(0, 255).astype(np.uint8), list(case.targets())

    def _at_model_size(
        self, pixels: np.ndarray, targets: list[np.ndarray]
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        geometry = Geometry(*pixels.shape[:2], self.size, self.fit)
        height, width = geometry.content
        image = np.zeros((self.size, self.size, 3), np.uint8)
        image[:height, :width] = geometry.image_to_model(pixels).round().clip(0, 255)
        gray = np.array_equal(image[..., 0], image[..., 1]) and np.array_equal(image[..., 0], image[..., 2])
        return image[..., :1] if gray else image, [self._target(t, height, width) for t in targets]

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
