"""`samca describe`: the numbers of parameters of a model by its settings."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..config import parse_setting
from ..methods import configure
from ..network.describe import describe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("--method", default="samca", help="whose defaults to start from (default: samca)")
    add("--backbone", help="image encoder, as sam_vit_b")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="any setting, as adapter.rank=64")
    add("--json", action="store_true", help="print one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Print the description; ValueError names a setting that is wrong."""
    settings: dict[str, Any] = {"method": arguments.method}
    if arguments.backbone:
        settings["backbone"] = arguments.backbone
    settings |= dict(map(parse_setting, arguments.set))
    description = describe(configure(settings))
    print(json.dumps(description) if arguments.json else as_text(description))
    return 0


def as_text(description: dict[str, Any]) -> str:
    """The numbers as a table, one part a line."""
    rows = [("", "parameters", "trainable")]
    rows += [(name, f"{n['total']:,}", f"{n['trainable']:,}") for name, n in description["parts"].items()]
    rows.append(("all", f"{description['total']:,}", f"{description['trainable']:,}"))
    without = f"{description['trainable_without_shared_projection']:,}"
    rows.append(("all without shared projections", "", without))
    return "\n".join(f"{name:<32}{total:>16}{trained:>16}" for name, total, trained in rows)
