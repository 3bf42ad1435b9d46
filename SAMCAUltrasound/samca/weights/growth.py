"""What a larger model has over a smaller one, made so that both say the same at first.

Chen et al., Net2Net: Accelerating Learning via Knowledge Transfer, ICLR 2016.
"""

from __future__ import annotations

import torch
from torch import nn

ADDED = ("image_encoder.blocks.", "mask_decoder.refiner.")
LAST_OF_A_BLOCK = ("attn.proj", "mlp.lin2")  # what a transformer block adds to what goes through it


def without_effect(model: nn.Module) -> dict[str, torch.Tensor]:
    """Tensors by name of a new model's transformer blocks, as blocks that change nothing, and of its refiner,
    which changes nothing when it is new."""
    added = {name: t for name, t in model.state_dict().items() if name.startswith(ADDED)}
    silent = {name for name in added if name.rpartition(".")[0].endswith(LAST_OF_A_BLOCK)}
    return {name: torch.zeros_like(t) if name in silent else t for name, t in added.items()}
