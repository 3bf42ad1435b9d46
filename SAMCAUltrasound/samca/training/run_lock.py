"""One process at a time in a run folder; whether there is one is asked of the operating system.

The lock is on the open file `run.lock`, so it ends with its process, however that ends, and no number of a
process that was given to another one can be mistaken for it. The file holds the number of the last one.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

NAME = "run.lock"
PATIENCE = 3.0  # s; whoever only looks holds the lock for a moment
BYTE = 1 << 30  # Windows lets nobody read a locked byte, so it is one that the file does not have


@contextlib.contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Be the one process of this run folder; ValueError if another one is."""
    with (folder / NAME).open("a+b") as file:
        give_up = time.monotonic() + PATIENCE
        while not _try(file):
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
        yield


def owner(folder: Path) -> int | None:
    """Number of the process that holds this run folder, None without; 0 if it does not say."""
    path = folder / NAME
    try:
        with path.open("r+b") as file:
            return None if _try(file) else _number(path)
    except OSError:  # no such file, or a folder that may not be written to: nobody works there
        return None


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _try(file) -> bool:
    """Take the lock on an open file if nobody has it; closing the file gives it back."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(file.fileno(), BYTE, os.SEEK_SET)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
