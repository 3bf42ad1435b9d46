"""`samca few-shot`: how much is reached with 10, 20, 50 or all frames to train on, as table and curve."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path

from ..config import TrainConfig
from ..datasets import Dataset
from ..evaluation import report
from ..evaluation.evaluation_folder import Protocol, write
from ..files import write_atomically
from ..methods.presets import PRESETS, SCHEDULE
from ..studies import few_images
from ..studies.few_shot import (
    ALL,
    FRAMES,
    as_objects,
    few_shot,
    load_runs,
    reached,
    settings_of,
    table,
    write_curve,
)
from ..training.starting_point import cases_of
from .evaluate import as_text, evaluate_all
from .train import settings_of as settings_in


def frames(word: str) -> int:
    """ "all", or a number of frames."""
    if word == "all":
        return ALL
    if not word.isdigit() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not all, or a number from 1")
    return int(word)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add = parser.add_argument
    add("settings", metavar="run.json", help="JSON file of settings as for train; the runs lie in its out")
    add(
        "--frames",
        type=frames,
        nargs="+",
        default=list(FRAMES),
        help="numbers, or all (default: 10 20 50 all)",
    )
    add("--draws", type=int, default=1, help="trainings of each, on other frames and seeds (default: 1)")
    add("--clicks", type=int, nargs="+", help="clicks in the table (default: the run's validation_clicks)")
    add("--seeds", type=int, default=5, help="trials for each target (default: 5)")
    add(
        "--rest",
        type=int,
        metavar="IMAGES",
        help="so many images judge, and each draw of the others is all that a user has: a share of it "
        "validates and decides which epoch is kept, as in SAMCA Training",
    )
    add("--preset", choices=PRESETS, help="what SAMCA Training trains with, over the file's settings")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting over the file's")


def run(arguments: argparse.Namespace) -> int:
    """Train what is not trained yet, evaluate on the validation cases, write the curve and its tables."""
    preset = _words(arguments.preset) if arguments.preset else []
    common = settings_in(Path(arguments.settings), [*preset, *arguments.set])
    if arguments.rest:
        return _judged(common, arguments)
    common = replace(common, keep="last")
    clicks = tuple(sorted(set(arguments.clicks or common.validation_clicks)))
    protocol, curve = Protocol(clicks, arguments.seeds, curve=0), (arguments.frames, arguments.draws)
    settings_of(common, *curve)  # refuses wrong numbers before anything is trained
    for record in few_shot(common, *curve):
        if record["event"] != "step":
            print(json.dumps(record), flush=True)
        if record["event"] == "stopped":
            return 0
    training, cases, _ = cases_of(replace(common, frames=ALL))
    evaluation = evaluate_all(load_runs(common, *curve), [Dataset("validation", tuple(cases))], protocol)
    results, out = evaluation.results(), Path(common.out)
    found = reached(results)
    print(as_text(results), report.aligned(table(found)), sep="\n\n", flush=True)
    write_atomically(out / "table.md", report.markdown(report.table(results)).encode())
    write_atomically(out / "frames.md", report.markdown(table(found)).encode())
    write_atomically(out / "frames.json", json.dumps(as_objects(found), indent=2).encode())
    write_curve(out / "frames.png", found, len(training))
    folders = ", ".join(common.validation or common.data)
    write(evaluation, out, shlex.join(["samca", *sys.argv[1:]]), [folders])
    return 0


def _words(preset: str) -> list[str]:
    """A preset of the default method as words of --set."""
    settings = {"schedule": SCHEDULE, **PRESETS[preset]}
    return [f"{name}={json.dumps(value)}" for name, value in settings.items()]


def _judged(common: TrainConfig, arguments: argparse.Namespace) -> int:
    """The draws as users have them."""
    found = []
    for each in few_images.few_images(common, arguments.frames, arguments.draws, arguments.rest):
        if isinstance(each, few_images.Judged):
            found.append(each)
        elif each["event"] != "step":
            print(json.dumps(each), flush=True)
        if isinstance(each, dict) and each["event"] == "stopped":
            return 0
    rows, out, says = few_images.table(found), Path(common.out), few_images.verdict(found)
    print(report.aligned(rows), says, sep="\n\n", flush=True)
    write_atomically(out / "draws.md", f"{report.markdown(rows)}\n{says}\n".encode())
    write_atomically(out / "draws.json", json.dumps(few_images.as_objects(found), indent=2).encode())
    return 0
