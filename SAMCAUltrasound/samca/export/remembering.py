"""What is traced of a memory of loops: keeping pictures with their masks, and masks of others by those."""

from __future__ import annotations

import torch
from torch import nn

from ..network.backbones.sites import Features
from ..network.loop_memory import LoopMemory


class Remembering(nn.Module):
    """Embedding (B, C, h, w) and masks (B, 1, m, m) in 0..1 -> keys (B, n, K) and values (B, n, V)."""

    def __init__(self, memory: LoopMemory):
        super().__init__()
        self.model = memory

    def forward(self, embedding: torch.Tensor, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return tuple(self.model.remember(Features(embedding), masks))


class Recalling(nn.Module):
    """Embedding and finer maps, keys and values of N pictures in a row and their kinds (N,) -> logits
    (B, 1, m, m) and how well the object was found, as IoU (B, 1)."""

    def __init__(self, memory: LoopMemory):
        super().__init__()
        self.model = memory

    def forward(self, embedding, half, quarter, keys, values, kinds) -> tuple[torch.Tensor, torch.Tensor]:
        logits, found = self.model(Features(embedding, (half, quarter)), keys, values, kinds)
        return logits, found.sigmoid()
