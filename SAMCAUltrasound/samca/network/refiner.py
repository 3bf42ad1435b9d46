"""Mends mask logits at their own resolution, with clicks, features and earlier logits in sight.

A mask decoder sees clicks through a few tokens and the image through large patches, so its outlines have
steps and holes of a patch's size and late clicks move little. Convolutions at the resolution of the logits,
to which every click is a spot on the image, mend both (FocalClick, Chen et al., CVPR 2022, section 3.3; RITM,
Sofiiuk et al., ICIP 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from ..prompts.pointing import Pointing
from .sam import LayerNorm2d

SPOT_PX = 4.0  # of the model's input: standard deviation of the Gaussian at a click
DILATIONS = (1, 2, 1)  # at half the resolution: with what is around, some 12 px of the logits to each side
SATURATION = 5.0  # logits beyond this look alike


class Refiner(nn.Module):
    """Logits (B, 1, m, m) -> the same, mended; at first unchanged.

    features: channels of the decoder's upscaled features; fine: of the encoder's at the same resolution, 0
    for none; channels: its own, at half the resolution, half as many at the full one.
    """

    def __init__(self, features: int, fine: int, channels: int):
        super().__init__()
        seen = features + fine + 4  # spots of two kinds, earlier logits, and those to mend
        self.enter = nn.Conv2d(seen, channels // 2, 3, padding=1)
        self.down = nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1)
        self.norm = LayerNorm2d(channels)
        self.blocks = nn.Sequential(*(_Block(channels, dilation) for dilation in DILATIONS))
        self.up = nn.Conv2d(channels, channels // 2, 1)
        self.leave = nn.Conv2d(channels // 2, 1, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(
        self,
        logits: torch.Tensor,
        features: Sequence[torch.Tensor],
        spots: torch.Tensor,
        earlier: torch.Tensor | None,
    ) -> torch.Tensor:
        """features (B, C, m, m) each; spots (B, 2, m, m); earlier (B, 1, m, m) logits that were the mask
        prompt, or None."""
        before = torch.zeros_like(logits) if earlier is None else _saturated(earlier)
        seen = torch.cat([*features, spots, before, _saturated(logits)], dim=1)
        full = F.gelu(self.enter(seen.contiguous(memory_format=torch.channels_last)))
        half = self.blocks(self.norm(self.down(full)))
        back = F.interpolate(self.up(half), scale_factor=2, mode="bilinear", align_corners=False)
        return logits + self.leave(F.gelu(full + back))


class _Block(nn.Module):
    """A convolution beside a skip; (B, C, h, w) -> (B, C, h, w)."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(F.gelu(x))


def spots(sets: Sequence[Pointing], side: int, image_size: int) -> torch.Tensor:
    """(B, 2, side, side): Gaussians of height 1 at all positive clicks of these sets, and at the negative
    ones."""
    points, labels = (
        torch.cat([getattr(each, name) for each in sets], dim=1) for name in ("points", "labels")
    )
    centres = (torch.arange(side, device=points.device) + 0.5) * (image_size / side) - 0.5
    columns, rows = (
        torch.exp(-(((centres - points[..., axis, None]) / SPOT_PX) ** 2) / 2) for axis in (0, 1)
    )  # (B, N, side)
    planes = [torch.einsum("bny,bnx->byx", rows * (labels == kind)[..., None], columns) for kind in (1, 0)]
    return torch.stack(planes, dim=1).clamp(max=1)


def _saturated(logits: torch.Tensor) -> torch.Tensor:
    return torch.tanh(logits / SATURATION)
