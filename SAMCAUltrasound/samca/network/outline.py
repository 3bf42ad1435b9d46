"""A model's form without its numbers: what is built inside has names, shapes and types, and takes no memory.

Torch's device "meta" does that; but what it knows only as Python code, random numbers and arithmetic, makes
it import its compiler, which takes seconds. So here these give a tensor of the right shape, and what fills a
tensor leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

RANDOM = {"randn", "rand"}
FILLING = {"copy_", "fill_", "zero_", "normal_", "uniform_"}
ARITHMETIC = {"add", "sub", "mul", "div", "remainder", "abs", "neg", "clamp", "exp", "log", "sin", "cos"}
ARITHMETIC |= {f"__{r}{name}__" for r in ("", "r") for name in ("add", "sub", "mul", "truediv", "floordiv")}


@contextmanager
def outlined() -> Iterator[None]:
    """Inside, every tensor that is made is only its shape and type."""
    with torch.device("meta"), _NoNumbers():
        yield


class _NoNumbers(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        if name in RANDOM:
            return torch.empty(*args, **kwargs)
        if name == "arange" and not kwargs and all(isinstance(value, int) for value in args):
            return torch.empty(len(range(*args)), dtype=torch.int64)
        if name in FILLING or getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        tensors = [value for value in args if isinstance(value, torch.Tensor)]
        if name in ARITHMETIC and tensors and all(tensor.is_meta for tensor in tensors):
            dtype = tensors[0].dtype if len(tensors) == 1 else torch.result_type(*tensors[:2])
            return torch.empty(np.broadcast_shapes(*(t.shape for t in tensors)), dtype=dtype)
        return func(*args, **kwargs)
