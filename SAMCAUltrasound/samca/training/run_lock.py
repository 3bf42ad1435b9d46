"""One process at a time in a run folder; whether there is one is asked of the operating system.

The lock is on the open file `run.lock` (files/locks.py), which holds the number of the last process.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..files import locks

NAME = "run.lock"
PATIENCE = 3.0  # s; whoever only looks holds the lock for a moment


@contextlib.contextmanager
def holding(folder: Path) -> Iterator[Path]:
    """Be the one process of this run folder, which is handed on; ValueError if another one is."""
    with locks.opened(folder / NAME) as file:
        give_up = time.monotonic() + PATIENCE
        while not _take(file, folder):
            if time.monotonic() > give_up:
                number = _number(folder / NAME) or "(unknown)"
                says = (
                    f"process {number} is working in {folder}: wait for it, stop it, or take another folder"
                )
                raise ValueError(says)
            time.sleep(0.02)
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        yield folder


def owner(folder: Path) -> int | None:
    """Number of the process that holds this run folder, None without; 0 if it does not say."""
    path = folder / NAME
    return _number(path) if locks.is_held(path) else None


def _take(file, folder: Path) -> bool:
    try:
        return locks.take(file)
    except OSError as error:
        raise ValueError(
            f"{folder} is on a disk without locks ({error}): take one on another disk"
        ) from error


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0
