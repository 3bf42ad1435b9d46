"""A log of JSON lines that is still written to: what is new, and never a line half written."""

from __future__ import annotations

import contextlib
from pathlib import Path

from samca.training import run_records

MOST_AT_ONCE = 2**24  # bytes


class LogTail:
    """Reads on from where it was; begins again where the file was replaced by a shorter one."""

    def __init__(self, path: Path):
        self.path, self._offset, self._rest = path, 0, b""

    @property
    def size(self) -> int:
        """Bytes of the whole lines that were read."""
        return self._offset - len(self._rest)

    def read(self) -> tuple[list[dict], bool]:
        """The new records, and whether they are the first of a new file."""
        try:
            size = self.path.stat().st_size
            isNew = size < self._offset
            if isNew:
                self._offset, self._rest = 0, b""
            if size == self._offset:
                return [], isNew
            with self.path.open("rb") as file:
                file.seek(self._offset)
                content = file.read(MOST_AT_ONCE)
        except OSError:  # not there yet, or locked by a virus scanner for a moment
            return [], False
        self._offset += len(content)
        *lines, rest = (self._rest + content).split(b"\n")
        self._rest = rest[: run_records.LONGEST + 1]  # one without an end is no record
        return list(_records(lines)), isNew


def _records(lines: list[bytes]):
    for line in lines:
        with contextlib.suppress(ValueError):
            yield run_records.parse(line)
