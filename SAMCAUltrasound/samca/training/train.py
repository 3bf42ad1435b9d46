"""Training as a generator of records: `for record in train(config)`.

The run folder is the truth. Random numbers belong to (seed, epoch, step, image), never to what was drawn
before, so a run that was killed goes on from its last resume point to the weights of one that was not.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch

from ..config import TrainConfig, to_json
from ..datasets import Case
from ..evaluation.evaluate import dice_of, mean_by_clicks, trials
from ..files import remove
from ..network.devices import choose_device, device_name
from ..weights.checkpoint import Provenance
from ..words import counted
from . import parts, processes, run_lock
from .choice import Choice, Dice, of_before
from .curves import write_curves
from .learner import LOSSES, Learner, Moment, calibrate_branch, generator_of
from .run_folder import RunFolder
from .sample_pictures import SamplePictures
from .starting_point import cases_of, samples_of, starting_model, summary_of, write_weights
from .validation_table import write_table

SAVE_EVERY_SECONDS = 60.0
REPORT_EVERY_SECONDS = 1.0

Record = dict[str, Any]


def train(config: TrainConfig) -> Iterator[Record]:
    """Train, or go on with, the run in `config.out`; yields records with "event" and "time" (s).

    Events: "start", "base" (epoch 0: validation Dice in percent by number of clicks before training, of how
    many "targets" in how many "groups"), "resume", "step" (at most one a second), "out_of_memory", "epoch"
    (mean losses, validation Dice, its mean "gain" over epoch 0 with the standard "error" over groups where
    there are several, and which epoch's weights are "kept"), "stopped" (a file named `stop` appeared in the
    run folder), "data_changed" (after "resume": what is new, and what is gone), "finish". Each is also a line
    of log.jsonl, and so is "failed", with what ended a run.
    Raises ValueError for settings and data, RuntimeError for a loss that is no number, for memory that is out
    and for a file that cannot be read or written.
    """
    processes.join()
    try:
        cases, folder = cases_of(config), RunFolder(config.out)
        with run_lock.holding(folder.path) if processes.rank() == 0 else nullcontext():
            yield from _logged(_Run(config, cases, folder), folder)
    except ModuleNotFoundError as error:
        says = f"training needs the package {error.name}: install it with `pip install {error.name}`"
        raise RuntimeError(says) from error
    finally:
        processes.leave()


def _logged(run: _Run, folder: RunFolder) -> Iterator[Record]:
    """Its records, each in the log of the run before it is handed on; an error is the last line there."""
    first = processes.rank() == 0
    try:
        for record in run.records():
            if first:
                yield folder.append(record)
    except OSError as error:
        says = f"the run in {folder.path} stopped: {error}. Started again, it goes on from {run.saved_at}"
        raise RuntimeError(folder.failed(says)) from error
    except (RuntimeError, ValueError) as error:
        folder.failed(str(error))
        raise


def _by_roots(sources: list[str], count: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `count` samples: each source as often as the root of its size says, its own alike."""
    sizes = Counter(sources)
    order = np.array(sorted(rng.permutation(len(sources)), key=lambda index: sources[index]))
    weights = np.cumsum([sizes[sources[index]] ** -0.5 for index in order])
    stops = (np.arange(count) + rng.random()) * weights[-1] / count
    return order[np.searchsorted(weights, stops, side="right").clip(max=len(order) - 1)]


