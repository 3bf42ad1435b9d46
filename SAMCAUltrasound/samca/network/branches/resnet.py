"""CC-SAM's convolutional branch: a frozen ResNet-50 beside the transformer, and a trained layer after it.

Its 8 x 8 map of 256 px (2048 channels) goes through a linear layer, leaky ReLU and dropout, and is fused with
the transformer's tokens on their grid; the result is added to the embedding. Nothing is added at the start,
so the decoder, which stays frozen, sees what it knows (Gowda and Clifton, ECCV 2024, sections 3.1 and 3.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ...tensor_files import read
from ..backbones.sites import Features
from .noise import Noise
from .variational_attention import VariationalAttention, activate

LAST_CHANNELS = 2048
FUSIONS, MODES, POOLS = ("variational", "sum"), ("residual", "replace"), ("grid", "global")
RADIMAGENET = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3", "7": "layer4"}


class ResNet50(nn.Module):
    """(B, 3, S, S) image, normalised as for ImageNet -> (B, 2048, S/32, S/32); frozen, batch norms at rest.

    Parameters have torchvision's names.
    """

    def __init__(self):
        super().__init__()
        for name, module in _plain_resnet50().named_children():
            self.add_module(name, module)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> ResNet50:
        """Stay at rest: statistics of the batch norms belong to the weights."""
        return super().train(False)

    @torch.no_grad()
    def calibrate(self, images: torch.Tensor) -> None:
        """Give random weights the batch norms that (B, 3, S, S) images, normalised as for `forward`, ask for.

        At rest with a mean of 0 and a variance of 1 a random ResNet's map grows with every block.
        """
        norms = [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]
        kept = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean of all batches
            norm.train()
        self.forward(images)
        for norm, momentum in zip(norms, kept, strict=True):
            norm.momentum = momentum
        self.eval()

    @torch.no_grad()
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(F.relu(self.bn1(self.conv1(image))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


class ResNetBranch(nn.Module):
    """An image and its encoder -> Features whose embedding also knows the ResNet's map."""

    def __init__(
        self,
        token_width: int,
        channels: int,
        fusion: str,
        mode: str,
        pool: str,
        latent: int,
        per_channel: bool,
    ):
        super().__init__()
        self.mode, self.pool = mode, pool
        self.resnet = ResNet50()
        self.reduce = nn.Conv2d(LAST_CHANNELS, latent, 1)  # the linear layer, at each place of the map
        self.attention = None
        if fusion == "variational":
            self.attention = VariationalAttention(token_width, latent, channels, per_channel)
            last = self.attention.project
        else:
            self.project = last = nn.Linear(latent, channels, bias=False)
        if mode == "residual":
            nn.init.zeros_(last.weight)

    def forward(
        self,
        image: torch.Tensor,
        encode: Callable[..., Features],
        rngs: Sequence[np.random.Generator] = (),
    ) -> Features:
        """Image (B, 3, S, S) normalised, and the encoder to run on it; in training each has an rng."""
        features = encode()
        noise = Noise(rngs) if self.training else None
        tokens = features.embedding if features.tokens is None else features.tokens
        grid = tokens.shape[-2:]
        local = self._local(image, grid, noise).flatten(2).transpose(1, 2)  # (B, N, latent)
        if self.attention is None:
            h, losses = self.project(local), {}
        else:
            h, losses = self.attention(tokens.flatten(2).transpose(1, 2), local, noise)
        h = h.transpose(1, 2).unflatten(-1, grid)
        if grid != features.embedding.shape[-2:]:
            size = features.embedding.shape[-2:]
            h = F.interpolate(h, size=size, mode="bilinear", align_corners=False)
        embedding = h if self.mode == "replace" else features.embedding + h
        return features._replace(embedding=embedding, auxiliary=losses)

    @property
    def is_random(self) -> bool:
        """Whether no weights were loaded and nothing was calibrated."""
        return not self.resnet.bn1.running_mean.any()

    def calibrate(self, images: torch.Tensor) -> None:
        """Fit a random ResNet's batch norms to images (B, 3, S, S), normalised; see `ResNet50.calibrate`."""
        self.resnet.calibrate(images)

    def load_frozen(self, path: str | Path) -> None:
        """Fill the ResNet from a file with RadImageNet's or torchvision's names; see `load_resnet50`."""
        load_resnet50(self.resnet, read(path)[0], path)

    def _local(self, image: torch.Tensor, grid: torch.Size, noise: Noise | None) -> torch.Tensor:
        last = self.resnet(image)
        if self.pool == "global":
            last = last.mean((2, 3), keepdim=True)
        local = activate(self.reduce(last), noise)
        return F.interpolate(local, size=grid, mode="bilinear", align_corners=False)


def make(
    encoder: nn.Module,
    fusion: str = "variational",
    mode: str = "residual",
    pool: str = "grid",
    latent: int = 1024,
    per_channel: bool = False,
) -> ResNetBranch:
    """The branch for this encoder.

    fusion: variational attention, or "sum" of the projected map alone. mode: h is added to the embedding, or
    takes its place ("replace", the paper taken literally). pool: the ResNet's map, or its "global" mean.
    per_channel: attention for each channel of a token instead of each token.
    """
    given = {"fusion": (fusion, FUSIONS), "mode": (mode, MODES), "pool": (pool, POOLS)}
    for name, (value, choices) in given.items():
        if value not in choices:
            raise ValueError(f"branch.{name} is {value!r}: expected one of {', '.join(choices)}")
    if latent < 1:
        raise ValueError(f"branch.latent is {latent}: expected at least 1")
    width = getattr(encoder, "token_width", encoder.out_channels)
    return ResNetBranch(width, encoder.out_channels, fusion, mode, pool, latent, per_channel)


def load_resnet50(resnet: ResNet50, state: dict[str, torch.Tensor], path: str | Path) -> None:
    """Load a state dict strictly; the classification layer, which is not used, may be there or not."""
    if not isinstance(state, dict) or not all(isinstance(t, torch.Tensor) for t in state.values()):
        raise ValueError(f"{path} is no ResNet-50 of RadImageNet or torchvision: it holds more than tensors")
    given = {_torchvision_name(name): tensor for name, tensor in state.items()}
    given = {name: tensor for name, tensor in given.items() if not name.startswith("fc.")}
    own = resnet.state_dict()
    missing, unknown = sorted(set(own) - set(given)), sorted(set(given) - set(own))
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]  # older files have none
    if missing or unknown:
        what = f"{missing[0]} is missing" if missing else f"{unknown[0]} has no place"
        raise ValueError(f"{path} is no ResNet-50 of RadImageNet or torchvision: {what}")
    for name, tensor in given.items():
        if tensor.shape != own[name].shape:
            got, expected = tuple(tensor.shape), tuple(own[name].shape)
            raise ValueError(f"{path} is no ResNet-50: {name} has shape {got}, expected {expected}")
    resnet.load_state_dict(given, strict=False)


def _torchvision_name(name: str) -> str:
    """backbone.4.0.conv1.weight -> layer1.0.conv1.weight; other names as they are."""
    found = re.fullmatch(r"(?:module\.)?backbone\.([014567])\.(.+)", name)
    return f"{RADIMAGENET[found[1]]}.{found[2]}" if found else name.removeprefix("module.")


def _plain_resnet50() -> nn.Module:
    try:
        from monai.networks.nets import resnet50  # takes seconds to import
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"CC-SAM's ResNet-50 needs the package {error.name}: install it with `pip install {error.name}`"
        ) from error
    return resnet50(
        spatial_dims=2, n_input_channels=3, conv1_t_stride=2, feed_forward=False, bias_downsample=False
    )
