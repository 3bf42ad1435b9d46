"""A file that tests fetch, and what has to be so afterwards."""

from __future__ import annotations

import hashlib
import itertools

CONTENT = bytes(itertools.islice(itertools.cycle(range(251)), 1_500_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2
PATIENCE = 30


def left(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def assertRight(download, folder):
    assert download.wait(PATIENCE), download.error
    assert hashlib.sha256((folder / "w.pth").read_bytes()).hexdigest() == SHA256
    assert left(folder) == ["w.pth"], "nothing else is left"
    assert download.received == len(CONTENT)
    assert download.error == ""


def assertNothing(download, folder):
    assert not download.wait(PATIENCE)
    assert download.done
    assert download.error.endswith(".")
    assert left(folder) == []


def ranges(server):
    """What was asked for, in the server's order."""
    return [talk.headers.get("range") for talk in server.asked]


def partIn(folder):
    """The one part there is."""
    (part,) = folder.glob(".*/part")
    return part
