"""Published checkpoints by their key names: SAM and MedSAM here; others' adapters are renamed to ours.

Key names: METHODS section 7 of the project's notes, taken from each project's public code.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from .config import ModelConfig, Part
from .methods import METHODS

WIDTHS = {768: "sam_vit_b", 1024: "sam_vit_l", 1280: "sam_vit_h"}
WRAPPERS = ("model", "state_dict", "model_state_dict")


def recognise(state: dict, path: str | Path) -> tuple[ModelConfig, dict, dict]:
    """(config, base tensors, adapter tensors) of a published checkpoint; ValueError if it is none."""
    state = _unwrapped(state)
    positions = state.get("image_encoder.pos_embed")
    if positions is None or not hasattr(positions, "shape") or positions.shape[-1] not in WIDTHS:
        raise ValueError(
            f"{path} is no SAM checkpoint: expected image_encoder.pos_embed of width {', '.join(map(str, WIDTHS))}"
        )
    grid = positions.shape[1]
    backbone = Part(WIDTHS[positions.shape[-1]], {} if grid == 64 else {"position_grid": grid})
    config = replace(
        METHODS["sam"], backbone=backbone, image_size=16 * grid, fit="pad" if grid == 64 else "squash"
    )
    return config, state, {}


def _unwrapped(state: dict) -> dict[str, torch.Tensor]:
    """The tensors themselves, without an outer dict and the prefix of DataParallel."""
    for wrapper in WRAPPERS:
        if isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    return {name.removeprefix("module."): value for name, value in state.items()}
