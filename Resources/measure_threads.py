#!/usr/bin/env python3
"""What a second thread brings the shipped model: python Resources/measure_threads.py.

Encoding of a frame and its mirror image, and a click of two decodings of two, in ms by the clock, by how many
threads compute, how long they wait awake (turns of GNU's OpenMP, so on Linux alone), and how many busy
programs are beside them. Needs two processors with nothing else to do, and SAMCAUltrasound on PYTHONPATH.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

import samca
from samca import Session, phantoms
from samca.prompts import Click, Prompts
from samca.prompts.prompts import box_around
from samca.prompts.windows import share_of

ROWS = (1, 3000), (2, 1000), (2, 3000), (2, 10_000), (2, 30_000)  # threads, turns
BUSY = 0, 1, 2, 4
REPEATS = 8


def main() -> None:
    """Print a line for each row, measured in an interpreter of its own for each column."""
    if len(sys.argv) == 2:
        print(*measured(int(sys.argv[1])), sep=", ")
        return
    from samca.commands.benchmark import busy

    print("threads, turns: encoding, click in ms beside", *BUSY, "busy programs")
    for threads, turns in ROWS:
        cells = []
        for programs in BUSY:
            with busy(programs):
                cells.append(_by_itself(threads, turns))
        print(f"{threads}, {turns}:", "; ".join(cells), flush=True)


def _by_itself(threads: int, turns: int) -> str:
    command = [sys.executable, __file__, str(threads)]
    environment = {**os.environ, "GOMP_SPINCOUNT": str(turns)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def measured(threads: int) -> tuple[str, str]:
    """Medians of encoding and of a second click in a window, with so many threads whatever else goes on."""
    from samca.network import devices

    devices.LOAD.free = lambda: threads
    session = Session(samca.load())
    phantom = small_structure()
    rows, columns = np.nonzero(phantom.labels == 1)
    first = Prompts((Click(float(columns.mean()), float(rows.mean())),))
    second = first.plus(Click(float(columns.max() + 9), float(rows.mean()), False))
    encoding = timed(lambda: session.set_image(phantom.image))
    session.predict(second)  # which encodes the window

    def clicked_once() -> None:
        session.start([first])
        session.predict(first)

    return f"{encoding:.0f}", f"{timed(lambda: session.predict(second), clicked_once):.0f}"


def small_structure() -> phantoms.Phantom:
    """A simulated frame of 512 x 400 px, and in it a structure that is looked at more closely."""
    rng = np.random.default_rng(0)
    while True:
        phantom = phantoms.make(rng, 400, 512, lesions=1)
        truth = phantom.labels == 1
        if truth.any() and 0.1 < share_of(box_around(truth), *truth.shape) < 0.4:
            return phantom


def timed(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Median ms of some repeats, each after what comes before it."""
    taken = []
    for _ in range(REPEATS + 1):
        before()
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return 1000 * float(np.median(taken[1:]))


if __name__ == "__main__":
    main()
