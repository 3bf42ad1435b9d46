"""Ablations of the papers: training runs on one dataset that differ in one thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..config import Part, TrainConfig, choose, with_settings
from ..evaluation.contestants import Contestant, files_of, load_contestants, untrained, with_fusion
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

    training: settings of the run over those that all rows share. tested: the fusion of a second row, of the
    same weights.
    """

    name: str
    model: dict[str, Any] = field(default_factory=dict)
    schedule: str | None = "double_click"
    training: dict[str, Any] = field(default_factory=dict)
    tested: Part | None = None


def _with_plain_clicks(name: str, positions: str, clicks: int = 5) -> Variant:
    """Adapters at some positions, trained by error clicks up to this number, which form one set."""
    adapter = {"name": "shared_weight", "positions": positions}
    model = {"adapter": adapter, "fusion": "single"}
    return Variant(name, model, "iterative", {"schedule.iterations": clicks})


def _algorithm_1(name: str, iterations: int = 2, **options: Any) -> Variant:
    """SAMCA with these options of the schedule."""
    options = {"iterations": iterations, **options}
    return Variant(name, training={f"schedule.{option}": value for option, value in options.items()})


def _cc_sam(name: str, branch: str | dict[str, Any]) -> Variant:
    """CC-SAM with this branch, trained as it is."""
    training = {key: cc_sam.TRAINING[key] for key in ("schedule", "loss")}
    return Variant(name, {"method": "cc_sam", "branch": branch}, "iterative", training)


ONE_SET, SUM = Part("single"), Part("joined", {"join": "sum"})
REFERENCES = {  # what rows are held against
    "adapters": "SAMCA",
    "components": "A1+A2",
    "fusion": "E2",
    "double_click": "error clicks",
}

ABLATIONS = {
    "adapters": (  # Table 3, and every part trained without adapter
        Variant(  # with its own prompting: a click or a box, clicks that add up, its last logits beside them
            "SAM-Med2D",
            {"adapter": "sam_med2d", "fusion": "single", "feedback": "last"},
            "iterative",
            {"schedule.box_share": 0.5},
        ),
        Variant("MSA", {"adapter": "bottleneck"}),
        Variant("share", {"adapter": "samihs"}),
        Variant("SAMCA"),
        Variant("full fine-tuning", {"adapter": "none", "tuned": sorted(PARTS)}),
    ),
    "components": (  # Table 4; A1 sits at attention, A2 at the MLP
        Variant("SAM", schedule=None),
        _with_plain_clicks("A1", "attention"),
        _with_plain_clicks("A2", "mlp"),
        _with_plain_clicks("A1+A2", "both"),
        _with_plain_clicks("A1+A2, one click", "both", 1),
        Variant("A1+A2+DCT", tested=SUM),
    ),
    "fusion": (  # Table 5: by the sum that it writes, and side by side, which tested is one set to the bit
        Variant("E2", {"fusion": "single"}),
        Variant("E1+E2", {"fusion": {"name": "joined", "join": "sum"}}, tested=ONE_SET),
        Variant(
            "dynamic sum", {"fusion": {"name": "joined", "join": "sum", "weights": "dynamic"}}, tested=ONE_SET
        ),
        Variant("beside", {"fusion": "joined"}, tested=SUM),
        Variant("dynamic", {"fusion": {"name": "joined", "weights": "dynamic"}}, tested=SUM),
    ),
    "double_click": (  # the options that algorithm 1 leaves open, beside plain clicks
        Variant("error clicks", {"fusion": "single"}, "iterative", {"schedule.iterations": 5}),
        Variant("one click", {"fusion": "single"}, "iterative", {"schedule.iterations": 1}),
        _algorithm_1("as printed"),
        _algorithm_1("one inner pass", iterations=1),
        _algorithm_1("labels as a user's", primary="wrong"),
        _algorithm_1("fixed initial click", primary="wrong", initial="fixed"),
        _algorithm_1("fixed initial click, four passes", primary="wrong", initial="fixed", iterations=4),
        _algorithm_1("common region", region="common"),
        _algorithm_1("four guided clicks", guided_clicks=(4,)),
        _algorithm_1("equal sets", sets="equal", guided_clicks=(1, 3, 5)),
        Variant("as printed, no mask prompt", {"feedback": "none"}, training={"schedule.iterations": 2}),
    ),
    "cc_sam": (  # CC-SAM's Table 1, and SAMUS's encoder without a second one
        _cc_sam("SAMUS", "samus"),
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
    """The training run of a variant; the common schedule's options hold for every row of that schedule, its
    iterations for all."""
    same = common.schedule.name == variant.schedule
    options = {k: v for k, v in common.schedule.options.items() if same or k == "iterations"}
    run = replace(
        common,
        out=str(Path(common.out) / variant.name),
        base=str(_base(common)),
        model={**common.model, "method": "samca", **variant.model},
        schedule=Part(variant.schedule, options),
    )
    return with_settings(run, "run", variant.training)


def load_variants(table: str, common: TrainConfig, repeats: int = 1) -> list[Contestant]:
    """The kept weights of each run of a table, in the order of its rows."""
    base, rows = _base(common), []
    for variant in choose("ablation", ABLATIONS, table):
        if variant.schedule:
            for name, run in runs_of(variant, common, repeats).items():
                weights = RunFolder(run.out).best
                (row,) = load_contestants([str(weights)], [name], str(base), common.device)
                rows += [row, *_tested_otherwise(row, variant)]
        else:
            model = untrained(base, common.device)
            rows.append(Contestant(variant.name, model, files_of(base)))
    return rows


def _tested_otherwise(row: Contestant, variant: Variant) -> list[Contestant]:
    """The same weights with the variant's other fusion, "NAME, one set" or "NAME, sum"."""
    if variant.tested is None:
        return []
    name, *repeat = row.name.partition(REPEAT)
    how = "one set" if variant.tested == ONE_SET else "sum"
    model = with_fusion(row.model, variant.tested)
    return [replace(row, name=f"{name}, {how}{''.join(repeat)}", model=model)]


def _base(common: TrainConfig) -> Path:
    """The base file: an adapter that it may have been named by would give some variants a head start."""
    return base_of(source_path(common.base))
