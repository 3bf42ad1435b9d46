"""Hidden folders that new files grow in: each goes with its process, or with the next one that comes.

A lock in it says that its process lives, so what a killed process has left is known for certain.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from . import locks
from .disks import HIDDEN

PART, SCRATCH = f"{HIDDEN}part_", "samca_scratch_"  # how their names begin
LOCK = "lock"  # in each of them


@contextlib.contextmanager
def workshop(parent: Path, prefix: str = PART) -> Iterator[Path]:
    """A new folder in `parent`, which goes at the end."""
    folder, lock = begun(parent, prefix)
    try:
        yield folder
    finally:
        dissolve(folder, lock)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what nobody needs afterwards, among the system's temporary files."""
    place = Path(tempfile.gettempdir())
    sweep(place, SCRATCH)
    with workshop(place, SCRATCH) as folder:
        yield folder


def sweep(parent: Path, prefix: str = PART) -> None:
    """Remove the folders of this prefix that processes left which live no more."""
    for folder, lock in left_behind(parent, prefix):
        dissolve(folder, lock)


def left_behind(parent: Path, prefix: str) -> Iterator[tuple[Path, IO[bytes]]]:
    """Each folder of this prefix whose process has ended, with its lock, which is held until the next."""
    for folder in sorted(parent.glob(f"{prefix}*")):
        with contextlib.suppress(OSError):  # gone meanwhile, not ours to touch, or on a disk without locks
            if folder.is_symlink():  # none of ours, wherever it leads
                continue
            if not (folder / LOCK).exists():
                folder.rmdir()  # its process ended before it had begun
                continue
            with (folder / LOCK).open("r+b") as lock:
                if locks.take(lock):
                    yield folder, lock


def begun(parent: Path, prefix: str) -> tuple[Path, IO[bytes]]:
    """A new folder, and its lock, which we hold; if a sweep comes between the two, another one."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            lock = (folder / LOCK).open("w+b")
        except FileNotFoundError:
            continue
        if _took(lock) and (folder / LOCK).exists():
            return folder, lock
        lock.close()


def dissolve(folder: Path, lock: IO[bytes]) -> None:
    """Remove a folder whose lock we hold, the lock last; what cannot be removed now is left for a sweep."""
    with contextlib.suppress(OSError), lock:
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()
        lock.close()
        (folder / LOCK).unlink()
        folder.rmdir()


def _took(lock: IO[bytes]) -> bool:
    try:
        return locks.take(lock)
    except OSError:  # a disk that knows no locks: nobody can sweep there either
        return True
