"""What a schedule gets: one batch of truth with the random numbers that belong to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional as F

from ..losses import HybridLoss

SUGGESTION = "suggestion"  # in place of a simulated first click: the model finds the object by itself


@dataclass(frozen=True)
class Batch:
    """Truth (B, S, S) bool of B images; a generator for each image, and one for what all of them share.

    done: the share of the run before this step, 0..1. memory: tensors that a schedule of several stages keeps
    from step to step; they are part of the run's resume point. epoch: counted from 0.
    update: learns from a loss of this batch at once, for schedules that go on with new weights.
    classes (B,) int, from 0: what each truth is, for models that find objects by their class; else zeros.
    present (B,) bool: whether each truth is a structure, or a spot in an image without one; None: all are.
    """

    truth: np.ndarray
    rngs: tuple[np.random.Generator, ...]
    shared_rng: np.random.Generator
    loss: HybridLoss
    device: torch.device
    done: float = 0.0
    memory: dict[str, torch.Tensor] = field(default_factory=dict)
    epoch: int = 0
    update: Callable[[torch.Tensor], None] | None = None
    classes: np.ndarray | None = None
    present: np.ndarray | None = None

    def target(self) -> torch.Tensor:
        """Truth as (B, 1, S, S) float32."""
        return torch.from_numpy(self.truth[:, None].astype(np.float32)).to(self.device)

    def loss_of(self, logits: torch.Tensor, iou: torch.Tensor) -> torch.Tensor:
        """The loss, a scalar, of logits (B, M, m, m) and predicted IoU (B, M) of M masks for one prompt."""
        present = None if self.present is None else torch.from_numpy(self.present).to(self.device)
        return self.loss(logits, iou, self.target(), present)

    def masks(self, logits: torch.Tensor) -> np.ndarray:
        """Logits (B, 1, m, m) -> (B, S, S) bool, detached, at the resolution of the truth."""
        size = self.truth.shape[1:]
        full = F.interpolate(logits.detach().float(), size=size, mode="bilinear", align_corners=False)
        return (full[:, 0] > 0).cpu().numpy()
