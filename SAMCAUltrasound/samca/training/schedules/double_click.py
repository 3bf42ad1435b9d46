"""Double click training: initial and guided clicks, drawn anew from both masks (SAMCA, algorithm 1).

Each iteration decodes an initial mask from the initial set, and a guided mask from both sets, fused; the loss
is the mean over iterations of their sum.
"""

from __future__ import annotations

import torch

from ...clicks import double_click
from ...prompts import Prompts
from ...prompts.pointing import Pointing, collate
from .batch import SUGGESTION, Batch

FIRST = ("click", SUGGESTION)  # what starts the object


def run(
    model,
    features,
    batch: Batch,
    iterations: int = 8,
    initial_clicks: int = 1,
    guided_clicks: tuple[int, ...] = (1, 2, 4),
    first: str = "click",
) -> dict[str, torch.Tensor]:
    """-> {"loss", "initial", "guided"}: scalars, the last two detached.

    The number of guided clicks is drawn once a batch: 1 + 2 and 1 + 4 clicks are what the evaluation at 3 and
    5 clicks asks for. first: "click", or "suggestion": the model finds the batch's classes by itself, which
    takes the place of the initial set.
    """
    if first not in FIRST:
        raise ValueError(f"schedule.first is {first!r}: expected one of {', '.join(FIRST)}")
    if min(iterations, initial_clicks, *(guided_clicks or (0,))) < 1:
        raise ValueError(
            f"schedule.iterations {iterations}, initial_clicks {initial_clicks}, "
            f"guided_clicks {guided_clicks}: expected at least 1 of each"
        )
    count = int(batch.shared_rng.choice(guided_clicks))
    initial_masks = guided_masks = [None] * len(batch.truth)
    previous = None
    initial_loss, guided_loss = torch.zeros((), device=batch.device), torch.zeros((), device=batch.device)
    for iteration in range(iterations):
        initial, guided = _click_sets(batch, initial_masks, guided_masks, (initial_clicks, count), iteration)
        initial = initial if first == "click" else _suggestions(batch)
        logits, iou = model.decode(features, [initial])
        initial_loss = initial_loss + batch.loss_of(logits, iou)
        initial_masks = batch.masks(logits)
        if model.config.feedback == "initial" or (model.config.feedback == "last" and iteration == 0):
            previous = logits.detach().float()
        logits, iou = model.decode(features, [initial, guided], previous)
        guided_loss = guided_loss + batch.loss_of(logits, iou)
        guided_masks = batch.masks(logits)
        if model.config.feedback == "last":
            previous = logits.detach().float()
    loss = (initial_loss + guided_loss) / iterations
    return {
        "loss": loss,
        "initial": (initial_loss / iterations).detach(),
        "guided": (guided_loss / iterations).detach(),
    }


def _click_sets(
    batch: Batch, initial_masks, guided_masks, counts: tuple[int, int], iteration: int
) -> tuple[Pointing, Pointing]:
    """The initial and the guided set, drawn for each image from its masks, (S, S) bool or None at first."""
    initial, guided = [], []
    for truth, before, after, rng in zip(batch.truth, initial_masks, guided_masks, batch.rngs, strict=True):
        masks = None if before is None else (before, after)
        initial.append(double_click.initial(truth, before, counts[0], rng))
        guided.append(double_click.guided(truth, masks, counts[1], rng, iteration))
    return collate(initial, batch.device), collate(guided, batch.device)


def _suggestions(batch: Batch) -> Pointing:
    return collate([Prompts(suggestion=int(number)) for number in batch.classes], batch.device)
