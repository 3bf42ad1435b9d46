"""A compact encoder that begins with ImageNet's features: EfficientNet-Lite0, SAM's transformer blocks."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from .efficientnet_lite import CHANNELS, EfficientNetLite
from .sam_vit_small import PyramidEncoder, check_sizes


class SamViTLite(PyramidEncoder):
    """The encoder on EfficientNet-Lite0's layers up to stride 16."""

    def __init__(self, width: int, depth: int, heads: int, out_channels: int):
        super().__init__((CHANNELS[2], CHANNELS[4], CHANNELS[8]), width, depth, heads, out_channels)
        self.layers = EfficientNetLite()
        self.stage16 = nn.Conv2d(CHANNELS[16], width, 1)

    def pyramid(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, 3, S, S) -> maps of stride 2, 4 and 8, tokens of stride 16."""
        half, quarter, eighth, sixteenth = self.layers(image)
        return half, quarter, eighth, self.stage16(sixteenth)

    def load_imagenet(self, path: str | Path) -> None:
        """Fill the layers from a file of EfficientNet-Lite0; see `EfficientNetLite.load_imagenet`."""
        self.layers.load_imagenet(path)


def build(width: int = 192, depth: int = 6, heads: int = 6, out_channels: int = 128) -> SamViTLite:
    """Width, depth, heads of the transformer; channels of the embedding."""
    check_sizes(width=width, depth=depth, heads=heads, out_channels=out_channels)
    return SamViTLite(width, depth, heads, out_channels)
