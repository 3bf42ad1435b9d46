"""MetaImage files (.mha, .mhd), read here and not by SimpleITK: a header that lies ends its process.

Fields and defaults are those of the MetaIO library's documentation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from . import raw
from .grid import Grid, Volume, laid_out
from .header_text import LONGEST, beside, numbers, whole
from .raw import AT_END, RAW, TEXT, Stored

SUFFIXES = (".mha", ".mhd")
TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
LAST = "ElementDataFile"


def read(path: Path) -> Volume:
    """All frames; ValueError says what is wrong with the file."""
    fields, start = _header(path)
    size = _size(path, fields)
    (channels,) = whole(path, "ElementNumberOfChannels", fields.get("ElementNumberOfChannels", "1"), 1)
    if channels not in (1, 3, 4):
        raise ValueError(f"{path} has {channels} values a pixel: expected gray or RGB")
    sides = (*reversed(size), *([channels] if channels > 1 else []))
    voxels = raw.read(path, _stored(path, fields, start, sides))
    grid, spacing = _grid(path, fields, size)
    return Volume(voxels if len(size) == 3 else voxels[None], grid, spacing)


def spacing_mm(path: Path) -> tuple[float, float] | None:
    """(x, y) of a pixel by the header alone, as `read` has it; None if unknown."""
    fields, _ = _header(path)
    return _grid(path, fields, _size(path, fields))[1]


def _header(path: Path) -> tuple[dict[str, str], int]:
    """The fields up to the last, and where the file goes on behind it."""
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        while LAST not in fields:
            line = file.readline(LONGEST)
            name, equals, value = line.decode("latin-1").partition("=")
            if not equals or file.tell() > LONGEST:
                raise ValueError(f"{path} cannot be read: it has no MetaImage header that ends in {LAST}")
            fields[name.strip()] = value.strip()
        return fields, file.tell()


def _size(path: Path, fields: dict[str, str]) -> list[int]:
    (axes,) = whole(path, "NDims", fields.get("NDims", ""), 1)
    if axes not in (2, 3):
        raise ValueError(f"{path} has {axes} axes: expected a 2D or 3D file")
    return whole(path, "DimSize", fields.get("DimSize", ""), axes)


def _stored(path: Path, fields: dict[str, str], start: int, sides: tuple[int, ...]) -> Stored:
    kind = fields.get("ElementType", "").removesuffix("_ARRAY")
    if kind not in TYPES:
        raise ValueError(f"{path} cannot be read: ElementType {kind!r} is not one of {', '.join(TYPES)}")
    big = _is_true(fields.get("ElementByteOrderMSB", fields.get("BinaryDataByteOrderMSB", "")))
    local = fields[LAST].upper() == "LOCAL"
    (skipped,) = whole(path, "HeaderSize", fields.get("HeaderSize", "0"), 1)
    start = start if local else 0
    packing = "zlib" if _is_true(fields.get("CompressedData", "")) else RAW
    if not _is_true(fields.get("BinaryData", "True")):
        packing = TEXT
    return Stored(
        path if local else beside(path, fields[LAST]),
        (AT_END if packing == RAW else start) if skipped < 0 else max(start, skipped),
        np.dtype(TYPES[kind]).newbyteorder(">" if big else "<"),
        sides,
        packing,
    )


def _grid(path: Path, fields: dict[str, str], size: list[int]) -> tuple[Grid, tuple[float, float] | None]:
    axes = len(size)

    def field(default, *names):
        name = next((name for name in names if name in fields), names[0])
        return np.array(numbers(path, name, fields.get(name, default), default.count(" ") + 1))

    spacing = field(" ".join(["1"] * axes), "ElementSpacing", "ElementSize")
    origin = field(" ".join(["0"] * axes), "Offset", "Position", "Origin")
    unturned = " ".join(str(float(i == j)) for i in range(axes) for j in range(axes))
    rows = field(unturned, "TransformMatrix", "Rotation", "Orientation").reshape(axes, axes)
    columns, place = np.eye(3), np.zeros(3)
    with np.errstate(invalid="ignore"):
        columns[:axes, :axes], place[:axes] = rows.T * spacing, origin  # a row is the direction of an axis
    return laid_out((*size, 1)[:3], columns, place, path)


def _is_true(word: str) -> bool:
    return word[:1] in ("T", "t", "1")
