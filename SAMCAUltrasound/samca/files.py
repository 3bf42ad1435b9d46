"""Files that are always whole: written under a temporary name, then renamed; names that lead nowhere else."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

LONGEST_NAME = 200  # bytes; every file system takes that, and a few more for a temporary name
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]|^\.{1,2}$|[. ]$')  # on one system or another
DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\..*)?", re.IGNORECASE
)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; it becomes `path` at the end, and is removed after an error."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write so that a reader, or a power cut, finds the old file or the whole new one; makes the folder."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def plain_name(name: str, where: str) -> str:
    """The same name, if it can be that of a file in any folder, on any system, and leads to no other folder.

    where: what the ValueError calls it otherwise.
    """
    size = len(name.encode("utf-8", "surrogatepass"))
    if not name or size > LONGEST_NAME or FORBIDDEN.search(name) or DEVICES.fullmatch(name):
        raise ValueError(
            f"{where} is {name[:LONGEST_NAME]!r}: expected the name of a file, without any folder"
        )
    return name
