"""A process that was started for a folder: when, and how its files were then, which tells what came later.

Nothing here compares times of day: a clock may be set back while a process works.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from samca import typed_json
from samca.files import write_atomically
from samca.training import run_lock
from samca.training.run_records import LATEST

FILE = "launch.json"
LOG, TABLE = "log.jsonl", "evaluation.csv"
WATCHED = (LOG, TABLE, run_lock.NAME)  # what a process changes
MOST = 2**63 - 1
JUST_NOW = 180.0  # s


@dataclass(frozen=True)
class Launch:
    """token: of this start alone; before: size in bytes and time in ns of the files that were there."""

    token: str
    time: float  # s since 1970
    before: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def logSize(self) -> int:
        """Bytes of the log that earlier processes wrote."""
        return self.before.get(LOG, (0, 0))[0]

    @property
    def isJustNow(self) -> bool:
        """Whether it was started within the last minutes, as far as the clock can be believed."""
        return abs(time.time() - self.time) < JUST_NOW

    def hasChanged(self, folder: Path, name: str) -> bool:
        """Whether a file was written since."""
        return _stamp(folder / name) not in (None, self.before.get(name))


def note(folder: Path) -> Launch:
    """Write down that a process is started now."""
    stamps = {name: _stamp(folder / name) for name in WATCHED}
    launch = Launch(secrets.token_hex(8), time.time(), {n: stamp for n, stamp in stamps.items() if stamp})
    write_atomically(folder / FILE, json.dumps(vars(launch)).encode())
    return launch


def of(folder: Path) -> Launch | None:
    """The last start of a process for this folder by a panel; None without, or where the file is damaged."""
    try:
        content = typed_json.read(folder / FILE)
        before = {name: _pair(stamp) for name, stamp in content.get("before", {}).fields().items()}
        when = content["time"].number(0, LATEST)
        return Launch(content.get("token", "").text(), when, before)
    except (OSError, ValueError):
        return None


def _pair(stamp: typed_json.Value) -> tuple[int, int]:
    size, when = (value.whole(0, MOST) for value in stamp.items(2, 2))
    return size, when


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns
