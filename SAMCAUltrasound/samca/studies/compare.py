"""Methods side by side: each trained as it says itself, on the same data and from the same base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .. import typed_json
from ..config import TrainConfig, from_json
from ..evaluation.contestants import Contestant, load_contestants
from ..evaluation.report import Rows
from ..evaluation.summary import Result
from ..methods import METHODS, configure_training
from ..training.run_folder import RunFolder
from ..training.starting_point import makes_base
from ..training.train import train
from ..weights.checkpoint import base_of, source_path
from .costs import Cost, Training

HEADINGS = (
    "method",
    "trainable",
    "encode GMAC",
    "click GMAC",
    "peak MB",
    "s/epoch",
    "encode ms",
    "click ms",
)


def compared() -> list[str]:
    """The methods that train beside a frozen base; one that trains all of it makes a base of its own."""
    return [name for name, config in METHODS.items() if not makes_base(config)]


def run_of(method: str, shared: dict[str, Any]) -> TrainConfig:
    """The run of a method in a folder of its own in shared["out"], from the base alone.

    Settings in `shared` go over those of the method.
    """
    base = shared.get("base", "shipped")
    return configure_training(
        {
            "keep": "last",  # the best epoch would be chosen on the cases that the table reports
            **shared,
            "base": base if base == "random" else str(base_of(source_path(base))),
            "out": str(Path(shared["out"]) / method),
            "model": {**shared.get("model", {}), "method": method},
        }
    )


def finished(out: str | Path, method: str) -> bool:
    """Whether the run of a method in this folder has ended."""
    path = Path(out) / method
    return path.is_dir() and any(r["event"] == "finish" for r in RunFolder(path).records())


def train_missing(methods: Sequence[str], shared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Train each method whose run has not ended; yields the records of `train` with a "method" each."""
    for method in methods:
        if not finished(shared["out"], method):
            for record in train(run_of(method, shared)):
                yield {"method": method, **record}


def load_runs(methods: Sequence[str], out: str | Path, device: str) -> list[tuple[Contestant, TrainConfig]]:
    """The weights of each run with the settings that it was trained with."""
    found = []
    for method in methods:
        folder = RunFolder(Path(out) / method)
        config = from_json(TrainConfig, typed_json.read(folder.settings).plain, "run")
        base = None if config.base == "random" else str(base_of(source_path(config.base)))
        found.append((load_contestants([str(folder.best)], [method], base, device)[0], config))
    return found


def table(
    contestants: Sequence[Contestant],
    costs: Sequence[Cost],
    trainings: Sequence[Training],
    results: Sequence[Result],
) -> Rows:
    """Heading first: a row for each method, its costs, and Dice by dataset and number of clicks."""
    found = {(r.model, r.data): r.summary["clicks"] for r in results}
    data = list(dict.fromkeys(r.data for r in results))
    counts = sorted({int(count) for clicks in found.values() for count in clicks})
    rows = [[*HEADINGS, *(f"{name} DSC {count}" for name in data for count in counts)]]
    for contestant, cost, training in zip(contestants, costs, trainings, strict=True):
        dice = [found[contestant.name, name].get(str(count)) for name in data for count in counts]
        cells = ["" if entry is None else f"{entry['dice']['mean']:.1f}" for entry in dice]
        rows.append([contestant.name, *_cost_cells(cost, training), *cells])
    return rows


def _cost_cells(cost: Cost, training: Training) -> list[str]:
    return [
        f"{cost.trainable:,}",
        f"{cost.encode_multiply_adds / 1e9:.2f}",
        f"{cost.click_multiply_adds / 1e9:.2f}",
        "" if training.peak_mb is None else f"{training.peak_mb:.0f}",
        f"{training.epoch_seconds:.0f}",
        f"{cost.encode_ms:.1f}",
        f"{cost.click_ms:.1f}",
    ]
