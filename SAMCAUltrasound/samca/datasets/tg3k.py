"""TG3K: thyroid glands (Wunderling 2017, gathered by Gong 2021 for TRFE-Net), 3,585 frames of 16 sweeps.

Layout: thyroid-image/0000.jpg with thyroid-mask/0000.jpg, and tg3k-trainval.json, {"train": [places],
"val": [places]}, the authors' split: places from 0 in the order of the images' numbers. Without it no split
is known. Which frames are of one sweep is not given, nor spacing, so each image is a group: neighbours of one
sweep stand on both sides of the authors' split.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .. import typed_json
from .listing import by_id
from .pairing import Found, paired_cases

LAYOUT = "thyroid-image/ and thyroid-mask/"
SPLIT = "tg3k-trainval.json"


def matches(folder: Path) -> bool:
    """Whether the folder looks like TG3K."""
    return (folder / "thyroid-image").is_dir()


def find(folder: Path) -> Found:
    """All cases."""
    images = folder / "thyroid-image"
    cases, problems = paired_cases(images, folder / "thyroid-mask", "tg3k")
    splits, more = _splits(folder / SPLIT, list(by_id(images)[0]))
    return [replace(case, split=splits.get(case.id, "")) for case in cases], problems + more


def _splits(path: Path, names: list[str]) -> tuple[dict[str, str], list[str]]:
    """The split of each of the names, which are in order; none where the file is not there or does not fit.

    One image too few would move all behind it to the split of another, so every place has to be there.
    """
    if not path.is_file():
        return {}, []
    try:
        said = typed_json.read(path)
        places = {split: [place.whole(0) for place in said[split].items()] for split in ("train", "val")}
    except (ValueError, OSError) as error:
        return {}, [f"{path}: expected {{'train': [numbers], 'val': [numbers]}} ({error})"]
    every = sorted(place for split in places.values() for place in split)
    if every != list(range(len(names))):
        return {}, [
            f"{path}: its {len(every)} numbers are not those from 0 to {len(names) - 1}, each once, of the "
            f"{len(names)} images: put back the images or the file as published, or remove the file"
        ]
    return {names[place]: split for split, some in places.items() for place in some}, []
