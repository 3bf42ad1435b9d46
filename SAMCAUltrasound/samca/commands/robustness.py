"""`samca robustness`: what a model loses when frames or clicks are disturbed, what it draws on empty ones."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..datasets import Dataset
from ..evaluation import report
from ..evaluation.contestants import load_contestants
from ..evaluation.evaluate import evaluate
from ..evaluation.robustness import disturbances, empty_areas
from ..evaluation.summary import summary
from ..files import write_atomically
from .evaluate import read_datasets, with_progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("--model", default="shipped", help="shipped (default), an organ as thyroid, or a file of weights")
    add("--base", help="base file of the adapter, where it does not lie beside it")
    add("--data", action="append", required=True, help="dataset folder; may be repeated")
    add("--empty", action="append", default=[], help="folder of frames without a structure; repeatable")
    add("--clicks", type=int, nargs="+", default=[1, 3, 5], help="clicks in the table (default: 1 3 5)")
    add("--seeds", type=int, default=1, help="trials for each target (default: 1)")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add("--out", required=True, help="folder for the table")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate under each disturbance, print the table and write it as Markdown."""
    model = load_contestants([arguments.model], None, arguments.base, arguments.device)[0].model
    counts = arguments.clicks
    rows = [["data", "disturbance", *(f"DSC, {n}" for n in counts), *(f"drop, {n}" for n in counts)]]
    for dataset in read_datasets(arguments.data):
        rows += rows_of(model, dataset, arguments.clicks, arguments.seeds)
    print(report.aligned(rows))
    for dataset in read_datasets(arguments.empty) if arguments.empty else []:
        print(in_words(dataset.name, np.array(empty_areas(model, dataset.cases, arguments.seeds))))
    write_atomically(Path(arguments.out) / "robustness.md", report.markdown(rows).encode())
    return 0


def rows_of(model, dataset: Dataset, clicks: Sequence[int], seeds: int) -> list[list[str]]:
    """A row for each disturbance: mean Dice after each number of clicks, and how much was lost."""
    rows, undisturbed = [], None
    for name, (of_model, of_case) in disturbances().items():
        changed = replace(dataset, cases=tuple(map(of_case, dataset.cases)))
        records = evaluate(of_model(model), [changed], clicks, seeds)
        found = summary(with_progress(records, name, len(dataset.cases)))["clicks"]
        dice = [found[str(count)]["dice"]["mean"] for count in clicks]
        undisturbed = undisturbed or dice
        drops = [f"{before - after:.1f}" for before, after in zip(undisturbed, dice, strict=True)]
        rows.append([dataset.name, name, *(f"{value:.1f}" for value in dice), *drops])
    return rows


def in_words(name: str, areas: np.ndarray) -> str:
    """What one click drew on frames without the structure, from shares of the frame in 0..1."""
    return (
        f"{name}: one click on a frame without the structure draws {areas.mean():.1%} of the frame "
        f"(median {np.median(areas):.1%}, largest {areas.max():.1%}; nothing at {(areas == 0).mean():.0%})"
    )
