"""`samca compare`: what each method costs and reaches, in one table."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..config import TrainConfig, choose, from_json
from ..datasets import Dataset
from ..evaluation import report
from ..evaluation.evaluate import Record, Skipped
from ..evaluation.evaluation_folder import Protocol, write
from ..files import write_atomically
from ..methods import METHODS
from ..studies import baselines
from ..studies.compare import compared, load_runs, table, train_missing
from ..studies.costs import costs, training_cost
from .evaluate import evaluate_all, read_datasets
from .train import read_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("--method", action="append", help="may be repeated; by default all that keep the base frozen")
    add("--data", action="append", required=True, help="dataset folder to train on; may be repeated")
    add("--validation", action="append", required=True, help="dataset folder to evaluate on; may be repeated")
    add("--base", default="shipped", help="base file that all start from (default: the shipped one)")
    add("--settings", help="JSON file with other settings that all runs share, over those of the methods")
    add("--epochs", type=int, help="epochs of each run (default: each method's own)")
    add(
        "--clicks",
        type=int,
        nargs="+",
        default=[0, 1, 3, 5],
        help="clicks in the table, 0: what a method finds alone (default: 0 1 3 5)",
    )
    add("--seeds", type=int, default=5, help="trials for each target (default: 5)")
    add("--repeats", type=int, default=5, help="measurements of each time (default: 5)")
    add("--threads", type=int, default=0, help="CPU threads, 0 for torch's own choice (default: 0)")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add(
        "--out",
        required=True,
        help="folder for the runs, one a method, and the table; finished runs are kept",
    )
    add(
        "--baselines",
        action="store_true",
        help="also networks that nobody prompts (U-Net, Attention U-Net, Swin UNETR), at 0 clicks",
    )
    add("--json", action="store_true", help="the last line printed is the table as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Train what is not there yet, measure, evaluate, print and write the table."""
    methods = [choose("method", METHODS, name) and name for name in arguments.method or compared()]
    protocol = Protocol(tuple(sorted(set(arguments.clicks))), arguments.seeds, 0)
    sets = read_datasets(arguments.validation)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    for record in train_missing(methods, shared_settings(arguments)):
        if record["event"] != "step":
            print(json.dumps(record), flush=True)
        if record["event"] == "stopped":
            return 0
    contestants, configs = zip(*load_runs(methods, arguments.out, arguments.device), strict=True)
    trainings = [training_cost(config) for config in configs]
    measured = costs(contestants, arguments.repeats)
    evaluation = evaluate_all(contestants, sets, protocol)
    rows, out = table(contestants, measured, trainings, evaluation.results()), Path(arguments.out)
    print(report.aligned(rows), flush=True)
    write_atomically(out / "compare.md", report.markdown(rows).encode())
    if arguments.baselines:
        evaluation.records.update(_baselines(arguments, sets))
        unprompted = report.table(evaluation.results())
        print(report.aligned(unprompted), flush=True)
        write_atomically(out / "baselines.md", report.markdown(unprompted).encode())
    write(evaluation, out, shlex.join(["samca", *sys.argv[1:]]), arguments.validation)
    if arguments.json:
        print(json.dumps({"rows": [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]}))
    return 0


def _baselines(arguments: argparse.Namespace, sets: Sequence[Dataset]) -> dict[str, list[Record | Skipped]]:
    """The records of each network without prompts; what is not trained yet is trained first."""
    shared = from_json(TrainConfig, shared_settings(arguments), "run")
    for record in baselines.train_missing(shared):
        print(json.dumps(record), flush=True)
    return {
        name: list(
            baselines.evaluate(
                baselines.load(shared.out, name, shared.device), sets, baselines.side_of(shared)
            )
        )
        for name in baselines.BASELINES
    }


def shared_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What all runs share: the file of settings, and over it what the command line says."""
    settings = read_settings(Path(arguments.settings)) if arguments.settings else {}
    settings |= {"data": arguments.data, "validation": arguments.validation, "out": arguments.out}
    settings |= {"base": arguments.base, "threads": arguments.threads, "device": arguments.device}
    return settings | ({"epochs": arguments.epochs} if arguments.epochs is not None else {})
