"""Training the memory of a base on short loops: what is carried is compared with the truth of every frame.

The base stays as it is. One frame is prompted, sometimes the last one, too; the others are carried to in
turn, each with what was found in those before it, as in use.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from .. import datasets
from ..config import check_fields, setting, to_json
from ..model_files import Provenance
from ..network.backbones.sites import Features
from ..network.devices import choose_device, faster_precision
from ..network.loop_memory import PROMPTED, RECENT, LoopMemory, Remembered
from ..network.model import Model
from ..weights import checkpoint, memory_file
from .clips import Clip, Clips
from .starting_point import summary_of

SAVE_EVERY_SECONDS = 60.0
REPORT_EVERY = 10  # steps
RECENTS = 2  # carried frames that are read at a time
PASSES = 2  # times that each encoded clip is gone through both ways: encoding takes most of the time
FASTER = 5.0  # than the others reach and sharpness learn
KEPT = 0.6  # IoU from which a carried frame is remembered, as one that the memory is sure of is in use
BOTH_ENDS = 0.3  # of the clips have their last frame prompted, too
SURENESS = 0.3  # weight of the loss of what is said of the IoU


@dataclass(frozen=True)
class MemoryConfig:
    """How a memory is trained; written into its file."""

    base: str  # file of the base, or of an adapter on it
    data: tuple[str, ...]  # dataset folders
    out: str  # file of the memory
    start: str = ""  # file of a memory to go on from, of whatever base; empty: from random numbers
    length: int = setting(6, at_least=3, at_most=64)  # frames of a clip
    batch: int = setting(4, at_least=1, at_most=256)  # clips encoded at a time
    steps: int = setting(600, at_least=1)  # batches
    learning_rate: float = setting(2e-3, above=0, at_most=1)
    weight_decay: float = setting(0.01, at_least=0)
    seed: int = setting(0, at_least=0, at_most=2**63 - 1)
    device: str = "auto"
    threads: int = setting(0, at_least=0, at_most=1024)  # CPU threads; 0: torch's own choice

    def __post_init__(self):
        check_fields(self, "memory")
        if not self.data:
            raise ValueError("memory.data names no folder: give at least one dataset folder")


def train_memory(config: MemoryConfig) -> Iterator[dict[str, Any]]:
    """Train, and write the file every minute and at the end; yields records with "event" and "time" (s).

    Events: "start", "step" (since the last one: mean loss, Dice of carried frames in percent, that of the
    last ones of clips, and how far what is said of the IoU is off), "finish". ValueError for settings and
    data.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    training, started = _Training(config), time.monotonic()
    yield {"event": "start", "time": 0.0, "data": training.data, "parameters": training.size}
    saved, found = started, []
    for step in range(1, config.steps + 1):
        found.append(training.step(step))
        now = time.monotonic()
        if step % REPORT_EVERY == 0 or step == config.steps:
            means = {name: round(float(np.mean([f[name] for f in found])), 4) for name in found[0]}
            where = {"time": round(now - started, 1), "step": step, "of": config.steps}
            yield {"event": "step", **where, **means}
            found = []
        if now - saved > SAVE_EVERY_SECONDS:
            training.keep(step, now - started)
            saved = now
    training.keep(config.steps, time.monotonic() - started)
    yield {"event": "finish", "time": round(time.monotonic() - started, 1), "out": config.out}


