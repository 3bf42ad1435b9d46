"""Double click training: initial and guided clicks, drawn anew from both masks (SAMCA, algorithm 1).

Each iteration decodes an initial mask from the initial set, and a guided mask from both sets, fused; the loss
is the mean over iterations of their sum.
"""

from __future__ import annotations

import torch

from ..clicks import double_click
from ..pointing import collate
from .batch import Batch


def run(
    model,
    features,
    batch: Batch,
    iterations: int = 8,
    initial_clicks: int = 1,
    guided_clicks: tuple[int, ...] = (1, 2, 4),
) -> dict[str, torch.Tensor]:
    """-> {"loss", "initial", "guided"}: scalars, the last two detached.

    The number of guided clicks is drawn once a batch: 1 + 2 and 1 + 4 clicks are what the evaluation at 3 and
    5 clicks asks for.
    """
    if iterations < 1 or initial_clicks < 1 or not guided_clicks or min(guided_clicks) < 1:
        raise ValueError(
            f"schedule.iterations {iterations}, initial_clicks {initial_clicks}, "
            f"guided_clicks {guided_clicks}: expected at least 1 of each"
        )
    count = int(batch.shared_rng.choice(guided_clicks))
    target, size = batch.target(), len(batch.truth)
    initial_masks, guided_masks, previous = [None] * size, [None] * size, None
    initial_loss, guided_loss = torch.zeros((), device=batch.device), torch.zeros((), device=batch.device)
    for iteration in range(iterations):
        each = list(zip(batch.truth, initial_masks, guided_masks, batch.rngs, strict=True))
        initial = collate(
            [double_click.initial(t, i, initial_clicks, rng) for t, i, _, rng in each], batch.device
        )
        pairs = [(t, None if i is None else (i, g), rng) for t, i, g, rng in each]
        guided = collate(
            [double_click.guided(t, p, count, rng, iteration) for t, p, rng in pairs], batch.device
        )
        logits, iou = model.decode(features, [initial])
        initial_loss = initial_loss + batch.loss(logits, iou, target)
        initial_masks = batch.masks(logits)
        if model.config.feedback == "initial" or (model.config.feedback == "last" and iteration == 0):
            previous = logits.detach().float()
        logits, iou = model.decode(features, [initial, guided], previous)
        guided_loss = guided_loss + batch.loss(logits, iou, target)
        guided_masks = batch.masks(logits)
        if model.config.feedback == "last":
            previous = logits.detach().float()
    loss = (initial_loss + guided_loss) / iterations
    return {
        "loss": loss,
        "initial": (initial_loss / iterations).detach(),
        "guided": (guided_loss / iterations).detach(),
    }
