"""What every backbone shares: its features, and a transformer block with places for adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from ..sam import FastAttention, window_partition, window_unpartition


class Features(NamedTuple):
    """Image features: embedding (B, C, h, w); finer maps (B, C/8, 4h, 4w) and (B, C/4, 2h, 2w), or none.

    tokens (B, D, h', w'): the transformer's last map, for a branch to join; the model hands on none.
    auxiliary: scalar losses of a branch in training by name.
    late: outputs (B, D, h, w) of the last two blocks, where a part of the model asked the encoder for them.
    """

    embedding: torch.Tensor
    fine: tuple[torch.Tensor, ...] = ()
    tokens: torch.Tensor | None = None
    auxiliary: dict[str, torch.Tensor] | None = None
    late: tuple[torch.Tensor, ...] = ()

    def in_float32(self) -> Features:
        """The same maps in float32."""
        fine, late = (tuple(map(torch.Tensor.float, maps)) for maps in (self.fine, self.late))
        return self._replace(embedding=self.embedding.float(), fine=fine, late=late)


class Meeting(NamedTuple):
    """What a branch has for the encoder on its way.

    before_attention: by the block's index, what is made of its normed tokens (B, h, w, D) before attention.
    to_tokens (B, h, w, D): what is added to the last block's output.
    """

    before_attention: dict[int, Callable[[torch.Tensor], torch.Tensor]]
    to_tokens: torch.Tensor


class Site(NamedTuple):
    """One transformer block that takes adapters: its width D, its stage, whether it cuts windows."""

    block: nn.Module
    width: int
    stage: int
    windowed: bool

    @property
    def entry(self) -> tuple[int, int]:
        """(width, stage) before attention; in a block that begins a stage, those of the stage before."""
        return getattr(self.block, "entry", (self.width, self.stage))


class Block(nn.Module):
    """SAM's transformer block with places for adapters, empty at first; (B, h, w, D) -> (B, h, w, D).

    x = x + after_attention(attn(before_attention(norm1 x)))
    n = norm2 x;  x = x + mlp(before_mlp(n)) + beside_mlp(n)

    With depth > 1 the batch is groups of `depth` frames, and the same attention also runs between the frames
    of a group at each place: attn is their sum (SD-Trans of Medical SAM Adapter, MedIA 2025, section 3.2), or
    what `join_depth(over space, over depth, depth)` makes of the two. No position tells frames apart.
    meet: what a branch makes of the map after before_attention.

    Every place sees the whole (B, h, w, D) map, before windows are cut and after they are joined. The child
    modules of the plain block keep their names. pad_before_norm: the map is filled up to whole windows before
    norm1, as in SAMIHS and Medical-SAM-Adapter, so that filling is norm1's bias instead of zero.
    """

    def __init__(self, plain: nn.Module, pad_before_norm: bool = False):
        super().__init__()
        self.norm1, self.norm2, self.mlp = plain.norm1, plain.norm2, plain.mlp
        self.attn = FastAttention(plain.attn)
        self.window_size, self.pad_before_norm = plain.window_size, pad_before_norm
        self.before_attention, self.after_attention, self.before_mlp = (
            nn.Identity(),
            nn.Identity(),
            nn.Identity(),
        )
        self.beside_mlp = self.join_depth = None

    def forward(
        self,
        x: torch.Tensor,
        depth: int = 1,
        meet: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> torch.Tensor:
        height, width = x.shape[1:3]
        whole = self._filled_up(x) if self.pad_before_norm and self.window_size else x
        placed = self.before_attention(self.norm1(whole))
        placed = placed if meet is None else meet(placed)
        attended = self._attention(placed)[:, :height, :width]
        if depth > 1:
            attended = self._joined(attended, placed[:, :height, :width], depth)
        x = x + self.after_attention(attended)
        normed = self.norm2(x)
        x = x + self.mlp(self.before_mlp(normed))
        return x if self.beside_mlp is None else x + self.beside_mlp(normed)

    def _joined(self, over_space: torch.Tensor, placed: torch.Tensor, depth: int) -> torch.Tensor:
        over_depth = self.attn.over_depth(placed, depth)
        return (
            over_space + over_depth
            if self.join_depth is None
            else self.join_depth(over_space, over_depth, depth)
        )

    def _filled_up(self, x: torch.Tensor) -> torch.Tensor:
        below, right = (-side % self.window_size for side in x.shape[1:3])
        return F.pad(x, (0, 0, 0, right, 0, below))

    def _attention(self, x: torch.Tensor) -> torch.Tensor:
        if self.window_size == 0:
            return self.attn(x)
        height, width = x.shape[1:3]
        windows, padded = window_partition(x, self.window_size)
        return window_unpartition(self.attn(windows), self.window_size, padded, (height, width))
