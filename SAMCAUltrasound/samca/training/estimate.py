"""How long a training run will take and what memory it needs, from some of its steps on this device."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch

from ..config import TrainConfig
from ..evaluation.evaluate import trials, validate
from ..files import scratch
from ..network.devices import choose_device, device_name
from .learner import Learner, Moment
from .memory import peak_bytes, total_bytes
from .sample_pictures import SamplePictures
from .samples import CACHE_BYTES
from .starting_point import cases_of, samples_of, starting_model

ENOUGH_SECONDS, MOST_STEPS = 6.0, 8  # of measuring
CASES = 3  # of validation


@dataclass(frozen=True)
class Estimate:
    """What was measured, and what it comes to; times in s, memory in bytes."""

    device: str
    precision: str
    seconds: float  # of the whole run, validation and table included
    seconds_per_step: float
    seconds_per_case: float  # of validation
    memory: int  # of the GPU if there is one
    memory_of: int
    parts: int  # pieces that a batch had to be divided into to fit


def estimate(config: TrainConfig) -> Estimate:
    """Train for some steps, validate some cases and forget it all; errors as of `train`."""
    training, validation, _ = cases_of(config)
    device = choose_device(config.device)
    if config.threads:
        torch.set_num_threads(config.threads)
    with scratch() as folder, torch.random.fork_rng(devices=[]):
        model, _ = starting_model(config, folder)
    model.to(device)
    samples = samples_of(config, model, training)
    learner = Learner(model, samples, config, device)
    first, again = _steps(learner, len(samples))
    case, picture = _validation(model, validation, config)
    steps = math.ceil((config.samples_per_epoch or len(samples)) / config.batch)
    whole = len(validation) * case
    epoch = steps * again + whole + picture
    kept = min(CACHE_BYTES, len(training) * 4 * samples.size**2) if device.type != "cuda" else 0
    return Estimate(
        device=device_name(device),
        precision=learner.precision,
        # then epoch 0 and the table
        seconds=config.epochs * epoch + steps * max(0.0, first - again) + 2 * whole + picture,
        seconds_per_step=again,
        seconds_per_case=case,
        memory=peak_bytes(device) + kept,
        memory_of=total_bytes(device),
        parts=learner.parts,
    )


def _steps(learner: Learner, count: int) -> tuple[float, float]:
    """Seconds of a step with new images, and with images that were seen before."""
    batch = min(learner.config.batch, count)
    seen = np.arange(batch)
    _timed(learner, seen, 0)  # memory, kernels and threads come with the first
    fresh = [_timed(learner, (np.arange(batch) + batch) % count, 1)]
    again, started = [], time.monotonic()
    while len(again) < MOST_STEPS and (len(again) < 2 or time.monotonic() - started < ENOUGH_SECONDS):
        again.append(_timed(learner, seen, 2 + len(again)))
    return fresh[0], float(np.mean(again))


def _timed(learner: Learner, indices: np.ndarray, step: int) -> float:
    started = time.perf_counter()
    while learner.step(indices, Moment(0, step, 0.0)) is None:
        learner.halve(len(indices))
        started = time.perf_counter()
    return time.perf_counter() - started


def _validation(model, cases, config: TrainConfig) -> tuple[float, float]:
    """Seconds of a case, and of the picture of some."""
    model.eval()
    places = np.linspace(0, len(cases) - 1, min(CASES, len(cases))).round().astype(int)
    shown = [cases[place] for place in places]
    validate(model, shown[:1], config.validation_clicks, config.seed)  # what only the first one costs
    started = time.perf_counter()
    validate(model, shown, config.validation_clicks, config.seed)
    return (time.perf_counter() - started) / len(shown), _picture(model, cases, config)


def _picture(model, cases, config: TrainConfig) -> float:
    """Seconds of what is drawn of a validation."""
    clicks, pictures = config.validation_clicks, SamplePictures(cases, config.validation_clicks)
    found = list(trials(model, pictures.shown, max(clicks), config.seed, 0 in clicks))
    with scratch() as folder:
        started = time.perf_counter()
        list(pictures.watching(found))
        pictures.write(folder / "picture.png")
        return time.perf_counter() - started
