"""`samca convert`: a dataset folder in the form that another program reads."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import datasets, exchange


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("data", metavar="DATA", help="dataset folder of any known layout, COCO among them")
    parser.add_argument("--to", required=True, metavar="FORMAT", help=", ".join(exchange.FORMATS))
    parser.add_argument("--out", type=Path, required=True, help="folder to make; it must not exist yet")


def run(arguments: argparse.Namespace) -> int:
    """Write the folder and say what is in it; errors as of `datasets.checked` and `exchange.converting`."""
    exchange.check_format(arguments.to)
    exchange.check_new(arguments.out)
    print(exchange.converted(datasets.checked(arguments.data), arguments.to, arguments.out))
    return 0
