"""Sam2Rad's training: one pass with prompts of several sources, predicted or from the truth, drawn each time.

A class and its truth come with each image; the truth is empty where the image does not show it, and then only
the objectness learns.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from ...clicks import random_foreground
from ...prompts.pointing import collate
from ...prompts.prompts import Box, Prompts, box_around
from ..prompt_losses import Weights, prompt_loss, truth_of
from .batch import Batch

MASK_LOGIT = 10.0  # of a mask prompt made from the truth, as for a painted one


def run(
    model,
    features,
    batch: Batch,
    learned: float = 0.9,
    box: float = 0.5,
    mask: float = 0.1,
    point: float = 0.0,
    jitter: float = 2.0,
    mask_weight: float = 10.0,
    box_weight: float = 1.0,
    objectness_weight: float = 1.0,
    dice: float = 1.0,
) -> dict[str, torch.Tensor]:
    """-> {"loss", "initial", "guided"}: the loss, and the same detached.

    learned, box, mask, point: how often a batch has predicted prompts, the truth's box, mask and a click in
    it; at least one of them. Where nothing but the predictor trains, all batches have predicted prompts, the
    others would teach nothing. jitter: px that a box's corners are moved by at most. dice: weight of soft
    Dice within the loss of masks; the paper has none.
    """
    shares = {"learned": learned, "box": box, "mask": mask, "point": point}
    if not all(0 <= share <= 1 for share in shares.values()) or jitter < 0:
        raise ValueError(f"schedule {shares}, jitter {jitter}: expected shares of 0..1 and at least 0 px")
    drawn = {name for name, share in shares.items() if batch.shared_rng.random() < share} or {"learned"}
    if _only_predictor_trains(model):
        drawn.add("learned")
    prompts = [
        _prompts(truth, int(number), drawn, jitter, rng)
        for truth, number, rng in zip(batch.truth, batch.classes, batch.rngs, strict=True)
    ]
    masks = (2 * batch.target() - 1) * MASK_LOGIT if "mask" in drawn else None
    decoded = model.decode_fully(features, sets_of(model, prompts, batch.device), _small(model, masks))
    if masks is not None:  # a mask of nothing would tell that nothing is there
        decoded = decoded._replace(presence=None)
    weights = Weights(mask_weight, box_weight, objectness_weight, dice)
    loss = prompt_loss(decoded, truth_of(batch.truth, batch.device), weights)
    return {"loss": loss, "initial": loss.detach(), "guided": loss.detach()}


def _only_predictor_trains(model) -> bool:
    trained = (name for name, parameter in model.named_parameters() if parameter.requires_grad)
    return all(name.startswith(("predictor.", "objectness.")) for name in trained)


def sets_of(model, prompts: list[Prompts], device: torch.device):
    """One set of prompts, or the initial and the guided ones, by the rule of inference."""
    if not model.fusion.splits:
        return [collate(prompts, device)]
    initial, guided = zip(*(p.initial_and_guided() for p in prompts), strict=True)
    more = any(p.clicks or p.box for p in guided)
    return [collate(part, device) for part in ([initial, guided] if more else [initial])]


def _prompts(truth: np.ndarray, number: int, drawn: set[str], jitter: float, rng) -> Prompts:
    """The prompts of one image from the sources that were drawn; without an object the box lies anywhere."""
    return Prompts(
        random_foreground.place(truth, None, 1, rng).clicks if "point" in drawn else (),
        _jittered(truth, jitter, rng) if "box" in drawn else None,
        suggestion=number if "learned" in drawn else None,
    )


def _jittered(truth: np.ndarray, jitter: float, rng: np.random.Generator) -> Box:
    last = np.array(truth.shape[::-1]) - 1
    if truth.any():
        tight = box_around(truth)
        corners = np.array([tight.x0, tight.y0, tight.x1, tight.y1]) + rng.uniform(-jitter, jitter, 4)
    else:
        corners = (rng.random((2, 2)) * last).ravel()
    low, high = np.minimum(corners[:2], corners[2:]), np.maximum(corners[:2], corners[2:])
    low = low.clip(0, last - 1)
    high = np.maximum(high.clip(0, last), low + 1)
    return Box(*map(float, (*low, *high)))


def _small(model, masks: torch.Tensor | None) -> torch.Tensor | None:
    side = model.mask_side
    return None if masks is None else F.interpolate(masks, (side, side), mode="area")
