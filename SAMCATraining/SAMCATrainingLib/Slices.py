"""What a panel does in slices of time, in the main thread, so that Slicer can be used meanwhile.

No thread: what one imports for the first time while Qt's events are worked on has crashed Slicer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

TICK_MS, SLICE_S = 10, 0.03


class Slices:
    """Jobs by name, each a generator of steps; the one that was started last goes first.

    timer: a QTimer that calls `goOn`.
    """

    def __init__(self, timer):
        self._jobs: dict[object, tuple[Iterator, Callable]] = {}
        self.timer = timer
        self.timer.setInterval(TICK_MS)

    @property
    def names(self) -> list:
        """Of the jobs that are not done."""
        return list(self._jobs)

    def start(self, name, steps: Iterator, took: Callable) -> None:
        """After each slice took(step, None) gets the newest step, or took(None, error) what has ended it."""
        self.stop(name)
        self._jobs[name] = steps, took
        self.timer.start()

    def stop(self, name) -> None:
        """End a job between two steps, if there is one of this name."""
        if name in self._jobs:
            self._jobs.pop(name)[0].close()
        if not self._jobs:
            self.timer.stop()

    def stopAll(self) -> None:
        """End every job."""
        for name in self.names:
            self.stop(name)

    def goOn(self) -> None:
        """Called by the timer: a slice of one job."""
        name = self.names[-1]
        steps, took = self._jobs[name]
        until, taken = time.monotonic() + SLICE_S, []
        try:
            for step in steps:
                taken = [step]
                if time.monotonic() > until:
                    break
            else:
                self.stop(name)
        except BaseException as error:
            self.stop(name)  # else the timer would call again and again
            took(None, error)
            if not isinstance(error, (ValueError, OSError, RuntimeError)):
                raise
        else:
            if taken:
                took(*taken, None)
