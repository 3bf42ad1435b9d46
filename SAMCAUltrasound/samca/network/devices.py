"""Which device and number format to compute with, and what running out of memory looks like."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache, wraps

import torch
from torch import nn
from torch.nn import functional as F

from .load import Load

SMALL = 20_000_000  # parameters; below, a CPU encodes in tens of milliseconds with one thread
MOST = 2  # threads of a small model: more were not measured
ALMOST = 0.3  # of a processor: what others may take of one that counts as free
LOAD = Load()
_helped: list[threading.Thread] = []  # the one whose answers take several threads


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


@contextlib.contextmanager
def threads_for(model: nn.Module) -> Iterator[None]:
    """For a small model on the CPU no more threads than processors are free, inside the context; what torch
    had for any other.

    The threads of a small layer wait for the slowest of them: beside busy programs two took more than ten
    times as long as one. So do those of two askers, each of whom keeps threads of its own as long as it
    lives: the first one gets several.
    """
    before = torch.get_num_threads()
    few = next(model.parameters()).device.type == "cpu" and sum(p.numel() for p in model.parameters()) < SMALL
    wanted = max(1, min(before, MOST, int(LOAD.free() + ALMOST))) if few and before > 1 else before
    if few and wanted > 1 and not _is_helped():
        wanted = 1
    if wanted == before:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _is_helped() -> bool:
    """Whether the thread that asks is the one with helpers, which it becomes where no other is."""
    if not any(thread.is_alive() for thread in _helped):
        _helped[:] = [threading.current_thread()]
    return _helped == [threading.current_thread()]


def answering(method: Callable) -> Callable:
    """A method of a model that answers somebody: without gradients, with as many threads as it gains from."""

    @wraps(method)
    def answer(model: nn.Module, *arguments):
        with torch.inference_mode(), threads_for(model):
            return method(model, *arguments)

    return answer


@lru_cache
def faster_precision(device: torch.device) -> str:
    """Either "float32" or "bfloat16", whichever trains faster on this device; measured once, in about 0.7 s.

    Both take turns, so that other programs slow down both: the same seed is to give the same run.
    """
    if device.type == "mps" or (
        device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
    ):
        return "float32"
    leaves = _leaves(device)
    times: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    for _ in range(6):
        for precision, found in times.items():
            found.append(_seconds(leaves, precision))
    return min(times, key=lambda precision: min(times[precision][1:]))


def _leaves(device: torch.device) -> dict[str, torch.Tensor]:
    shapes = {
        "image": (4, 24, 64, 64),
        "kernel": (24, 24, 3, 3),
        "tokens": (4, 6, 256, 32),
        "weight": (768, 32),
    }
    return {name: torch.rand(shape, device=device, requires_grad=True) for name, shape in shapes.items()}


def _seconds(leaves: dict[str, torch.Tensor], precision: str) -> float:
    """Forward and backward through a convolution, attention and a product, under autocast as in training."""
    start = time.perf_counter()
    with torch.autocast(leaves["image"].device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        filtered = F.conv2d(leaves["image"], leaves["kernel"], padding=1)
        tokens = F.linear(leaves["tokens"], leaves["weight"][:32])
        tokens = F.scaled_dot_product_attention(tokens, tokens, tokens)
        hidden = F.gelu(F.linear(tokens, leaves["weight"]))
        loss = filtered.float().mean() + hidden.float().mean()
    loss.backward()
    leaves["weight"].grad.sum().item()  # waits for a GPU
    return time.perf_counter() - start


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of torch says that memory ran out, on a GPU or on the CPU."""
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in words or "can't allocate memory" in words)
    )
