"""Random tensors of a batch, drawn for each image from its own generator.

A training step then depends on its seeds alone: not on torch's global state, the device, or how a batch is
cut into pieces; a run that is resumed draws what the one that was never stopped would.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch


class Noise:
    """Normal and dropout noise for B images; each rng gives one seed."""

    def __init__(self, rngs: Sequence[np.random.Generator]):
        self.generators = [torch.Generator().manual_seed(int(rng.integers(1 << 62))) for rng in rngs]

    def normal(self, like: torch.Tensor) -> torch.Tensor:
        """Standard normal numbers of the shape (B, ...), dtype and device of `like`."""
        return self._stack(torch.randn, like)

    def dropout(self, x: torch.Tensor, share: float) -> torch.Tensor:
        """x (B, ...) with this share of its numbers at 0 and the others scaled to keep the mean."""
        return x * (self._stack(torch.rand, x) >= share) / (1 - share)

    def _stack(self, draw, like: torch.Tensor) -> torch.Tensor:
        if len(self.generators) != like.shape[0]:
            raise ValueError(
                f"{len(self.generators)} generators for {like.shape[0]} images: expected one each"
            )
        return torch.stack([draw(like.shape[1:], generator=g) for g in self.generators]).to(like)
