"""`samca average`: base files of one form in, their mean out (Wortsman et al. 2022, model soups)."""

from __future__ import annotations

import argparse
from dataclasses import replace

from .. import checkpoint
from ..averaging import mean_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="base files, the last says what the mean is")
    parser.add_argument("--storage", default="half", help="half (precision) or int8, half the size")
    parser.add_argument("--out", required=True, metavar="FILE", help="base file to write")


def run(arguments: argparse.Namespace) -> int:
    """Write the mean with the settings, name and licence of the last file."""
    config, provenance, _ = checkpoint.describe_file(arguments.files[-1])
    for file in arguments.files:
        other, _, kind = checkpoint.describe_file(file)
        if kind != "base" or other.backbone != config.backbone or other.image_size != config.image_size:
            raise ValueError(
                f"{file} is a file of kind {kind} with {other.backbone.name} at {other.image_size} px: "
                f"expected a base with {config.backbone.name} at {config.image_size} px, as "
                f"{arguments.files[-1]}"
            )
    model = mean_of([checkpoint.load(file) for file in arguments.files])
    checkpoint.save_base(model, arguments.out, replace(provenance, figures={}), arguments.storage)
    return 0
