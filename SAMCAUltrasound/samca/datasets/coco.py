"""COCO: annotations of single objects in JSON, as most programs for outlining and for detection write them.

Layout: annotations/instances_train.json and its like, or train/_annotations.coco.json beside its images; the
images lie beside the file, in the folder, in its images/, or in a folder named by the split (train2017/).
Segmentations are polygons or runs of pixels, packed (RLE) or as numbers; each annotation is a target, its
category the name of its value. An annotation with a box alone is a problem. The split is what the name of the
file or of its folder says. Of images the fields group, loop, source, class and spacing_mm (x, y) are read
where they are there, as `samca convert` writes them; without group each image is one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from .. import typed_json
from ..images.grid import positive
from ..typed_json import Value
from .case import Case
from .drawn import Drawn
from .listing import composed, visible
from .pairing import Found
from .runs import unpacked
from .split_words import split_of

LAYOUT = "annotations/instances_train.json, or _annotations.coco.json beside its images (COCO)"
BESIDE = (".json", "annotations")
PLACE, ENDING = "annotations", "_annotations.coco.json"
HOLDS = (b'"images"', b'"annotations"', b'"categories"')
LONGEST_RUNS = 1 << 24  # characters of the packed runs of one object
FARTHEST = 1e5  # px
MOST = 2**16 - 1  # a value of labels
SIDE = 1 << 16  # px


def matches(folder: Path) -> bool:
    """Whether the folder has annotations in COCO's form."""
    return bool(_files(folder))


def find(folder: Path) -> Found:
    """All cases."""
    cases, problems, names = [], [], {}
    for path in _files(folder):
        try:
            table = _Table(folder, path, typed_json.read(path))
            more = table.names()
            if other := next((v for v, name in more.items() if names.setdefault(v, name) != name), None):
                raise ValueError(
                    f"{path}: category {other} is {more[other]!r} here and {names[other]!r} in another file: "
                    "give both the same categories"
                )
            found, bad = table.cases(tuple(more.items()))
        except (ValueError, OSError) as error:
            problems.append(str(error) if str(path) in str(error) else f"{path}: {error}")
            continue
        cases += found
        problems += bad
    return cases, problems


def _files(folder: Path) -> list[Path]:
    inside = [path for path in visible(folder / PLACE) if path.suffix == ".json"]
    near = sorted(path for above in ("", "*/") for path in folder.glob(f"{above}*{ENDING}"))
    return [path for path in inside + near if not path.name.startswith(".") and _is_coco(path)]


def _is_coco(path: Path) -> bool:
    try:
        content = path.read_bytes() if path.stat().st_size <= typed_json.LARGEST else b"".join(HOLDS)
    except OSError:
        return False
    return all(word in content for word in HOLDS)


@dataclass(frozen=True)
class _Table:
    """One file of annotations; ValueError for one that is not as COCO has it."""

    folder: Path
    path: Path
    root: Value

    def names(self) -> dict[int, str]:
        """Value -> name of every category; values count them where their ids are no values of labels."""
        values = self._values()
        found = [(values[each["id"].plain], each["name"].text()) for each in self.root["categories"].items()]
        return {value: composed(name) for value, name in sorted(found)}

    def _values(self) -> dict[int, int]:
        """Id of a category -> value."""
        ids = sorted(each["id"].whole() for each in self.root["categories"].items())
        fits = all(0 < number <= MOST for number in ids)
        return {number: number if fits else place for place, number in enumerate(ids, start=1)}

    def cases(self, names: tuple[tuple[int, str], ...]) -> Found:
        """A case for each image whose annotations are whole, and a problem for each other."""
        values, annotations = self._values(), defaultdict(list)
        for each in self.root["annotations"].items():
            annotations[each["image_id"].whole()].append(each)
        cases, problems, known = [], [], set()
        for image in self.root["images"].items():
            number = image["id"].whole()
            known.add(number)
            try:
                drawn = tuple(self._drawn(each, image, values) for each in annotations[number])
                cases.append(self._case(image, drawn, names))
            except ValueError as error:
                problems.append(f"{self.path}: {error}")
        lost = sorted(annotations.keys() - known)
        problems += [f"{self.path}: annotations of image {number}, which is not listed" for number in lost]
        return cases, problems

    def _case(self, image: Value, drawn: tuple[Drawn, ...], names) -> Case:
        path = self._image(image["file_name"].text())
        name = composed(re.sub(r"[/\\]", "_", str(Path(image["file_name"].plain).with_suffix(""))))
        group, loop, kind = (composed(image.get(key, "").text()) for key in ("group", "loop", "class"))
        spacing = [number.number() for number in image.get("spacing_mm", []).items(0, 2)]
        return Case(
            name,
            path,
            group or name,
            self._split(),
            spacing_mm=positive(*spacing) if len(spacing) == 2 else None,
            source=composed(image.get("source", "").text() or self.folder.resolve().name),
            drawn=drawn,
            kind=kind,
            names=names if drawn else (),
            loop=loop,
        )

    def _image(self, name: str) -> Path:
        """Where an image lies; ValueError for none, and for a name that leads to another place."""
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"file_name {name!r}: expected a name within the folder of the images")
        word = self.path.stem.removeprefix("instances_")
        tops = self.folder, self.folder / "images"
        places = (self.path.parent, *(top / part for top in tops for part in (".", "images", word)))
        found = next((place / name for place in places if (place / name).is_file()), None)
        if found is None:
            raise ValueError(f"no image {name} beside it, in images/ or in {word}/: copy it there")
        return found

    def _split(self) -> str:
        """What the names of the file and of its folder say."""
        words = [*re.split(r"[\W\d_]+", self.path.stem), self.path.parent.name]
        return next(filter(None, map(split_of, words)), "")

    @staticmethod
    def _drawn(annotation: Value, image: Value, values: dict[int, int]) -> Drawn:
        value, outline = values.get(annotation["category_id"].whole()), annotation.get("segmentation", [])
        if value is None:
            raise annotation["category_id"].wrong("the id of a category")
        if isinstance(outline.plain, dict):
            size = tuple(side.whole(1, SIDE) for side in outline["size"].items(2, 2))
            return Drawn(value, runs=_runs(outline["counts"], size), size=size)
        polygons = tuple(map(_polygon, outline.items()))
        if not polygons:
            name = image["file_name"].text()
            raise ValueError(
                f"{annotation.where} of {name} has no outline (segmentation): outline it, or remove it"
            )
        return Drawn(value, polygons)


def _polygon(numbers: Value) -> tuple[tuple[float, float], ...]:
    """x and y in turn, of at least three corners."""
    flat = [number.number(-FARTHEST, FARTHEST) for number in numbers.items(6)]
    if len(flat) % 2:
        raise numbers.wrong("x and y in turn")
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _runs(counts: Value, size: tuple[int, int]) -> tuple[int, ...]:
    """Lengths that end with the image of this (height, width)."""
    most = size[0] * size[1]
    try:
        packed = isinstance(counts.plain, str)
        runs = unpacked(counts.text(LONGEST_RUNS)) if packed else [n.whole(0, most) for n in counts.items()]
    except ValueError as error:
        raise ValueError(f"{counts.where}: {error}") from error
    if min(runs, default=0) < 0 or sum(runs) != most:
        raise ValueError(f"{counts.where} has runs of {sum(runs)} px: expected {most}, {size[1]} x {size[0]}")
    return tuple(runs)
