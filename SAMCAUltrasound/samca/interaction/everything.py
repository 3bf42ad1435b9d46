"""Everything mode: all that a grid of clicks finds in one 2D frame (Kirillov et al., ICCV 2023, appendix B).

Each click gives a mask. Kept are those that the model believes in and that hardly change with the threshold
of the logits; of masks that show the same thing, the one with the highest predicted IoU.

How much a model says of a good mask depends on what it learned: SAM's limits, 0.88 and 0.95, keep nothing of
models trained on ultrasound, whose borders are vague. So a model's config has its own. Their defaults were
chosen with a model of the shipped form on 20 frames of a fold of BUSI's and usgra-seg's training images held
out of it: of predicted IoU in steps of 0.05 and stability 0.7 to 0.95, the pair with the best F1 of things
that overlap a labelled structure by an IoU of 0.5, averaged over both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..images.contrast import as_rgb, check_frame
from ..prompts import Click, Prompts
from ..prompts.geometry import Geometry

OFFSET = 1.0  # logits; how far the threshold is moved to see whether a mask is stable (SAM)


@dataclass(frozen=True)
class Criteria:
    """Which masks are kept; None: as the model's config says. The grid is half as fine as SAM's 32 x 32."""

    side: int = 16  # clicks along each side of the frame
    iou: float | None = None  # smallest IoU that the model predicts for its mask, 0..1
    stability: float | None = None  # smallest IoU between the masks of a higher and a lower threshold, 0..1
    overlap: float = 0.7  # IoU from which two masks are one thing, 0..1

    def __post_init__(self):
        if not 1 <= self.side <= 128:
            raise ValueError(f"{self.side} clicks along a side: expected 1 to 128")
        for name in ("iou", "stability", "overlap"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} {value}: expected 0 to 1")

    def of(self, config) -> Criteria:
        """The same with the limits of a model's config where there are none."""
        iou = config.sure_iou if self.iou is None else self.iou
        return replace(
            self, iou=iou, stability=config.sure_stability if self.stability is None else self.stability
        )


@dataclass(frozen=True)
class Found:
    """One thing: its (H, W) bool mask, the click that found it, and how good the mask is thought to be."""

    mask: np.ndarray
    click: Click
    iou: float
    stability: float


def everything(
    model, pixels: np.ndarray, criteria: Criteria = Criteria(), window: tuple[float, float] | None = None
) -> list[Found]:
    """All things in one (H, W), (H, W, 3) or (H, W, 4) frame, the surest first; see `Session.set_image`."""
    candidates = [found for found in candidates_of(model, pixels, criteria, window) if found is not None]
    return without_duplicates(candidates, criteria.overlap)


def candidates_of(
    model, pixels: np.ndarray, criteria: Criteria = Criteria(), window: tuple[float, float] | None = None
) -> Iterator[Found | None]:
    """What each click of the grid gives, row by row; None for a mask that is not kept."""
    pixels, criteria = np.asarray(pixels), criteria.of(model.config)
    check_frame(pixels)
    whole = Geometry(*pixels.shape[:2], model.config.image_size, model.config.fit)
    geometry, reduction = whole.reduced, whole.reduction
    features = model.embed(geometry.image_to_model(as_rgb(reduction.picture(pixels), window)))
    for click in grid(*pixels.shape[:2], criteria.side):
        logits, iou = model.predict(features, whole.prompts_to_model(Prompts((click,))), None)
        stable = stability(logits)
        if iou < criteria.iou or stable < criteria.stability:
            yield None
            continue
        mask = geometry.logits_to_image(logits) > 0
        yield Found(reduction.enlarged(mask), click, float(iou), stable) if mask.any() else None


def grid(height: int, width: int, side: int) -> list[Click]:
    """side x side positive clicks in the middles of equal cells, row by row."""
    middles = (np.arange(side) + 0.5) / side
    return [Click(float(x * width - 0.5), float(y * height - 0.5)) for y in middles for x in middles]


def stability(logits: np.ndarray) -> float:
    """Area above a higher threshold over that above a lower one; 0 for an empty mask."""
    return float((logits > OFFSET).sum() / max((logits > -OFFSET).sum(), 1))


def without_duplicates(found: list[Found], overlap: float) -> list[Found]:
    """The surest of those whose masks have at least this IoU, surest first (non-maximum suppression)."""
    kept: list[Found] = []
    for candidate in sorted(found, key=lambda f: -f.iou):
        if all(_iou(candidate.mask, other.mask) < overlap for other in kept):
            kept.append(candidate)
    return kept


def labels_of(found: list[Found], shape: tuple[int, int]) -> np.ndarray:
    """(H, W) uint16: number of the thing at each pixel, from 1; where several lie, of the smallest."""
    labels = np.zeros(shape, np.uint16)
    for number, thing in sorted(enumerate(found, start=1), key=lambda pair: -pair[1].mask.sum()):
        labels[thing.mask] = number
    return labels


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))
