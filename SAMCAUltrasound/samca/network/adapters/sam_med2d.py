"""SAM-Med2D's adapter: channel gate, then a strided convolution and a deconvolution, beside the MLP.

g = sigmoid(W2 relu(W1 mean n)) * n;  out = LayerNorm(n + relu(deconv(relu(conv g)))), n = norm2 x.
It is no identity at the start (Cheng et al., SAM-Med2D, 2023). Child names are those of the public files.
"""

from __future__ import annotations

import torch
from torch import nn


class SamMed2DAdapter(nn.Module):
    """(B, h, w, D) -> (B, h, w, D)."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.channel = nn.Sequential(
            nn.Linear(width, hidden, bias=False),
            nn.ReLU(),
            nn.Linear(hidden, width, bias=False),
            nn.Sigmoid(),
        )
        self.spatial = nn.Sequential(
            nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False),
            nn.ReLU(),
            nn.ConvTranspose2d(width, width, 4, stride=2, padding=1, bias=False),
            nn.ReLU(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gated = x * self.channel(x.mean(dim=(1, 2)))[:, None, None]
        spatial = self.spatial(gated.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return self.norm(x + spatial[:, : x.shape[1], : x.shape[2]])  # odd sides come back one longer


def add(encoder: nn.Module, ratio: float = 0.25) -> None:
    """Put one adapter beside the MLP of every block; the channel gate is ratio * D wide."""
    if not 0 < ratio <= 4:
        raise ValueError(f"adapter.ratio is {ratio}: expected more than 0 and at most 4")
    for block, width, _, _ in encoder.adapter_sites():
        block.beside_mlp = SamMed2DAdapter(width, max(1, int(width * ratio)))
