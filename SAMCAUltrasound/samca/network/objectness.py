"""Whether the object is in the frame at all: an extra token of the mask decoder, read by a head of its own.

Sam2Rad (Wahd et al. 2024) puts the token before all others; SAM 2's checkpoints bring such a token and head.
"""

from __future__ import annotations

import torch
from torch import nn

from ..config import choose
from .sam import MLP

HEADS = {
    "linear": lambda width: nn.Linear(width, 1),
    "mlp": lambda width: MLP(width, width, 1, 3),
}


class Objectness(nn.Module):
    """The token of `width` channels and its head: "linear" or "mlp" (three layers, as in SAM 2)."""

    def __init__(self, width: int, head: str = "linear"):
        super().__init__()
        self.token = nn.Embedding(1, width)
        self.head = choose("predictor.objectness", HEADS, head)(width)

    def forward(self, token: torch.Tensor) -> torch.Tensor:
        """The decoded token (B, C) -> logits (B, 1), from 0 on: the object is there."""
        return self.head(token)
