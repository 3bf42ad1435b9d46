"""Sam2Rad's Tables 2 to 4: the truth's box, learned prompts, or both, with the decoder frozen or tuned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..config import Part, TrainConfig
from ..datasets import Case
from ..evaluation import metrics
from ..evaluation.contestants import load_contestants, untrained
from ..interaction.session import Session
from ..prompts.prompts import Prompts, box_around
from ..training.run_folder import RunFolder
from ..training.train import train
from ..weights.checkpoint import base_of, source_path


@dataclass(frozen=True)
class Row:
    """Of the tables: a name, the run that it asks ("" for the base as it is), and what it is asked with."""

    name: str
    run: str
    box: bool
    learned: bool


RUNS: dict[str, tuple[str, ...]] = {"decoder frozen": (), "decoder tuned": ("mask_decoder",)}  # what is tuned
ROWS = (
    Row("box of the truth, untrained", "", True, False),  # Table 2
    Row("learned prompts, decoder frozen", "decoder frozen", False, True),  # Table 3
    Row("learned prompts, decoder tuned", "decoder tuned", False, True),  # Table 4
    Row("box and learned prompts, decoder tuned", "decoder tuned", True, True),
)


def train_rows(common: TrainConfig) -> Iterator[dict[str, Any]]:
    """Train the two models one after the other; yields the records of `train` with a "variant" each.

    Both start from the same base and learn from the prompts of `prompt_sampling`, which has boxes and learned
    prompts alike.
    """
    for name in RUNS:
        for record in train(settings_of(name, common)):
            yield {"variant": name, **record}


def settings_of(name: str, common: TrainConfig) -> TrainConfig:
    """The run of this name; `common.out` is the folder of both. A rate for the decoder is for a tuned one."""
    tuned = RUNS[name]
    rates = {k: v for k, v in common.learning_rates.items() if tuned or not k.startswith("mask_decoder")}
    return replace(
        common,
        out=str(Path(common.out) / name.replace(" ", "_")),
        base=str(base_of(source_path(common.base))),
        model={**common.model, "method": "sam2rad", "tuned": list(tuned)},
        schedule=common.schedule if common.schedule.name == "prompt_sampling" else Part("prompt_sampling"),
        learning_rates=rates,
    )


def table(common: TrainConfig, cases: Iterable[Case]) -> list[list[str]]:
    """The rows of all tables, heading first: mean and deviation of Dice and IoU in percent over the targets.

    A target is all of one class in an image, at the image's own size; images without any are left out.
    """
    cases, base = list(cases), str(base_of(source_path(common.base)))
    rows = [["prompts", "targets", "DSC", "mIoU"]]
    for row in ROWS:
        if row.run:
            weights = RunFolder(settings_of(row.run, common).out).best
            model = load_contestants([str(weights)], [row.name], base, common.device)[0].model
        else:
            model = untrained(base, common.device)
        reached = np.array(list(overlaps(model, cases, row.box, row.learned)))
        (dice, iou), (dice_std, iou_std) = reached.mean(0), reached.std(0)
        rows.append([row.name, str(len(reached)), f"{dice:.2f}±{dice_std:.2f}", f"{iou:.2f}±{iou_std:.2f}"])
    return rows


def overlaps(model, cases: Iterable[Case], box: bool, learned: bool) -> Iterator[tuple[float, float]]:
    """Dice and IoU in percent of each target, asked with its box, by its class, or both."""
    for case in cases:
        session = None
        classes = model.predictor.classes.of_values(case.source) if learned else {}
        for value, truth in case.structures().items():
            if session is None:
                session = Session(model)
                session.set_image(case.pixels())
            asked = Prompts(box=box_around(truth) if box else None, suggestion=classes.get(value))
            mask = session.predict(asked).mask
            yield 100 * metrics.dice(mask, truth), 100 * metrics.iou(mask, truth)
