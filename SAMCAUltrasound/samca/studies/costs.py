"""What a model costs: parameters trained, multiply-adds, times, and memory and time of its training."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ..config import TrainConfig
from ..evaluation.contestants import Contestant
from ..files import scratch
from ..network.devices import choose_device
from ..network.model import Model
from ..prompts import Click, Prompts
from ..prompts.pointing import collate
from .benchmark import benchmark, ours

MEASURED_STEPS = 2  # of training, after one that warms up


class Training(NamedTuple):
    """Peak memory of a process that trains, in MB, None where it is not known; seconds of one epoch."""

    peak_mb: float | None
    epoch_seconds: float


class Cost(NamedTuple):
    """One model. Multiply-adds are of one image and of one click on it, times medians of both."""

    trainable: int
    encode_multiply_adds: int
    click_multiply_adds: int
    encode_ms: float
    click_ms: float


def costs(contestants: Sequence[Contestant], repeats: int = 5) -> list[Cost]:
    """The cost of each model; their times are measured in turns, so that other load hits all alike."""
    rows = [ours(contestant.name, contestant.model) for contestant in contestants]
    seconds: dict[tuple[str, str], list[float]] = {}
    for timing in benchmark(rows, repeats):
        seconds.setdefault((timing.name, timing.step), []).append(timing.seconds)
    found = []
    for contestant in contestants:
        times = (1000 * statistics.median(seconds[contestant.name, step]) for step in ("encode", "click"))
        trainable = sum(p.numel() for p in contestant.model.parameters() if p.requires_grad)
        found.append(Cost(trainable, *multiply_adds(contestant.model), *times))
    return found


def multiply_adds(model: Model) -> tuple[int, int]:
    """(of encoding one image, of one click): of all matrix products and convolutions."""
    size = model.config.image_size
    image = torch.zeros(1, 3, size, size, device=model.device)
    click = collate([Prompts((Click(size / 2, size / 2),))], model.device)
    with sdpa_kernel(SDPBackend.MATH):  # fused attention is not counted on every device
        with FlopCounterMode(display=False) as encoding:
            features = model.encode(image)
        with FlopCounterMode(display=False) as decoding:
            model.decode(features, [click])
    return encoding.get_total_flops() // 2, decoding.get_total_flops() // 2


def training_cost(config: TrainConfig) -> Training:
    """Memory and time of a run, by a few of its steps in a process of its own; nothing of it is kept.

    The time is that of the steps alone, without validation. RuntimeError if the process dies.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_train_a_little, config).result()


def _train_a_little(config: TrainConfig) -> Training:
    from ..training.learner import Learner, Moment
    from ..training.samples import Samples
    from ..training.starting_point import cases_of, starting_model

    if config.threads:
        torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    with scratch() as folder:
        model, _ = starting_model(config, folder)
    cases = cases_of(config)[0]
    samples = Samples(cases, model.config.image_size, model.config.fit, config.augment)
    learner = Learner(model.to(device), samples, config, device)
    indices, seconds = np.arange(min(config.batch, len(samples))), []
    for step in range(1 + MEASURED_STEPS):
        start = time.perf_counter()
        while learner.step(indices, Moment(0, step, 0.0)) is None:
            learner.halve(len(indices))
        seconds.append(time.perf_counter() - start)
    steps = len(samples) / len(indices)
    return Training(_peak_mb(device), steps * statistics.mean(seconds[1:]))


def _peak_mb(device: torch.device) -> float | None:
    """The most memory that this process has held: of its GPU, else of its own."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    try:
        import resource
    except ModuleNotFoundError:  # Windows has none
        return None
    return (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    )
