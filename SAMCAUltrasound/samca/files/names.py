"""Names of files that are the same everywhere and lead to no other folder."""

from __future__ import annotations

import re

LONGEST_NAME = 200  # bytes; every file system takes that, and a few more for a temporary name
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]|^\.{1,2}$|[. ]$')  # on one system or another
DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\..*)?", re.IGNORECASE
)


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


def part_of_name(text: str) -> str:
    """Any text as a part of a file's name, on any system."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f\s]', "-", text)
