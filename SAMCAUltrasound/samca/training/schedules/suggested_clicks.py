"""A predicted first mask mended by guided clicks: Sam2Rad's losses, then SAMCA's on what the clicks reach.

In some batches the clicks start without a suggestion, so that the model goes on to understand a first click.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ...config import choose
from ...network.backbones.sites import Features
from ...prompts import Prompts
from ..prompt_losses import Weights, prompt_loss, truth_of
from . import double_click, iterative
from .batch import SUGGESTION, Batch
from .prompt_sampling import sets_of

CLICKS = {"iterative": iterative.run, "double_click": double_click.run}


def run(
    model,
    features,
    batch: Batch,
    clicks: str = "iterative",
    iterations: int = 4,
    suggested: float = 0.7,
    mask_weight: float = 10.0,
    box_weight: float = 1.0,
    objectness_weight: float = 1.0,
    dice: float = 1.0,
) -> dict[str, torch.Tensor]:
    """-> {"loss", "initial", "guided"}: their sum, the suggestion's loss and the clicks', the last detached.

    clicks: "iterative" (error clicks that add up) or "double_click" (SAMCA's sets, drawn anew). suggested:
    the share of batches whose clicks mend a suggestion; in the others they start by themselves.
    """
    if not 0 <= suggested <= 1:
        raise ValueError(f"schedule.suggested {suggested}: expected a share of 0..1")
    schedule = choose("schedule.clicks", CLICKS, clicks)
    prompts = [Prompts(suggestion=int(number)) for number in batch.classes]
    decoded = model.decode_fully(features, sets_of(model, prompts, batch.device))
    weights = Weights(mask_weight, box_weight, objectness_weight, dice)
    truth = truth_of(batch.truth, batch.device)
    found = prompt_loss(decoded, truth, weights)
    present = np.flatnonzero(truth.present.cpu().numpy())
    if not len(present):
        return {"loss": found, "initial": found.detach(), "guided": torch.zeros_like(found.detach())}
    start = {"first": SUGGESTION} if batch.shared_rng.random() < suggested else {}
    mended = schedule(model, *_rows(features, batch, present), iterations=iterations, **start)["loss"]
    return {"loss": found + mended, "initial": found.detach(), "guided": mended.detach()}


def _rows(features: Features, batch: Batch, rows: np.ndarray) -> tuple[Features, Batch]:
    """The images of these rows."""
    of = torch.from_numpy(rows).to(batch.device)
    fine, late = (tuple(each[of] for each in group) for group in (features.fine, features.late))
    kept = features._replace(embedding=features.embedding[of], fine=fine, late=late)
    rngs = tuple(batch.rngs[row] for row in rows)
    return kept, replace(batch, truth=batch.truth[rows], rngs=rngs, classes=batch.classes[rows])
