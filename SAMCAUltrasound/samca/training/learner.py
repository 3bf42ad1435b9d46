"""One step of training: a batch in pieces that fit into memory, and one update of the weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from ..config import TrainConfig, check_options, choose
from ..network.backbones.sites import Features
from ..network.devices import device_name, faster_precision, is_out_of_memory
from . import processes
from .ahead import Ahead
from .averaging import Average, learning_rate_factor
from .features import kept_features
from .losses import HybridLoss
from .samples import Samples, to_rgb_planes
from .schedules import SCHEDULES
from .schedules.batch import Batch

LOSSES = ("loss", "initial", "guided")
CALIBRATION = 16  # images


class Moment(NamedTuple):
    """Where a step is: its epoch and its number there, both from 0, and the share of the run before it."""

    epoch: int
    step: int
    done: float


class Drawn(NamedTuple):
    """A sample of the case of this index, at its position in a batch, and the generator that drew it, from
    which its clicks go on."""

    index: int
    position: int
    rng: np.random.Generator
    sample: tuple


def generator_of(seed: int, epoch: int, step: int = -1, image: int = -1) -> np.random.Generator:
    """The random numbers of an epoch, of one of its steps, or of one image of a step."""
    return np.random.default_rng([seed, epoch, step + 1, image + 1])


def calibrate_branch(model, samples: Samples, seed: int) -> None:
    """Fit a second encoder of random weights to the first of the samples."""
    if model.branch is not None and model.branch.is_random:
        first = range(min(CALIBRATION, len(samples)))
        planes = [samples.sample(index, generator_of(seed, 0, 0, index))[0] for index in first]
        model.calibrate_branch(torch.from_numpy(to_rgb_planes(planes)).to(model.device))


def parameter_groups(model, config: TrainConfig) -> list[dict[str, Any]]:
    """What trains, each group with its "rate": run.learning_rate, or that of the longest part that holds it.

    Parts of rate 0 are frozen here. ValueError for a part in which nothing trains.
    """
    groups: dict[str, list[nn.Parameter]] = {part: [] for part in ("", *config.learning_rates)}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parts = [part for part in config.learning_rates if f"{name}.".startswith(f"{part}.")]
            groups[max(parts, key=len, default="")].append(parameter)
    rates = {"": config.learning_rate, **config.learning_rates}
    for part, parameters in groups.items():
        if part and not parameters:
            children = ", ".join(name for name, _ in model.named_children())
            raise ValueError(
                f"run.learning_rates has {part!r}, where nothing trains: expected a part of {children}"
            )
        for parameter in parameters:
            parameter.requires_grad_(rates[part] > 0)
    chosen = {part: found for part, found in groups.items() if found and rates[part] > 0}
    if not chosen:
        raise ValueError("run.learning_rates leaves nothing to train: give one part more than 0")
    return [{"params": found, "rate": rates[part]} for part, found in chosen.items()]


class Learner:
    """A model in training on one device, with its optimiser and its averaged weights."""

    def __init__(self, model, samples: Samples, config: TrainConfig, device: torch.device):
        schedule = choose("run.schedule", SCHEDULES, config.schedule.name)
        check_options("run.schedule", schedule, config.schedule.options, skip=3)
        self.model, self.samples, self.config, self.device = model, samples, config, device
        self.module = processes.wrap(_Losses(model, schedule, config.schedule.options), device)
        self.loss = HybridLoss(config.loss)
        groups = parameter_groups(model, config)
        self.tuned = [p for p in model.parameters() if p.requires_grad]
        kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
        fused = {"fused": True} if device.type in ("cpu", "cuda") else {}  # one pass over all weights
        self.optimizer = kind(groups, lr=config.learning_rate, weight_decay=config.weight_decay, **fused)
        self.average = Average(self.tuned, config.average, config.share)
        self.features = kept_features(model, samples)
        self._drawn = Ahead(self._draw)
        self.precision = faster_precision(device) if config.precision == "auto" else config.precision
        self.memory: dict[str, torch.Tensor] = {}  # what the schedule keeps from step to step
        self.parts = 1  # pieces of a batch, one after the other in memory

    def step(self, indices: np.ndarray, moment: Moment) -> dict[str, float] | None:
        """Learn from the cases of these indices; their mean losses, or None if memory ran out.

        Raises RuntimeError if a loss or gradient is no number, or if memory is out with one image at a time.
        """
        config = self.config
        step = config.learning_rate_factor, config.learning_rate_every
        factor = learning_rate_factor(config.learning_rate_curve, moment.done, moment.epoch, *step)
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        try:
            losses = self._gradients(indices, moment)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self._check_divisible(len(indices), error)
            return None
        self._apply(losses["loss"], moment)
        return losses

    def prepare(self, indices: np.ndarray, moment: Moment) -> None:
        """Draw the samples of a later step now, beside the one before it; they are the same as without."""
        self._drawn.begin(tuple(map(int, indices)), moment)

    def _apply(self, loss: float, moment: Moment) -> None:
        """One update of the weights by the gradients that they have."""
        self._check_finite(loss, moment)
        self.optimizer.step()
        self.average.update()

    def _learn_at_once(self, loss: torch.Tensor, moment: Moment) -> None:
        """Update the weights by this loss, in the middle of a batch."""
        if processes.count() > 1:
            raise ValueError("schedule.step per_iteration runs in one process only: expected once")
        loss.backward()
        self._apply(float(loss.detach()), moment)
        self.optimizer.zero_grad(set_to_none=True)

    def halve(self, batch: int) -> int:
        """Take half as many of `batch` images at a time from now on; how many that is."""
        self.optimizer.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.parts = min(batch, 2 * self.parts)
        return math.ceil(batch / self.parts)

    def state(self) -> dict[str, Any]:
        """Everything that makes the next step what it will be, as tensors and plain values."""
        own = self.model.state_dict()
        return {
            "tuned": {name: own[name] for name in self.model.tuned},
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state(),
            "memory": self.memory,
            "parts": self.parts,
            "precision": self.precision,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go back to what `state` gave; any error where that is damaged."""
        own = self.model.state_dict()
        for name, tensor in state["tuned"].items():
            own[name].copy_(tensor.reshape(own[name].shape))
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load(state["average"])
        self.memory = {name: tensor.to(self.device) for name, tensor in state.get("memory", {}).items()}
        self.parts = max(1, int(state["parts"]))
        self.precision = {name: name for name in ("float32", "bfloat16")}[state["precision"]]

    def _gradients(self, indices: np.ndarray, moment: Moment) -> dict[str, float]:
        """Mean losses of this batch, with their gradients left in the parameters."""
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        drawn = self._drawn.take(tuple(map(int, indices)), moment)
        pieces = np.array_split(np.arange(len(drawn)), min(self.parts, len(drawn)))
        totals = dict.fromkeys(LOSSES, 0.0)
        for number, piece in enumerate(pieces, start=1):
            share = len(piece) / len(drawn)
            with nullcontext() if number == len(pieces) else processes.without_exchange(self.module):
                losses = self._forward([drawn[i] for i in piece], moment)
                (losses["loss"] * share).backward()
            for name in LOSSES:
                totals[name] += share * float(losses[name].detach())
        return processes.mean(totals, self.device)

    def _draw(self, indices: tuple[int, ...], moment: Moment) -> list[Drawn]:
        """This process's samples of a batch."""
        draw = self.samples.sample if self.model.config.depth > 1 else self.samples.sample_with_class
        positions = range(processes.rank(), len(indices), processes.count())
        rngs = (generator_of(self.config.seed, moment.epoch, moment.step, place) for place in positions)
        chosen = zip([indices[place] for place in positions], positions, rngs, strict=True)
        return [Drawn(index, place, rng, draw(index, rng)) for index, place, rng in chosen]

    def _forward(self, chosen: Sequence[Drawn], moment: Moment) -> dict[str, torch.Tensor]:
        """Losses of these samples of a batch."""
        seed, epoch, step = self.config.seed, moment.epoch, moment.step
        indices, positions, rngs, drawn = zip(*chosen, strict=True)
        if self.model.config.depth > 1:
            pairs, rngs = _frame_by_frame(drawn, rngs)
            drawn = [(*pair, 0) for pair in pairs]
        planes, truths, classes = zip(*drawn, strict=True)
        shared = generator_of(seed, epoch, step)
        where = moment.done, self.memory, epoch, partial(self._learn_at_once, moment=moment)
        about = np.array(classes), self._present(indices)
        batch = Batch(np.stack(truths), rngs, shared, self.loss, self.device, *where, *about)
        images = features = None
        if self.features:
            features = self.features(list(indices))
        else:
            images = torch.from_numpy(to_rgb_planes(planes)).to(self.device)
        of_dropout = generator_of(seed, epoch, step, positions[0])
        halves = self.precision == "bfloat16"
        with _random(of_dropout, self.device), torch.autocast(self.device.type, torch.bfloat16, halves):
            return self.module(images, features, batch)

    def _present(self, indices: Sequence[int]) -> np.ndarray | None:
        """Whether each case shows a structure; None where no case is without."""
        if not self.config.empty:
            return None
        return np.array([self.samples.cases[i].has_truth for i in indices])

    def _check_divisible(self, batch: int, error: BaseException) -> None:
        advice = "choose a smaller model.image_size or model; the run goes on from its last resume point"
        if processes.count() > 1:  # the others wait for this process's gradients, so it cannot try again
            raise RuntimeError(f"out of memory in process {processes.rank()}: lower run.batch") from error
        if self.parts >= batch:
            where = device_name(self.device)
            raise RuntimeError(f"out of memory with one image at a time on {where}: {advice}") from error

    def _check_finite(self, loss: float, moment: Moment) -> None:
        gradients = [p.grad for p in self.tuned if p.grad is not None]
        norm = float(torch.nn.utils.get_total_norm(gradients))
        if not math.isfinite(loss + norm):
            raise RuntimeError(
                f"loss {loss}, gradient {norm} in epoch {moment.epoch + 1}, step {moment.step + 1}: start "
                "a run with a smaller learning_rate or precision float32; the weights on disk are from before"
            )


@contextmanager
def _random(rng: np.random.Generator, device: torch.device):
    """Inside, what torch draws belongs to `rng`; outside, nothing has been drawn."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int(rng.integers(2**31)))
        yield


def _frame_by_frame(windows, rngs):
    """Windows of frames one after another, and a generator for each frame."""
    frames = [pair for images, masks in windows for pair in zip(images, masks, strict=True)]
    depth = len(frames) // len(windows)
    seeds = [seed for rng in rngs for seed in rng.integers(2**63, size=depth)]
    return frames, tuple(map(np.random.default_rng, seeds))


class _Losses(nn.Module):
    """Encoder and schedule as one module, so that torch's DistributedDataParallel can wrap it."""

    def __init__(self, model, schedule, options: dict[str, Any]):
        super().__init__()
        self.model, self.schedule, self.options = model, schedule, options

    def forward(self, images: torch.Tensor | None, features: Features | None, batch: Batch):
        if features is None:
            features = self.model.encode(images, self.model.config.depth, rngs=batch.rngs)
        losses = self.schedule(self.model, features, batch, **self.options)
        return {
            **losses,
            "loss": losses["loss"] + batch.loss.auxiliary(features.auxiliary or {}, batch.epoch),
        }
