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
BLOCKS, KERNEL = 3, 5  # at half the resolution: with what is around, some 13 px of the logits to each side
SATURATION = 5.0  # logits beyond this look alike


class Refiner(nn.Module):
    """Logits (B, 1, m, m) -> the same, mended; at first unchanged.

    maps: channels of each of the features it sees, which are the decoder's upscaled ones, and the encoder's
    at the same resolution if there are such; channels: its own, at half the resolution, where all is
    computed.
    """

    def __init__(self, maps: Sequence[int], channels: int):
        super().__init__()
        seen = (*maps, 4)  # spots of two kinds, earlier logits, and those to mend
        self.enter = nn.ModuleList(nn.Conv2d(each, channels, 2, stride=2) for each in seen)
        self.norm = LayerNorm2d(channels)
        self.blocks = nn.Sequential(*(_Block(channels) for _ in range(BLOCKS)))
        self.leave = nn.Conv2d(channels, 4, 3, padding=1)  # the four logits of each place
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
        seen = (*features, torch.cat([spots, before, _saturated(logits)], dim=1))
        half = sum(  # of each by itself: to put them side by side first takes as long as all that follows
            enter(each.contiguous(memory_format=torch.channels_last))
            for enter, each in zip(self.enter, seen, strict=True)
        )
        mended = self.leave(F.gelu(self.blocks(self.norm(half))))
        return logits + F.pixel_shuffle(mended, 2)


class _Block(nn.Module):
    """Each channel around a place, then all channels there, beside a skip; (B, C, h, w) -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.around = nn.Conv2d(channels, channels, KERNEL, padding=KERNEL // 2, groups=channels)
        self.across = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.across(F.gelu(self.around(x)))


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
