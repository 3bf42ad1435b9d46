"""Memory of an object in a loop: earlier frames and its masks in them are read by the features of a new one.

Space-time reading (STM, Oh et al., ICCV 2019; XMem, Cheng and Schwing, ECCV 2022): every cell of the new
embedding looks for cells that are like it, by the squared distance of their keys, in frames whose mask is
known, the nearer the likelier, and takes what was there along: values, and the mask itself at its own
resolution, CELL x CELL px of it a cell. Convolutions with the encoder's finer maps make logits of that. How
well the object was found is said with it. The model that encodes stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from .backbones.sites import Features

CELL = 4  # px of a mask a cell of the embedding
PROMPTED, RECENT = 0, 1  # kinds of frames that are remembered: the user pointed there, or it was carried to
REACH = (0.25, 0.12)  # of each kind at first, in parts of a side: how far an object is looked for
FINE, FINER = 32, 16  # channels at twice and four times the embedding's resolution
SHARPNESS = 1.35  # log; an untrained memory takes a small nerve's mask along with Dice 80, and with 0 with 60
SHOWN = 4.0  # what a mask that is taken along counts in logits


class Remembered(NamedTuple):
    """Of B frames: keys (B, n, K) and values (B, n, V + K + CELL * CELL) of n cells."""

    keys: torch.Tensor
    values: torch.Tensor

    @property
    def nbytes(self) -> int:
        """Of both."""
        return self.keys.nbytes + self.values.nbytes


class LoopMemory(nn.Module):
    """Keys and values of frames with a mask, and masks of new frames by them.

    width: channels of the embedding; half, quarter: of the finer maps, (4h, 4w) and (2h, 2w); keys, values:
    channels of its own.
    """

    def __init__(self, width: int, half: int, quarter: int, keys: int = 64, values: int = 48):
        super().__init__()
        self.sizes = {"width": width, "half": half, "quarter": quarter, "keys": keys, "values": values}
        cells = CELL * CELL
        self.key = nn.Conv2d(width, keys, 1)
        self.value = nn.Sequential(_conv(keys + cells, values), nn.GELU(), _conv(values, values))
        self.reach = nn.Parameter(torch.tensor(REACH).log())
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS))
        nn.init.orthogonal_(self.key.weight)  # so that what is like in the embedding is like in keys
        nn.init.zeros_(self.key.bias)
        self.mix = nn.Sequential(
            _conv(values + cells + 2 * keys + 1, values), nn.GELU(), _conv(values, values), nn.GELU()
        )
        self.skip4, self.up4 = nn.Conv2d(quarter, FINE, 1), nn.Conv2d(values, FINE, 1)
        self.mix4 = nn.Sequential(nn.GELU(), _conv(FINE, FINE), nn.GELU())
        self.skip2, self.up2 = nn.Conv2d(half, FINER, 1), nn.Conv2d(FINE, FINER, 1)
        self.mix2 = nn.Sequential(nn.GELU(), _conv(FINER, FINER), nn.GELU(), nn.Conv2d(FINER, 1, 1))
        self.doubt = nn.Sequential(nn.Linear(values + 3, values), nn.GELU(), nn.Linear(values, 1))

    @classmethod
    def of(cls, encoder: nn.Module, **sizes: int) -> LoopMemory:
        """For the features of an encoder; ValueError for one without finer maps."""
        half = getattr(encoder, "fine_channels", 0)
        if not half:
            raise ValueError(
                f"a memory reads finer maps beside the embedding, {type(encoder).__name__} gives none"
            )
        return cls(encoder.out_channels, half, encoder.out_channels // 4, **sizes)

    def remember(self, features: Features, masks: torch.Tensor) -> Remembered:
        """What is kept of B frames; masks (B, 1, 4h, 4w): how far each pixel is of the object, 0..1."""
        keys, cells = self.key(features.embedding), F.pixel_unshuffle(2 * masks - 1, CELL)
        values = self.value(torch.cat([keys, cells], 1))
        return Remembered(_listed(keys), _listed(torch.cat([values, keys, cells], 1)))

    def recall(
        self, features: Features, bank: Sequence[Remembered], kinds: Sequence[int]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (B, 1, 4h, 4w) of the object in B new frames and logits (B, 1) of how well it was found, as
        IoU, by frames of these kinds."""
        keys, values = (torch.cat(each, 1) for each in zip(*bank, strict=True))
        return self(features, keys, values, torch.tensor(kinds, device=keys.device))

    def forward(
        self, features: Features, keys: torch.Tensor, values: torch.Tensor, kinds: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same by keys and values of N frames in a row, (B, N * n, ...), and their kinds (N,)."""
        asked = self.key(features.embedding)
        read = self._read(asked, keys, values, kinds)
        away = (asked - read[:, -CELL * CELL - asked.shape[1] : -CELL * CELL]).square().mean(1, True)
        mixed = self.mix(torch.cat([read, asked, away], 1))
        half, quarter = features.fine
        finer = self.mix4(_doubled(self.up4(mixed)) + self.skip4(quarter))
        finest = self.mix2(_doubled(self.up2(finer)) + self.skip2(half))
        shown = F.pixel_shuffle(read[:, -CELL * CELL :], CELL)
        logits = finest + SHOWN * shown
        return logits, self._found(logits, mixed, away, shown)

    def _read(self, asked, keys, values, kinds) -> torch.Tensor:
        """What each cell finds, (B, V + K + CELL * CELL, h, w).

        The shares are the softmax of -s |q - k|^2 - |p - p'|^2 / 2 r^2, with p, p' the places of both cells
        and r the reach of the frame, as one product; of p alone nothing is in it, which falls out.
        """
        height, width = asked.shape[-2:]
        count = height * width
        places = self._places(height, width).to(asked.dtype)  # (n, 2)
        narrow = torch.where(kinds == PROMPTED, self.narrow[PROMPTED], self.narrow[RECENT])
        narrow = narrow.repeat_interleave(count)[:, None]  # (N * n, 1)
        there = places.repeat(kinds.shape[0], 1)
        scale = self.sharpness.exp() / asked.shape[1] ** 0.5
        length = -scale * keys.square().sum(-1, True) - narrow * there.square().sum(-1, True) / 2
        near = (narrow * there).expand(keys.shape[0], -1, -1)
        known = torch.cat([2 * scale * keys, length, near], -1)
        own = torch.cat([torch.ones_like(places[:, :1]), places], -1).expand(keys.shape[0], -1, -1)
        listed = _listed(asked)
        known = torch.cat([known, torch.ones_like(length)], -1)
        query = torch.cat([listed, own, -scale * listed.square().sum(-1, True)], -1)
        shares = (query @ known.transpose(1, 2)).softmax(-1)
        return (shares @ values).transpose(1, 2).unflatten(2, (height, width))

    @property
    def narrow(self) -> torch.Tensor:
        """One by the square of the reach of each kind."""
        return (-2 * self.reach).exp()

    def _places(self, height: int, width: int) -> torch.Tensor:
        """(n, 2) of the cells, parts of a side from the middle."""
        rows, columns = (
            (torch.arange(side, device=self.reach.device) + 0.5) / side - 0.5 for side in (height, width)
        )
        return torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).flatten(0, 1)

    def _found(self, logits, mixed, away, shown) -> torch.Tensor:
        """(B, 1): from what is inside, how clear it is, how far from what was remembered, and how grown."""
        inside = logits.detach().sigmoid()
        share = F.avg_pool2d(inside, CELL)
        area = share.sum((2, 3))
        mean = ((mixed * share).sum((2, 3))) / (area + 1)
        clear = ((2 * inside - 1) ** 2 * inside).sum((2, 3)) / (inside.sum((2, 3)) + 16)
        far = (away * share).sum((2, 3)) / (area + 1)
        before = ((shown.clamp(-1, 1) + 1) / 2).mean((2, 3))
        grown = inside.mean((2, 3)) / (before + 0.002)
        return self.doubt(torch.cat([mean, clear, far, grown], 1))


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _listed(x: torch.Tensor) -> torch.Tensor:
    """(B, C, h, w) -> (B, h * w, C)."""
    return x.flatten(2).transpose(1, 2)


def _doubled(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
