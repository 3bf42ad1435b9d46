"""`samca head-circumference`: the circumference of outlined heads beside that of the true masks."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import spreadsheets
from ..evaluation import report
from ..evaluation.contestants import load_contestants
from ..files import write_atomically
from ..studies import head_circumference
from ..studies.head_circumference import Answer
from .evaluate import read_datasets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("--model", default="shipped", help="shipped (default), an organ as thyroid, or a file of weights")
    add("--data", action="append", required=True, help="dataset folder with known spacing; may be repeated")
    add("--clicks", type=int, nargs="+", default=[1, 3, 5], help="clicks in the table (default: 1 3 5)")
    add("--seeds", type=int, default=1, help="trials for each head, seeds from 0 (default: 1)")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    add("--out", required=True, help="folder for the tables")


def run(arguments: argparse.Namespace) -> int:
    """Print the table; write it as Markdown, and each trial as CSV."""
    model = load_contestants([arguments.model], None, None, arguments.device)[0].model
    cases = [case for dataset in read_datasets(arguments.data) for case in dataset.cases]
    answers = list(head_circumference.ask(model, cases, arguments.clicks, arguments.seeds))
    rows = head_circumference.table(answers, arguments.clicks)
    print(report.aligned(rows))
    out = Path(arguments.out)
    write_atomically(out / "head_circumference.md", report.markdown(rows).encode())
    text = spreadsheets.text_of([Answer._fields, *answers])
    write_atomically(out / "head_circumference.csv", text.encode())
    return 0
