"""`samca segment FOLDER`: a mask of each image, and a table of what was found and how sure the model is."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..batch import table
from ..batch.jobs import Asker
from ..batch.run import Batch, Progress, Request
from ..words import counted

ALONE = (  # of one image
    "click", "stroke", "lasso", "outline", "box", "target", "everything", "detector", "frame",
    "grid", "iou", "stability",
)  # fmt: skip
OF_FOLDERS = ("boxes", "clicks")
INTERRUPTED, INCOMPLETE = 130, 1
SHOWN = 20  # images that could not be done


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of a folder."""
    add = parser.add_argument_group("many images: IMAGE is a folder, --out one for the masks").add_argument
    add("--boxes", metavar="CSV", help="boxes: image, x0, y0, x1, y1 in px, maybe frame")
    add("--clicks", metavar="CSV", help="clicks: image, x, y in px, maybe positive (1, 0), frame, object")
    add("--processes", type=int, default=1, help="images at a time, each in its own process (default: 1)")


def check_alone(arguments: argparse.Namespace) -> None:
    """ValueError for one image with what only a folder can have."""
    for name in OF_FOLDERS:
        if getattr(arguments, name):
            raise ValueError(f"--{name} points at objects in many images: give the folder that they are in")
    if arguments.processes != 1:
        raise ValueError(f"--processes {arguments.processes}: one image has one process, give a folder")
    if not arguments.out:
        raise ValueError("give --out, the file for the mask")


def run(arguments: argparse.Namespace) -> int:
    """Do what is left in a folder; 1 where something could not be done, 130 where it was interrupted."""
    batch = Batch(_request(arguments))
    where, begun = batch.request.folder / table.NAME, time.monotonic()
    interrupted = False
    try:
        for progress in batch.run():
            _tell(progress, time.monotonic() - begun)
    except KeyboardInterrupt:
        interrupted = True
        batch.notes.append("interrupted: the same command goes on")
    finally:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        for note in batch.notes:
            print(note, file=sys.stderr)
    _tell_failed([row for rows in batch.rows.values() for row in rows if row.result == table.FAILED])
    counts = batch.counts
    print(
        f"{where}: " + ", ".join(f"{counts[result]} {result}" for result in table.RESULTS if counts[result])
    )
    return INTERRUPTED if interrupted else INCOMPLETE if counts[table.FAILED] else 0


def _request(arguments: argparse.Namespace) -> Request:
    given = [name for name in ALONE if getattr(arguments, name) not in (None, False, 0, [])]
    if given:
        raise ValueError(f"--{given[0]} is about one image: give a file, or --suggest, --boxes or --clicks")
    pointing = [name for name in ("suggest", *OF_FOLDERS) if getattr(arguments, name) is not None]
    if len(pointing) != 1:
        raise ValueError(f"{arguments.image} is a folder: give one of --suggest, --boxes and --clicks")
    if not 1 <= arguments.processes <= 256:
        raise ValueError(f"--processes {arguments.processes}: expected 1 to 256")
    out = Path(arguments.out) if arguments.out else None
    if out is not None and out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file: give a folder for the masks")
    return Request(
        Path(arguments.image),
        out,
        Asker(arguments.model, arguments.device, arguments.suggest),
        *(Path(path) if path else None for path in (arguments.boxes, arguments.clicks)),
        arguments.processes,
    )


def _tell(progress: Progress, seconds: float) -> None:
    """A line on a terminal that says how far it is."""
    if sys.stderr.isatty() and progress.total:
        left = seconds / max(progress.done, 1) * (progress.total - progress.done)
        line = f"{progress.done} of {counted(progress.total, 'image')}, {left / 60:.0f} min left"
        print(f"\r{line:<60}", end="", file=sys.stderr, flush=True)


def _tell_failed(rows: list[table.Row]) -> None:
    for row in rows[:SHOWN]:
        print(f"{row.image}: {row.says}", file=sys.stderr)
    if len(rows) > SHOWN:
        print(f"... and {len(rows) - SHOWN} more that could not be done: see the table", file=sys.stderr)
