"""BUSI: breast ultrasound of Baheya Hospital, Cairo (Al-Dhabyani 2020), 780 images, 647 with lesions.

Layout: benign/, malignant/ and normal/, each with "benign (1).png" and "benign (1)_mask.png"; where there
are more lesions also "benign (1)_mask_1.png" and so on, which are united. The black masks of normal/ are
not read: those cases have no truth. Patients, near-duplicates (Pawlowska 2023) and spacing are not given,
so each image is a group.
"""

from __future__ import annotations

import re
from pathlib import Path

from .case import Case
from .listing import by_id
from .pairing import Found

LAYOUT = "benign/, malignant/ and normal/"
CLASSES = ("benign", "malignant", "normal")
MASK = re.compile(r"(.+)_mask(_\d+)?")


def matches(folder: Path) -> bool:
    """Whether the folder looks like BUSI."""
    return any((folder / name).is_dir() for name in CLASSES)


def find(folder: Path) -> Found:
    """All cases."""
    cases, problems = [], []
    for name in CLASSES:
        more_cases, more_problems = _find_class(folder / name)
        cases += more_cases
        problems += more_problems
    return cases, problems


def _find_class(folder: Path) -> Found:
    files, problems = by_id(folder)
    masks_of = {name: [] for name in files if not MASK.fullmatch(name)}
    for name, path in files.items():
        mask = MASK.fullmatch(name)
        if mask and mask[1] in masks_of:
            masks_of[mask[1]].append(path)
        elif mask:
            problems.append(f"{path}: no image named {mask[1]} beside it")
    if folder.name == "normal":
        return [_case(name, files[name], ()) for name in masks_of], problems
    problems += [
        f"{files[name]}: no mask {name}_mask.png beside it" for name, masks in masks_of.items() if not masks
    ]
    return [_case(name, files[name], tuple(masks)) for name, masks in masks_of.items() if masks], problems


def _case(name: str, image: Path, masks: tuple[Path, ...]) -> Case:
    return Case(name, image, name, source="busi", masks=masks, kind=image.parent.name)
