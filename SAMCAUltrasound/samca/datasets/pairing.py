"""Images paired with their masks."""

from __future__ import annotations

from pathlib import Path

from .case import Case
from .listing import by_id

Found = tuple[list[Case], list[str]]  # what a reader gives: cases not yet looked into, and problems


def paired(images: Path, masks: Path) -> tuple[list[tuple[str, Path, Path]], list[str]]:
    """(id, image, mask) of equal names in two folders, and a problem for each file left alone."""
    image_of, problems = by_id(images)
    mask_of, more = by_id(masks)
    problems += more
    problems += [
        f"{image_of[name]}: no mask named {name} in {masks}" for name in image_of if name not in mask_of
    ]
    problems += [
        f"{mask_of[name]}: no image named {name} in {images}" for name in mask_of if name not in image_of
    ]
    return [(name, image_of[name], mask_of[name]) for name in image_of if name in mask_of], problems


def paired_cases(images: Path, masks: Path, source: str, split: str = "", prefix: str = "") -> Found:
    """Cases from two folders with files of equal names, each its own group, ids with the prefix."""
    pairs, problems = paired(images, masks)
    cases = [
        Case(prefix + name, image, prefix + name, split, source=source, masks=(mask,))
        for name, image, mask in pairs
    ]
    return cases, problems
