"""Medical SAM Adapter's bottleneck: down, GELU, up; serial after attention and parallel to the MLP.

x = x + A1(attn(norm1 x)), A1(y) = y + up(act(down y));  n = norm2 x,  x = x + mlp(n) + scale A2(n)
(Wu et al., Medical SAM Adapter, MedIA 2025, section 3.1)
"""

from __future__ import annotations

import torch
from torch import nn

SITES = ("both", "attention", "mlp")
ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU}


class Bottleneck(nn.Module):
    """(..., D) -> (..., D); `up` starts at zero, so an untrained adapter changes nothing."""

    def __init__(
        self, width: int, rank: int, scale: float = 1.0, skip: bool = True, activation: str = "gelu"
    ):
        super().__init__()
        self.down, self.up = nn.Linear(width, rank), nn.Linear(rank, width)
        self.activation = ACTIVATIONS[activation]()
        self.scale, self.skip = scale, skip
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        update = self.scale * self.up(self.activation(self.down(x)))
        return x + update if self.skip else update


def add(encoder: nn.Module, ratio: float = 0.25, sites: str = "both", scale: float = 0.5) -> None:
    """Put the adapter at sites "both", "attention" or "mlp" of every block; rank = ratio * D, 0.25 and 0.5
    are its public code's values (Table 7c of the paper prefers scale 0.05)."""
    if not 0 < ratio <= 4:
        raise ValueError(f"adapter.ratio is {ratio}: expected more than 0 and at most 4")
    if sites not in SITES:
        raise ValueError(f"adapter.sites is {sites!r}: expected 'both', 'attention' or 'mlp'")
    for block, width, _, _ in encoder.adapter_sites():
        rank = max(1, int(width * ratio))
        if sites != "mlp":
            block.after_attention = Bottleneck(width, rank)
        if sites != "attention":
            block.beside_mlp = Bottleneck(width, rank, scale, skip=False)
