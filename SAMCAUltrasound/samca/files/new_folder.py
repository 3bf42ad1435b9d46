"""A folder that is put together elsewhere and named at its end: it is there whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from . import make_folder
from .disks import explaining, noticing, sync_entries, sync_file
from .workshops import sweep, workshop


class NewFolder:
    """Takes the files; names are relative to it, with / between their parts."""

    def __init__(self, path: Path, stage: Path):
        self.path, self._stage = path, stage

    def write(self, name: str, content: bytes) -> None:
        """Put in a file of this content."""
        staged = self._stage / name
        with explaining(self.path / name, len(content)), noticing(self._stage):
            staged.parent.mkdir(parents=True, exist_ok=True)
            staged.write_bytes(content)
            sync_file(staged)


def check_new(path: Path) -> None:
    """FileExistsError for a name that is taken."""
    if os.path.lexists(path):
        raise FileExistsError(f"{path} is there already: give the name of a folder that does not exist yet")


@contextlib.contextmanager
def new_folder(path: str | Path) -> Iterator[NewFolder]:
    """A new folder to put files into, its parents made; after an error nothing is left of it.

    FileExistsError for a name that is taken.
    """
    path = Path(path).absolute()
    check_new(path)
    make_folder(path.parent)
    sweep(path.parent)
    with explaining(path), workshop(path.parent) as folder:
        stage = folder / path.name
        stage.mkdir()
        yield NewFolder(path, stage)
        for place, _folders, _files in os.walk(stage):
            sync_entries(Path(place))
        check_new(path)
        stage.rename(path)
    sync_entries(path.parent)
