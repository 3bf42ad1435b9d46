"""SAMUS's convolutional branch: a trained map of the image that the transformer's tokens look into.

c = convolutions(image) on the tokens' grid, halved by maxima between them, 64 channels at first and then
twice as many, at last those of the tokens (of other widths than 768 a twelfth of it at first). In the last
block of each quarter of the depth, before its own attention,
n = n + attention(n, c, c);  c = GELU(norm(conv c))
and tokens = tokens + c / 2 before the neck (Lin et al., Beyond Adapting SAM, 2024). Where it is added, the
branch starts at zero here, in SAMUS's public code at random.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..adapters.samus import ends_of_quarters
from ..backbones.sites import Features, Meeting
from ..sam import LayerNorm2d

SHARE, LEAST = 12, 8  # first channels: a share of the width, at least so many
SCALE = 0.5  # of what is added to the tokens


class CrossAttention(nn.Module):
    """Tokens (B, h, w, D) and a map (B, D, h, w) to look into -> tokens; nothing is added at first."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.project = nn.Linear(width, width)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, tokens: torch.Tensor, local: torch.Tensor) -> torch.Tensor:
        there = local.flatten(2).transpose(1, 2)  # (B, N, D)
        query, key, value = map(
            self._headed, (self.query(tokens.flatten(1, 2)), self.key(there), self.value(there))
        )
        found = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return tokens + self.project(found).view_as(tokens)

    def _headed(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, N, D / heads)


class SamusBranch(nn.Module):
    """An image, and the encoder with which it meets on the way, -> Features."""

    is_random = False  # nothing of it is frozen

    def __init__(self, width: int, heads: int, stride: int, blocks: Sequence[int]):
        super().__init__()
        self.blocks = tuple(blocks)
        self.convolutions = _convolutions(width, stride)
        self.attention = nn.ModuleList(CrossAttention(width, heads) for _ in blocks)
        self.refine = nn.ModuleList(_convolution(width, width) for _ in blocks)
        nn.init.zeros_(self.refine[-1][1].weight)

    def forward(
        self,
        image: torch.Tensor,
        encode: Callable[..., Features],
        rngs: Sequence[np.random.Generator] = (),
    ) -> Features:
        """Image (B, 3, S, S) normalised, and the encoder to run on it; nothing is drawn."""
        local = self.convolutions(image)  # (B, D, h, w)
        meets = {}
        for index, attend, refine in zip(self.blocks, self.attention, self.refine, strict=True):
            meets[index] = partial(attend, local=local)
            local = refine(local)
        return encode(meeting=Meeting(meets, SCALE * local.permute(0, 2, 3, 1)))


def make(encoder: nn.Module) -> SamusBranch:
    """The branch for this encoder."""
    if not hasattr(encoder, "token_stride"):
        raise ValueError(
            "branch samus meets the encoder's blocks on one grid of tokens: expected a backbone sam_vit_*"
        )
    sites = encoder.adapter_sites()
    heads = sites[0].block.attn.num_heads
    return SamusBranch(sites[0].width, heads, encoder.token_stride, ends_of_quarters(len(sites)))


def _convolutions(width: int, stride: int) -> nn.Sequential:
    """(B, 3, S, S) -> (B, width, S/stride, S/stride)."""
    first, halvings = max(LEAST, width // SHARE), int(math.log2(stride))
    channels = [3, *(first << step for step in range(halvings)), width]
    steps = [_convolution(before, after) for before, after in pairwise(channels)]
    return nn.Sequential(steps[0], *(nn.Sequential(nn.MaxPool2d(2), step) for step in steps[1:]))


def _convolution(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), LayerNorm2d(after), nn.GELU())
