"""Two stages: one click on each lesion, then clicks on what that found, missed and added (ClickSAM).

Stage 1 learns from a click at the centre of mass of each component. Stage 2 goes on from its weights and
learns from the clicks of `clicks.voronoi`, all decoded at once, which are placed by what the weights at the
end of stage 1 predict. The encoder is frozen, so both stages share features that are computed once.
"""

from __future__ import annotations

import torch
from torch import nn

from ...clicks import CLICKS
from ...prompts import Prompts
from ...prompts.pointing import collate
from .batch import Batch


def run(
    model, features, batch: Batch, first_stage: float = 0.5, keep_first_click: bool = False
) -> dict[str, torch.Tensor]:
    """-> {"loss", "initial", "guided"}: the loss of the stage, of stage 1's mask, and of this stage's mask.

    first_stage: the share of the run that stage 1 takes, at least one step. keep_first_click: stage 2 has
    stage 1's clicks before its own. The released code trains stage 2 on one image at a time, because the
    numbers of clicks differ; here shorter sets are filled up with "no point", so batches stay as they are.
    """
    if not 0 < first_stage < 1:
        raise ValueError(f"schedule.first_stage is {first_stage}: expected a share between 0 and 1")
    first = _clicks("center_of_mass", batch, [None] * len(batch.truth))
    if batch.done < first_stage:
        logits, iou = model.decode(features, [collate(first, batch.device)])
        loss = batch.loss_of(logits, iou)
        return {"loss": loss, "initial": loss.detach(), "guided": loss.detach()}
    if not batch.memory:
        own = model.named_parameters()
        batch.memory.update({name: p.detach().clone() for name, p in own if p.requires_grad})
    with torch.no_grad():
        logits, iou = _decode_as(batch.memory, model, features, [collate(first, batch.device)])
        initial = batch.loss_of(logits, iou)
    second = _clicks("voronoi", batch, batch.masks(logits))
    if keep_first_click:
        second = [Prompts(clicks=(*one.clicks, *two.clicks)) for one, two in zip(first, second, strict=True)]
    logits, iou = model.decode(features, [collate(second, batch.device)])
    loss = batch.loss_of(logits, iou)
    return {"loss": loss, "initial": initial, "guided": loss.detach()}


def _clicks(simulator: str, batch: Batch, predictions) -> list[Prompts]:
    """The clicks for each image by a simulator that goes through all components and draws nothing."""
    triples = zip(batch.truth, predictions, batch.rngs, strict=True)
    return [CLICKS[simulator](truth, prediction, 1, rng) for truth, prediction, rng in triples]


class _Decoding(nn.Module):
    """A model whose forward is `decode`, as functional_call wants it."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, *arguments):
        return self.model.decode(*arguments)


def _decode_as(weights: dict[str, torch.Tensor], model: nn.Module, *arguments):
    """What the model would decode with these weights in place of its own."""
    named = {f"model.{name}": tensor for name, tensor in weights.items()}
    return torch.func.functional_call(_Decoding(model), named, arguments)
