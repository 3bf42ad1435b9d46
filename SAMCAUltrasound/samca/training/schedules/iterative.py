"""Plain iterative training: a first prompt, then one click at a time in the last mask's error, all kept.

The usual way of training interactive segmentation (Mahadevan et al. 2018; SAM-Med2D).
"""

from __future__ import annotations

import torch

from ...clicks import CLICKS
from ...config import choose
from ...prompts import Prompts
from ...prompts.pointing import collate
from .batch import SUGGESTION, Batch


def run(
    model,
    features,
    batch: Batch,
    iterations: int = 8,
    first: str = "random_foreground",
    box_share: float = 0.0,
) -> dict[str, torch.Tensor]:
    """-> {"loss", "initial", "guided"}: means over all iterations, of the first and of the others.

    first: the click simulator of the first prompt, or "suggestion": the model finds the batch's classes by
    itself; box_share: how often a jittered box takes its place.
    """
    if iterations < 1 or not 0 <= box_share <= 1:
        raise ValueError(
            f"schedule iterations {iterations}, box_share {box_share}: expected at least 1, and 0..1"
        )
    start = "boxes" if batch.shared_rng.random() < box_share else first
    mend = CLICKS["error_random"]
    if start == SUGGESTION:
        prompts = [Prompts(suggestion=int(number)) for number in batch.classes]
    else:
        simulate = choose("schedule.first", CLICKS, start)
        prompts = [simulate(t, None, 1, rng) for t, rng in zip(batch.truth, batch.rngs, strict=True)]
    losses, previous = [], None
    for _ in range(iterations):
        logits, iou = model.decode(features, _sets(model, prompts, batch.device), previous)
        losses.append(batch.loss_of(logits, iou))
        if len(losses) < iterations:
            if model.config.feedback == "last" or (model.config.feedback == "initial" and previous is None):
                previous = logits.detach().float()
            errors = zip(prompts, batch.truth, batch.masks(logits), batch.rngs, strict=True)
            prompts = [p.plus(*mend(t, m, 1, rng).clicks) for p, t, m, rng in errors]
    loss, guided = sum(losses) / iterations, losses[1:] or losses
    return {"loss": loss, "initial": losses[0].detach(), "guided": (sum(guided) / len(guided)).detach()}


def _sets(model, prompts, device):
    """One set of prompts, or initial and guided ones, by the rule of inference."""
    split = [p.initial_and_guided() for p in prompts]
    if not model.fusion.splits or not any(guided.clicks for _, guided in split):
        return [collate(prompts, device)]
    return [collate(part, device) for part in zip(*split, strict=True)]
