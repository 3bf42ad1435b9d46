"""Double click training: initial and guided clicks, drawn anew from both masks (SAMCA, algorithm 1).

The numbers in `run` are the algorithm's lines. Where the printed algorithm leaves something open there is an
option, and its default is what METHODS.md of the design decided; the loss is the mean over all masks, initial
and guided ones, that were decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...clicks import double_click
from ...network.backbones.sites import Features
from ...prompts import Prompts
from ...prompts.pointing import Pointing, collate
from .batch import SUGGESTION, Batch

FIRST = ("click", SUGGESTION)  # what starts the object
INITIAL = ("redrawn", "fixed")
SETS = ("separate", "equal")
STEP = ("once", "per_iteration")


def run(
    model,
    features,
    batch: Batch,
    iterations: int = 4,
    initial_clicks: int | None = None,
    guided_clicks: tuple[int, ...] = (1, 2, 4),
    first: str = "click",
    initial: str = "redrawn",
    sets: str = "separate",
    region: str = "each",
    primary: str = "missed",
    step: str = "once",
) -> dict[str, torch.Tensor]:
    """-> {"loss", "initial", "guided"}: scalars, the last two detached.

    iterations: inner passes. initial_clicks: size of the initial set, 1 by default. guided_clicks: sizes of
    the guided set, one of which is drawn for each batch: 1 + 2 and 1 + 4 clicks are what the evaluation at 3
    and 5 clicks asks for. first: "click", or "suggestion": the model finds the batch's classes by itself,
    which takes the place of the initial set. initial: "redrawn" where the initial mask is wrong, or "fixed".
    sets: "equal": both sets have the size that is drawn. region, primary: see `clicks.double_click.guided`.
    step: weights are updated "once" a batch, or after each pass ("per_iteration", as SAM-Med2D does: the
    encoder learns from the first).
    """
    _check(features, iterations, initial_clicks, guided_clicks, first, initial, sets, step)
    count = int(batch.shared_rng.choice(guided_clicks))
    draw = _Draw(batch, count if sets == "equal" else initial_clicks or 1, count, first, region, primary)
    passes = _Passes(model, features, batch, per_iteration=step == "per_iteration")

    start, guided = draw.initial(None), draw.guided(None, None, 0)  # 3
    initial_masks = passes.initial(start)  # 4, 5
    guided_masks = passes.guided([guided])
    guided = draw.guided(initial_masks, guided_masks, 0)  # 6 to 9: the initial click is still there
    for iteration in range(1, iterations + 1):  # 10
        initial_masks = passes.initial(start)  # 12, 13, 15
        guided_masks = passes.guided([start, guided])  # 14, 16: the fusion joins both sets
        if iteration < iterations:
            if initial == "redrawn":
                start = draw.initial(initial_masks)  # 17, 18
            guided = draw.guided(initial_masks, guided_masks, iteration)  # 19
    return passes.losses()


@dataclass(frozen=True)
class _Draw:
    """The click sets of a batch, drawn for each image from its masks, (S, S) bool each, or None at first."""

    batch: Batch
    initial_count: int
    guided_count: int
    first: str
    region: str
    primary: str

    def initial(self, masks: np.ndarray | None) -> Pointing:
        if self.first == SUGGESTION:
            return self._collate([Prompts(suggestion=int(number)) for number in self.batch.classes])
        rows = zip(self.batch.truth, _or_none(masks, self.batch), self.batch.rngs, strict=True)
        return self._collate([double_click.initial(t, m, self.initial_count, rng) for t, m, rng in rows])

    def guided(self, before: np.ndarray | None, after: np.ndarray | None, iteration: int) -> Pointing:
        pairs = [None] * len(self.batch.truth) if before is None else zip(before, after, strict=True)
        how = self.guided_count, self.region, self.primary, iteration
        rows = zip(self.batch.truth, pairs, self.batch.rngs, strict=True)
        return self._collate([_guided(truth, pair, rng, *how) for truth, pair, rng in rows])

    def _collate(self, prompts: Sequence[Prompts]) -> Pointing:
        return collate(prompts, self.batch.device)


class _Passes:
    """Decodes initial and guided sets by turns; keeps their losses, and the logits that are mask prompts."""

    def __init__(self, model, features: Features, batch: Batch, per_iteration: bool):
        self._model, self._features, self._batch = model, features, batch
        self._per_iteration = per_iteration
        self._losses: dict[str, list[torch.Tensor]] = {"initial": [], "guided": []}
        self._start: tuple[Pointing, torch.Tensor, torch.Tensor] | None = None
        self._previous: torch.Tensor | None = None

    def initial(self, start: Pointing) -> np.ndarray:
        """(B, S, S) bool of the initial set alone."""
        if self._per_iteration and self._losses["guided"]:
            self._update()
        if self._start is None or self._start[0] is not start:
            logits, iou = self._model.decode(self._features, [start])
            self._start = (start, logits, self._scored("initial", logits, iou))
        _, logits, masks = self._start
        if self._model.config.feedback == "initial" or len(self._losses["guided"]) <= 1:
            self._previous = logits.detach().float()
        return masks

    def guided(self, sets: list[Pointing]) -> np.ndarray:
        """(B, S, S) bool of the guided set, or of both; only where it mends is there a mask prompt."""
        feedback = self._model.config.feedback
        previous = self._previous if len(sets) > 1 and feedback != "none" else None
        logits, iou = self._model.decode(self._features, sets, previous)
        if len(sets) > 1 and feedback == "last":
            self._previous = logits.detach().float()
        return self._scored("guided", logits, iou)

    def losses(self) -> dict[str, torch.Tensor]:
        """Means over the decodings; "loss" is of those that were not learned from yet."""
        initial, guided = (torch.stack(self._losses[name]) for name in ("initial", "guided"))
        return {"loss": self._new(), "initial": initial.mean().detach(), "guided": guided.mean().detach()}

    def _new(self) -> torch.Tensor:
        """The mean over all decodings that nothing was learned from yet."""
        new = [loss for losses in self._losses.values() for loss in losses if loss.requires_grad]
        return torch.stack(new).mean()

    def _scored(self, name: str, logits: torch.Tensor, iou: torch.Tensor) -> np.ndarray:
        self._losses[name].append(self._batch.loss_of(logits, iou))
        return self._batch.masks(logits)

    def _update(self) -> None:
        """Learn from the pass that is done; those that follow learn without the encoder."""
        self._batch.update(self._new())
        self._losses = {name: [loss.detach() for loss in losses] for name, losses in self._losses.items()}
        self._features, self._start = detached(self._features), None


def detached(features: Features) -> Features:
    """The features without the graph that made them."""
    fine, late = (tuple(each.detach() for each in group) for group in (features.fine, features.late))
    return features._replace(embedding=features.embedding.detach(), fine=fine, late=late)


def _guided(truth, pair, rng, count: int, region: str, primary: str, iteration: int) -> Prompts:
    return double_click.guided(truth, pair, count, rng, iteration, region, primary)


def _or_none(masks: np.ndarray | None, batch: Batch):
    return [None] * len(batch.truth) if masks is None else masks


def _check(features, iterations, initial_clicks, guided_clicks, first, initial, sets, step) -> None:
    """ValueError for what no run can have; regions and primaries are checked where clicks are drawn."""
    for name, value, known in (
        ("first", first, FIRST),
        ("initial", initial, INITIAL),
        ("sets", sets, SETS),
        ("step", step, STEP),
    ):
        if value not in known:
            raise ValueError(f"schedule.{name} is {value!r}: expected one of {', '.join(known)}")
    if min(iterations, *(guided_clicks or (0,)), 1 if initial_clicks is None else initial_clicks) < 1:
        raise ValueError(
            f"schedule.iterations {iterations}, initial_clicks {initial_clicks}, "
            f"guided_clicks {guided_clicks}: expected at least 1 of each"
        )
    if sets == "equal" and initial_clicks is not None:
        raise ValueError(
            f"schedule.sets is equal and initial_clicks {initial_clicks}: equal sets have guided_clicks "
            "each, leave initial_clicks out"
        )
    if first == SUGGESTION and (initial == "fixed" or sets == "equal"):
        raise ValueError("schedule.first is suggestion: it has no initial clicks that were fixed or equal")
    if step == "per_iteration" and getattr(features, "auxiliary", None):
        raise ValueError("schedule.step per_iteration: a branch learns from whole batches, expected once")
