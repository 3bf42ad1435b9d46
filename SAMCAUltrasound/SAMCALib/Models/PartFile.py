"""What has come of a file so far, beside its place, so that an interrupted download goes on from there.

It lies in a hidden folder whose lock says that a download writes to it: no two share one, and what a killed
process has left is taken over by the next.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from samca.files import locks, place, stream, write_atomically
from samca.files.disks import HIDDEN, explaining
from samca.files.workshops import LOCK, begun, dissolve, sweep

PART, VERSION = "part", "version"  # files of the folder
BLOCK = 1 << 20
LONGEST_VERSION = 200  # characters


class PartFile:
    """The first `size` bytes of a file, perhaps; version: what the server called the file they are of.

    wasThere: whether some of them were there before, which makes them doubtful.
    """

    def __init__(self, target: Path, sha256: str):
        """Take over what a download of the same content has left, else begin. OSError from the disk."""
        self.target, self._sha256 = target, sha256
        self._folder, self._lock = _folderFor(target, sha256)
        self._path = self._folder / PART
        if self._path.is_symlink():  # to something that is not ours
            self._path.unlink()
        self.wasThere = self._path.exists()
        self._file: IO[bytes] = stream(self._path, "r+b" if self.wasThere else "w+b")
        self._digest, self.size = hashlib.sha256(), 0

    @property
    def version(self) -> str:
        """An entity tag or a date of HTTP, "" if the server gave none."""
        with contextlib.suppress(OSError, ValueError):
            text = (self._folder / VERSION).read_text("ascii")
            return text if text.isprintable() and len(text) <= LONGEST_VERSION else ""
        return ""

    def read(self) -> Iterator[int]:
        """Take in what was there before; tells after each step how much that is."""
        while block := self._file.read(BLOCK):
            self._digest.update(block)
            self.size += len(block)
            yield self.size

    def restart(self, version: str = "") -> None:
        """Begin anew with a file that the server calls so."""
        self._file.seek(0)
        self._file.truncate()
        self._digest, self.size, self.wasThere = hashlib.sha256(), 0, False
        write_atomically(self._folder / VERSION, version.encode("ascii", "replace"))

    def write(self, block: bytes) -> None:
        """Put what came behind the rest."""
        with explaining(self.target, len(block)):
            self._file.write(block)
        self._digest.update(block)
        self.size += len(block)

    @property
    def isRight(self) -> bool:
        """Whether it has the SHA256 that was published."""
        return self._digest.hexdigest() == self._sha256

    def finish(self) -> None:
        """Give the whole file its place; it is there after a power cut, too."""
        self._file.close()
        place(self._path, self.target)

    def close(self, keep: bool) -> None:
        """Let go; what has come stays for the next download only if it is to be kept."""
        self._file.close()
        self._lock.close() if keep else dissolve(self._folder, self._lock)


def kept(target: Path, sha256: str) -> int:
    """How many bytes of a file are there from an earlier download."""
    return max(map(_sizeIn, _foldersOf(target, sha256)), default=0)


def _folderFor(target: Path, sha256: str) -> tuple[Path, IO[bytes]]:
    """A folder that is ours alone, with its lock; what is left of other content of this name goes."""
    found = next(filter(None, map(_taken, _foldersOf(target, sha256))), None)
    found = found or begun(target.parent, _prefix(target) + sha256[:12])
    sweep(target.parent, _prefix(target))
    return found


def _foldersOf(target: Path, sha256: str) -> list[Path]:
    """Where parts of this content are, the one with the most first."""
    pattern = glob.escape(_prefix(target) + sha256[:12]) + "*"
    return sorted(target.parent.glob(pattern), key=_sizeIn, reverse=True)


def _taken(folder: Path) -> tuple[Path, IO[bytes]] | None:
    """The folder and its lock, None if a download that lives has it."""
    with contextlib.suppress(OSError):  # gone meanwhile, not ours to touch, or on a disk without locks
        lock = locks.opened(folder / LOCK)
        if locks.take(lock) and (folder / LOCK).exists():
            return folder, lock
        lock.close()
    return None


def _prefix(target: Path) -> str:
    return f"{HIDDEN}download_{target.name[:60]}_"


def _sizeIn(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return (folder / PART).stat().st_size
    return 0
