"""Image pixels to model pixels and back; the only place that multiplies by a scale.

Resampling is separable and anti-aliased with a triangle kernel: on enlargement it equals bilinear
interpolation with `align_corners=False`, on reduction it averages over the area a new pixel covers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from .prompts import Box, Prompts
from .reduction import Reduction

FITS = ("squash", "pad")


@lru_cache(maxsize=64)
def resampling_matrix(source: int, target: int):
    """Weights (target, source) that resample `source` samples, a float32 csr_array; every row sums to 1."""
    from scipy.sparse import csr_array  # not at import, which is part of Slicer's start

    scale = source / target
    centres = (np.arange(target) + 0.5) * scale - 0.5
    reach = int(np.ceil(max(scale, 1.0)))
    columns = np.floor(centres).astype(int)[:, None] + np.arange(-reach, reach + 2)  # all that may weigh
    weights = np.clip(1 - np.abs(columns - centres[:, None]) / max(scale, 1.0), 0, None)
    weights[(columns < 0) | (columns >= source)] = 0
    weights /= weights.sum(1, keepdims=True)
    rows = np.broadcast_to(np.arange(target)[:, None], columns.shape)
    inside = weights > 0
    entries = weights[inside].astype(np.float32), (rows[inside], columns[inside])
    return csr_array(entries, shape=(target, source))


def resample(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resample (H, W) or (H, W, C) to (height, width[, C]) float32."""
    rows, columns, *channels = np.shape(pixels)
    values = np.asarray(pixels, np.float32).reshape(rows, columns, -1)
    if height > rows:  # what is turned over is the smaller of the two
        values = _of_height(_of_width(values, width), height)
    else:
        values = _of_width(_of_height(values, height), width)
    return values.reshape(height, width, *channels)


def _of_height(values: np.ndarray, height: int) -> np.ndarray:
    rows, columns, channels = values.shape
    resampled = resampling_matrix(rows, height) @ values.reshape(rows, columns * channels)
    return resampled.reshape(height, columns, channels)


def _of_width(values: np.ndarray, width: int) -> np.ndarray:
    sideways = _of_height(np.ascontiguousarray(values.transpose(1, 0, 2)), width)
    return np.ascontiguousarray(sideways.transpose(1, 0, 2))


def is_inside(x: float, y: float, height: int, width: int) -> bool:
    """Whether (x, y) lies in a pixel of an image of (height, width) px."""
    return -0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5


def check_inside(x: float, y: float, height: int, width: int, what: str = "click") -> None:
    """ValueError unless (x, y) does."""
    if not is_inside(x, y, height, width):
        raise ValueError(
            f"{what} at ({x}, {y}) is outside the image: x must be 0..{width - 1}, y 0..{height - 1}"
        )


def check_places(prompts: Prompts, height: int, width: int) -> None:
    """ValueError for a click, a corner of a stroke, of the box or of the lasso that lies outside."""
    for click in prompts.clicks:
        for x, y in click.places:
            check_inside(x, y, height, width, "stroke corner" if click.path else "click")
    if prompts.box is not None:
        check_inside(prompts.box.x0, prompts.box.y0, height, width, "box corner")
        check_inside(prompts.box.x1, prompts.box.y1, height, width, "box corner")
    for x, y in prompts.lasso:
        check_inside(x, y, height, width, "lasso corner")


@dataclass(frozen=True)
class Geometry:
    """How one (height, width) px image lies in a model's (size, size) px input.

    fit="squash" stretches both sides to `size` (SAMCA, SAM-Med2D); fit="pad" scales the longer side to `size`
    and leaves the rest of the square empty at the right and bottom (SAM).
    """

    height: int
    width: int
    size: int
    fit: str = "squash"

    def __post_init__(self):
        if self.fit not in FITS:
            raise ValueError(f"fit {self.fit!r} is not one of {', '.join(FITS)}")
        if min(self.height, self.width, self.size) < 1:
            raise ValueError(
                f"image {self.height} x {self.width} px, model {self.size} px: sides must be at least 1"
            )

    @cached_property
    def reduction(self) -> Reduction:
        """What is done to the image before it is worked on."""
        return Reduction(self.height, self.width)

    @property
    def reduced(self) -> Geometry:
        """How what is worked on lies in the model's input; for an ordinary image this itself."""
        height, width = self.reduction.shape
        return replace(self, height=height, width=width)

    @cached_property
    def content(self) -> tuple[int, int]:
        """Height and width in model pixels of the part of the square that the image covers."""
        if self.fit == "squash":
            return self.size, self.size
        scale = self.size / max(self.height, self.width)
        return max(1, int(self.height * scale + 0.5)), max(1, int(self.width * scale + 0.5))

    def image_to_model(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W, C) image -> (h, w, C) float32 at model resolution, not yet padded."""
        return resample(pixels, *self.content)

    def xy_to_model(self, x: float, y: float) -> tuple[float, float]:
        """Image (x, y) px -> model (x, y) px."""
        height, width = self.content
        return (x + 0.5) * width / self.width - 0.5, (y + 0.5) * height / self.height - 0.5

    def xy_to_image(self, x: float, y: float) -> tuple[float, float]:
        """Model (x, y) px -> image (x, y) px."""
        height, width = self.content
        return (x + 0.5) * self.width / width - 0.5, (y + 0.5) * self.height / height - 0.5

    def prompts_to_model(self, prompts: Prompts) -> Prompts:
        """The same prompts in model pixels; a mask becomes (size, size) float32 coverage in 0..1."""
        clicks = tuple(click.through(self.xy_to_model) for click in prompts.clicks)
        box = prompts.box and Box(
            *self.xy_to_model(prompts.box.x0, prompts.box.y0),
            *self.xy_to_model(prompts.box.x1, prompts.box.y1),
        )
        mask = None if prompts.mask is None else self._mask_to_model(prompts.mask)
        lasso = tuple(self.xy_to_model(*corner) for corner in prompts.lasso)
        return replace(prompts, clicks=clicks, box=box, mask=mask, lasso=lasso)

    def logits_to_image(self, logits: np.ndarray) -> np.ndarray:
        """(h, w) logits over the whole square, of any resolution -> (H, W) float32 logits of the image."""
        height, width = self.content
        if (height, width) != (self.size, self.size):
            logits = resample(logits, self.size, self.size)[:height, :width]
        return resample(logits, self.height, self.width)

    def contains(self, x: float, y: float) -> bool:
        """Whether image pixel (x, y) lies on the image."""
        return is_inside(x, y, self.height, self.width)

    def _mask_to_model(self, mask: np.ndarray) -> np.ndarray:
        height, width = self.content
        coverage = np.zeros((self.size, self.size), np.float32)
        coverage[:height, :width] = resample(mask, height, width)
        return coverage
