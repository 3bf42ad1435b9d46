"""Which device and number format to compute with, and what running out of memory looks like."""

from __future__ import annotations

import time

import torch
from torch.nn import functional as F


def choose_device(name: str) -> torch.device:
    """The torch device of this name; "auto" takes CUDA, then Apple's MPS, then the CPU."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {name!r} cannot be used here: choose 'auto' or 'cpu' ({error})") from error
    return device


def device_name(device: torch.device) -> str:
    """What to call the device in words."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def faster_precision(device: torch.device) -> str:
    """ "bfloat16" where a convolution and a product take less time in it than in float32, measured in about 0.1 s."""
    if device.type == "mps" or (
        device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
    ):
        return "float32"
    return min(("float32", "bfloat16"), key=lambda precision: _seconds(device, getattr(torch, precision)))


@torch.inference_mode()
def _seconds(device: torch.device, dtype: torch.dtype) -> float:
    image, kernel = (
        torch.rand(4, 48, 64, 64, device=device, dtype=dtype),
        torch.rand(48, 48, 3, 3, device=device, dtype=dtype),
    )
    tokens, weight = (
        torch.rand(1024, 192, device=device, dtype=dtype),
        torch.rand(768, 192, device=device, dtype=dtype),
    )
    times = []
    for _ in range(8):
        start = time.perf_counter()
        F.conv2d(image, kernel, padding=1).sum().item()
        F.linear(tokens, weight).sum().item()
        times.append(time.perf_counter() - start)
    return min(times[2:])


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of torch says that memory ran out, on a GPU or on the CPU."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in words or "can't allocate memory" in words)
    )
