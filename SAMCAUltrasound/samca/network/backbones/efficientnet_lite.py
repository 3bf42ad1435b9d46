"""The layers of EfficientNet-Lite0 up to stride 16, their batch norms folded into the convolutions.

Tan, Le, EfficientNet, ICML 2019, in the form without swish and squeeze-and-excitation that its authors made
for small devices. Trained on ImageNet it knows edges and textures that a few hundred frames cannot teach.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from ...tensor_files import read
from ..sam import PIXEL_MEAN, PIXEL_STD

STEM = 32  # channels before the first block
BLOCKS = (  # kernel, stride, how often wider inside, channels
    (3, 1, 1, 16),
    (3, 2, 6, 24),
    (3, 1, 6, 24),
    (5, 2, 6, 40),
    (5, 1, 6, 40),
    (3, 2, 6, 80),
    (3, 1, 6, 80),
    (3, 1, 6, 80),
    (5, 1, 6, 112),
    (5, 1, 6, 112),
    (5, 1, 6, 112),
)
LAST = {2: 0, 4: 2, 8: 4, 16: 10}  # the last block of each stride
CHANNELS = {stride: BLOCKS[number][3] for stride, number in LAST.items()}
INPUT_MEAN, INPUT_STD = 127.0, 128.0  # of grey values 0..255, as it was trained
EPSILON = 1e-3  # of its batch norms
PARTS = (("expand", "_bn0"), ("depthwise", "_bn1"), ("project", "_bn2"))  # of a block, with their batch norms


class SameConvolution(nn.Conv2d):
    """A convolution padded as TensorFlow does: at stride 2 the odd pixel comes last."""

    def __init__(self, before: int, channels: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(before, channels, kernel, stride, groups=groups)
        total = kernel - stride
        first, last = total // 2, total - total // 2
        self.sides = (first, last, first, last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(x, self.sides))


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow; (B, C, h, w) -> (B, channels, h / stride, w / stride)."""

    def __init__(self, before: int, kernel: int, stride: int, wider: int, channels: int):
        super().__init__()
        wide = before * wider
        self.expand = SameConvolution(before, wide, 1) if wider > 1 else None
        self.depthwise = SameConvolution(wide, wide, kernel, stride, groups=wide)
        self.project = SameConvolution(wide, channels, 1)
        self.skips = stride == 1 and before == channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        wide = x if self.expand is None else F.relu6(self.expand(x))
        narrow = self.project(F.relu6(self.depthwise(wide)))
        return x + narrow if self.skips else narrow


class EfficientNetLite(nn.Module):
    """(B, 3, S, S) image normalised as SAM's -> maps of stride 2, 4, 8 and 16 with CHANNELS."""

    def __init__(self):
        super().__init__()
        self.stem = SameConvolution(3, STEM, 3, 2)
        befores = (STEM, *(channels for *_, channels in BLOCKS))
        self.blocks = nn.ModuleList(
            InvertedResidual(before, *block) for before, block in zip(befores, BLOCKS, strict=False)
        )

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        x = F.relu6(self.stem(image))
        maps = []
        for block in self.blocks:
            x = block(x)
            maps.append(x)
        return [maps[number] for number in LAST.values()]

    def load_imagenet(self, path: str | Path) -> None:
        """Take over a state dict with the names of the public PyTorch port (`_conv_stem`, ...); its later
        layers are left out. Raises ValueError for another file, OSError if it cannot be read."""
        state, _ = read(path)
        try:
            self.load_state_dict(dict(_folded(state)))
        except (KeyError, TypeError, RuntimeError) as error:  # a name, a kind or a shape that is not theirs
            says = str(error).splitlines()[-1].strip()
            raise ValueError(f"{path} is no EfficientNet-Lite0: {says}") from None
        self._take_images_of_sam()

    @torch.no_grad()
    def _take_images_of_sam(self) -> None:
        """Let the stem, which knows grey values as they were normalised in its training, see SAM's."""
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (PIXEL_MEAN, PIXEL_STD))
        self.stem.bias += (self.stem.weight * (mean - INPUT_MEAN) / INPUT_STD).sum((1, 2, 3))
        self.stem.weight *= std / INPUT_STD


def _folded(state: dict[str, torch.Tensor]):
    """Names here, with kernels and biases that do what convolution and batch norm did."""
    kernel, bias = _convolution(state, "_conv_stem", "_bn0")
    yield "stem.weight", kernel
    yield "stem.bias", bias
    for number, (_, _, wider, _) in enumerate(BLOCKS):
        for name, norm in PARTS[wider == 1 :]:
            of_block = f"_blocks.{number}."
            kernel, bias = _convolution(state, f"{of_block}_{name}_conv", f"{of_block}{norm}")
            yield f"blocks.{number}.{name}.weight", kernel
            yield f"blocks.{number}.{name}.bias", bias


def _convolution(state: dict[str, torch.Tensor], name: str, norm: str) -> tuple[torch.Tensor, torch.Tensor]:
    mean, variance, weight, shift = (
        state[f"{norm}.{part}"].float() for part in ("running_mean", "running_var", "weight", "bias")
    )
    scale = weight / (variance + EPSILON).sqrt()
    return state[f"{name}.weight"].float() * scale.view(-1, 1, 1, 1), shift - mean * scale
