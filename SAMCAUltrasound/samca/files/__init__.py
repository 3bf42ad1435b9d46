"""Files that are whole, whatever happens while they are written: this room alone writes.

What is promised of `replacing`, `write_atomically` and `place`: whoever reads finds what was there before or
all of the new, after a kill, a full disk and a power cut too; and once they have returned, the new survives a
power cut, because content and folder entry were handed to the disk (on macOS through its own cache; Windows
keeps entries in a journal). `append` promises that of each line, `changes.changing` of several files of a
folder together. A disk that is full is told in a sentence. What a network share or a disk makes of what it
was handed is not in our hands.

New files grow in a hidden folder beside their place (workshops.py). What a killed process has left there is
removed by the next process that writes to that folder, and never while the process lives.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .disks import DiskFullError, explaining, noticing, sync, sync_entries, sync_file
from .names import part_of_name, plain_name
from .workshops import scratch, sweep, workshop

__all__ = [
    "DiskFullError",
    "append",
    "make_folder",
    "part_of_name",
    "place",
    "plain_name",
    "remove",
    "remove_folder",
    "replacing",
    "scratch",
    "stream",
    "sweep",
    "write_atomically",
]

_swept: set[Path] = set()  # folders in which this process has looked for what others left


@contextlib.contextmanager
def replacing(path: str | Path, needed: int = 0) -> Iterator[Path]:
    """A file of the same name elsewhere to write to; it becomes `path` at the end, and goes after an error.

    needed: bytes, if they are known before.
    """
    path = Path(path)
    _sweep_once(path.absolute().parent)
    with explaining(path, needed), workshop(path.parent) as folder:
        with noticing(folder):
            yield folder / path.name
        place(folder / path.name, path)


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write all of it or nothing; makes the folder."""
    path = Path(path)
    make_folder(path.parent)
    with replacing(path, len(content)) as temporary:
        temporary.write_bytes(content)


def append(path: Path, line: bytes) -> None:
    """Add a line to a file in a folder that is there; after an error the file is as it was.

    A line that a power cut left without its end gets one first, so that it spoils no other.
    """
    with explaining(path, len(line)), path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line
        try:
            file.write(line)
            sync(file)
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(end)
            raise
    if not end:
        sync_entries(path.parent)


def place(temporary: Path, path: Path) -> None:
    """Give a finished file of the same disk its name, in place of what had it."""
    sync_file(temporary)
    temporary.replace(path)
    sync_entries(path.parent)


def remove(path: Path) -> None:
    """Take a file away, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        sync_entries(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are not there yet."""
    if not path.is_dir():
        if path != path.parent:  # else there is no such disk
            make_folder(path.parent)
        with explaining(path):
            path.mkdir(exist_ok=True)
        sync_entries(path.parent)


def remove_folder(path: Path) -> None:
    """Take a folder away with all in it; after an error what is left of it keeps its name."""
    sweep(path.parent)
    with workshop(path.parent) as stage:
        path.rename(stage / path.name)  # which fails as a whole where a file is open, on systems that mind
        try:
            shutil.rmtree(stage / path.name)
        except OSError:
            (stage / path.name).rename(path)
            raise
    sync_entries(path.parent)


def stream(path: Path, mode: str = "wb") -> IO[bytes]:
    """A file that is written bit by bit; nothing is promised of it before it has been given its `place`."""
    with explaining(path):
        return path.open(mode)


def _sweep_once(parent: Path) -> None:
    if parent not in _swept:
        _swept.add(parent)
        sweep(parent)
