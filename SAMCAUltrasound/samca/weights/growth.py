"""What a larger model has over a smaller one, made so that both say the same at first.

Chen et al., Net2Net: Accelerating Learning via Knowledge Transfer, ICLR 2016.
"""

from __future__ import annotations

import torch
from torch import nn

REFINER = "mask_decoder.refiner."
ADDED = ("image_encoder.blocks.", REFINER)
LAST_OF_A_BLOCK = ("attn.proj", "mlp.lin2")  # what a transformer block adds to what goes through it


def grown(state: dict[str, torch.Tensor], model: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors of a smaller model, with those that this larger one has besides; its refiner begins anew
    where that of the smaller one has another form."""
    added = without_effect(model)
    ours, theirs = ({k: v.shape for k, v in of.items() if k.startswith(REFINER)} for of in (added, state))
    kept = state if ours == theirs else {k: v for k, v in state.items() if not k.startswith(REFINER)}
    return {**{k: v for k, v in added.items() if k not in kept}, **kept}


def without_effect(model: nn.Module) -> dict[str, torch.Tensor]:
    """Tensors by name of a new model's transformer blocks, as blocks that change nothing, and of its refiner,
    which changes nothing when it is new."""
    added = {name: t for name, t in model.state_dict().items() if name.startswith(ADDED)}
    silent = {name for name in added if name.rpartition(".")[0].endswith(LAST_OF_A_BLOCK)}
    return {name: torch.zeros_like(t) if name in silent else t for name, t in added.items()}
