"""`samca average`: files of one form in, their mean out (Wortsman et al. 2022, model soups)."""

from __future__ import annotations

import argparse
from dataclasses import replace

from .. import model_files
from ..config import to_json
from ..training.averaging import mean_of
from ..weights import checkpoint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    help = "base files, or adapters of one base; the last says what the mean is"
    parser.add_argument("files", nargs="+", metavar="FILE", help=help)
    parser.add_argument("--storage", default="half", help="half (precision) or int8, half the size")
    parser.add_argument("--out", required=True, metavar="FILE", help="file to write")


def run(arguments: argparse.Namespace) -> int:
    """Write the mean with the settings, name and licence of the last file."""
    last = arguments.files[-1]
    for file in arguments.files:
        if form_of(file) != form_of(last):
            raise ValueError(f"{file} is {form_of(file)}: expected {form_of(last)}, as {last}")
    _, provenance, kind = model_files.describe_file(last)
    model, facts = (
        mean_of([checkpoint.load(file) for file in arguments.files]),
        replace(provenance, figures={}),
    )
    if kind == "base":
        checkpoint.save_base(model, arguments.out, facts, arguments.storage)
    else:
        base = checkpoint.base_of(last)
        checkpoint.save_adapter(model, arguments.out, base, facts, arguments.storage)
    return 0


def form_of(file: str) -> str:
    """What files must have in common for their mean to make sense."""
    config, _, kind = model_files.describe_file(file)
    form = f"a file of kind {kind} with {config.backbone.name} at {config.image_size} px"
    if kind == "base":
        return form
    added = {part: to_json(config)[part] for part in ("adapter", "decoder_adapter", "tuned")}
    return f"{form}, {added}, on the base with SHA256 {checkpoint.sha256(checkpoint.base_of(file))}"
