"""Training as a generator of records: `for record in train(config)`; the run folder is the truth, and resumes.

Random numbers belong to (seed, epoch, step, image), never to what was drawn before, so a run that was killed goes on
from its last resume point to the same weights as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn

from . import processes
from .averaging import Average, learning_rate_factor
from .checkpoint import Provenance
from .config import TrainConfig, choose, to_json
from .devices import choose_device, device_name, faster_precision, is_out_of_memory
from .evaluate import validate
from .features import kept_features
from .losses import HybridLoss
from .run_folder import RunFolder
from .samples import Samples, to_rgb_planes
from .schedules import SCHEDULES
from .schedules.batch import Batch
from .starting_point import cases_of, starting_model, write_weights

SAVE_EVERY_SECONDS = 60.0
REPORT_EVERY_SECONDS = 1.0


def train(config: TrainConfig) -> Iterator[dict[str, Any]]:
    """Train, or go on with, the run in `config.out`; yields records with an "event":

    "start", "resume", "step" (at most one a second), "out_of_memory", "epoch" (losses and validation Dice in percent by
    number of clicks), "stopped" (a file named `stop` appeared in the run folder) and "finish". Each is also a line of
    log.jsonl. Raises ValueError for settings and data, RuntimeError for a loss that is no number or memory that is out.
    """
    processes.join()
    try:
        for record in _Run(config).records():
            record = {**record, "time": round(time.time(), 1)}
            if processes.rank() == 0:
                RunFolder(config.out).append(record)
                yield record
    finally:
        processes.leave()


class _Step(nn.Module):
    """One batch through encoder and schedule, as one module, so that torch's DistributedDataParallel can wrap it."""

    def __init__(self, model, schedule, options):
        super().__init__()
        self.model, self.schedule, self.options = model, schedule, options

    def forward(self, images, features, batch: Batch):
        features = self.model.encode(images) if features is None else features
        return self.schedule(self.model, features, batch, **self.options)


