"""What disks do: take what they are given at once only if asked to, and get full."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..words import size_text

FULL = {
    errno.ENOSPC: ("its disk is full", "free some space there"),
    errno.EDQUOT: ("all the space you may use on its disk is used", "free some of it"),
    errno.EFBIG: ("its disk takes no file of that size", "choose a folder on another disk"),
}
FULL_ON_WINDOWS = (39, 112)
LITTLE = 1 << 16  # bytes; a disk with less is full, whatever a library says
HIDDEN = ".samca_"  # how the names begin of what nobody should see, in a sentence neither
CANNOT = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)  # of disks that do not flush folders


class DiskFullError(OSError):
    """Its text says which file, how much is needed and what to do; what was there before is whole."""


@contextlib.contextmanager
def explaining(path: Path, needed: int = 0) -> Iterator[None]:
    """A disk that is full becomes a DiskFullError; every other error stays, but names `path` itself.

    needed: bytes to be written to `path`, if they are known.
    """
    try:
        yield
    except OSError as error:
        number, free = _number(error), _free(path.parent)
        if number not in FULL:
            if HIDDEN in str(error.filename):
                error.filename = str(path)
            raise
        what, to_do = FULL[number]
        room = f"{size_text(needed)} are needed" if needed else "more is needed"
        there = f", {size_text(free)} are free" if free is not None else ""
        raise DiskFullError(
            f"{path} cannot be written, {what} ({room}{there}): {to_do}, then try again; what was there "
            "before is whole"
        ) from error


@contextlib.contextmanager
def noticing(folder: Path) -> Iterator[None]:
    """A library that only says that it failed, as SimpleITK, has met a full disk where nothing is free."""
    try:
        yield
    except RuntimeError as error:
        free = _free(folder)
        if free is None or free >= LITTLE:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def sync(file: IO[bytes]) -> None:
    """Hand what was written to an open file to the disk."""
    file.flush()
    if sys.platform == "darwin":
        import fcntl

        with contextlib.suppress(OSError):  # a disk without it
            fcntl.fcntl(file, fcntl.F_FULLFSYNC)
            return
    os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """The same for a file that somebody else has written; a link to one that is not ours is left alone."""
    with contextlib.suppress(PermissionError), path.open("r+b") as file:
        sync(file)


def sync_entries(folder: Path) -> None:
    """Hand the names in a folder to the disk; Windows has a journal for them."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT:
            raise
    finally:
        os.close(descriptor)


def _number(error: OSError) -> int | None:
    """The error's number, the same on every system; None where it has none, or was explained before."""
    if getattr(error, "winerror", None) in FULL_ON_WINDOWS:
        return errno.ENOSPC
    return error.errno


def _free(folder: Path) -> int | None:
    """Bytes that are free on a folder's disk."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free
    return None
