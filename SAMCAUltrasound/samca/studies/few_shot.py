"""The few-shot curve: the same training on 10, 20, 50 or all frames, and what each reaches (Sam2Rad)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..config import TrainConfig
from ..evaluation.contestants import Contestant, load_contestants
from ..evaluation.metrics import mean_and_std
from ..evaluation.summary import Result
from ..files import write_atomically
from ..training.run_folder import RunFolder
from ..training.starting_point import cases_of
from ..training.train import train
from ..weights.checkpoint import base_of, source_path
from ..words import counted
from .ablate import REPEAT
from .run_contest import UNTOUCHED, contest_of

ALL = 0  # as run.frames
FRAMES = (10, 20, 50, ALL)
START = "0 frames"  # the model that every run starts from


class Reached(NamedTuple):
    """Mean Dice in percent after so many clicks, and the share of the gap closed in percent, of each draw.

    The gap is from the untouched model to the mean of all draws of all frames; `closed` is empty without
    these two, or where training on all frames gained nothing.
    """

    name: str
    clicks: str
    dice: tuple[float, ...]
    closed: tuple[float, ...]


def name_of(frames: int) -> str:
    """What a number of frames is called in folders and tables."""
    return counted(frames, "frame") if frames else "all frames"


def few_shot(common: TrainConfig, frames: Sequence[int] = FRAMES, draws: int = 1) -> Iterator[dict[str, Any]]:
    """Train on each number of frames (0: all); yields the records of `train` with a "variant" each.

    Fewer frames are among more of a draw, and are seen the more often: all runs take as many steps as that on
    all. Each draw is another choice of frames and another seed.
    """
    for config in settings_of(common, frames, draws):
        for record in train(config):
            yield {"variant": Path(config.out).name, **record}


def settings_of(common: TrainConfig, frames: Sequence[int], draws: int = 1) -> list[TrainConfig]:
    """The runs of each number of frames, in folders of their own in `common.out`, of several draws ending in
    " #1", " #2" and so on; ValueError for too many frames."""
    if not frames or len(set(frames)) < len(frames) or min(frames) < 0:
        raise ValueError(f"frames {list(frames)}: expected numbers from 1, or all, none of them twice")
    if draws < 1:
        raise ValueError(f"draws is {draws}: expected at least 1")
    count = len(cases_of(replace(common, frames=ALL))[0])
    if max(frames) > count:
        raise ValueError(f"frames {list(frames)}: there are {count} images to train on, give fewer")
    return [
        replace(
            common,
            out=str(Path(common.out) / f"{name_of(number)}{f'{REPEAT}{draw + 1}' if draws > 1 else ''}"),
            frames=number,
            samples_per_epoch=common.samples_per_epoch or count,
            seed=common.seed + draw,
        )
        for number in frames
        for draw in range(draws)
    ]


def load_runs(common: TrainConfig, frames: Sequence[int], draws: int = 1) -> list[Contestant]:
    """The model that all start from, where there is one, and the last weights of each run."""
    runs = settings_of(common, frames, draws)
    before, *_ = contest_of(Path(runs[0].out), common.device)[0]
    start = [replace(before, name=START)] if before.name == UNTOUCHED else []
    files = [str(RunFolder(run.out).best) for run in runs]
    base = None if common.base == "random" else str(base_of(source_path(common.base)))
    return start + load_contestants(files, [Path(run.out).name for run in runs], base, common.device)


def reached(results: Sequence[Result]) -> list[Reached]:
    """What each number of frames reached at each number of clicks, the draws together."""
    found = {}
    for result in results:
        for clicks, values in result.summary["clicks"].items():
            key = result.model.split(REPEAT)[0], clicks
            found[key] = (*found.get(key, ()), values["dice"]["mean"])
    return [Reached(*key, dice, _closed(dice, key[1], found)) for key, dice in found.items()]


def _closed(dice: tuple[float, ...], clicks: str, found) -> tuple[float, ...]:
    start, whole = (found.get((name, clicks), ()) for name in (START, name_of(ALL)))
    gap = np.mean(whole) - np.mean(start) if start and whole else 0.0
    return tuple(float(100 * (each - np.mean(start)) / gap) for each in dice) if gap > 0 else ()


def table(found: Sequence[Reached]) -> list[list[str]]:
    """A row for each number of frames and of clicks, mean±std over draws, heading first."""
    rows = [["trained on", "clicks", "draws", "DSC", "gap closed"]]
    for row in found:
        cells = _cell(row.dice, 2), f"{_cell(row.closed, 0)} %" if row.closed else ""
        rows.append([row.name, row.clicks, str(len(row.dice)), *cells])
    return rows


def _cell(values: Sequence[float], digits: int) -> str:
    mean, std = mean_and_std(values)
    return f"{mean:.{digits}f}±{std:.{digits}f}" if len(values) > 1 else f"{mean:.{digits}f}"


def as_objects(found: Sequence[Reached]) -> list[dict[str, Any]]:
    """The same for JSON, with the mean and the population deviation over draws of both."""
    return [
        {
            "trained_on": row.name,
            "clicks": int(row.clicks),
            "draws": len(row.dice),
            "dice": _spread(row.dice),
            "gap_closed": _spread(row.closed),
        }
        for row in found
    ]


def _spread(values: Sequence[float]) -> dict[str, Any] | None:
    if not values:
        return None
    mean, std = mean_and_std(values)
    return {"mean": mean, "std": std, "each": list(values)}


def write_curve(path: Path, found: Sequence[Reached], count: int) -> None:
    """A PNG of mean Dice against the number of frames of `count`, a line for each number of clicks, with the
    deviation over draws."""
    from io import BytesIO

    from matplotlib.figure import Figure

    names = list(dict.fromkeys(row.name for row in found))
    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    for clicks in dict.fromkeys(row.clicks for row in found):
        line = [(names.index(row.name), *mean_and_std(row.dice)) for row in found if row.clicks == clicks]
        places, means, deviations = zip(*line, strict=True)
        label = f"{clicks} click{'s' * (clicks != '1')}"
        axes.errorbar(places, means, deviations, marker="o", markersize=4, capsize=3, label=label)
    axes.set(xlabel="frames to train on", ylabel="Dice, mean over targets (%)", ylim=(0, 100))
    ticks = [name.split()[0] for name in names]
    axes.set_xticks(range(len(names)), [f"all {count}" if tick == "all" else tick for tick in ticks])
    axes.legend()
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    write_atomically(path, buffer.getvalue())
