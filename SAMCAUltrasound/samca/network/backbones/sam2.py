"""SAM 2's image encoder (Ravi et al., 2024): Hiera in four sizes, a feature pyramid, fine features.

Four stages of strides 4, 8, 16 and 32, each twice as wide as the one before; the first block of a stage
pools its queries, so resolution falls inside its attention (Ryali et al., Hiera, ICML 2023). The decoder gets
stride 16, with what the video model adds where there is no memory, and strides 4 and 8 through two 1x1
convolutions. Those two are computed once an image here, so they belong to the encoder; in Meta's files they
are the decoder's. Images are squashed to a square and normalised by ImageNet's mean and standard deviation,
which are SAM's own numbers. SAM 2 and SAM 2.1 do the same with an image.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from .. import sam2_decoder
from ..sam import MLPBlock, window_partition, window_unpartition
from .sites import Features, Site

SIZES = {
    "sam2_tiny": {"width": 96, "heads": 1, "depths": (1, 2, 7, 2), "global_blocks": (5, 7, 9)},
    "sam2_small": {"width": 96, "heads": 1, "depths": (1, 2, 11, 2), "global_blocks": (7, 10, 13)},
    "sam2_base_plus": {
        "width": 112, "heads": 2, "depths": (2, 3, 16, 3), "global_blocks": (12, 16, 20), "table": 14,
    },
    "sam2_large": {
        "width": 144, "heads": 2, "depths": (2, 6, 36, 4), "global_blocks": (23, 33, 43),
        "windows": (8, 4, 16, 8),
    },
}  # fmt: skip
PYRAMID_CHANNELS = 256


class PooledAttention(nn.Module):
    """Attention in which queries may be pooled 2 x 2; (B, h, w, D) -> (B, h, w, D') or (B, h/2, w/2, D')."""

    def __init__(self, before: int, width: int, heads: int, pools: bool):
        super().__init__()
        self.num_heads, self.pools = heads, pools
        self.qkv, self.proj = nn.Linear(before, 3 * width), nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, height, width, _ = x.shape
        query, key, value = self.qkv(x).chunk(3, dim=-1)  # (B, h, w, D')
        if self.pools:
            query, height, width = _pool(query), height // 2, width // 2
        query, key, value = map(self._heads, (query, key, value))
        x = F.scaled_dot_product_attention(query, key, value)
        return self.proj(x.transpose(1, 2).reshape(batch, height, width, -1))

    def _heads(self, x: torch.Tensor) -> torch.Tensor:
        return (
            x.flatten(1, 2).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
        )  # (B, heads, N, D' / heads)


def _pool(x: torch.Tensor) -> torch.Tensor:
    return F.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)


class Block(nn.Module):
    """Hiera's block with the four places of `sites.Block`; (B, h, w, D) -> (B, h', w', D').

    n = norm1 x;  x = skip + after_attention(attn(before_attention(n)))
    skip = x;  where a stage begins, pool(proj n)
    n = norm2 x;  x = x + mlp(before_mlp(n)) + beside_mlp(n)

    Where a block begins a stage, what is before attention still has width and resolution of the stage before.
    """

    def __init__(self, before: int, width: int, heads: int, window_size: int, entry: tuple[int, int]):
        super().__init__()
        pools = before != width
        self.window_size, self.entry = window_size, entry
        self.norm1, self.norm2 = nn.LayerNorm(before, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = PooledAttention(before, width, heads, pools)
        self.mlp = MLPBlock(width, 4 * width)
        self.proj = nn.Linear(before, width) if pools else None
        self.before_attention, self.after_attention, self.before_mlp = (
            nn.Identity(),
            nn.Identity(),
            nn.Identity(),
        )
        self.beside_mlp = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        normed = self.norm1(x)
        skip = x if self.proj is None else _pool(self.proj(normed))
        attended = self._attention(self.before_attention(normed), skip.shape[1:3])
        x = skip + self.after_attention(attended)
        normed = self.norm2(x)
        x = x + self.mlp(self.before_mlp(normed))
        return x if self.beside_mlp is None else x + self.beside_mlp(normed)

    def _attention(self, x: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
        """Inside windows, if there are any; `grid` is that of the result."""
        if self.window_size == 0:
            return self.attn(x)
        windows, padded = window_partition(x, self.window_size)
        factor = 2 if self.attn.pools else 1
        padded = padded[0] // factor, padded[1] // factor
        return window_unpartition(self.attn(windows), self.window_size // factor, padded, grid)


class PatchEmbed(nn.Module):
    """(B, 3, S, S) -> (B, S/4, S/4, D), by overlapping 7 x 7 patches."""

    def __init__(self, width: int):
        super().__init__()
        self.proj = nn.Conv2d(3, width, 7, stride=4, padding=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.proj(x).permute(0, 2, 3, 1)


class Hiera(nn.Module):
    """(B, 3, S, S) -> maps (B, D, S/4, S/4), (B, 2D, S/8, S/8), (B, 4D, S/16, S/16), (B, 8D, S/32, S/32).

    windows: side of a stage's windows, in tokens; the first block of a stage has those of the stage before.
    global_blocks: numbers of blocks without windows. table: side of the position table, which is enlarged to
    the grid and gets a second one, of one window, repeated.
    """

    def __init__(self, width: int, heads: int, depths, global_blocks, windows=(8, 4, 14, 7), table: int = 7):
        super().__init__()
        self.patch_embed = PatchEmbed(width)
        self.pos_embed = nn.Parameter(torch.zeros(1, width, table, table))
        self.pos_embed_window = nn.Parameter(torch.zeros(1, width, windows[0], windows[0]))
        self.stages = [stage for stage, depth in enumerate(depths) for _ in range(depth)]  # of each block
        self.blocks = nn.ModuleList()
        earlier = 0
        for number, stage in enumerate(self.stages):
            window_size = 0 if number in global_blocks else windows[earlier]
            entry = width << earlier, earlier
            self.blocks.append(Block(entry[0], width << stage, heads << stage, window_size, entry))
            earlier = stage

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        x = self.patch_embed(image)
        x = x + self._positions(x.shape[1:3])
        maps, following = [], [*self.stages[1:], len(self.stages)]
        for block, stage, later in zip(self.blocks, self.stages, following, strict=True):
            x = block(x)
            if later != stage:
                maps.append(x.permute(0, 3, 1, 2))
        return maps

    def _positions(self, grid: tuple[int, int]) -> torch.Tensor:
        table = F.interpolate(self.pos_embed, size=grid, mode="bicubic")
        side = self.pos_embed_window.shape[-1]
        table = table + self.pos_embed_window.tile(1, 1, grid[0] // side, grid[1] // side)
        return table.permute(0, 2, 3, 1)


class Lateral(nn.Module):
    """A 1x1 convolution under the name that it has in the published files."""

    def __init__(self, before: int):
        super().__init__()
        self.conv = nn.Conv2d(before, PYRAMID_CHANNELS, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class Pyramid(nn.Module):
    """Maps of all stages to 256 channels, without the last, whose content is added to the one before."""

    def __init__(self, width: int):
        super().__init__()
        self.convs = nn.ModuleList(Lateral(width << stage) for stage in (3, 2, 1, 0))  # deepest first

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        quarter, eighth, middle, deep = (conv(x) for conv, x in zip(reversed(self.convs), maps, strict=True))
        return [quarter, eighth, middle + F.interpolate(deep, scale_factor=2, mode="nearest")]


class Sam2Encoder(nn.Module):
    """(B, 3, S, S) normalised image -> Features: embedding (B, 256, S/16, S/16), fine maps (B, 32, S/4, S/4)
    and (B, 64, S/8, S/8); S is a multiple of 32."""

    stride, out_channels, multiple = 16, PYRAMID_CHANNELS, 32
    parts = sam2_decoder  # that make prompt encoder and mask decoder

    def __init__(self, **sizes):
        super().__init__()
        self.trunk = Hiera(**sizes)
        self.neck = Pyramid(sizes["width"])
        self.no_mem_embed = nn.Parameter(torch.zeros(1, 1, PYRAMID_CHANNELS))
        self.conv_s0 = nn.Conv2d(PYRAMID_CHANNELS, PYRAMID_CHANNELS // 8, 1)
        self.conv_s1 = nn.Conv2d(PYRAMID_CHANNELS, PYRAMID_CHANNELS // 4, 1)

    def forward(self, image: torch.Tensor) -> Features:
        quarter, eighth, middle = self.neck(self.trunk(image))
        embedding = middle + self.no_mem_embed.reshape(1, -1, 1, 1)
        return Features(embedding, (self.conv_s0(quarter), self.conv_s1(eighth)))

    @property
    def fine_channels(self) -> int:
        """Channels of the finest map."""
        return self.high_resolution_channels()[1]

    def high_resolution_channels(self) -> tuple[int, int]:
        """Channels of the fine maps, at strides 8 and 4."""
        return PYRAMID_CHANNELS // 4, PYRAMID_CHANNELS // 8

    def adapter_sites(self) -> list[Site]:
        """All blocks, stages 0 to 3."""
        trunk = self.trunk
        return [
            Site(block, block.norm2.weight.shape[0], stage, block.window_size > 0)
            for block, stage in zip(trunk.blocks, trunk.stages, strict=True)
        ]


def build(name: str) -> Sam2Encoder:
    """The encoder of this name."""
    return Sam2Encoder(**SIZES[name])


BUILDERS = {name: partial(build, name) for name in SIZES}