class _Training:
    """The parts of a run, and one step of it."""

    def __init__(self, config: MemoryConfig):
        self.config, device = config, choose_device(config.device)
        self.base = checkpoint.base_of(checkpoint.source_path(config.base))
        self.model: Model = checkpoint.load(config.base).to(device).requires_grad_(False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.memory = LoopMemory.of(self.model.image_encoder)
        if config.start:
            self.memory = memory_file.load(Path(config.start))
        self.memory.to(device).train().requires_grad_(True)
        self.size = sum(parameter.numel() for parameter in self.memory.parameters())
        cases = [
            case
            for folder in config.data
            for case in datasets.checked(folder).cases
            if case.split in ("", "train")
        ]
        self.clips = Clips(cases, config.length, self.model.config.image_size)
        self.data = summary_of(cases)
        single = [self.memory.reach, self.memory.sharpness]  # numbers that have a long way to go
        others = [p for p in self.memory.parameters() if all(p is not each for each in single)]
        rates = [config.learning_rate, FASTER * config.learning_rate]
        groups = [{"params": others}, {"params": single, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=config.weight_decay)
        self.rates = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, rates, total_steps=2 * PASSES * config.steps
        )
        self.precision = getattr(torch, faster_precision(device))

    def step(self, number: int) -> dict[str, float]:
        """One batch, there and back, and again."""
        rng = np.random.default_rng([self.config.seed, number])
        clips = [self.clips.draw(rng) for _ in range(self.config.batch)]
        features, masks = self._encoded(clips)
        order, found = list(range(self.config.length)), []
        for way in (order, order[::-1]) * PASSES:
            with torch.autocast(self.model.device.type, self.precision, self.precision != torch.float32):
                loss, said = gone_through(self.memory, features, masks, way, rng)
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.memory.parameters(), 1.0)
            self.optimizer.step()
            self.rates.step()
            found.append({"loss": float(loss.detach()), **said})
        return {name: float(np.mean([each[name] for each in found])) for name in found[0]}

    def keep(self, steps: int, seconds: float) -> None:
        """Write the file."""
        figures = {"training": to_json(self.config), "steps": steps, "seconds": round(seconds)}
        provenance = Provenance(name="memory of loops", data=self.data, figures=figures)
        memory_file.save(self.memory, Path(self.config.out), self.base, provenance)

    @torch.no_grad()
    def _encoded(self, clips: list[Clip]) -> tuple[list[Features], list[torch.Tensor]]:
        """Features and (B, 1, m, m) masks of each place in the clips."""
        length, side = self.config.length, self.model.mask_side
        frames = torch.cat([clip.frames for clip in clips])[:, None].expand(-1, 3, -1, -1)
        with torch.autocast(self.model.device.type, self.precision, self.precision != torch.float32):
            features = self.model.encode(frames.to(self.model.device))
        masks = F.interpolate(torch.cat([clip.masks for clip in clips])[:, None], (side, side), mode="area")
        masks = masks.to(self.model.device)
        maps = [each.float() for each in (features.embedding, *features.fine)]
        places = [[each[i::length] for each in maps] for i in range(length)]
        each = [Features(embedding, tuple(fine)) for embedding, *fine in places]
        return each, [masks[i::length] for i in range(length)]


def gone_through(
    memory: LoopMemory,
    features: list[Features],
    masks: list[torch.Tensor],
    way: list[int],
    rng: np.random.Generator,
) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of B clips, from the first place of a way to the others, and what it says for the log."""
    prompted, losses, dice, off = [way[0]], [], [], []
    if rng.random() < BOTH_ENDS:
        prompted.append(way[-1])
    fixed = [memory.remember(features[i], masks[i]) for i in prompted]
    counts = masks[way[0]].amax((1, 2, 3)) > 0.5  # of a clip that begins without the object nothing is asked
    counts = counts.float() / counts.sum().clamp(min=1)
    recents: list[Remembered] = []
    for place in way:
        if place in prompted:
            continue
        bank, kinds = [*fixed, *recents], [PROMPTED] * len(fixed) + [RECENT] * len(recents)
        logits, said = (each.float() for each in memory.recall(features[place], bank, kinds))
        loss, of_each = overlap(logits, masks[place])
        iou = of_each / (2 - of_each) * (masks[place].amax((1, 2, 3)) > 0.5)
        doubt = F.binary_cross_entropy_with_logits(said[:, 0], iou, reduction="none")
        losses.append((counts * (loss + SURENESS * doubt)).sum())
        dice.append(100 * float((counts * of_each).sum()))
        off.append(float((counts * (said[:, 0].detach().sigmoid() - iou).abs()).sum()))
        seen = memory.remember(features[place], logits.detach().sigmoid())
        recents = [*recents, _kept(seen, (recents or fixed)[-1], iou >= KEPT)][-RECENTS:]
    return torch.stack(losses).mean(), {"dice": np.mean(dice), "last": dice[-1], "off": np.mean(off)}


def overlap(logits: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of B masks, (B, 1, m, m): soft Dice and cross-entropy loss (B,), and Dice (B,), 1 of nothing that is
    nothing."""
    soft = _dice(logits.sigmoid(), truth)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none").mean((1, 2, 3))
    return 1 - soft + entropy, _dice((logits > 0).float(), (truth > 0.5).float())


def _dice(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return (2 * (one * other).sum((1, 2, 3)) + 1) / ((one + other).sum((1, 2, 3)) + 1)


def _kept(seen: Remembered, before: Remembered, is_kept: torch.Tensor) -> Remembered:
    """Of B frames those that are kept, in the place of the others what was there before."""
    chosen = is_kept[:, None, None]
    pairs = zip(seen, before, strict=True)
    return Remembered(*(torch.where(chosen, new, old.to(new.dtype)) for new, old in pairs))
