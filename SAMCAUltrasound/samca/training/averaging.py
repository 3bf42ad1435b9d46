"""Exponentially averaged parameters, the learning rate over a run, and the mean of several models."""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn


class Average:
    """Exponentially averaged copies of parameters; a decay of 0 keeps none and uses the parameters.

    share: how far what is used goes from the parameters as they are now, 0..1, towards what was learned: the
    mean of the weights before and after keeps most of both (Wortsman et al., CVPR 2022).
    """

    def __init__(self, parameters: list[nn.Parameter], decay: float, share: float = 1.0):
        self.parameters, self.decay, self.share, self.updates = parameters, decay, share, 0
        self.copies = [p.detach().clone() for p in parameters] if decay else []
        self._starts = [p.detach().clone() for p in parameters] if share < 1 else []

    @torch.no_grad()
    def update(self) -> None:
        """Move the copies towards the parameters; early on faster, so that the random start is forgotten."""
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 10))
        for copy, parameter in zip(self.copies, self.parameters, strict=False):
            copy.lerp_(parameter, 1 - decay)

    def in_use(self):
        """Context in which the model has the averaged weights, as far as they are shared."""
        if self._starts:
            learned = self.copies or [p.detach() for p in self.parameters]
            pairs = zip(self._starts, learned, strict=True)
            return _Swapped(self.parameters, [start.lerp(end, self.share) for start, end in pairs])
        return _Swapped(self.parameters, self.copies) if self.copies else nullcontext()

    def state(self) -> dict[str, Any]:
        """The copies and how often they were updated, for a resume point."""
        return {"copies": self.copies, "updates": self.updates}

    def load(self, state: dict[str, Any]) -> None:
        """Go back to what `state` gave."""
        self.updates = int(state["updates"])
        for copy, saved in zip(self.copies, state["copies"], strict=True):
            copy.copy_(saved)


class _Swapped:
    def __init__(self, parameters, copies):
        self.pairs = list(zip(parameters, copies, strict=True))

    def __enter__(self):
        self._swap()

    def __exit__(self, *_):
        self._swap()

    @torch.no_grad()
    def _swap(self):
        for parameter, copy in self.pairs:
            kept = parameter.detach().clone()
            parameter.copy_(copy)
            copy.copy_(kept)


def learning_rate_factor(
    curve: str, done: float, epoch: int = 0, factor: float = 0.1, every: int = 50
) -> float:
    """What the learning rate is multiplied with after the share `done` (0..1) of a run, in an epoch from 0.

    "constant" is 1; "step" is multiplied by `factor` every so many epochs; "one_cycle" goes up in the first
    10 % and then down along a cosine.
    """
    if curve == "constant":
        return 1.0
    if curve == "step":
        return factor ** (epoch // every)
    warm = 0.1
    return (
        max(done / warm, 1e-3) if done < warm else 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))
    )


@torch.no_grad()
def mean_of(models: list[nn.Module]) -> nn.Module:
    """The last of models of one form, with the mean of all their weights."""
    states = [model.state_dict() for model in models]
    for name, tensor in states[-1].items():
        if tensor.is_floating_point():
            tensor.copy_(torch.stack([state[name] for state in states]).mean(0))
    return models[-1]
