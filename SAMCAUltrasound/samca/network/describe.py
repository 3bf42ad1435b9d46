"""What a model consists of: numbers of parameters by part, without spending memory or time on weights."""

from __future__ import annotations

from typing import Any

import torch

from ..config import ModelConfig, to_json
from .adapters.shared_weight import is_shared_projection
from .model import adapt, build_base

PARTS = (
    "image_encoder",
    "adapter",
    "branch",
    "prompt_encoder",
    "mask_decoder",
    "fusion",
    "predictor",
    "objectness",
)
ADDED = ("branch", "predictor", "objectness")  # what is new and counted by itself, not as adapter


def describe(config: ModelConfig) -> dict[str, Any]:
    """Numbers of parameters of the model of these settings.

    {"config": settings, "total": int, "trainable": int, "trainable_without_shared_projection": int,
    "parts": {part: {"total": int, "trainable": int}}}. All that trains is counted; SAMCA's Table 3 leaves
    the shared projections out.
    """
    with torch.device("meta"):
        model = build_base(config)
        base = set(model.state_dict())
        adapt(model)
    parts = {part: {"total": 0, "trainable": 0} for part in PARTS}
    shared = 0
    for name, parameter in model.named_parameters():
        count, trained = parameter.numel(), parameter.requires_grad
        place = name.split(".")[0]
        part = parts[place if name in base or place in ADDED else "adapter"]
        part["total"] += count
        part["trainable"] += count * trained
        shared += count * (trained and is_shared_projection(name))
    trainable = sum(part["trainable"] for part in parts.values())
    return {
        "config": to_json(config),
        "total": sum(part["total"] for part in parts.values()),
        "trainable": trainable,
        "trainable_without_shared_projection": trainable - shared,
        "parts": parts,
    }