class _Run:
    """The parts of one run, and where it stands."""

    def __init__(self, config: TrainConfig):
        self.config = config
        if config.threads:
            torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)  # new adapters start from random numbers
        self.folder = RunFolder(config.out)
        self.device = choose_device(config.device)
        self.training_cases, self.validation_cases, self.left_out = cases_of(config)
        self.model, self.base = starting_model(config, self.folder.path)
        self.model.to(self.device)
        self.folder.check_settings({**to_json(config), "model": to_json(self.model.config)})
        model = self.model.config
        self.samples = Samples(self.training_cases, model.image_size, model.fit, config.augment)
        self.loss = HybridLoss(config.loss)
        schedule = choose("run.schedule", SCHEDULES, config.schedule.name)
        step = _Step(self.model, schedule, config.schedule.options)
        self.step = processes.wrap(step, self.device)
        self.tuned = [p for p in self.model.parameters() if p.requires_grad]
        kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
        self.optimizer = kind(self.tuned, lr=config.learning_rate, weight_decay=config.weight_decay)
        self.average = Average(self.tuned, config.average)
        self.features = kept_features(self.model, self.samples)
        self.steps_per_epoch = math.ceil(len(self.samples) / config.batch)
        self.epoch, self.next_step, self.parts, self.best = 0, 0, 1, -1.0
        self.sums = {"loss": 0.0, "initial": 0.0, "guided": 0.0}
        self.precision = config.precision

    def records(self) -> Iterator[dict[str, Any]]:
        yield self._begin()
        while self.epoch < self.config.epochs:
            for record in self._epoch():
                yield record
                if record["event"] == "stopped":
                    return
        yield {"event": "finish", "best": self.best, "weights": str(self.folder.best)}

    # One epoch

    def _epoch(self) -> Iterator[dict[str, Any]]:
        started = saved = reported = time.monotonic()
        order = self._order()
        while self.next_step < self.steps_per_epoch:
            indices = order[self.next_step * self.config.batch : (self.next_step + 1) * self.config.batch]
            while (losses := self._try_step(indices)) is None:
                yield self._halve(len(indices))
            for name in self.sums:
                self.sums[name] += losses[name]
            self.next_step += 1
            now = time.monotonic()
            if now - reported > REPORT_EVERY_SECONDS:
                reported = now
                yield {
                    "event": "step",
                    "epoch": self.epoch + 1,
                    "step": self.next_step,
                    "of": self.steps_per_epoch,
                    **losses,
                }
            stop = processes.any_says(self.folder.stop.exists())
            if stop or now - saved > SAVE_EVERY_SECONDS:
                saved = now
                self._save()
            if stop:
                self.folder.stop.unlink(missing_ok=True)
                yield {"event": "stopped", "epoch": self.epoch + 1, "step": self.next_step}
                return
        yield self._end_of_epoch(time.monotonic() - started)

    def _order(self) -> np.ndarray:
        """The images of this epoch in random order, filled up so that every process has some of the last batch."""
        order = np.random.default_rng([self.config.seed, self.epoch]).permutation(len(self.samples))
        return np.resize(order, len(order) + (-len(order)) % processes.count())

    def _try_step(self, indices: np.ndarray) -> dict[str, float] | None:
        """One optimiser step on these images, in `parts` pieces; None if memory ran out."""
        try:
            return self._one_step(indices)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if self.parts >= len(indices):
                raise RuntimeError(
                    f"out of memory with one image at a time on {device_name(self.device)}: choose a smaller "
                    f"image size or model; the run in {self.folder.path} can be resumed"
                ) from error
            return None

    def _one_step(self, indices: np.ndarray) -> dict[str, float]:
        self.model.train()
        self._set_learning_rate()
        self.optimizer.zero_grad(set_to_none=True)
        positions = np.arange(len(indices))[processes.rank() :: processes.count()]
        pieces = [p for p in np.array_split(positions, self.parts) if len(p)]
        totals = {"loss": 0.0, "initial": 0.0, "guided": 0.0}
        for number, piece in enumerate(pieces):
            share = len(piece) / len(positions)
            last = number == len(pieces) - 1
            with nullcontext() if last else processes.without_exchange(self.step):
                losses = self._forward(indices, piece)
                (losses["loss"] * share).backward()
            for name in totals:
                totals[name] += share * float(losses[name].detach())
        totals = processes.mean(totals, self.device)
        if not math.isfinite(totals["loss"]):
            raise RuntimeError(
                f"the loss is {totals['loss']} in epoch {self.epoch + 1}, step {self.next_step + 1}: choose a smaller "
                f"learning rate or precision float32; the weights in {self.folder.path} are from before"
            )
        self.optimizer.step()
        self.average.update()
        return totals

    def _forward(self, indices: np.ndarray, piece: np.ndarray) -> dict[str, torch.Tensor]:
        seeds = [self.config.seed, self.epoch, self.next_step]
        rngs = tuple(np.random.default_rng([*seeds, int(position)]) for position in piece)
        pairs = [self.samples.sample(int(indices[p]), rng) for p, rng in zip(piece, rngs, strict=True)]
        truth = np.stack([mask for _, mask in pairs])
        batch = Batch(truth, rngs, np.random.default_rng(seeds), self.loss, self.device)
        features = self.features and self.features([int(indices[p]) for p in piece])
        images = (
            None
            if features
            else torch.from_numpy(to_rgb_planes([image for image, _ in pairs])).to(self.device)
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            return self.step(images, features, batch)

    def _set_learning_rate(self) -> None:
        done = (self.epoch * self.steps_per_epoch + self.next_step) / (
            self.config.epochs * self.steps_per_epoch
        )
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * learning_rate_factor(
                self.config.learning_rate_curve, done
            )

    def _halve(self, batch: int) -> dict[str, Any]:
        self.optimizer.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.parts = min(batch, 2 * self.parts)
        size = math.ceil(batch / self.parts)
        return {
            "event": "out_of_memory",
            "batch": size,
            "says": f"memory ran out: {size} images at a time from here",
        }

    def _end_of_epoch(self, seconds: float) -> dict[str, Any]:
        losses = {name: total / self.steps_per_epoch for name, total in self.sums.items()}
        if hasattr(self.model.fusion, "end_of_round"):
            self.model.fusion.end_of_round(losses["guided"])
        self.epoch, self.next_step, self.sums = self.epoch + 1, 0, dict.fromkeys(self.sums, 0.0)
        record = {
            "event": "epoch",
            "epoch": self.epoch,
            "of": self.config.epochs,
            **losses,
            "seconds": round(seconds, 1),
        }
        if processes.rank() == 0:
            record["dice"] = self._validate_and_keep()
            self._save()
        processes.wait()
        return record

    def _validate_and_keep(self) -> dict[str, float]:
        """Dice by number of clicks with the averaged weights; the best weights so far are written."""
        self.model.eval()
        with self.average.in_use():
            dice = validate(
                self.model, self.validation_cases, self.config.validation_clicks, self.config.seed
            )
            if np.mean(list(dice.values())) > self.best:
                self.best = float(np.mean(list(dice.values())))
                data = ", ".join(self.config.data)
                figures = {"epoch": self.epoch, "validation_dice": {str(k): v for k, v in dice.items()}}
                write_weights(self.model, self.folder.best, self.base, Provenance(data=data, figures=figures))
        return {str(clicks): round(value, 2) for clicks, value in dice.items()}

    # Where the run stands

    def _begin(self) -> dict[str, Any]:
        state = self.folder.load_state()
        about = {
            "device": device_name(self.device),
            "training": len(self.training_cases),
            "validation": len(self.validation_cases),
            "left_out": self.left_out,
            "trainable": sum(p.numel() for p in self.tuned),
        }
        if state is None:
            if self.precision == "auto":
                self.precision = faster_precision(self.device)
            return {"event": "start", **about, "precision": self.precision}
        own = self.model.state_dict()
        for name, tensor in state["tuned"].items():
            own[name].copy_(tensor)
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load(state["average"])
        for name in ("epoch", "next_step", "parts", "best", "sums", "precision"):
            setattr(self, name, state[name])
        return {
            "event": "resume",
            **about,
            "precision": self.precision,
            "epoch": self.epoch + 1,
            "step": self.next_step,
        }

    def _save(self) -> None:
        if processes.rank() != 0:
            return
        own = self.model.state_dict()
        state = {
            name: getattr(self, name) for name in ("epoch", "next_step", "parts", "best", "sums", "precision")
        }
        state["tuned"] = {name: own[name] for name in self.model.tuned}
        state |= {"optimizer": self.optimizer.state_dict(), "average": self.average.state()}
        self.folder.save_state(state)
