"""DDTI: thyroid nodules of a Colombian hospital (Pedraza 2015), as published and as commonly preprocessed.

As published: case 1 has the images 1_1.jpg, 1_2.jpg and the file 1.xml, with for each image one
<mark><image>1</image><svg>[{"points": [{"x": 250, "y": 72}, ...], ...}, ...]</svg></mark>, the polygons in
px. A case is a patient and so a group. Two published files break off behind their last polygon, so each
polygon is read by itself. Images without a mark were not annotated and are left out.

As preprocessed (637 cropped nodules): p_image/1.PNG with p_mask/1.PNG; patients are lost, so each image is
a group.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from xml.etree import ElementTree

from .. import typed_json
from ..typed_json import Value
from .case import Case, Outline
from .listing import by_id, visible
from .pairing import Found, paired_cases

LAYOUT = "1.xml with 1_1.jpg, or p_image/ and p_mask/"
BESIDE = (".xml",)  # files of another kind that are read
IMAGE = re.compile(r"(\d+)_(\d+)")
FARTHEST = 1e5  # px
POINTS = re.compile(r'"points"\s*:\s*(\[[^\]]*\])')

_log = logging.getLogger(__name__)


def matches(folder: Path) -> bool:
    """Whether the folder looks like DDTI."""
    return (folder / "p_image").is_dir() or any(_reports(folder))


def find(folder: Path) -> Found:
    """All cases."""
    if (folder / "p_image").is_dir():
        return paired_cases(folder / "p_image", folder / "p_mask", "ddti")
    files, problems = by_id(folder)
    files = {name: path for name, path in files.items() if IMAGE.fullmatch(name)}
    outlines_of = {}
    for path in _reports(folder):
        outlines, more = _read_marks(path)
        outlines_of |= outlines
        problems += more
    cases = [
        Case(name, path, IMAGE.fullmatch(name)[1], source="ddti", outlines=outlines_of[name])
        for name, path in files.items()
        if outlines_of.get(name)
    ]
    _log.info("%s: %d of %d images are annotated", folder, len(cases), len(files))
    return cases, problems + _unpaired(folder, files, outlines_of)


def _reports(folder: Path) -> list[Path]:
    """Its XML files; each is named by its patient's number."""
    return [path for path in visible(folder) if path.suffix in BESIDE and path.stem.isdecimal()]


def _unpaired(folder: Path, files: dict[str, Path], outlines_of: dict[str, tuple[Outline, ...]]) -> list[str]:
    lost = [
        f"{folder / name.split('_')[0]}.xml: no image {name}" for name in outlines_of if name not in files
    ]
    without = [
        f"{path}: no file {name.split('_')[0]}.xml beside it"
        for name, path in files.items()
        if not (folder / f"{name.split('_')[0]}.xml").is_file()
    ]
    return lost + without


def _read_marks(path: Path) -> tuple[dict[str, tuple[Outline, ...]], list[str]]:
    """Outlines by image name of one case's XML file."""
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError, LookupError) as error:
        return {}, [f"{path}: cannot be read as XML ({error})"]
    marks, problems = {}, []
    for mark in root.iter("mark"):
        name = f"{path.stem}_{(mark.findtext('image') or '').strip()}"
        text = (mark.findtext("svg") or "").strip()
        outlines = _outlines(text)
        if outlines is None:
            problems.append(f"{path}: the outline of image {name} is damaged")
        elif outlines:
            marks[name] = marks.get(name, ()) + outlines
    return marks, problems


def _outlines(text: str) -> tuple[Outline, ...] | None:
    """The polygons of one mark's JSON, (x, y) px; None if one of them is not whole."""
    lists = POINTS.findall(text)
    if len(lists) != text.count('"points"') or (text and not lists):
        return None
    try:
        outlines = [tuple(map(_point, typed_json.parse(points, "outline").items())) for points in lists]
    except ValueError:
        return None
    return tuple(outline for outline in outlines if len(outline) > 2)  # a dot or a line encloses nothing


def _point(value: Value) -> tuple[float, float]:
    return value["x"].number(-FARTHEST, FARTHEST), value["y"].number(-FARTHEST, FARTHEST)
