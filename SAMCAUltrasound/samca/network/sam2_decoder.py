"""SAM 2's prompt encoder and mask decoder: SAM's, with a score for the object being there.

Ravi et al., SAM 2: Segment Anything in Images and Videos, 2024. Parts have SAM's names, and what SAM does not
have has the names of Meta's files.
"""

from __future__ import annotations

import torch
from torch import nn

from . import sam


class SigmoidMLP(sam.MLP):
    """Layers as in SAM, outputs in 0..1."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).sigmoid()


class Sam2MaskDecoder(sam.MaskDecoder):
    """SAM's mask decoder with a token that says whether the object is there at all."""

    def __init__(self, **sizes):
        super().__init__(**sizes)
        width = sizes["transformer_dim"]
        self.obj_score_token = nn.Embedding(1, width)
        self.pred_obj_score_head = sam.MLP(width, width, 1, 3)
        self.iou_prediction_head = SigmoidMLP(width, width, self.num_mask_tokens, 3)

    def attend(
        self, embedding, image_pe, sparse, dense, fine=(), first=()
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As SAM's; the object's token takes part, and is left out of what comes back."""
        own = (*first, self.obj_score_token.weight)
        tokens, upscaled = super().attend(embedding, image_pe, sparse, dense, fine, own)
        return torch.cat([tokens[:, : len(first)], tokens[:, len(own) :]], dim=1), upscaled

    def object_score(self, embedding, image_pe, sparse, dense, fine=()) -> torch.Tensor:
        """Of what `forward` takes -> logits (B, 1): from 0 on, the object is in the image."""
        first = (self.obj_score_token.weight,)
        tokens, _ = super().attend(embedding, image_pe, sparse, dense, fine, first)
        return self.pred_obj_score_head(tokens[:, 0])


class Sam2PromptEncoder(sam.PromptEncoder):
    """SAM's prompt encoder; a box brings a not-a-point token along, as SAM 2 was trained."""

    def _embed_boxes(self, boxes: torch.Tensor) -> torch.Tensor:
        corners = super()._embed_boxes(boxes)  # (B, 2, C)
        return torch.cat([corners, self.not_a_point_embed.weight.expand(corners.shape[0], 1, -1)], dim=1)


def decoder_for(width: int, best_of_three: bool = False, replace_unstable: bool = False) -> Sam2MaskDecoder:
    """As `sam.decoder_for`."""
    return sam.decoder_for(width, best_of_three, replace_unstable, Sam2MaskDecoder)


def prompt_encoder_for(width: int, grid: int, image_size: int) -> Sam2PromptEncoder:
    """As `sam.prompt_encoder_for`."""
    return sam.prompt_encoder_for(width, grid, image_size, Sam2PromptEncoder)
