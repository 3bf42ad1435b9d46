"""How the tensors of a file are stored: in half precision, or matrices as bytes, which takes half of that.

`tensor_arrays.restored` undoes it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..tensor_arrays import SCALE

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


STORAGES: dict[str, Callable[[Tensors], Tensors]] = {"half": half, "int8": int8}
