"""What lies in a dataset's folders, the same for every reader: order, accents, hidden files, the rest.

Names are in the order of their numbers (frame_2 before frame_10, t0.067 before t0.1), and with composed
accents: macOS and archives write them decomposed. Files and folders that systems leave behind are not there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from ..files.changes import finish
from .images import SUFFIXES

OF_SYSTEMS = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "icon\r"}
TABLES = (".csv", ".tsv", ".txt", ".xls", ".xlsx", ".ods")  # what may say who is to test with
READ = {"cases.csv", "labels.csv", "spacing.csv", "splits.csv", "structures.csv"}
Beside = tuple[str, ...]  # ends of names
NAMED = 3  # files that a sentence about what is left out names


def composed(text: str) -> str:
    """The text with accents in one form, without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def by_number(name: str) -> tuple[list[tuple[float, str]], str]:
    """The key that sorts names with the numbers in them by value."""
    parts = re.split(r"(\d+(?:\.\d+)?)", composed(name))
    return [(float(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)], name


def is_hidden(path: Path) -> bool:
    """Whether a file or folder is none of the user's: ._x of macOS, Thumbs.db of Windows and their like."""
    return path.name.startswith(".") or path.name.lower() in OF_SYSTEMS


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, in order; nothing if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if not is_hidden(p)), key=lambda p: by_number(p.name))


def image_files(folder: Path) -> list[Path]:
    """The folder's image files, in order."""
    return [path for path in visible(folder) if path.suffix.lower() in SUFFIXES and path.is_file()]


def file_named(folder: Path, name: str) -> Path | None:
    """The folder's file of this name, in capitals or not."""
    exact = folder / name
    same = (path for path in visible(folder) if path.name.lower() == name)
    return exact if exact.is_file() else next((path for path in same if path.is_file()), None)


def by_id(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Image files by their names without suffix, and a problem for each second file of one name."""
    files, problems = {}, []
    for path in image_files(folder):
        name = composed(path.stem)
        first = files.setdefault(name, path)
        if first != path:
            problems.append(f"{path}: duplicate id {name!r}, {first.name} has it too")
    return files, problems


def unfinished(root: Path) -> list[str]:
    """What processes that were killed had decided to put in here is done; a problem where that cannot be."""
    problems = []
    for folder in (root, *(path for path in visible(root) if path.is_dir())):
        try:
            finish(folder)
        except (OSError, ValueError) as error:
            problems.append(f"{folder}: what a killed process was putting in cannot be finished ({error})")
    return problems


def left_out(root: Path, used: Iterable[Path], beside: Beside = ()) -> list[str]:
    """A sentence for each folder of a dataset that holds something nobody reads.

    used: the files that are read, and those that a problem names; beside: ends of names of others that are
    known.
    """
    used = set(used)
    parents = {path.parent for path in used if path.parent.is_dir() and path.parent.is_relative_to(root)}
    read = used | parents | {above for folder in parents for above in folder.parents}
    unused = {folder: [path for path in folder.iterdir() if path not in read] for folder in parents}
    for folder in {root} | {above for above in read - used - parents if above.is_relative_to(root)}:
        unread = [path for path in visible(folder) if path not in read and _may_matter(path, folder == root)]
        unused.setdefault(folder, unread)
    unused = {f: [p for p in ps if is_hidden(p) or not p.name.endswith(beside)] for f, ps in unused.items()}
    return [_sentence(folder, unused[folder]) for folder in sorted(unused) if unused[folder]]


def _may_matter(path: Path, is_root: bool) -> bool:
    """Whether something beside the folders of images is to be told of: tables, in the root folders too."""
    table = path.suffix.lower() in TABLES and path.name.lower() not in READ
    return table or (is_root and path.is_dir())


def _sentence(folder: Path, paths: list[Path]) -> str:
    hidden = [path for path in paths if is_hidden(path)]
    names = [path.name for path in sorted(paths, key=lambda p: by_number(p.name)) if path not in hidden]
    parts = names[:NAMED] + ([f"{len(names) - NAMED} more"] if len(names) > NAMED else [])
    if hidden:
        parts.append(f"{len(hidden)} hidden or of the system")
    return f"{folder}: not read: {', '.join(parts)}"
