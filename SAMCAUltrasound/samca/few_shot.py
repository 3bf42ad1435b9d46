"""The few-shot curve: the same training on 10, 20, 50 or all frames, and what each reaches (Sam2Rad)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .config import TrainConfig
from .contestants import Contestant, load_contestants
from .files import write_atomically
from .run_folder import RunFolder
from .starting_point import cases_of
from .summary import Result
from .train import train

ALL = 0  # as run.frames
FRAMES = (10, 20, 50, ALL)


def name_of(frames: int) -> str:
    """What a run is called in folder and tables."""
    return f"{frames} frames" if frames else "all frames"


def few_shot(common: TrainConfig, frames: Sequence[int] = FRAMES) -> Iterator[dict[str, Any]]:
    """Train on each number of frames (0: all); yields the records of `train` with a "variant" each.

    Fewer frames are among more, and are seen the more often: all runs take as many steps as that on all.
    """
    for config in settings_of(common, frames):
        for record in train(config):
            yield {"variant": Path(config.out).name, **record}


def settings_of(common: TrainConfig, frames: Sequence[int]) -> list[TrainConfig]:
    """The run of each number of frames, in a folder of its own in `common.out`; ValueError for too many."""
    if not frames or len(set(frames)) < len(frames) or min(frames) < 0:
        raise ValueError(f"frames {list(frames)}: expected numbers from 1, or all, none of them twice")
    count = len(cases_of(replace(common, frames=ALL))[0])
    if max(frames) > count:
        raise ValueError(f"frames {list(frames)}: there are {count} images to train on, give fewer")
    steps = common.epochs * math.ceil(count / common.batch)
    return [
        replace(
            common,
            out=str(Path(common.out) / name_of(number)),
            frames=number,
            epochs=math.ceil(steps / math.ceil((number or count) / common.batch)),
        )
        for number in frames
    ]


def load_runs(common: TrainConfig, frames: Sequence[int]) -> list[Contestant]:
    """The best weights of each run."""
    runs = settings_of(common, frames)
    files = [str(RunFolder(run.out).best) for run in runs]
    return load_contestants(files, [Path(run.out).name for run in runs], device=common.device)


def write_curve(path: Path, results: Sequence[Result], frames: Sequence[int], count: int) -> None:
    """A PNG of mean Dice against the number of frames, a line for each number of clicks."""
    from io import BytesIO

    from matplotlib.figure import Figure

    numbers = [number or count for number in frames]
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    for clicks in results[0].summary["clicks"]:
        dice = [result.summary["clicks"][clicks]["dice"]["mean"] for result in results]
        axes.plot(numbers, dice, marker="o", markersize=4, label=f"{clicks} click{'s' * (clicks != '1')}")
    axes.set(xscale="log", xlabel="frames to train on", ylabel="Dice, mean over targets (%)", ylim=(0, 100))
    axes.set_xticks(numbers, [name_of(number).split()[0] for number in frames])
    axes.minorticks_off()
    axes.legend()
    buffer = BytesIO()
    figure.savefig(buffer, dpi=110)
    write_atomically(path, buffer.getvalue())
