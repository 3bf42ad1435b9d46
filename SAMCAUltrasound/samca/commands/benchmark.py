"""`samca benchmark`: how long encoding and a click take, beside the plain segment-anything package."""

from __future__ import annotations

import argparse
import json
from typing import Any

import torch

from ..benchmark import benchmark, contestants, summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("--sizes", type=int, nargs="+", default=[256, 1024], help="input sizes in px (default: 256 1024)")
    add("--repeats", type=int, default=5, help="measurements of each model (default: 5)")
    add("--threads", type=int, default=0, help="CPU threads, 0 for torch's own choice (default: 0)")
    add("--json", action="store_true", help="print one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print medians and ratios."""
    if arguments.threads < 0:
        raise ValueError(f"threads is {arguments.threads}: expected 0 or more")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    rows = summary(benchmark(contestants(arguments.sizes), arguments.repeats))
    result = {"threads": torch.get_num_threads(), "torch": torch.__version__, "rows": rows}
    print(json.dumps(result) if arguments.json else as_text(rows))
    return 0


def as_text(rows: list[dict[str, Any]]) -> str:
    """Medians in ms, and how many times faster than plain."""
    lines = [f"{'model':<16}{'px':>6}{'encode ms':>12}{'click ms':>12}{'encode x':>12}{'click x':>12}"]
    for row in rows:
        encode, click = row["encode_ms"], row["click_ms"]
        ratios = f"{row['encode_times_faster']:>12.2f}{row['click_times_faster']:>12.2f}"
        lines.append(f"{row['model']:<16}{row['image_size']:>6}{encode:>12.1f}{click:>12.1f}{ratios}")
    return "\n".join(lines)
