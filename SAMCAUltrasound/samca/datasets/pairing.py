"""Image files by id, and images paired with their masks."""

from __future__ import annotations

from pathlib import Path

from .case import Case
from .images import SUFFIXES

Found = tuple[list[Case], list[str]]  # what a reader gives: cases not yet looked into, and problems


def image_files(folder: Path) -> list[Path]:
    """The folder's image files by name, hidden ones left out; none if there is no such folder."""
    if not folder.is_dir():
        return []
    files = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in files if not path.name.startswith("."))


def by_id(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Image files by their names without suffix, and a problem for each second file of one name."""
    files, problems = {}, []
    for path in image_files(folder):
        first = files.setdefault(path.stem, path)
        if first != path:
            problems.append(f"{path}: duplicate id {path.stem!r}, {first.name} has it too")
    return files, problems


def paired(images: Path, masks: Path) -> tuple[list[tuple[str, Path, Path]], list[str]]:
    """(id, image, mask) of equal names in two folders, and a problem for each file left alone."""
    image_of, problems = by_id(images)
    mask_of, more = by_id(masks)
    problems += more
    for name in sorted(image_of.keys() - mask_of.keys()):
        problems.append(f"{image_of[name]}: no mask named {name} in {masks}")
    for name in sorted(mask_of.keys() - image_of.keys()):
        problems.append(f"{mask_of[name]}: no image named {name} in {images}")
    return [
        (name, image_of[name], mask_of[name]) for name in sorted(image_of.keys() & mask_of.keys())
    ], problems


def paired_cases(images: Path, masks: Path, source: str, split: str = "", prefix: str = "") -> Found:
    """Cases from two folders with files of equal names, each its own group, ids with the prefix."""
    pairs, problems = paired(images, masks)
    cases = [
        Case(prefix + name, image, prefix + name, split, source=source, masks=(mask,))
        for name, image, mask in pairs
    ]
    return cases, problems
