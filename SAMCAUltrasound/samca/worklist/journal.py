"""`worklist.jsonl`: what has become of the cases of a folder, a line for each change, the last one counts.

A line is added whole or not at all, and at once, so that a crash loses nothing. One program at a time writes:
the lock on `worklist.lock` beside it says which. Lines that cannot be read are told of and stay.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from pathlib import Path

from .. import typed_json
from ..files import append, locks, make_folder, write_atomically
from . import entries
from .entries import Entry

NAME, LOCK = "worklist.jsonl", "worklist.lock"
VERSION = 1
LARGEST = 2**30  # bytes of the file
SLACK = 1000  # lines beyond those that count, before the file is written anew
SHOWN = 300  # bytes of what the lock says


class Journal:
    """folder: where outlines are saved; made if need be. rater: whose name the entries get.

    ValueError, and nothing is written, where another program has it open, or a newer one has written it;
    OSError where the folder cannot be written to.
    """

    def __init__(self, folder: str | Path, rater: str = ""):
        self.folder, self.rater = Path(folder), rater
        self.entries: dict[str, Entry] = {}
        self.problems: list[str] = []  # lines that cannot be read
        make_folder(self.folder)
        self._lock = locks.opened(self.folder / LOCK)
        try:
            self._take()
            self._read()
        except BaseException:
            self.close()
            raise

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / NAME

    def put(self, entry: Entry) -> Entry:
        """Write down what has become of a case, with the time; OSError, and nothing changes, if it fails."""
        entry = replace(entry, time=round(time.time(), 3))
        if not self.path.exists():
            append(self.path, _head())
        append(self.path, entries.to_line(entry))
        self.entries[entry.case] = entry
        return entry

    def close(self) -> None:
        """Let others write."""
        self._lock.close()

    def _take(self) -> None:
        try:
            is_free = locks.take(self._lock)
        except OSError:  # a disk without locks: nobody can tell
            return
        if not is_free:
            raise ValueError(
                f"{self.folder} is in use as a worklist by {_holder(self.folder / LOCK)}: close it there, or "
                "save to another folder"
            )
        self._lock.truncate(0)
        who = f"{self.rater or 'somebody'} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M')}"
        self._lock.write(who.encode())
        self._lock.flush()

    def _read(self) -> None:
        if not self.path.is_file():
            return
        if self.path.stat().st_size > LARGEST:
            raise ValueError(f"{self.path} is larger than {LARGEST} bytes: move it away to begin anew")
        count = 0
        with self.path.open("rb") as file:
            for count, line in enumerate(file, start=1):
                if line.strip():
                    self._take_in(line, count)
        if not self.problems and count > 2 * len(self.entries) + SLACK:
            write_atomically(self.path, _head() + b"".join(map(entries.to_line, self.entries.values())))

    def _take_in(self, line: bytes, number: int) -> None:
        try:
            value = typed_json.parse(line, f"line {number} of {self.path}", entries.LONGEST)
            if "version" in value:
                _check_version(value["version"].whole(1), self.path)
                return
            entry = entries.from_line(line)
        except NewerError:
            raise
        except ValueError as error:
            self.problems.append(f"{self.path}, line {number}: {error}")
        else:
            self.entries[entry.case] = entry


class NewerError(ValueError):
    """A newer program has written this."""


def _check_version(version: int, path: Path) -> None:
    if version > VERSION:
        raise NewerError(
            f"{path} was written by a newer SAMCA (version {version}, here {VERSION}): update it, or save to "
            "another folder"
        )


def _head() -> bytes:
    return json.dumps({"version": VERSION}).encode() + b"\n"


def _holder(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(SHOWN).decode(errors="replace") or "another program"
    except OSError:
        return "another program"
