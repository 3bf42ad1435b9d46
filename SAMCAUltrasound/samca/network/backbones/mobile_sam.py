"""MobileSAM's image encoder (Zhang et al., Faster Segment Anything, 2023): TinyViT of 5 million parameters.

Stride 4 by convolutions, then four stages: convolutional blocks, and three stages of window attention with a
depthwise convolution between attention and MLP (Wu et al., TinyViT, ECCV 2022). The last stage keeps stride
16. The published code knows 1024 px only; here the grid is that of the input, and windows and their position
biases stay as they were trained. Names of modules are those of mobile_sam.pt.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

from ..sam import LayerNorm2d, window_partition, window_unpartition
from .sites import Features, Site

WIDTHS = (64, 128, 160, 320)  # of the stages, with strides 4, 8, 16, 16
DEPTHS = (2, 2, 6, 2)
HEADS = (None, 4, 5, 10)
WINDOWS = (None, 7, 14, 7)
MLP_RATIO = 4


class ConvNorm(nn.Sequential):
    """Convolution and batch norm; the norm always uses the statistics that are stored, in training too.

    Statistics of a few ultrasound frames would replace those of the pretraining, and features of a frozen
    encoder would depend on the batch.
    """

    def __init__(self, before: int, after: int, kernel: int = 1, stride: int = 1, groups: int = 1):
        super().__init__()
        self.c = nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(after).eval()

    def train(self, mode: bool = True) -> ConvNorm:
        super().train(mode)
        self.bn.eval()
        return self


class PatchEmbed(nn.Module):
    """(B, 3, S, S) -> (B, C, S/4, S/4)."""

    def __init__(self, width: int):
        super().__init__()
        self.seq = nn.Sequential(
            ConvNorm(3, width // 2, 3, stride=2), nn.GELU(), ConvNorm(width // 2, width, 3, stride=2)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.seq(x)


class InvertedBottleneck(nn.Module):
    """1x1, depthwise 3x3 and 1x1 convolutions on four times the channels beside a skip; (B, C, h, w) kept."""

    def __init__(self, width: int):
        super().__init__()
        hidden = 4 * width
        self.conv1 = ConvNorm(width, hidden)
        self.conv2 = ConvNorm(hidden, hidden, 3, groups=hidden)
        self.conv3 = ConvNorm(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.gelu(x + self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x))))))


class Merge(nn.Module):
    """To the channels of the next stage, at stride 2 to half the resolution; (B, C, h, w) -> (B, C', ...)."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.conv1 = ConvNorm(before, after)
        self.conv2 = ConvNorm(after, after, 3, stride=stride, groups=after)
        self.conv3 = ConvNorm(after, after)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x)))))


