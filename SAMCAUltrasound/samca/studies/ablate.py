"""Ablations of the papers: training runs on one dataset that differ in one thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..config import Part, TrainConfig, choose, with_settings
from ..evaluation.contestants import Contestant, files_of, load_contestants, untrained
from ..methods import cc_sam
from ..training.run_folder import RunFolder
from ..training.starting_point import PARTS
from ..training.train import train
from ..weights.checkpoint import base_of, source_path
from . import med_sa_ablations

REPEAT = " #"  # in the name of a run of several of one row


@dataclass(frozen=True)
class Variant:
    """One row of a table, and what sets it apart from SAMCA; without a schedule it is the untrained base.

    training: settings of the run over those that all rows share.
    """

    name: str
    model: dict[str, Any] = field(default_factory=dict)
    schedule: str | None = "double_click"
    training: dict[str, Any] = field(default_factory=dict)


def _with_error_clicks(name: str, positions: str) -> Variant:
    """Adapters at some positions, trained by plain error clicks, which form one set."""
    adapter = {"name": "shared_weight", "positions": positions}
    return Variant(name, {"adapter": adapter, "fusion": "single"}, "iterative")


def _cc_sam(name: str, branch: str | dict[str, Any]) -> Variant:
    """CC-SAM with this branch, trained as it is."""
    training = {key: cc_sam.TRAINING[key] for key in ("schedule", "loss")}
    return Variant(name, {"method": "cc_sam", "branch": branch}, "iterative", training)


ABLATIONS = {
    "adapters": (  # Table 3, and every part trained without adapter
        Variant("SAM-Med2D", {"adapter": "sam_med2d"}),
        Variant("MSA", {"adapter": "bottleneck"}),
        Variant("share", {"adapter": "samihs"}),
        Variant("SAMCA"),
        Variant("full fine-tuning", {"adapter": "none", "tuned": sorted(PARTS)}),
    ),
    "components": (  # Table 4; A1 sits at attention, A2 at the MLP
        Variant("SAM", schedule=None),
        _with_error_clicks("A1", "attention"),
        _with_error_clicks("A2", "mlp"),
        _with_error_clicks("A1+A2", "both"),
        Variant("A1+A2+DCT"),
    ),
    "fusion": (  # Table 5
        Variant("E2", {"fusion": "single"}),
        Variant("E1+E2", {"fusion": "sum"}),
        Variant("dynamic", {"fusion": "dynamic"}),
    ),
    "cc_sam": (  # CC-SAM's Table 1 without SAMUS's own convolutional branch
        _cc_sam("ViT", "none"),
        _cc_sam("ViT+ResNet", {"name": "resnet", "fusion": "sum"}),
        _cc_sam("ViT+ResNet+VAF", "resnet"),
    ),
}


ABLATIONS |= {
    table: tuple(Variant(name, {"method": "med_sa", **model}, "iterative") for name, model in rows.items())
    for table, rows in med_sa_ablations.TABLES.items()
}


def ablate(table: str, common: TrainConfig, repeats: int = 1) -> Iterator[dict[str, Any]]:
    """Train the variants of a table one after another; yields the records of `train` with a "variant" each.

    `common` holds what they share; `common.out` is the folder of their run folders. A run that was
    interrupted goes on, one that is finished takes no more steps. All start from the same base and seed;
    with `repeats` each row is trained so often, from as many seeds.
    """
    for variant in choose("ablation", ABLATIONS, table):
        for name, run in runs_of(variant, common, repeats).items() if variant.schedule else ():
            for record in train(run):
                yield {"variant": name, **record}


def runs_of(variant: Variant, common: TrainConfig, repeats: int = 1) -> dict[str, TrainConfig]:
    """The runs of a row by name; of several the names end in " #1", " #2" and so on."""
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}: expected at least 1")
    run = settings_of(variant, common)
    if repeats == 1:
        return {variant.name: run}
    names = [f"{variant.name}{REPEAT}{number}" for number in range(1, repeats + 1)]
    return {
        name: replace(run, out=str(Path(common.out) / name), seed=run.seed + index)
        for index, name in enumerate(names)
    }


def settings_of(variant: Variant, common: TrainConfig) -> TrainConfig:
    """The training run of a variant; iterations set in the common schedule hold for every schedule."""
    iterations = {k: v for k, v in common.schedule.options.items() if k == "iterations"}
    run = replace(
        common,
        out=str(Path(common.out) / variant.name),
        base=str(_base(common)),
        model={**common.model, "method": "samca", **variant.model},
        schedule=Part(variant.schedule, iterations),
    )
    return with_settings(run, "run", variant.training)


def load_variants(table: str, common: TrainConfig, repeats: int = 1) -> list[Contestant]:
    """The best weights of each run of a table, in the order of its rows."""
    base, rows = _base(common), []
    for variant in choose("ablation", ABLATIONS, table):
        if variant.schedule:
            for name, run in runs_of(variant, common, repeats).items():
                weights = RunFolder(run.out).best
                rows += load_contestants([str(weights)], [name], str(base), common.device)
        else:
            model = untrained(base, common.device)
            rows.append(Contestant(variant.name, model, files_of(base)))
    return rows


def _base(common: TrainConfig) -> Path:
    """The base file: an adapter that it may have been named by would give some variants a head start."""
    return base_of(source_path(common.base))
