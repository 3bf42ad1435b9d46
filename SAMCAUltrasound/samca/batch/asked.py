"""Tables of boxes and of clicks: what points at an object in which image, a row for each box or click."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .. import spreadsheets
from ..datasets.image_folder import stem_of
from ..datasets.listing import composed
from ..prompts import Box, Click, Prompts

BOX, CLICK = ("image", "x0", "y0", "x1", "y1"), ("image", "x", "y")
OPTIONAL = {BOX: ("frame",), CLICK: ("positive", "frame", "object")}
YES, NO = ("", "1", "+", "true", "yes"), ("0", "-", "false", "no")

Row = Mapping[str, str]
NumberedRow = tuple[int, Row]  # with its number in the file


@dataclass(frozen=True)
class Asked:
    """One object: its frame, from 0, and what points at it."""

    frame: int
    prompts: Prompts

    def __str__(self) -> str:
        box = self.prompts.box
        boxes = [f"box {box.x0:g},{box.y0:g},{box.x1:g},{box.y1:g}"] if box else []
        clicks = [f"{each.x:g},{each.y:g}{'' if each.positive else ',-'}" for each in self.prompts.clicks]
        return " ".join([*boxes, *(["clicks", *clicks] if clicks else [])])


@dataclass
class Table:
    """What a table asks of each image, by the image's path in its folder.

    wrong: why an image is left out, by its path, or by what a row calls it where no image is meant. notes:
    sentences about the table as a whole.
    """

    asked: dict[str, tuple[Asked, ...]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def boxes(path: str | Path, images: Iterable[str]) -> Table:
    """A table with the columns image, x0, y0, x1, y1 (px, first and last pixel), maybe frame: an object each.

    images: their paths in the folder, with / between parts; a row may give the path, the name, or the name
    without suffix, as long as only one image is meant. What is wrong with a row leaves its image out.
    ValueError for other columns.
    """
    return _collect(path, images, BOX, _by_boxes)


def clicks(path: str | Path, images: Iterable[str]) -> Table:
    """The same with the columns image, x, y (px), maybe positive (1 or 0), frame, and object: a number or
    name that clicks at one object share."""
    return _collect(path, images, CLICK, _by_clicks)


def kind_of(path: Path) -> str:
    """ "boxes" or "clicks", by the columns of a table; ValueError for another one."""
    columns, _rows = spreadsheets.read(path)
    names = {column.strip().lower() for column in columns}
    for kind, needed in (("boxes", BOX), ("clicks", CLICK)):
        if names.issuperset(needed):
            return kind
    raise ValueError(
        f"{path} has the columns {', '.join(columns) or 'of an empty file'}: expected {', '.join(BOX)} for "
        f"boxes, or {', '.join(CLICK)} for clicks"
    )


def _collect(
    path: str | Path,
    images: Iterable[str],
    needed: tuple[str, ...],
    objects_of: Callable[[list[NumberedRow]], Iterable[Asked]],
) -> Table:
    """The table with what the rows of each image ask; what goes wrong with one leaves that image out."""
    table, rows = _opened(path, images, needed)
    for name, of_image in rows.items():
        try:
            table.asked[name] = tuple(objects_of(of_image))
        except ValueError as error:
            table.wrong[name] = str(error)
    return table


def _by_boxes(rows: list[NumberedRow]) -> Iterator[Asked]:
    for number, row in rows:
        yield Asked(_whole(row, "frame", number), Prompts(box=_box(row, number)))


def _by_clicks(rows: list[NumberedRow]) -> Iterator[Asked]:
    objects = defaultdict(list)
    for number, row in rows:
        objects[_whole(row, "frame", number), row.get("object", "")].append(_click(row, number))
    for (frame, word), given in objects.items():
        if not any(click.positive for click in given):
            called = f"object {word}" if word else "the object"
            raise ValueError(f"no click says where {called} is: give one with positive 1")
        yield Asked(frame, Prompts(tuple(given)))


def _opened(
    path: str | Path, images: Iterable[str], needed: tuple[str, ...]
) -> tuple[Table, dict[str, list[NumberedRow]]]:
    """The table yet without what is asked, and the rows of each image with their numbers in the file."""
    columns, rows = spreadsheets.read(Path(path))
    names = {column: column.strip().lower() for column in columns}
    known = (*needed, *OPTIONAL[needed])
    if missing := [column for column in needed if column not in names.values()]:
        raise ValueError(
            f"{path} has no column {', '.join(missing)}, but {', '.join(columns) or 'none at all'}: expected "
            f"{', '.join(needed)}, and maybe {', '.join(OPTIONAL[needed])}"
        )
    table, meant = Table(), _Images(images)
    if unread := [column for column in columns if names[column] not in known]:
        table.notes.append(f"{path}: not read are the columns {', '.join(unread)}")
    found: dict[str, list[NumberedRow]] = defaultdict(list)
    for number, row in enumerate(rows, start=2):
        word = composed(row[next(column for column in columns if names[column] == "image")])
        try:
            image = meant.named(word)
        except ValueError as error:
            table.wrong.setdefault(word or f"row {number}", f"row {number}: {error}")
        else:
            found[image].append((number, {names[column]: cell.strip() for column, cell in row.items()}))
    return table, found


class _Images:
    """Images by what a row may call them."""

    def __init__(self, images: Iterable[str]):
        self._meant: dict[str, list[str]] = defaultdict(list)
        for image in images:
            path = Path(image)
            for word in dict.fromkeys(
                (image, path.name, str(path.with_name(stem_of(path)).as_posix()), stem_of(path))
            ):
                self._meant[composed(word)].append(image)

    def named(self, word: str) -> str:
        """The one image that this means."""
        meant = self._meant.get(word.replace("\\", "/"), [])
        exact = [image for image in meant if composed(image) == word.replace("\\", "/")]
        if len(exact or meant) == 1:
            return (exact or meant)[0]
        if not meant:
            raise ValueError(f"there is no image {word!r} in the folder")
        raise ValueError(f"{word!r} may be {' or '.join(meant[:3])}: give the path in the folder")


def _box(row: Row, number: int) -> Box:
    corners = [_number(row, name, number) for name in BOX[1:]]
    try:
        return Box(*corners)
    except ValueError as error:
        raise ValueError(f"row {number}: {error}") from error


def _click(row: Row, number: int) -> Click:
    word = row.get("positive", "").lower()
    if word not in YES + NO:
        raise ValueError(f"row {number}: positive is {word!r}, expected 1 or 0")
    return Click(_number(row, "x", number), _number(row, "y", number), word in YES)


def _number(row: Row, name: str, number: int) -> float:
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"row {number}: {name} is {row[name]!r}, expected a number of px")
    return value


def _whole(row: Row, name: str, number: int) -> int:
    word = row.get(name, "") or "0"
    if not word.isdecimal():
        raise ValueError(f"row {number}: {name} is {word!r}, expected a whole number from 0")
    return int(word)
