"""LoRA in the mask decoder: a trainable low-rank update beside the q and v projections of its attentions.

y = W x + b + (alpha / rank) B A x, with B zero at the start (Hu et al. 2021, arXiv:2106.09685). Sam2Rad has
it with rank 32 in all seven attentions: 188,416 parameters at 256 channels.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .sam import FusedAttention


class LoRALinear(nn.Module):
    """A Linear that keeps its own weight and bias and adds a low-rank update; (..., in) -> (..., out)."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float):
        super().__init__()
        self.weight, self.bias = base.weight, base.bias  # same names, so base checkpoints still fit
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        self.scale = alpha / rank
        nn.init.zeros_(self.up.weight)  # an untrained adapter changes nothing

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:  # in bfloat16 an update that small would be lost in the sum with its weight
            return F.linear(x, self.weight, self.bias) + self.scale * self.up(self.down(x))
        return F.linear(x, self.weight + self.scale * self.up.weight @ self.down.weight, self.bias)


def add(decoder: nn.Module, rank: int = 32, alpha: float = 32.0) -> None:
    """Put the update, alpha / rank times, beside q and v of every attention of a mask decoder."""
    if rank < 1 or not alpha > 0:
        raise ValueError(f"decoder_adapter.rank {rank}, alpha {alpha}: expected at least 1, and more than 0")
    for attention in [m for m in decoder.transformer.modules() if isinstance(m, FusedAttention)]:
        attention.q_proj = LoRALinear(attention.q_proj, rank, alpha)
        attention.v_proj = LoRALinear(attention.v_proj, rank, alpha)
