"""What lies on the disk for the user: how much room it takes, and removing it, from our folders alone."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from pathlib import Path

from samca import files, typed_json
from samca.training import run_lock

from ..Texts import Refusal, _


def sizeOf(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; what links point to lies elsewhere and does not count."""
    try:
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
        return sum(sizeOf(Path(entry)) for entry in os.scandir(path))
    except OSError:  # a run writes and renames meanwhile
        return 0


def isIn(folder: Path, path: Path) -> bool:
    """Whether a path is the name of something right inside of this folder."""
    return Path(os.path.abspath(path)).parent == Path(os.path.abspath(folder))


def remove(path: Path, folder: Path) -> None:
    """Delete a file, or a folder with all in it, that lies right inside of this folder of ours.

    Of a link the link goes, and what it points to stays. Refusal for a path elsewhere, and where another
    program holds something open, in which case everything stays as it was.
    """
    if not isIn(folder, path):
        raise Refusal(_("{path} does not lie in {folder}: it stays.").format(path=path, folder=folder))
    try:
        files.remove(path) if path.is_symlink() or not path.is_dir() else files.remove_folder(path)
    except OSError as error:
        text = _("{path} could not be removed: {error}. Close what uses it, then try again.")
        raise Refusal(text.format(path=path, error=error.strerror or error)) from error


def runsWith(path: Path, runs: Iterable[Path]) -> list[Path]:
    """Those of these run folders that name this file or folder, or what is in it, but for itself."""
    path = Path(os.path.abspath(path))
    others = set(runs) - {path}
    return sorted(run for run in others if any({path} & {p, *p.parents} for p in _named(run)))


def isAtWork(run: Path) -> bool:
    """Whether a process trains in this run's folder, or evaluates it."""
    return any(run_lock.owner(folder) is not None for folder in (run, run / "evaluation"))


def _named(run: Path) -> list[Path]:
    """What a run learns from: its folders of data, and the file that it starts from."""
    try:
        settings = typed_json.read(run / "run.json")
        lists = [settings.get(name, []).items() for name in ("data", "validation", "empty")]
        named = [*itertools.chain(*lists), settings.get("base", "")]
        return [Path(os.path.abspath(value.text())) for value in named]
    except (OSError, ValueError):  # no run, or a damaged one
        return []
