"""Sam2Rad's prompt predictor: learned tokens of a class look at the image and become box, mask and prompts.

Wahd et al. 2024. The tokens of a class attend to the image features and back; from what comes out, one head
reads the box, another the mask, and the other tokens are prompts as they are. All of it goes to the frozen
prompt encoder and the mask decoder, so what a user points at can be added.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .backbones.sites import Features
from .classes import Classes
from .objectness import Objectness
from .sam import two_way_block

BOX_TOKENS = 2  # the first tokens, which the box head reads
MASK_SCALE = 4  # side of mask logits over that of the embedding


class Suggested(NamedTuple):
    """Predicted prompts of B objects.

    boxes (B, 4) x0, y0, x1, y1 as parts of the input's sides; masks (B, 1, m, m) logits; tokens
    (B, N - 2, C).
    """

    boxes: torch.Tensor
    masks: torch.Tensor
    tokens: torch.Tensor


class PromptPredictor(nn.Module):
    """One two-way block between the tokens of a class and the image embedding; C is the backbone's width."""

    levels = 1  # feature maps that it looks at

    def __init__(self, width: int, classes: Classes, tokens: int):
        super().__init__()
        if tokens < BOX_TOKENS:
            raise ValueError(f"predictor.tokens {tokens}: expected at least {BOX_TOKENS}, which make the box")
        self.classes = classes
        self.class_tokens = nn.Parameter(torch.randn(len(classes), tokens, width) / math.sqrt(width))
        self.blocks = nn.ModuleList(two_way_block(width) for _ in range(self.levels))
        self.box_head = nn.Sequential(
            nn.Linear(BOX_TOKENS * width, width), nn.ReLU(), nn.Linear(width, 4), nn.Sigmoid()
        )
        hidden = width // 4
        self.mask_head = nn.Sequential(
            nn.Conv2d(width, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Dropout2d(0.1),
            nn.Conv2d(hidden, hidden, 3, padding=1),
            nn.ReLU(),
            nn.Dropout2d(0.1),
            nn.Conv2d(hidden, 1, 1),
        )

    def forward(self, features: Features, classes: torch.Tensor, no_mask: torch.Tensor) -> Suggested:
        """Features of B images (or of one for all), classes (B,) from 0, the embedding of no mask (1, C)."""
        tokens, image = self._attend(features, self.class_tokens[classes], no_mask)
        corner, size = self.box_head(tokens[:, :BOX_TOKENS].flatten(1)).chunk(2, dim=1)
        masks = self.mask_head(image)
        side = MASK_SCALE * features.embedding.shape[-1]
        if masks.shape[-1] != side:
            masks = F.interpolate(masks, size=(side, side), mode="bilinear", align_corners=False)
        return Suggested(torch.cat([corner, corner + size], dim=1), masks, tokens[:, BOX_TOKENS:])

    def _attend(self, features: Features, tokens: torch.Tensor, no_mask: torch.Tensor):
        """Tokens (B, N, C) and the image (B, C, h, w) after they have seen each other."""
        return _seen(self.blocks[0], tokens, features.embedding)


class HighResolution(PromptPredictor):
    """Three blocks, coarse to fine: the embedding, then two more feature maps of the encoder.

    These are its finer maps where it has some (SAM 2, the small backbone), else the outputs of its last two
    blocks (ViT). Each level's keys are its features and, scaled up, the keys of the level before.
    """

    levels = 3

    def __init__(self, width: int, classes: Classes, tokens: int, channels: tuple[int, int]):
        super().__init__(width, classes, tokens)
        self.projections = nn.ModuleList(nn.Conv2d(before, width, 1) for before in channels)

    def _attend(self, features: Features, tokens: torch.Tensor, no_mask: torch.Tensor):
        maps = features.fine[::-1] or features.late
        levels = [project(each) for project, each in zip(self.projections, maps, strict=True)]
        image = no_mask.reshape(1, -1, 1, 1)
        for block, level in zip(self.blocks, [features.embedding, *levels], strict=True):
            if image.shape[-1] > 1:
                image = F.interpolate(image, size=level.shape[-2:], mode="nearest")
            tokens, image = _seen(block, tokens, level + image)
        return tokens, image


def _seen(block: nn.Module, tokens: torch.Tensor, image: torch.Tensor):
    image = image.expand(tokens.shape[0], -1, -1, -1)
    keys = image.flatten(2).transpose(1, 2)  # (B, h w, C)
    count, width = map(int, tokens.shape[1:])  # which are tensors while a graph is made
    places = torch.from_numpy(sine_positions(count, width)).to(tokens)[None]
    tokens, keys = block(tokens, keys, places, sine_grid(image).flatten(2).transpose(1, 2))
    return tokens, keys.transpose(1, 2).reshape(image.shape)


@lru_cache
def sine_positions(count: int, width: int) -> np.ndarray:
    """Sine and cosine of places 0..count-1, (count, width) float32 (Vaswani et al. 2017)."""
    return _sines(np.arange(count), width)


def sine_grid(image: torch.Tensor) -> torch.Tensor:
    """Positions in features (B, C, h, w), of their shape: half of C for y, half for x, each side 2 pi long
    (Carion et al. 2020)."""
    half = int(image.shape[1]) // 2
    rows, columns = (torch.from_numpy(_sides(int(side), half).T).to(image) for side in image.shape[-2:])
    both = rows[..., None].expand_as(image[:, :half]), columns[:, None].expand_as(image[:, half:])
    return torch.cat(both, dim=1)  # computed in a graph, too, which holds the sides alone


@lru_cache
def _sides(count: int, channels: int) -> np.ndarray:
    return _sines(2 * np.pi * np.arange(1, count + 1) / count, channels)


def _sines(places: np.ndarray, width: int) -> np.ndarray:
    rates = 10000 ** (-np.arange(0, width, 2) / width)
    angles = places[:, None] * rates
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(len(places), width).astype(np.float32)


def add(
    model: nn.Module,
    tokens: int = 10,
    classes: tuple[str, ...] = ("object",),
    labels: dict[str, tuple[str, ...]] | None = None,
    objectness: str = "linear",
) -> None:
    """Give the model a predictor of `tokens` prompts for each class, and a decoder token for objectness.

    classes, labels: see `Classes`. objectness: "linear", "mlp", or "none" for no such token; from SAM 2's
    decoder "mlp" starts as what that one has learned.
    """
    width = model.image_encoder.out_channels
    model.predictor = PromptPredictor(width, Classes(classes, labels or {}), tokens)
    model.objectness = None if objectness == "none" else Objectness(width, objectness)
    decoder = model.mask_decoder
    if objectness == "mlp" and hasattr(decoder, "obj_score_token"):
        model.objectness.token.load_state_dict(decoder.obj_score_token.state_dict())
        model.objectness.head.load_state_dict(decoder.pred_obj_score_head.state_dict())


def add_high_resolution(
    model: nn.Module,
    tokens: int = 10,
    classes: tuple[str, ...] = ("object",),
    labels: dict[str, tuple[str, ...]] | None = None,
    objectness: str = "linear",
) -> None:
    """The same with the high-resolution predictor; ValueError where the backbone has one feature map only."""
    encoder = model.image_encoder
    if not hasattr(encoder, "high_resolution_channels"):
        raise ValueError(
            f"predictor high_resolution needs finer features than {model.config.backbone.name} has: use "
            "single_block, or a ViT, SAM 2 or the small backbone"
        )
    width, channels = encoder.out_channels, encoder.high_resolution_channels()
    add(model, tokens, classes, labels, objectness)
    model.predictor = HighResolution(width, model.predictor.classes, tokens, channels)


PREDICTORS = {"none": lambda model: None, "single_block": add, "high_resolution": add_high_resolution}
