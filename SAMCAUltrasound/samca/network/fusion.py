"""Sets of encoded prompts to one set: what the decoder sees of initial and guided prompts.

A set is (B, N, C) encoded points and corners. Shorter sets are filled up with not-a-point tokens, which is
what SAM's prompt encoder makes of a click with label -1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn


class Single(nn.Module):
    """Only the last set; all clicks of a user form one set, as in an unmodified SAM."""

    splits = False

    def forward(self, sets: Sequence[torch.Tensor], not_a_point: torch.Tensor) -> torch.Tensor:
        return sets[-1]


class Sum(nn.Module):
    """Initial plus guided, token by token: E1 + E2 (SAMCA, Table 5)."""

    splits = True

    def weights(self) -> tuple[float, float]:
        """Lambda of the initial set and mu of the guided set."""
        return 1.0, 1.0

    def forward(self, sets: Sequence[torch.Tensor], not_a_point: torch.Tensor) -> torch.Tensor:
        if len(sets) == 1:
            return sets[0]
        longest = max(s.shape[1] for s in sets)
        initial, guided = (fill_up(s, longest, not_a_point) for s in sets)
        initial_weight, guided_weight = self.weights()
        return initial_weight * initial + guided_weight * guided


class Dynamic(Sum):
    """lambda E1 + mu E2 with weights that follow the training loss (SAMCA, equations 2 and 3).

    lambda = 0.75 + 0.5 s(-zeta dL), mu = 0.75 + 0.5 s(zeta dL), dL = the last round's mean guided loss minus
    this round's: lambda + mu = 2 always. At inference both are 1, the fixed point of a converged training.
    """

    def __init__(self, zeta: float = 10.0):
        super().__init__()
        if not zeta > 0:
            raise ValueError(f"fusion.zeta is {zeta}: expected a positive number")
        self.zeta = zeta
        self.register_buffer("trained_weights", torch.ones(2))  # lambda, mu
        self.register_buffer("last_loss", torch.tensor(math.nan))

    def weights(self) -> tuple[float, float]:
        if not self.training:
            return 1.0, 1.0
        initial, guided = self.trained_weights.tolist()
        return initial, guided

    def end_of_round(self, guided_loss: float) -> None:
        """Set the weights of the next round from this round's mean loss of the guided masks."""
        fall = float(self.last_loss) - guided_loss
        self.trained_weights.copy_(torch.tensor(fusion_weights(0.0 if math.isnan(fall) else fall, self.zeta)))
        self.last_loss.fill_(guided_loss)


class Concat(nn.Module):
    """Initial and guided tokens side by side."""

    splits = True

    def forward(self, sets: Sequence[torch.Tensor], not_a_point: torch.Tensor) -> torch.Tensor:
        return torch.cat(tuple(sets), dim=1)


def fusion_weights(fall: float, zeta: float) -> tuple[float, float]:
    """(lambda, mu) for a loss that fell by `fall` (SAMCA, equations 2 and 3)."""
    towards_guided = 1 / (1 + math.exp(-max(-60.0, min(60.0, zeta * fall))))
    return 0.75 + 0.5 * (1 - towards_guided), 0.75 + 0.5 * towards_guided


def fill_up(tokens: torch.Tensor, count: int, not_a_point: torch.Tensor) -> torch.Tensor:
    """(B, N, C) -> (B, count, C) with not-a-point tokens (C) behind."""
    missing = count - tokens.shape[1]
    if not missing:
        return tokens
    padding = not_a_point.reshape(1, 1, -1).expand(tokens.shape[0], missing, -1)
    return torch.cat([tokens, padding.to(tokens.dtype)], dim=1)


FUSIONS = {"single": Single, "sum": Sum, "dynamic": Dynamic, "concat": Concat}
