#!/usr/bin/env python3
"""Time and memory of a batch: python Resources/measure_batch.py DATA [COUNT] [PROCESSES] [MODEL], on Linux.

So many links to the images of a data set, or of a folder of data sets, are made in a folder, and samca
segment gets a box for each. Every half minute it says how far it is, and what its processes hold together.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from itertools import count, islice
from pathlib import Path

from samca import datasets
from samca.batch import table
from samca.prompts.prompts import box_around

EVERY, SAY = 1.0, 30.0  # s


def main(data: str, images: int = 10_000, processes: int = 2, model: str = "shipped") -> None:
    """Make the folder, run the batch, and measure."""
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "images", Path(place) / "masks"
        folder.mkdir()
        boxes = made(folder, data, images)
        words = [
            "segment",
            folder,
            "--boxes",
            boxes,
            "--out",
            out,
            "--processes",
            processes,
            "--model",
            model,
        ]
        child = subprocess.Popen([sys.executable, "-m", "samca", *map(str, words)])
        start, said, peak = time.monotonic(), 0.0, 0.0
        while child.poll() is None:
            now = sum(map(megabytes, family(child.pid)))
            peak, seconds = max(peak, now), time.monotonic() - start
            if seconds - said > SAY:
                said = seconds
                print(f"{seconds:.0f} s, {done(out)} images, {now:.0f} MB, at most {peak:.0f} MB", flush=True)
            time.sleep(EVERY)
        print(f"{time.monotonic() - start:.0f} s, {done(out)} images, at most {peak:.0f} MB")


def made(folder: Path, data: str, images: int) -> Path:
    """Links to images with something to point at, again and again, and a table of the boxes around it."""
    cases = [case for case in datasets.checked(data).cases if case.targets()]
    rows = []
    for number, case in zip(
        range(images), islice((case for _ in count() for case in cases), images), strict=True
    ):
        link = folder / f"{number:05d}{case.image.suffix}"
        link.symlink_to(case.image.resolve())
        box = box_around(case.targets()[0])
        rows.append(f"{link.name},{box.x0:g},{box.y0:g},{box.x1:g},{box.y1:g}")
    path = folder.parent / "boxes.csv"
    path.write_text("\n".join(["image,x0,y0,x1,y1", *rows]) + "\n")
    return path


def family(number: int) -> list[int]:
    """A process and all that it has started."""
    found = [number]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += map(int, task.read_text().split())
    return found


def megabytes(number: int) -> float:
    """What a process holds, its share of what it has in common with others."""
    try:
        lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def done(out: Path) -> int:
    """How many rows the table has."""
    path = out / table.NAME
    return path.read_bytes().count(b"\n") - 1 if path.is_file() else 0


if __name__ == "__main__":
    data, *numbers = sys.argv[1:]
    main(data, *map(int, numbers[:2]), *numbers[2:])
