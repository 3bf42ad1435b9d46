"""SAMUS's adapters, as CC-SAM uses them: five feature adapters, position adapter, overlapping patches.

A(x) = up(GELU(down x)): one with skip after the patch embedding, four beside the MLPs of blocks that see the
whole frame, scaled by 0.5. Position tables of the whole frame are learned anew from the frozen ones (Lin et
al., Beyond Adapting SAM, 2024; Gowda and Clifton, CC-SAM, ECCV 2024, section 3.1). `up` starts at zero here,
in SAMUS's public code at random.

In SAM's ViT, patches of 16 px at stride 8 make 32 x 32 tokens of 256 px. `sam_vit_small` has stride 8 where
it matters, in its embedding and mask logits, and keeps its stem and its 16 x 16 tokens; it has no table of
absolute positions, so the tables of relative ones, which SAMUS trains too, are all there is to adapt. Blocks
with a feature adapter are the last of each quarter of the depth: 2, 5, 8, 11 of ViT-B, which are its blocks
without windows, and 1, 2, 4, 5 of the six of `sam_vit_small`, none of which has windows. A backbone without a
place after its patches has the first feature adapter before the attention of its first block.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from ..sam import LayerNorm2d
from .bottleneck import Bottleneck

QUARTERS = 4


class PositionAdapter(nn.Module):
    """Frozen table (1, n, n, D) and the grid of tokens (h, w) -> positions (1, h, w, D)."""

    def __init__(self, width: int):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = LayerNorm2d(width)

    def forward(self, table: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
        pooled = F.adaptive_max_pool2d(table.permute(0, 3, 1, 2), tuple(grid))  # 64 -> 32: maxima of 2 x 2
        return F.gelu(self.norm(self.conv(pooled))).permute(0, 2, 3, 1)


class TableUpdate(nn.Module):
    """What is added to a block's tables of relative positions, (length, D / heads) each; zero at first."""

    def __init__(self, length: int, width: int):
        super().__init__()
        self.rows = nn.Parameter(torch.zeros(length, width))
        self.columns = nn.Parameter(torch.zeros(length, width))


def add(
    encoder: nn.Module,
    ratio: float = 0.25,
    scale: float = 0.5,
    stride: int = 8,
    position: bool = True,
    grid: int = 32,
) -> None:
    """Put the adapters in; rank = ratio * D.

    stride: of overlapping patches, 16 for none. position: also adapt tables of positions. grid: side of the
    token grid that learned relative positions are stored for.
    """
    if not 0 < ratio <= 4:
        raise ValueError(f"adapter.ratio is {ratio}: expected more than 0 and at most 4")
    if stride not in (4, 8, 16) or grid < 1:
        raise ValueError(f"adapter.stride {stride}, adapter.grid {grid}: expected 4, 8 or 16, and at least 1")
    sites = encoder.adapter_sites()
    first = Bottleneck(sites[0].width, max(1, int(sites[0].width * ratio)))
    if hasattr(encoder, "after_patches"):
        encoder.after_patches = first
    else:
        sites[0].block.before_attention = first
    for index in ends_of_quarters(len(sites)):
        block, width, _, _ = sites[index]
        block.beside_mlp = Bottleneck(width, max(1, int(width * ratio)), scale, skip=False)
    overlapping = hasattr(encoder, "overlap_patches")
    if overlapping:
        encoder.overlap_patches(stride)
    if position:
        _adapt_positions(encoder, sites, 2 * grid - 1 if overlapping else None)


def ends_of_quarters(depth: int) -> list[int]:
    """Index of the last block of each quarter, fewer where there are fewer blocks: 12 -> 2, 5, 8, 11."""
    return sorted({math.ceil(depth * part / QUARTERS) - 1 for part in range(1, QUARTERS + 1)})


def _adapt_positions(encoder: nn.Module, sites, length: int | None) -> None:
    """Absolute positions where the encoder has them, and relative ones of each block that sees the frame."""
    if hasattr(encoder, "position_adapter"):
        encoder.position_adapter = PositionAdapter(sites[0].width)
    for block, _, _, windowed in sites:
        table = getattr(block.attn, "rel_pos_h", None)
        if table is not None and not windowed:
            block.attn.table_update = TableUpdate(length or table.shape[0], table.shape[1])
