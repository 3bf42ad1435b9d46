"""A compact encoder for CPUs and for shipping: convolutional stem, SAM's transformer blocks, stride 8.

Convolutions read speckle and borders at full resolution, where they are cheap; transformer blocks with
relative positions see the whole frame at stride 16, and adapters live in them. Features of stride 8, 4 and 2
go to the decoder, so mask logits have half the input's resolution.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from ..sam import LayerNorm2d, PlainBlock
from .sites import Block, Features, Meeting, Site


class Residual(nn.Module):
    """Two 3x3 convolutions beside a skip; (B, C, h, w) -> (B, C, h, w)."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv2(F.gelu(self.conv1(self.norm(x))))


def _stage(before: int, channels: int, residuals: int) -> nn.Sequential:
    """Halve the resolution, then refine."""
    return nn.Sequential(
        nn.Conv2d(before, channels, 3, stride=2, padding=1), *map(Residual, [channels] * residuals)
    )


class PyramidEncoder(nn.Module):
    """(B, 3, S, S) normalised image -> Features: embedding (B, C, S/8, S/8), fine maps of stride 2 and 4.

    A subclass gives the maps: `pyramid` of an image -> those of stride 2, 4 and 8 with `channels`, and tokens
    (B, width, S/16, S/16).
    """

    stride, token_stride = 8, 16

    def __init__(self, channels: tuple[int, int, int], width: int, depth: int, heads: int, out_channels: int):
        super().__init__()
        half, quarter, eighth = channels
        self.out_channels = out_channels
        block = partial(
            PlainBlock,
            width,
            heads,
            use_rel_pos=True,
            input_size=(16, 16),
            norm_layer=partial(nn.LayerNorm, eps=1e-6),
        )
        self.blocks = nn.ModuleList(Block(block()) for _ in range(depth))
        self.after_patches = nn.Identity()  # a place for an adapter
        self.neck = nn.Sequential(nn.Conv2d(width, out_channels, 1, bias=False), LayerNorm2d(out_channels))
        self.skip8 = nn.Conv2d(eighth, out_channels, 1)
        self.merge8 = nn.Sequential(
            nn.Conv2d(out_channels, out_channels, 3, padding=1), LayerNorm2d(out_channels)
        )
        self.skip4 = nn.Conv2d(quarter, out_channels // 4, 1)
        self.skip2 = nn.Conv2d(half, out_channels // 8, 1)

    def forward(self, image: torch.Tensor, depth: int = 1, meeting: Meeting | None = None) -> Features:
        half, quarter, eighth, x = self.pyramid(image.contiguous(memory_format=torch.channels_last))
        x = self.after_patches(x.permute(0, 2, 3, 1))  # (B, S/16, S/16, D)
        before = meeting.before_attention if meeting else {}
        for index, block in enumerate(self.blocks):
            x = block(x, depth, before.get(index))
        tokens = (x if meeting is None else x + meeting.to_tokens).permute(0, 3, 1, 2)
        coarse = F.interpolate(self.neck(tokens), scale_factor=2, mode="bilinear", align_corners=False)
        embedding = self.merge8(F.gelu(coarse + self.skip8(eighth)))
        return Features(embedding, (self.skip2(half), self.skip4(quarter)), tokens)

    @property
    def token_width(self) -> int:
        """Channels of `Features.tokens`."""
        return self.blocks[0].norm1.weight.shape[0]

    @property
    def fine_channels(self) -> int:
        """Channels of the finest map."""
        return self.high_resolution_channels()[1]

    def high_resolution_channels(self) -> tuple[int, int]:
        """Channels of the finer maps, at strides 4 and 2."""
        return self.out_channels // 4, self.out_channels // 8

    def adapter_sites(self) -> list[Site]:
        """The transformer blocks, one stage, all global."""
        return [Site(block, self.token_width, 0, False) for block in self.blocks]


class SamViTSmall(PyramidEncoder):
    """The encoder with a convolutional stem of its own, to be trained from nothing."""

    def __init__(self, channels: tuple[int, int, int], width: int, depth: int, heads: int, out_channels: int):
        super().__init__(channels, width, depth, heads, out_channels)
        half, quarter, eighth = channels
        self.stage2 = nn.Conv2d(3, half, 3, stride=2, padding=1)
        self.stage4 = _stage(half, quarter, 1)
        self.stage8 = _stage(quarter, eighth, 2)
        self.stage16 = nn.Conv2d(eighth, width, 3, stride=2, padding=1)

    def pyramid(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, 3, S, S) -> maps of stride 2, 4 and 8, tokens of stride 16."""
        half = self.stage2(image)
        quarter = self.stage4(F.gelu(half))
        eighth = self.stage8(quarter)
        return half, quarter, eighth, self.stage16(F.gelu(eighth))


def build(
    channels: tuple[int, int, int] = (24, 48, 96),
    width: int = 192,
    depth: int = 6,
    heads: int = 6,
    out_channels: int = 128,
) -> SamViTSmall:
    """Channels at strides 2, 4 and 8; width, depth, heads of the transformer; channels of the embedding."""
    check_sizes(width=width, depth=depth, heads=heads, out_channels=out_channels)
    if min(channels) < 1 or any(c % 8 for c in channels):
        raise ValueError(f"backbone.channels {channels}: expected multiples of 8, at least 8")
    return SamViTSmall(tuple(channels), width, depth, heads, out_channels)


def check_sizes(width: int, depth: int, heads: int, out_channels: int) -> None:
    """ValueError unless a pyramid encoder can have these sizes."""
    for name, number in (
        ("width", width),
        ("depth", depth),
        ("heads", heads),
        ("out_channels", out_channels),
    ):
        if number < 1:
            raise ValueError(f"backbone.{name} {number}: expected at least 1")
    if width % heads:
        raise ValueError(f"backbone.width {width} must be a multiple of backbone.heads {heads}")
    if out_channels % 32:
        raise ValueError(f"backbone.out_channels {out_channels}: expected a multiple of 32")
