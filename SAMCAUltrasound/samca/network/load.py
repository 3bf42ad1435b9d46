"""How many processors other programs leave free, as far as the system counts their time."""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")  # of Linux: since its start, in ticks, what all processors did together
WORKING = (
    0,
    1,
    2,
    5,
    6,
    7,
)  # columns: programs, those that are nice, the system, interrupts, what was stolen
TICKS = 100  # a second, whatever the processor
EVERY = 0.1  # s at least that are looked back at: fewer ticks say little


class Load:
    """What is free between two looks, the time of this process itself taken as free."""

    def __init__(self, stat: Path = STAT):
        self._stat, self._free = stat, 1.0
        self._before = self._now()

    def free(self) -> float:
        """Processors that others left free since the last look; 1 where the system does not tell."""
        now = self._now()
        if now is None or self._before is None:
            return 1.0
        passed, busy, own = (new - old for new, old in zip(now, self._before, strict=True))
        if passed >= EVERY:
            self._free, self._before = _count() - max(0.0, busy - own) / passed, now
        return self._free

    def _now(self) -> tuple[float, float, float] | None:
        """Seconds of the clock, of all programs on all processors, and of this process."""
        try:
            columns = self._stat.read_bytes().split(b"\n", 1)[0].split()[1:]
            busy = sum(int(columns[i]) for i in WORKING) / TICKS
        except (OSError, ValueError, IndexError):
            return None
        return time.monotonic(), busy, time.process_time()


def _count() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
