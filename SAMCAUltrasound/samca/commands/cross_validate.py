"""`samca cross-validate`: settings of one or more stages in, a table of what each fold reaches out."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

from ..evaluation import report
from ..evaluation.evaluation_folder import Protocol, write
from ..files import write_atomically
from ..studies.cross_validation import ALL, cross_validate, evaluate_held_out, runs_of
from .evaluate import as_text
from .places import check_output
from .train import settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add(
        "settings",
        nargs="+",
        metavar="run.json",
        help="JSON file of settings as for train; more go on from the one before, fold by fold",
    )
    add(
        "--folds", type=int, default=5, help="parts that the groups of the data are divided into (default: 5)"
    )
    add("--clicks", type=int, nargs="+", default=[1, 3, 5], help="clicks in the table (default: 1 3 5)")
    add("--seeds", type=int, default=5, help="trials for each target (default: 5)")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting over those of the files")
    add("--out", required=True, help="folder for the table and the records")


def run(arguments: argparse.Namespace) -> int:
    """Train what is not trained yet, evaluate each fold on what it held out, print and write the table."""
    protocol = Protocol(tuple(sorted(set(arguments.clicks))), arguments.seeds, curve=0)
    stages = [settings_of(Path(path), arguments.set) for path in arguments.settings]
    check_output(arguments.out, [(stage.data, stage.validation) for stage in stages])
    runs = runs_of(stages, arguments.folds)
    for record in cross_validate(runs):
        if record["event"] != "step":
            print(json.dumps(record), flush=True)
        if record["event"] == "stopped":
            return 0
    evaluation = evaluate_held_out(runs, protocol)
    results, out = evaluation.results(), Path(arguments.out)
    print(as_text([result for result in results if result.model == ALL]), flush=True)
    write_atomically(out / "table.md", report.markdown(report.table(results)).encode())
    folders = [", ".join(stages[-1].data)] * len(evaluation.datasets)
    write(evaluation, out, shlex.join(["samca", *sys.argv[1:]]), folders, pictured=())
    return 0
