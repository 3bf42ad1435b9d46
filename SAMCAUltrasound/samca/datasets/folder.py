"""An own dataset folder, or a folder of such folders.

Layout: images/ID.png with masks/ID.png (any of the formats in images.py), optional labels/ID.png (0
background, one value per kind of structure), labels.csv and cases.csv (tables.py). Without a table each
image is a group and no split is known. A folder with images/ alone holds cases without truth.

Such folders may lie in folders named by their split and these in one named by the dataset,
busi/train/images/, with a splits.csv beside the datasets that gives the groups, and a spacing.csv that gives
the sizes of pixels. Any level of it can be read.
"""

from __future__ import annotations

from pathlib import Path

from .case import Case
from .listing import by_id, composed, file_named, visible
from .pairing import Found, paired
from .split_words import hints_at, split_of
from .tables import described, grouped, with_kinds, with_names, with_spacing

LAYOUT = "images/ and masks/, in the folder or up to two levels down"


def matches(folder: Path) -> bool:
    """Whether there is an images/ in the folder or up to two levels down."""
    return bool(_leaves(folder))


def find(folder: Path) -> Found:
    """All cases of the folder and those in it."""
    cases, problems = [], []
    for leaf in _leaves(folder):
        more_cases, more_problems = _find_leaf(leaf, folder)
        cases += more_cases
        problems += more_problems
    return cases, problems


def _leaves(folder: Path) -> list[Path]:
    """Folders that hold an images/."""
    if (folder / "images").is_dir():
        return [folder]
    inside = [path for path in visible(folder) if path.is_dir()]
    further = [path for above in inside for path in visible(above) if path.is_dir()]
    return [path for path in (*inside, *further) if (path / "images").is_dir()]


def _find_leaf(folder: Path, root: Path) -> Found:
    split, source = named_by(folder, root)
    cases, problems = _cases(folder, split, source)
    problems += [] if split else _unclear(folder, root)
    cases, more = grouped(cases, folder)
    problems += more
    cases, more = with_names(with_kinds(cases, folder), file_named(folder, "labels.csv"))
    problems += more
    cases, more = described(cases, file_named(folder, "cases.csv"))
    problems += more
    cases, more = with_spacing(cases, folder)
    return cases, problems + more


def named_by(folder: Path, root: Path) -> tuple[str, str]:
    """Split and source that a folder's name and those above it, up to the one that was given, say."""
    path = folder.resolve()
    names = [path.name, *(above.name for above in path.parents if above.is_relative_to(root.resolve()))]
    split = next(filter(None, map(split_of, names)), "")
    source = path.parent.name if split_of(path.name) else path.name
    return split, composed(source)


def _unclear(folder: Path, root: Path) -> list[str]:
    """A problem for a folder of which nobody knows whether it may be trained on."""
    names = folder.relative_to(root).parts
    return [
        f"{folder}: {name!r} may stand for {hints_at(name)}: call it train, val or test, or by another name"
        for name in names
        if hints_at(name)
    ]


def _cases(folder: Path, split: str, source: str) -> Found:
    """The cases by their files alone, each its own group."""
    images, masks, labels = folder / "images", folder / "masks", folder / "labels"
    labels_of, problems = by_id(labels)
    truth = next((place for place in (masks, labels) if place.is_dir()), None)
    if truth is None:
        files, more = by_id(images)
        return [Case(name, path, name, split, source=source) for name, path in files.items()], problems + more
    pairs, more = paired(images, truth)
    cases = [
        Case(
            name,
            image,
            group=name,
            split=split,
            source=source,
            masks=(mask,) if truth == masks else (),
            labels=labels_of.get(name),
        )
        for name, image, mask in pairs
    ]
    images_of, _ = by_id(images)
    lost = labels_of.keys() - images_of.keys()
    problems += [f"{labels_of[name]}: no image named {name} in {images}" for name in sorted(lost)]
    return cases, problems + more
