"""Plain iterative training: a first prompt, then one click at a time in the last mask's error, all kept.

The usual way of training interactive segmentation (Mahadevan et al. 2018; SAM-Med2D).
"""

from __future__ import annotations

import numpy as np
import torch

from ...clicks import CLICKS
from ...config import choose
from ...prompts import Prompts
from ...prompts.pointing import collate
from .batch import SUGGESTION, Batch

AROUND = ("boxes", "lasso")
UNAMBIGUOUS = (SUGGESTION, *AROUND, "strokes")  # first prompts that say more than a click


def run(
    model,
    features,
    batch: Batch,
    iterations: int = 8,
    first: str = "random_foreground",
    box_share: float = 0.0,
    lasso_share: float = 0.0,
    stroke_share: float = 0.0,
    unlearned: int = 0,
    alternatives: bool = False,
) -> dict[str, torch.Tensor]:
    """-> {"loss", "initial", "guided"}: means over all iterations, of the first and of the others.

    first: the click simulator of the first prompt, or "suggestion": the model finds the batch's classes by
    itself. box_share, lasso_share: how often a jittered box, or a curve drawn around the structure, takes its
    place, where each image has a structure; stroke_share: how often a click of any number is a stroke.
    unlearned: up to so many prompts, drawn for each batch, come first and nothing is learned from them, so
    that late corrections are met at little cost. alternatives: at a first single click the best of the
    model's three masks for ambiguous prompts counts as much as its answer.
    """
    _check(iterations, unlearned, box_share, lasso_share, stroke_share)
    shared = batch.shared_rng
    kinds = ["boxes", "lasso", first]
    start = kinds[int(np.searchsorted([box_share, box_share + lasso_share], shared.random(), side="right"))]
    if start in AROUND and not batch.truth.any(axis=(1, 2)).all():
        start = first
    skipped = int(shared.integers(unlearned + 1)) if unlearned else 0
    if start not in UNAMBIGUOUS and shared.random() < stroke_share:
        start = "strokes"
    alternatives = alternatives and not skipped and start not in UNAMBIGUOUS
    prompts = _started(start, batch)
    losses, previous = [], _mask_prompt(model, prompts, batch.device)
    for number in range(skipped + iterations):
        sets = _sets(model, prompts, batch.device)
        with torch.set_grad_enabled(number >= skipped):
            decoded = _decoded(model, features, sets, previous, alternatives and not number)
        logits = decoded[0]
        if number >= skipped:
            losses.append(_loss(batch, *decoded))
        if len(losses) < iterations:
            if model.config.feedback == "last" or (model.config.feedback == "initial" and not number):
                previous = logits.detach().float()
            errors = zip(prompts, batch.truth, batch.masks(logits), batch.rngs, strict=True)
            mend = "strokes" if shared.random() < stroke_share else "error_random"
            prompts = [p.plus(*CLICKS[mend](t, m, 1, rng).clicks) for p, t, m, rng in errors]
    loss, guided = sum(losses) / iterations, losses[1:] or losses
    return {"loss": loss, "initial": losses[0].detach(), "guided": (sum(guided) / len(guided)).detach()}


def _check(iterations: int, unlearned: int, *shares: float) -> None:
    if iterations < 1 or unlearned < 0 or not all(0 <= share <= 1 for share in (*shares, sum(shares[:2]))):
        raise ValueError(
            f"schedule iterations {iterations}, unlearned {unlearned}, shares of boxes, lassos and strokes "
            f"{shares}: expected at least 1, at least 0, and shares in 0..1, the first two together too"
        )


def _started(start: str, batch: Batch) -> list[Prompts]:
    """The first prompt of each image."""
    if start == SUGGESTION:
        return [Prompts(suggestion=int(number)) for number in batch.classes]
    simulate = choose("schedule.first", CLICKS, start)
    return [simulate(t, None, 1, rng) for t, rng in zip(batch.truth, batch.rngs, strict=True)]


def _mask_prompt(model, prompts: list[Prompts], device: torch.device) -> torch.Tensor | None:
    """Logits (B, 1, m, m) of lassos; None without."""
    if not prompts[0].lasso:
        return None
    return torch.from_numpy(model.logits_of_lassos(prompts))[:, None].to(device)


def _decoded(model, features, sets, previous, alternatives: bool) -> tuple:
    """Logits, predicted IoU, and the alternatives where they are asked for."""
    if not alternatives:
        return *model.decode(features, sets, previous), None
    decoded = model.decode_fully(features, sets, previous, alternatives=True)
    return decoded.logits, decoded.iou, decoded.alternatives


def _loss(batch: Batch, logits, iou, alternatives) -> torch.Tensor:
    loss = batch.loss_of(logits, iou)
    return loss if alternatives is None else loss + batch.loss_of(*alternatives)


def _sets(model, prompts, device):
    """One set of prompts, or initial and guided ones, by the rule of inference."""
    split = [p.initial_and_guided() for p in prompts]
    if not model.fusion.splits or not any(guided.clicks for _, guided in split):
        return [collate(prompts, device)]
    return [collate(part, device) for part in zip(*split, strict=True)]
