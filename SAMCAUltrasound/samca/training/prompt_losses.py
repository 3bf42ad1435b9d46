"""What a prompt predictor learns from: its masks, its boxes, and whether the object is there (Sam2Rad)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from ..network.model import Decoded
from ..prompts.prompts import box_around

SMALLEST = 10  # px; a truth of at most so many counts as empty


class Weights(NamedTuple):
    """Of the terms: masks, boxes, objectness (Sam2Rad: 10, 1, 1); dice is that of soft Dice within masks."""

    mask: float = 10.0
    box: float = 1.0
    objectness: float = 1.0
    dice: float = 1.0


class Truth(NamedTuple):
    """Truth of B objects: masks (B, 1, S, S) float32 0 or 1; boxes (B, 4) as parts of the sides; present (B,)
    bool. Boxes of absent objects are not looked at."""

    masks: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor


def truth_of(masks: np.ndarray, device: torch.device) -> Truth:
    """(B, S, S) bool -> what the losses compare with; a box goes from its first to its last pixel."""
    present = np.count_nonzero(masks, axis=(1, 2)) > SMALLEST
    boxes = np.zeros((len(masks), 4), np.float32)
    for row in np.flatnonzero(present):
        box = box_around(masks[row])
        boxes[row] = np.array([box.x0, box.y0, box.x1, box.y1]) / masks.shape[-1]
    tensors = masks[:, None].astype(np.float32), boxes, present
    return Truth(*(torch.from_numpy(t).to(device) for t in tensors))


def prompt_loss(decoded: Decoded, truth: Truth, weights: Weights) -> torch.Tensor:
    """Scalar: mask (focal + Dice of the final mask, focal of the predicted mask prompt) + box (L1 + GIoU) +
    objectness (binary cross entropy); what was not predicted has no term, absent objects only the last.

    The paper has focal alone for masks (dice 0); with gamma 3 that is weak, so soft Dice goes with it.
    """
    here = truth.present
    loss = decoded.logits.sum() * 0.0  # a batch without any object still has a gradient
    if here.any():
        masks = truth.masks[here]
        final = focal(decoded.logits[here], masks)
        if weights.dice:
            final = final + weights.dice * soft_dice(decoded.logits[here], masks)
        loss = loss + weights.mask * final
    if decoded.suggested is not None and here.any():
        loss = loss + weights.mask * focal(decoded.suggested.masks[here], masks)
        boxes = decoded.suggested.boxes[here].float(), truth.boxes[here]
        loss = loss + weights.box * (F.l1_loss(*boxes) + (1 - giou(*boxes)).mean())
    if decoded.presence is not None:
        target = here.float()[:, None]
        objectness = F.binary_cross_entropy_with_logits(decoded.presence.float(), target)
        loss = loss + weights.objectness * objectness
    return loss


def focal(logits: torch.Tensor, truth: torch.Tensor, gamma: float = 3.0, alpha: float = 0.7) -> torch.Tensor:
    """Mean of -y (1 - p)^gamma log p - alpha (1 - y) p^gamma log(1 - p) over pixels (Sam2Rad, equation 2).

    Logits (B, 1, m, m) are scaled up to the truth (B, 1, S, S).
    """
    logits = _scaled(logits, truth)
    inside, outside = F.logsigmoid(logits), F.logsigmoid(-logits)
    of_truth = outside.exp() ** gamma * inside
    of_background = alpha * inside.exp() ** gamma * outside
    return -(truth * of_truth + (1 - truth) * of_background).mean()


def soft_dice(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """1 - soft Dice per image, mean over images, 1 added to numerator and denominator."""
    mask = _scaled(logits, truth).sigmoid()
    both = (2 * (mask * truth).sum((1, 2, 3)) + 1) / (mask.sum((1, 2, 3)) + truth.sum((1, 2, 3)) + 1)
    return (1 - both).mean()


def giou(boxes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Generalised IoU (Rezatofighi et al. 2019) of boxes (B, 4), x0, y0, x1, y1 -> (B,) in -1..1."""
    union_of_sides = _area(torch.minimum(boxes, others)[:, :2], torch.maximum(boxes, others)[:, 2:])
    shared = _area(torch.maximum(boxes, others)[:, :2], torch.minimum(boxes, others)[:, 2:])
    union = _area(boxes[:, :2], boxes[:, 2:]) + _area(others[:, :2], others[:, 2:]) - shared
    small = torch.finfo(union.dtype).eps
    return shared / (union + small) - (union_of_sides - union) / (union_of_sides + small)


def _area(low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    return (high - low).clamp(min=0).prod(dim=1)


def _scaled(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    return F.interpolate(logits.float(), size=truth.shape[-2:], mode="bilinear", align_corners=False)