class _Run:
    """The parts of one run, and where it stands."""

    def __init__(self, config: TrainConfig, cases: tuple[list[Case], list[Case], int], folder: RunFolder):
        if config.batch % processes.count():
            raise ValueError(
                f"run.batch is {config.batch}: expected a multiple of the {processes.count()} processes"
            )
        self.config, self.folder = config, folder
        self.training_cases, self.validation_cases, self.left_out = cases
        self.pictures = SamplePictures(self.validation_cases, config.validation_clicks)
        if config.threads:
            torch.set_num_threads(config.threads)
        device = choose_device(config.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)  # new adapters start from random numbers
            self.model, self.base = starting_model(config, self.folder.path)
        self.model.to(device)
        self.settings = {**to_json(config), "model": to_json(self.model.config)}
        self.saved = self.folder.load_state()
        self.folder.check_settings(self.settings, self.saved)
        samples = samples_of(config, self.model, self.training_cases)
        calibrate_branch(self.model, samples, config.seed)
        self.learner = Learner(self.model, samples, config, device)
        self.samples_per_epoch = config.samples_per_epoch or len(samples)
        self.steps_per_epoch = math.ceil(self.samples_per_epoch / config.batch)
        self.choice = Choice(config.keep, self.validation_cases)
        self.epoch, self.next_step = 0, 0
        self.saved_at = "its beginning"
        self.sums = dict.fromkeys(LOSSES, 0.0)

    def records(self) -> Iterator[Record]:
        """What `train` yields, without times."""
        yield self._begin()
        yield from self._compare_data()
        if not (self.choice.has_started or self.epoch or self.next_step):  # runs of before have none
            yield self._before()
            self._save()  # after the log has it, as at the end of an epoch
        while self.epoch < self.config.epochs:
            for record in self._epoch():
                yield record
                if record["event"] == "stopped":
                    return
        if processes.rank() == 0:
            folder, clicks = self.folder, self.config.validation_clicks
            device = str(self.learner.device)
            write_table(folder.evaluation, folder.best, self.base, self.validation_cases, clicks, device)
        found = {"best": self.choice.best, "kept": self.choice.kept}
        yield {"event": "finish", **found, "weights": str(self.folder.best)}

    def _begin(self) -> Record:
        about = {
            "device": device_name(self.learner.device),
            "training": len(self.training_cases),
            "validation": len(self.validation_cases),
            "left_out": self.left_out,
            "trainable": sum(p.numel() for p in self.learner.tuned),
        }
        if self.saved is None:
            self._save()  # what was chosen here, as the precision, holds for the whole run
            return {"event": "start", **about, "precision": self.learner.precision}
        try:
            self.learner.load(self.saved)
            self.epoch, self.next_step = (int(self.saved[name]) for name in ("epoch", "next_step"))
            self.choice.load(self.saved.get("choice") or of_before(self.saved, self.folder.epochs()))
            self.sums = {name: float(self.saved["sums"].get(name, 0.0)) for name in LOSSES}
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError) as error:
            raise self.folder.damaged() from error
        place = {"epoch": self.epoch + 1, "step": self.next_step}
        self.saved_at = self._here()
        return {"event": "resume", **about, "precision": self.learner.precision, **place}

    def _compare_data(self) -> Iterator[Record]:
        """Write down who trains and who validates; a record of what is another than before."""
        self.folder.check_place()
        if processes.rank() == 0:
            says = parts.keep(self.config, self.training_cases, self.validation_cases)
            if says:
                yield {"event": "data_changed", "says": says}

    def _here(self) -> str:
        return f"epoch {self.epoch + 1}, step {self.next_step}"

    # One epoch

    def _epoch(self) -> Iterator[Record]:
        started = saved = reported = time.monotonic()
        order = self._order()
        while self.next_step < self.steps_per_epoch:
            indices = self._batch(order, self.next_step)
            if self.next_step + 1 < self.steps_per_epoch:
                self.learner.prepare(self._batch(order, self.next_step + 1), self._moment(1))
            while (losses := self.learner.step(indices, self._moment())) is None:
                size = self.learner.halve(len(indices))
                says = f"memory ran out: {counted(size, 'image')} at a time from here"
                yield {"event": "out_of_memory", "batch": size, "says": says}
            self._end_of_round("step", losses["guided"])
            self.sums = {name: total + losses[name] for name, total in self.sums.items()}
            self.next_step += 1
            now = time.monotonic()
            place = {"epoch": self.epoch + 1, "step": self.next_step}
            if now - reported > REPORT_EVERY_SECONDS:
                reported = now
                yield {"event": "step", **place, "of": self.steps_per_epoch, **losses}
            stop = processes.any_says(self.folder.stop.exists())
            if stop or now - saved > SAVE_EVERY_SECONDS:
                saved = now
                self._save()
            if stop:
                try:
                    yield {"event": "stopped", **place}  # in the log before the wish for it is gone
                finally:
                    remove(self.folder.stop)
                return
        yield self._end_of_epoch(time.monotonic() - started)
        self._save()  # after the log has the epoch: a kill between the two repeats it, and leaves no gap
        if processes.rank() == 0:
            write_curves(self.folder.curves, self.folder.epochs(), self.folder.before())

    def _order(self) -> np.ndarray:
        """The samples of this epoch in random order, all before one comes again; some twice if processes
        would not have equally many."""
        rng, samples = generator_of(self.config.seed, self.epoch), self.learner.samples
        if self.config.sampling == "root":
            order = rng.permutation(_by_roots(samples.sources(), self.samples_per_epoch, rng))
        else:
            rounds = math.ceil(self.samples_per_epoch / len(samples))
            order = np.concatenate([rng.permutation(len(samples)) for _ in range(rounds)])
        order = order[: self.samples_per_epoch]
        return np.resize(order, len(order) + (-len(order)) % processes.count())

    def _batch(self, order: np.ndarray, step: int) -> np.ndarray:
        return order[step * self.config.batch :][: self.config.batch]

    def _moment(self, later: int = 0) -> Moment:
        """Where the step is that comes so many later."""
        step = self.next_step + later
        steps = self.epoch * self.steps_per_epoch + step
        return Moment(self.epoch, step, steps / (self.config.epochs * self.steps_per_epoch))

    def _end_of_epoch(self, seconds: float) -> Record:
        losses = {name: total / self.steps_per_epoch for name, total in self.sums.items()}
        self._end_of_round("epoch", losses["guided"])
        self.epoch, self.next_step, self.sums = self.epoch + 1, 0, dict.fromkeys(LOSSES, 0.0)
        of = {"epoch": self.epoch, "of": self.config.epochs}
        record = {"event": "epoch", **of, **losses, "seconds": round(seconds, 1)}
        if processes.rank() == 0:
            dice = self._validate()
            if self.choice.takes(self.epoch, dice):
                self._write_best(dice)
            record |= {"dice": _rounded(dice), **self._gain(dice), "kept": self.choice.kept}
        processes.wait()
        return record

    def _before(self) -> Record:
        """Validate the model that training starts from; it is kept until an epoch is ahead of it."""
        record = {"event": "base"}
        if processes.rank() == 0:
            dice = self._validate()
            self.choice.start(dice)
            if self.config.keep == "best":
                self._write_best(dice)
            groups = {(case.source, case.group) for case in self.validation_cases}
            record |= {"dice": _rounded(dice), "targets": len(dice), "groups": len(groups)}
        processes.wait()
        return record

    def _end_of_round(self, kind: str, guided_loss: float) -> None:
        """Let a fusion whose weights follow the loss over rounds of this kind, "epoch" or "step", do so."""
        if getattr(self.model.fusion, "rounds", None) == kind:
            self.model.fusion.end_of_round(guided_loss)

    def _validate(self) -> Dice:
        """Dice of each target with the averaged weights; the picture of some masks is written."""
        self.folder.check_place()
        self.model.eval()
        with self.learner.average.in_use():
            clicks = self.config.validation_clicks
            seed, alone = self.config.seed, 0 in clicks
            found = trials(self.model, self.validation_cases, max(clicks), seed, alone)
            dice = dice_of(self.pictures.watching(found), clicks)
        self.pictures.write(self.folder.samples(self.epoch))
        return dice

    def _write_best(self, dice: Dice) -> None:
        """Write the averaged weights with what they reach."""
        reached = {str(count): value for count, value in mean_by_clicks(dice).items()}
        provenance = self._provenance({"epoch": self.epoch, "validation_dice": reached})
        with self.learner.average.in_use():
            write_weights(self.model, self.folder.best, self.base, provenance, self.config.storage)

    def _gain(self, dice: Dice) -> Record:
        gain = self.choice.gain(dice)
        if gain is None:
            return {}
        error = {} if math.isnan(gain.standard_error) else {"error": round(gain.standard_error, 2)}
        return {"gain": round(gain.mean, 2), **error}

    def _provenance(self, figures: dict[str, Any]) -> Provenance:
        return Provenance(
            name=self.config.name or self.folder.path.name,
            data=summary_of(self.training_cases),
            licence=self.config.licence,
            figures=figures,
        )

    def _save(self) -> None:
        self.folder.check_place()
        if processes.rank() == 0:
            place = {"epoch": self.epoch, "next_step": self.next_step, "sums": self.sums}
            place["choice"] = self.choice.state()
            self.folder.save_state({**place, **self.learner.state(), "settings": self.settings})
            self.saved_at = self._here()


def _rounded(dice: Dice) -> dict[str, float]:
    """The means as a line of the log has them."""
    return {str(count): round(value, 2) for count, value in mean_by_clicks(dice).items()}
