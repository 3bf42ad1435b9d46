"""`samca benchmark`: encoding and clicks beside the plain package, and a click without the network."""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Iterable
from typing import Any

import torch

from ..studies.benchmark import benchmark, contestants, summary

AROUND = "SAMCALib.BenchmarkLogic"  # knows Slicer, which the core does not: found where it is installed
MISSING = (
    "Click to segment was not measured: it needs Slicer's classes. Run this with PythonSlicer, or install "
    "slicer-core, with the folder SAMCAUltrasound on PYTHONPATH."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add(
        "--sizes",
        type=int,
        nargs="*",
        default=[256, 1024],
        help="input sizes in px, may be none (default: 256 1024)",
    )
    add(
        "--backbones",
        nargs="+",
        default=["sam_vit_b"],
        metavar="NAME",
        help="image encoders to run SAMCA on, as mobile_sam (default: sam_vit_b)",
    )
    add("--repeats", type=int, default=5, help="measurements of each model (default: 5)")
    add("--threads", type=int, default=0, help="CPU threads, 0 for torch's own choice (default: 0)")
    add("--json", action="store_true", help="print one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print medians and ratios."""
    if arguments.threads < 0:
        raise ValueError(f"threads is {arguments.threads}: expected 0 or more")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    rows = summary(benchmark(contestants(arguments.sizes, arguments.backbones), arguments.repeats))
    around = around_the_network(arguments.repeats)
    result = {"threads": torch.get_num_threads(), "torch": torch.__version__, "rows": rows, "around": around}
    print(json.dumps(result) if arguments.json else as_text(rows) + "\n\n" + around_as_text(around))
    return 0


def around_the_network(repeats: int) -> list[dict[str, Any]] | None:
    """Median ms from click to segment for each image, the network left out; None without Slicer's classes."""
    try:
        measure: Any = importlib.import_module(AROUND).measure
    except ImportError:
        return None
    return [
        {"image": setting.name, "masks": setting.isMasked, "click_to_segment_ms": 1000 * seconds}
        for setting, seconds in measure(repeats)
    ]


def as_text(rows: list[dict[str, Any]]) -> str:
    """Medians in ms, and how many times faster than plain."""
    lines = [f"{'model':<22}{'px':>6}{'encode ms':>12}{'click ms':>12}{'encode x':>12}{'click x':>12}"]
    for row in rows:
        encode, click = row["encode_ms"], row["click_ms"]
        ratios = f"{row['encode_times_faster']:>12.2f}{row['click_times_faster']:>12.2f}"
        lines.append(f"{row['model']:<22}{row['image_size']:>6}{encode:>12.1f}{click:>12.1f}{ratios}")
    return "\n".join(lines)


def around_as_text(rows: Iterable[dict[str, Any]] | None) -> str:
    """Median ms from click to segment, or why there are none."""
    if rows is None:
        return MISSING
    lines = [f"{'click to segment, network left out':<36}{'masks':>6}{'ms':>12}"]
    for row in rows:
        masks = "yes" if row["masks"] else "no"
        lines.append(f"{row['image']:<36}{masks:>6}{row['click_to_segment_ms']:>12.1f}")
    return "\n".join(lines)
