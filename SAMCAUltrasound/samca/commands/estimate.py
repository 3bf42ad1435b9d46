"""`samca estimate`: a file of settings in, the time and memory of its training run out."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from ..files import locks, write_atomically
from ..training.estimate import estimate
from .train import add_arguments as add_arguments_of_train
from .train import settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add_arguments_of_train(parser)
    parser.add_argument("--out", metavar="FILE", help="write the JSON object there, too")
    parser.add_argument("--owner", metavar="FILE", help="end when nobody locks this file any more")


def run(arguments: argparse.Namespace) -> int:
    """Try some steps and print what the run would take; its folder is left alone."""
    if arguments.owner:
        locks.end_with(Path(arguments.owner))
    found = json.dumps(asdict(estimate(settings_of(Path(arguments.settings), arguments.set))))
    print(found, flush=True)
    if arguments.out:
        write_atomically(arguments.out, found.encode())
    return 0