class WindowAttention(nn.Module):
    """Attention inside windows (B, s, s, D), with a bias for each distance in rows and columns.

    `norm` belongs to the block, which puts an adapter behind it; it is here because its name is.
    """

    def __init__(self, width: int, heads: int, side: int):
        super().__init__()
        self.num_heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.attention_biases = nn.Parameter(torch.zeros(heads, side * side))
        self.register_buffer("distances", _distances(side), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, height, width, _ = x.shape
        qkv = self.qkv(x).reshape(batch, height * width, self.num_heads, 3, -1)
        query, key, value = qkv.permute(3, 0, 2, 1, 4)  # (B, heads, s s, D / heads)
        bias = self.attention_biases[None, :, self.distances].to(query.dtype)  # of four axes: a fused kernel
        x = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.proj(x.transpose(1, 2).reshape(batch, height, width, -1))


def _distances(side: int) -> torch.Tensor:
    """(s s, s s) which bias a pair of tokens has: s |rows apart| + |columns apart|."""
    rows, columns = torch.arange(side * side) // side, torch.arange(side * side) % side
    return side * (rows[:, None] - rows).abs() + (columns[:, None] - columns).abs()


class Mlp(nn.Module):
    """Two layers; (..., D) -> (..., D). `norm` belongs to the block, as in `WindowAttention`."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1, self.fc2 = nn.Linear(width, MLP_RATIO * width), nn.Linear(MLP_RATIO * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """TinyViT's block with the four places of `sites.Block`; (B, h, w, D) -> (B, h, w, D).

    x = x + after_attention(attn(before_attention(norm x)));  x = local_conv x
    n = norm x;  x = x + mlp(before_mlp(n)) + beside_mlp(n)

    The map is filled up to whole windows before its norm, so filling is the norm's bias, as it was trained.
    """

    def __init__(self, width: int, heads: int, window_size: int):
        super().__init__()
        self.window_size = window_size
        self.attn, self.mlp = WindowAttention(width, heads, window_size), Mlp(width)
        self.local_conv = ConvNorm(width, width, 3, groups=width)
        self.before_attention, self.after_attention, self.before_mlp = (
            nn.Identity(),
            nn.Identity(),
            nn.Identity(),
        )
        self.beside_mlp = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.after_attention(self._attention(x))
        x = self.local_conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        normed = self.mlp.norm(x)
        x = x + self.mlp(self.before_mlp(normed))
        return x if self.beside_mlp is None else x + self.beside_mlp(normed)

    def _attention(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[1:3]
        below, right = (-side % self.window_size for side in (height, width))
        whole = F.pad(x, (0, 0, 0, right, 0, below))
        windows, padded = window_partition(self.before_attention(self.attn.norm(whole)), self.window_size)
        return window_unpartition(self.attn(windows), self.window_size, padded, (height, width))


class Stage(nn.Module):
    """Blocks, then the way to the next stage, if there is one; (B, C, h, w) -> (B, C', h', w')."""

    def __init__(self, blocks: Iterator[nn.Module], downsample: nn.Module | None):
        super().__init__()
        self.blocks, self.downsample = nn.ModuleList(blocks), downsample

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            attends = isinstance(block, Block)
            x = block(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) if attends else block(x)
        return x if self.downsample is None else self.downsample(x)


class TinyViT(nn.Module):
    """(B, 3, S, S) normalised image -> Features with embedding (B, 256, S/16, S/16)."""

    stride, out_channels = 16, 256

    def __init__(self):
        super().__init__()
        self.patch_embed = PatchEmbed(WIDTHS[0])
        first = Stage(map(InvertedBottleneck, WIDTHS[:1] * DEPTHS[0]), Merge(*WIDTHS[:2], stride=2))
        self.layers = nn.ModuleList([first, *map(_attention_stage, (1, 2, 3))])
        self.neck = nn.Sequential(
            nn.Conv2d(WIDTHS[-1], self.out_channels, 1, bias=False),
            LayerNorm2d(self.out_channels),
            nn.Conv2d(self.out_channels, self.out_channels, 3, padding=1, bias=False),
            LayerNorm2d(self.out_channels),
        )

    def forward(self, image: torch.Tensor) -> Features:
        x = self.patch_embed(image.contiguous(memory_format=torch.channels_last))
        for layer in self.layers:
            x = layer(x)
        return Features(self.neck(x))

    def adapter_sites(self) -> list[Site]:
        """The blocks that attend, stages 1 to 3, all windowed."""
        stages = [(stage, self.layers[stage].blocks) for stage in (1, 2, 3)]
        return [Site(block, WIDTHS[stage], stage, True) for stage, blocks in stages for block in blocks]


def _attention_stage(number: int) -> Stage:
    width, depth = WIDTHS[number], DEPTHS[number]
    blocks = (Block(width, HEADS[number], WINDOWS[number]) for _ in range(depth))
    last = number == len(WIDTHS) - 1
    into = None if last else Merge(width, WIDTHS[number + 1], stride=2 if number == 1 else 1)
    return Stage(blocks, into)


def build() -> TinyViT:
    """The encoder of mobile_sam.pt."""
    return TinyViT()
