"""Cases of datasets at model resolution, as training takes them: images, and one target in them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ..config import ModelConfig, choose
from ..datasets import windows_of
from ..images.frames import as_rgb
from ..network.classes import Classes
from ..prompts.geometry import Geometry, resample
from ..prompts.prompts import box_around
from ..prompts.windows import around, share_of
from . import augment

CACHE_BYTES = 1 << 30  # of decoded images and masks kept in memory
SMALLEST = 0.2  # of a frame's sides, the sides of a window
SPOT = 0.03  # of the model's input, the radius of what a click gives where nothing is

Masks = list[np.ndarray]


class Samples:
    """Cases at (size, size) px. Images are read once and kept while they fit in memory.

    windows: the share of samples, 0..1, that show a window around the target instead of the whole frame, the
    target taking 20 to 80 % of its sides. With `classes` a target is all of one class in an image, and empty
    where the image shows nothing of it. Without them a case without truth has a spot anywhere as its target.
    """

    def __init__(
        self,
        cases: Sequence,
        size: int,
        fit: str,
        augmentation: str,
        windows: float = 0.0,
        classes: Classes | None = None,
    ):
        self.cases, self.size, self.fit, self.windows = list(cases), size, fit, windows
        self.classes = classes
        self.transform = choose("run.augment", augment.AUGMENTS, augmentation)()
        self._load = lru_cache(max(1, CACHE_BYTES // (4 * size * size)))(self._read)
        if windows:  # cut from frames at their own resolution
            self._read_frame = lru_cache(max(1, CACHE_BYTES // (16 * size * size)))(self._read_frame)

    def __len__(self) -> int:
        return len(self.cases)

    def sources(self) -> list[str]:
        """The data set of each sample."""
        return [case.source for case in self.cases]

    def image(self, index: int) -> np.ndarray:
        """Image (size, size, 1 or 3) uint8 of case `index`, as it is."""
        return self._load(index)[0]

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image (size, size, 1 or 3) uint8 and a random target (size, size) bool of a case, augmented."""
        return self.sample_with_class(index, rng)[:2]

    def sample_with_class(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
        """The same with the class of the target, from 0; 0 without `classes`."""
        zooms = self.windows > 0 and rng.random() < self.windows
        image, targets = self._load(index)
        chosen = int(rng.integers(len(targets)))
        target, number = targets[chosen], 0
        if self.classes:
            number = list(self.classes.of_values(self.cases[index].source).values())[chosen]
        if zooms and target.any():
            image, target = self._window(index, chosen, rng)
        if self.transform is not None:
            image, target = augment.apply(self.transform, image, target, rng)
        return image, _spot(target, rng) if self._is_empty(index) else target, number

    def _is_empty(self, index: int) -> bool:
        return self.classes is None and not self.cases[index].has_truth

    def _window(self, index: int, chosen: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A window around target `chosen` of a case, at least SMALLEST of the frame's sides large."""
        frame, targets = self._read_frame(index)
        target = targets[chosen]
        shown = _spot(target, rng) if self._is_empty(index) else target
        box, shape = box_around(shown), target.shape
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
        image = as_rgb(case.pixels()).round().clip(0, 255).astype(np.uint8)
        if self._is_empty(index):
            return image, [np.ones(image.shape[:2], bool)]  # where a spot may lie
        return image, [truth for _, truth in self.classes.truths(case)] if self.classes else case.targets()

    def _at_model_size(self, pixels: np.ndarray, targets: Masks) -> tuple[np.ndarray, Masks]:
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
        mask[:height, :width] = coverage >= min(0.5, coverage.max() or 1.0)
        return mask


def _spot(area: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W) bool: what of `area` is near a random place in it."""
    row, column = divmod(int(rng.choice(np.flatnonzero(area))), area.shape[1])
    rows, columns = np.ogrid[: area.shape[0], : area.shape[1]]
    return area & (np.hypot(rows - row, columns - column) <= SPOT * max(area.shape))


class LoopSamples(Samples):
    """Runs of `depth` neighbouring frames of a loop, sweep or volume, whole, all with the same structure.

    Every frame is prompted, as in Medical SAM Adapter. Raises ValueError as of `datasets.windows_of`.
    """

    def __init__(self, cases: Sequence, size: int, fit: str, augmentation: str, depth: int):
        super().__init__(cases, size, fit, augmentation)
        self.runs = windows_of(self.cases, depth)

    def __len__(self) -> int:
        return len(self.runs)

    def sources(self) -> list[str]:
        """The data set of each sample."""
        return [self.cases[run[0]].source for run in self.runs]

    def sample(self, index: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Images (depth, size, size, 1 or 3) uint8 of run `index` and a random structure in them (depth,
        size, size) bool, augmented alike; in some frames it may be missing."""
        images, structures = zip(*(self._load(i) for i in self.runs[index]), strict=True)
        if len({image.shape for image in images}) > 1:
            images = [as_rgb_image(image) for image in images]
        value = int(rng.choice(sorted({value for found in structures for value in found}) or [1]))
        nothing = np.zeros((self.size, self.size), bool)
        masks = np.stack([found.get(value, nothing) for found in structures], axis=-1)
        channels = np.concatenate(images, axis=-1)
        if self.transform is not None:
            channels, masks = augment.apply(self.transform, channels, masks, rng)
        return np.stack(np.split(channels, len(images), axis=-1)), np.moveaxis(masks, -1, 0)

    def _read(self, index: int) -> tuple[np.ndarray, dict[int, np.ndarray]]:
        frame, _ = self._read_frame(index)
        structures = self.cases[index].structures()
        image, masks = self._at_model_size(frame, list(structures.values()))
        return image, dict(zip(structures, masks, strict=True))


def samples_for(
    cases: Sequence, config: ModelConfig, augmentation: str, windows: float, classes: Classes | None = None
) -> Samples:
    """What a model of this config is trained with: single frames, or runs of as many as it takes together."""
    if windows and config.depth > 1:
        raise ValueError(
            f"run.windows is {windows}, but the {config.depth} frames that go together stay whole: expected 0"
        )
    if config.depth > 1 and not all(case.has_truth for case in cases):
        raise ValueError(
            f"run.empty holds single images, but model.depth is {config.depth}: leave run.empty out"
        )
    common = cases, config.image_size, config.fit, augmentation
    return Samples(*common, windows, classes) if config.depth == 1 else LoopSamples(*common, config.depth)


def as_rgb_image(image: np.ndarray) -> np.ndarray:
    """(S, S, 1 or 3) -> (S, S, 3)."""
    return np.broadcast_to(image, (*image.shape[:2], 3))


def to_rgb_planes(images: Sequence[np.ndarray]) -> np.ndarray:
    """Images (S, S, 1 or 3) uint8 -> (B, 3, S, S) float32 in 0..255."""
    return np.stack([as_rgb_image(i).transpose(2, 0, 1) for i in images]).astype(np.float32)
