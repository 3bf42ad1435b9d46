"""`samca train`: a file of settings in, a run folder with a trained adapter out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .. import typed_json
from ..config import TrainConfig, parse_setting
from ..methods import configure_training
from ..training.run_folder import SETTINGS, is_run
from ..training.train import train
from ..weights import checkpoint
from .places import check_output

BAR = 24  # characters
ERASE = "\r\033[K"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    parser.add_argument(
        "settings",
        metavar="run.json",
        help="JSON file: data, out, and what differs from the settings of the method; that of a run folder "
        "goes on with the run, wherever the folder lies now",
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a setting over the file's, as learning_rate=1e-3 or model.adapter.rank=64; may be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train, or go on with, the run; each record is a line of JSON on stdout; errors as of `train`."""
    config = settings_of(Path(arguments.settings), arguments.set)
    for record in with_progress(train(config)):
        if record["event"] != "step" or not (sys.stdout.isatty() and sys.stderr.isatty()):
            print(json.dumps(record), flush=True)  # where both are one screen, steps are the bar alone
    return 0


def settings_of(path: Path, changes: Iterable[str] = ()) -> TrainConfig:
    """The settings in a file, with `changes` like "schedule.iterations=4", over those of their method.

    Those in a run folder are of the run there, wherever it was before. Raises FileNotFoundError without the
    file, ValueError for what is no JSON object or no setting, and for a run folder that is one of the folders
    of data.
    """
    values, given = read_settings(path), dict(map(parse_setting, changes))
    if path.name == SETTINGS and is_run(path.parent):
        values = {**values, "out": str(path.parent)}
    config = configure_training(values, given)
    check_output(config.out, (path, config.data, config.validation, config.base))
    if config.model or config.base == "random":
        return config
    return configure_training(values, given, checkpoint.method_of(config.base))


def read_settings(path: Path) -> dict[str, Any]:
    """The JSON object in a file."""
    if not path.is_file():
        raise FileNotFoundError(f"no file of settings at {path}: it needs at least data and out")
    settings = typed_json.read(path)
    if not isinstance(settings.plain, dict):
        kind = type(settings.plain).__name__
        raise ValueError(f"{path} holds {kind}: expected an object with settings of train")
    return settings.plain


def with_progress(records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same records; on a terminal a line on stderr says how far the epoch is."""
    shown = sys.stderr.isatty()
    for record in records:
        if shown and record["event"] == "step":
            print(ERASE + progress(record), end="", file=sys.stderr, flush=True)
        elif shown:
            print(ERASE, end="", file=sys.stderr, flush=True)
        yield record


def progress(record: dict[str, Any]) -> str:
    """A "step" record as a bar: epoch 2 [######..................] 25/100 loss 0.512."""
    done = BAR * record["step"] // record["of"]
    bar = "#" * done + "." * (BAR - done)
    return f"epoch {record['epoch']} [{bar}] {record['step']}/{record['of']} loss {record['loss']:.3f}"
