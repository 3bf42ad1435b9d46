"""Several files of one folder put in and taken out together: all of it or none, as is promised of one file.

New files are written into a hidden folder first. Then a list of what is to be done is placed there: from that
moment on the change is decided, and whoever comes next does what a kill or a power cut has left undone.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

from .. import typed_json
from . import make_folder, remove, write_atomically
from .disks import HIDDEN, explaining, noticing, sync_entries, sync_file
from .locks import is_held
from .workshops import LOCK, begun, dissolve, left_behind

PREFIX = f"{HIDDEN}change_"
NEW, DECIDED = "new", "decided.json"  # in that folder
PATIENCE = 10.0  # s, for another process that is just doing what it has decided


class Changes:
    """What is to become of a folder; names are relative to it, with / between their parts."""

    def __init__(self, folder: Path, stage: Path):
        self.folder, self._stage = folder, stage
        self._put: set[str] = set()
        self._remove: set[str] = set()

    def write(self, name: str, content: bytes) -> None:
        """Put in a file of this content."""
        with self.replacing(name, len(content)) as temporary:
            temporary.write_bytes(content)

    @contextlib.contextmanager
    def replacing(self, name: str, needed: int = 0) -> Iterator[Path]:
        """A file of the same name elsewhere to write to, which is put in; needed: bytes, if known."""
        staged = self._stage / NEW / name
        with explaining(self.folder / name, needed), noticing(self._stage):
            staged.parent.mkdir(parents=True, exist_ok=True)
            yield staged
            sync_file(staged)
        self._put.add(name)

    def remove(self, name: str) -> None:
        """Take out a file, if it is there; one that is put in stays."""
        self._remove.add(name)

    def decide(self) -> None:
        """From here on it is going to be done."""
        for made in {(self._stage / NEW / name).parent for name in self._put}:
            for folder in (made, *made.parents):
                if folder.is_relative_to(self.folder):
                    sync_entries(folder)
        what = {"put": sorted(self._put), "remove": sorted(self._remove - self._put)}
        write_atomically(self._stage / DECIDED, json.dumps(what).encode())


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[Changes]:
    """Collect what is to become of a folder, made if need be; done at the end, not after an error."""
    is_new = not folder.exists()
    make_folder(folder)
    finish(folder)
    stage, lock = begun(folder, PREFIX)
    try:
        changes = Changes(folder, stage)
        yield changes
        changes.decide()
    except BaseException:
        dissolve(stage, lock)
        if is_new:
            with contextlib.suppress(OSError):  # somebody else has put something in
                folder.rmdir()
        raise
    with lock, explaining(folder):
        _carry_out(folder, stage)
        dissolve(stage, lock)


def finish(folder: Path) -> None:
    """Do what processes that live no more had decided to do in a folder, and forget what they had not.

    ValueError for a list that is damaged or leads elsewhere, OSError where the folder cannot be written to.
    """
    _wait(folder)
    for stage, lock in left_behind(folder, PREFIX):
        if (stage / DECIDED).exists():
            _carry_out(folder, stage)
        dissolve(stage, lock)


def _carry_out(folder: Path, stage: Path) -> None:
    """What the list says; a second time does no harm."""
    what = typed_json.read(stage / DECIDED)
    put, gone = ([value.text() for value in what[part].items()] for part in ("put", "remove"))
    for name in (*put, *gone):
        _check(folder, name)
        _check(stage, f"{NEW}/{name}")
    for name in put:
        if (stage / NEW / name).is_file():  # else it is in its place already
            make_folder((folder / name).parent)
            (stage / NEW / name).replace(folder / name)
    for parent in {(folder / name).parent for name in put}:
        sync_entries(parent)
    for name in gone:
        remove(folder / name)
    remove(stage / DECIDED)


def _check(folder: Path, name: str) -> None:
    """ValueError unless the name stays in the folder: lists and links may come with data from elsewhere."""
    parent = (folder / name).parent.resolve()
    if Path(name).name in ("", "..") or not parent.is_relative_to(folder.resolve()):
        raise ValueError(f"an unfinished change names {name!r}, outside of {folder}: remove {PREFIX}*")


def _wait(folder: Path) -> None:
    """Until no living process is doing what it has decided."""
    give_up = time.monotonic() + PATIENCE
    while any(is_held(path.parent / LOCK) for path in folder.glob(f"{PREFIX}*/{DECIDED}")):
        if time.monotonic() > give_up:
            return
        time.sleep(0.02)
