"""`samca effort`: Dice by seconds of a user's work, with clicks, other outlines, strokes and a lasso."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..datasets import Case
from ..evaluation import report
from ..evaluation.contestants import load_contestants
from ..files import write_atomically
from ..studies import effort
from .evaluate import read_datasets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("--model", default="shipped", help="shipped (default), an organ as thyroid, or a file of weights")
    add("--base", help="base file of the adapter, where it does not lie beside it")
    add("--data", action="append", required=True, help="dataset folder; may be repeated")
    add("--split", help="only the cases of this split: train, val or test")
    add("--images", type=int, help="only so many images of each dataset, evenly spread (default: all)")
    add("--prompts", type=int, default=8, help="clicks or strokes of a trial at most (default: 8)")
    add("--seeds", type=int, default=1, help="trials for each target (default: 1)")
    add(
        "--seconds",
        type=float,
        nargs="+",
        default=[3, 5, 8, 12, 20],
        help="of the table's columns (default: 3 5 8 12 20)",
    )
    add("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add("--out", required=True, help="folder for the table")


def run(arguments: argparse.Namespace) -> int:
    """Print both tables and write them as Markdown."""
    counts = arguments.prompts, arguments.seeds, 1 if arguments.images is None else arguments.images
    if min(counts) < 1 or min(arguments.seconds) <= 0:
        raise ValueError("--prompts, --seeds and --images are at least 1, --seconds more than 0")
    model = load_contestants([arguments.model], None, arguments.base, arguments.device)[0].model
    found = {}
    for dataset in read_datasets(arguments.data, arguments.split):
        chosen = replace(dataset, cases=_spread(dataset.cases, arguments.images))
        found[dataset.name] = effort.work(model, chosen, arguments.prompts, arguments.seeds)
        if not any(found[dataset.name].values()):
            raise ValueError(f"{dataset.name} has no target: expected at least one mask that is not empty")
    tables = effort.table(found, arguments.seconds), effort.outlines_table(found)
    print("\n\n".join(map(report.aligned, tables)), flush=True)
    text = "\n".join(map(report.markdown, tables))
    write_atomically(Path(arguments.out) / "effort.md", text.encode())
    return 0


def _spread(cases: Sequence[Case], count: int | None) -> tuple[Case, ...]:
    """So many cases at even distances; all for None."""
    count = len(cases) if count is None else min(count, len(cases))
    return tuple(cases[number * len(cases) // count] for number in range(count))
