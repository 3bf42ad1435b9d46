"""Locks of the operating system on open files: they end with their process, however that ends.

So no number of a process that was given to another one can be mistaken for it.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import IO

TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
BYTE = 1 << 30  # Windows lets nobody read a locked byte, so it is one that the file does not have


def take(file: IO[bytes]) -> bool:
    """Take the lock on an open file if nobody has it; closing the file gives it back.

    OSError on a disk that knows no locks.
    """
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(file.fileno(), BYTE, os.SEEK_SET)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        raise
    return True


def opened(path: Path) -> IO[bytes]:
    """The file to lock, made if it is not there; what is in it stays."""
    return path.open("a+b")


def end_with(path: Path, every: float = 1.0) -> None:
    """End this process once nobody holds the lock on a file that is held now; looks every so many seconds."""

    def watch() -> None:
        while is_held(path):
            time.sleep(every)
        os._exit(1)

    if is_held(path):  # else on a disk without locks, where nothing can be told
        threading.Thread(target=watch, name="SAMCA owner", daemon=True).start()


def is_held(path: Path) -> bool:
    """Whether a process that lives holds the lock on this file; whoever asks has it for that moment."""
    try:
        with path.open("r+b") as file:
            return not take(file)
    except OSError:  # no such file, one that may not be written to, or a disk without locks
        return False
