"""How the tensors of a file are stored: in half precision, or matrices as bytes, which takes half of that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

SCALE = ".scale"  # after a tensor's name: what one step of a byte is worth in each of its rows
STEPS = 127  # from zero to the largest value of a row

Tensors = dict[str, torch.Tensor]


def half(tensors: Tensors) -> Tensors:
    """Floating point tensors in half precision, others as they are."""
    return {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}


def int8(tensors: Tensors) -> Tensors:
    """Tensors (n, ...) of two and more axes as int8 with n float32 scales, others as `half` does.

    A row's largest magnitude is 127 steps, so a value moves by half a step or less.
    """
    stored = half(tensors)
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.dim() > 1:
            rows = tensor.float().flatten(1)
            stored[name + SCALE] = step = rows.abs().amax(1) / STEPS
            counts = (rows / step[:, None]).round().nan_to_num(0)  # a row of zeros has no step
            stored[name] = counts.to(torch.int8).reshape(tensor.shape)
    return stored


def restored(tensors: Tensors, path: str | Path) -> Tensors:
    """The tensors of a file of either kind by their names; ValueError for bytes without their scales."""
    scales = {name: t for name, t in tensors.items() if name.endswith(SCALE) and _is_stored(name, tensors)}
    values = {name: t for name, t in tensors.items() if name not in scales}
    for name, tensor in values.items():
        if tensor.dtype == torch.int8:
            scale = scales.get(name + SCALE)
            if scale is None or scale.shape != tensor.shape[:1]:
                raise ValueError(f"{path} is damaged: {name} has no scale for each row; copy it again")
            values[name] = tensor * scale.reshape(-1, *[1] * (tensor.dim() - 1))
    return values


def _is_stored(name: str, tensors: Tensors) -> bool:
    """Whether a name is that of scales: an adapter's own parameter may be called so, too."""
    scaled = tensors.get(name.removesuffix(SCALE))
    return scaled is not None and scaled.dtype == torch.int8


STORAGES: dict[str, Callable[[Tensors], Tensors]] = {"half": half, "int8": int8}
FORMATS = {"half": 1, "int8": 2}  # what a file says that it has: older programs read 1 alone
