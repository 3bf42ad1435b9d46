"""`samca train-memory`: a base and dataset folders in, the base's memory of loops out."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields

from ..training.loop_memory import MemoryConfig, train_memory

DEFAULTS = {item.name: item.default for item in fields(MemoryConfig)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("--base", default="shipped", help="shipped (default), a base file or an adapter on it")
    add("--data", action="append", required=True, help="dataset folder of images or loops; repeat")
    add("--out", required=True, help="file of the memory; beside the base memory.safetensors is found")
    add("--start", default="", help="file of a memory to go on from, also of another base")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default: auto)")
    for name, what in {
        "steps": "batches that are learned from",
        "batch": "clips of a batch",
        "length": "frames of a clip",
        "learning_rate": "the highest of the run",
        "seed": "of all that is drawn by chance",
        "threads": "CPU threads, 0: torch's own choice",
    }.items():
        default = DEFAULTS[name]
        option = f"--{name.replace('_', '-')}"
        add(option, type=type(default), default=default, help=f"{what} (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Train, and write the file; each record is a line of JSON on stdout; errors as of `train_memory`."""
    given = {item.name: getattr(arguments, item.name, item.default) for item in fields(MemoryConfig)}
    config = MemoryConfig(**{**given, "data": tuple(arguments.data)})
    for record in train_memory(config):
        print(json.dumps(record), flush=True)
    return 0
