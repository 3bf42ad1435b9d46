"""TN3K: thyroid nodules (Gong 2021, TRFE-Net), 3,493 images.

Layout: trainval-image/0000.jpg with trainval-mask/0000.jpg, test-image/ with test-mask/ numbered from 0000
again, and tn3k-trainval-fold0.json, {"train": [numbers], "val": [numbers]}, the authors' split of trainval.
Ids are trainval_0000 and test_0000. Without the JSON file all of trainval is "train". Masks are JPEG.
Patients and spacing are not given, so each image is a group.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .. import typed_json
from .case import Case
from .pairing import Found, paired_cases

LAYOUT = "trainval-image/ and trainval-mask/, test-image/ and test-mask/"
FOLD = "tn3k-trainval-fold0.json"


def matches(folder: Path) -> bool:
    """Whether the folder looks like TN3K."""
    return (folder / "trainval-image").is_dir() or (folder / "test-image").is_dir()


def find(folder: Path) -> Found:
    """All cases."""
    cases, problems = [], []
    for part, split in (("trainval", "train"), ("test", "test")):
        images, masks = folder / f"{part}-image", folder / f"{part}-mask"
        more_cases, more_problems = paired_cases(images, masks, "tn3k", split, f"{part}_")
        cases += more_cases
        problems += more_problems
    validation, more_problems = _validation_numbers(folder / FOLD)
    cases = [replace(case, split="val") if _number(case) in validation else case for case in cases]
    lost = sorted(validation - {_number(case) for case in cases})
    return cases, problems + more_problems + [f"{folder / FOLD}: no trainval image {n:04d}" for n in lost]


def _validation_numbers(path: Path) -> tuple[set[int], list[str]]:
    """Numbers of the trainval images that the authors validate on."""
    if not path.is_file():
        return set(), []
    try:
        return {number.whole(0) for number in typed_json.read(path)["val"].items()}, []
    except (ValueError, OSError) as error:
        return set(), [f"{path}: expected {{'train': [numbers], 'val': [numbers]}} ({error})"]


def _number(case: Case) -> int | None:
    part, _, name = case.id.partition("_")
    return int(name) if part == "trainval" and name.isdecimal() else None
