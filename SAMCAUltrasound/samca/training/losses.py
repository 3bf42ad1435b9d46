"""The hybrid loss: soft Dice, binary cross entropy and soft IoU (SAMCA section 3.3), and SAM's IoU head."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from ..config import LossConfig


class HybridLoss:
    """dice (1 - Dice) + bce BCE + iou (1 - Jaccard) + iou_head (predicted IoU - IoU)^2, mean over a batch.

    Dice and Jaccard are soft, per image, with 1 added to numerator and denominator. With dice_squared Dice is
    1 - (2 sum pt + 1e-5) / (sum p^2 + sum t^2 + 1e-5): with BCE, both at weight 1, MONAI's DiceCELoss of
    sigmoid and squared_pred, on which MedSAM and ClickSAM train.
    """

    def __init__(self, config: LossConfig):
        from monai.losses import DiceLoss  # only training needs it, and it takes seconds to import

        self.config = config
        smooth = 1e-5 if config.dice_squared else 1.0
        alone = {"reduction": "none"}
        self.dice = DiceLoss(squared_pred=config.dice_squared, smooth_nr=smooth, smooth_dr=smooth, **alone)
        # MONAI counts (2 I + n) / (2 U + d)
        self.jaccard = DiceLoss(jaccard=True, smooth_nr=2.0, smooth_dr=2.0, **alone)

    def __call__(
        self,
        logits: torch.Tensor,
        predicted_iou: torch.Tensor,
        truth: torch.Tensor,
        present: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Logits (B, M, m, m), predicted IoU (B, M), truth (B, 1, S, S) float 0 or 1 -> scalar.

        Of several masks for one prompt the best one counts (SAM, section 3), of the predicted IoU all.
        present (B,) bool, by default True: where a mask is that of a structure; elsewhere its IoU is 0.
        """
        masks, heads = self._terms(logits, predicted_iou, truth, present)
        return masks.min(dim=1).values.mean() + heads.mean()

    def _terms(self, logits, predicted_iou, truth, present) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, M) of the masks, and of their predicted IoU."""
        logits = F.interpolate(logits.float(), size=truth.shape[-2:], mode="bilinear", align_corners=False)
        truth = truth.expand_as(logits)
        weights, mask = self.config, logits.sigmoid()
        masks = weights.dice * self.dice(mask, truth) + weights.iou * self.jaccard(mask, truth)
        masks = masks.flatten(1)
        if weights.bce:
            pixels = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
            masks = masks + weights.bce * pixels.mean((2, 3))
        if not weights.iou_head:
            return masks, torch.zeros_like(masks)
        reached = overlap(logits, truth)
        if present is not None:
            reached = reached * present[:, None]
        return masks, weights.iou_head * (predicted_iou.float() - reached) ** 2

    def auxiliary(self, losses: dict[str, torch.Tensor], epoch: int) -> torch.Tensor | float:
        """Losses of a branch by name in `LossConfig`, with weights that grow over the first epochs."""
        warm = min(1.0, (epoch + 1) / max(1, self.config.kl_warm_up))
        return sum(warm * getattr(self.config, name) * value for name, value in losses.items())


@torch.no_grad()
def overlap(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """IoU (B, M) between logits > 0 and truth, both (B, M, S, S); two empty masks agree."""
    mask, truth = logits > 0, truth > 0.5
    union = (mask | truth).sum((2, 3))
    return torch.where(union > 0, (mask & truth).sum((2, 3)) / union.clamp(min=1), 1.0)
