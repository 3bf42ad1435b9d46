"""Training in several processes under torchrun; each function is a no-op in a single process."""

from __future__ import annotations

import os
from contextlib import nullcontext
from datetime import timedelta

import torch
from torch import distributed, nn


def join() -> None:
    """Join the group that torchrun set up in the environment, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        distributed.init_process_group(
            backend, timeout=timedelta(days=1)
        )  # validation runs in one process alone


def leave() -> None:
    """Leave the group."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def rank() -> int:
    """Number of this process, from 0."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def count() -> int:
    """How many processes there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def wrap(module: nn.Module, device: torch.device) -> nn.Module:
    """The module with gradients averaged over all processes."""
    if not distributed.is_initialized():
        return module
    ids = [device.index or torch.cuda.current_device()] if device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(module, device_ids=ids, find_unused_parameters=True)


def without_exchange(module: nn.Module):
    """Context in which gradients only add up in this process."""
    return module.no_sync() if distributed.is_initialized() else nullcontext()


def mean(values: dict[str, float], device: torch.device) -> dict[str, float]:
    """Each value averaged over all processes."""
    if not distributed.is_initialized():
        return values
    tensor = torch.tensor(list(values.values()), dtype=torch.float64, device=device)
    distributed.all_reduce(tensor)
    return dict(zip(values, (tensor / count()).tolist(), strict=True))


def any_says(yes: bool) -> bool:
    """Whether any process says yes."""
    if not distributed.is_initialized():
        return yes
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    tensor = torch.tensor([int(yes)], device=device)
    distributed.all_reduce(tensor)
    return bool(tensor.item())


def wait() -> None:
    """Wait until all processes are here."""
    if distributed.is_initialized():
        distributed.barrier()
