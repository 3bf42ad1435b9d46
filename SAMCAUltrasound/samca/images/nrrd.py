"""NRRD files (.nrrd, .nhdr), and the Sequences that Slicer saves in them (.seq.nrrd).

SimpleITK takes a list of three frames for colours, refuses one of ten, and follows a header anywhere, so they
are read here. Fields are those of the format's definition (teem.sourceforge.net/nrrd/format.html).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from . import raw
from .grid import Volume, laid_out
from .header_text import beside, numbers, whole
from .raw import AT_END, RAW, TEXT, Stored

SUFFIXES = (".nrrd", ".nhdr")
SEQUENCE = ".seq.nrrd"
MARK = b"NRRD000"
LONGEST = 1 << 27  # bytes of a header: a tag of a segment holds all prompts of a loop
TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": (
        "longlong",
        "long long",
        "long long int",
        "signed long long",
        "signed long long int",
        "int64",
        "int64_t",
    ),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
ENCODINGS = {
    "raw": RAW,
    "txt": TEXT,
    "text": TEXT,
    "ascii": TEXT,
    "gz": "gzip",
    "gzip": "gzip",
    "bz2": "bzip2",
    "bzip2": "bzip2",
}
IN_SPACE, OVER_TIME = ("domain", "space"), ("list", "time")
FLIPPED = {
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}  # to LPS


def read(path: Path) -> Volume:
    """All frames, of a Sequence those of all items; ValueError says what is wrong with the file."""
    fields, start = _header(path)
    (axes,) = whole(path, "dimension", fields.get("dimension", ""), 1)
    sizes = whole(path, "sizes", fields.get("sizes", ""), axes)
    steps = _steps(path, fields, axes)
    over_time, in_space, colours = _roles(path, fields, sizes, steps)
    stored = _stored(path, fields, start, tuple(reversed(sizes)))
    order = [axes - 1 - axis for axis in (*over_time, *reversed(in_space), *colours)]
    voxels = raw.read(path, stored).transpose(order)
    size = tuple((*(sizes[axis] for axis in in_space), 1)[:3])
    grid, spacing = laid_out(size, *_columns(path, fields, [steps[axis] for axis in in_space]), path)
    shape = (-1, size[1], size[0], *(sizes[axis] for axis in colours if sizes[axis] > 1))
    return Volume(voxels.reshape(shape), grid, spacing)


def texts(path: Path) -> dict[str, str]:
    """What writers have added to the header in their own words, as Slicer the names of segments."""
    return {name: value[1:] for name, value in _entries(path)[0] if value.startswith("=")}


def _header(path: Path) -> tuple[dict[str, str], int]:
    """The fields, and where the file goes on behind the empty line that ends them."""
    entries, start = _entries(path)
    fields = [(name.strip().lower().replace(" ", ""), value) for name, value in entries]
    return {name: value.strip() for name, value in fields if not value.startswith("=")}, start


def _entries(path: Path) -> tuple[list[tuple[str, str]], int]:
    """Names and values; those of texts start with an equals sign."""
    entries = []
    with path.open("rb") as file:
        if not file.readline(LONGEST).startswith(MARK):
            raise ValueError(f"{path} cannot be read: it is damaged, cut off, or no NRRD file")
        while line := file.readline(LONGEST).decode("latin-1").strip():
            if file.tell() > LONGEST:
                raise ValueError(f"{path} cannot be read: its header has no end")
            name, colon, value = line.partition(":")
            if colon and not line.startswith("#"):
                entries.append((name, value))
        return entries, file.tell()


def _roles(
    path: Path, fields: dict[str, str], sizes: list[int], steps: list
) -> tuple[list[int], list[int], list[int]]:
    """The axes over time, in space and of colours."""
    kinds = fields.get("kinds", "").lower().split() or ["???"] * len(sizes)
    roles: tuple[list[int], list[int], list[int]] = [], [], []
    for axis, (kind, size) in enumerate(zip(kinds, sizes, strict=False)):
        unknown = kind in ("???", "none")
        colours = axis == 0 and size in (3, 4) and not path.name.lower().endswith(SEQUENCE)
        if kind in OVER_TIME and not colours:
            roles[0].append(axis)
        elif kind in IN_SPACE or (unknown and steps[axis] is not None and len(sizes) <= 3 + (not colours)):
            roles[1].append(axis)
        else:
            roles[2].append(axis)
    values = [sizes[axis] for axis in roles[2]] or [1]
    if len(roles[0]) > 1 or len(roles[1]) not in (2, 3) or len(values) > 1 or values[0] not in (1, 3, 4):
        raise ValueError(
            f"{path} has {len(sizes)} axes, {values[0]} values a pixel: expected a 2D or 3D file, or a "
            "Sequence of such, gray or RGB"
        )
    return roles


def _steps(path: Path, fields: dict[str, str], axes: int) -> list:
    """For each axis its step in mm: a vector, a number, or None for one that is not in space."""
    if "spacedirections" in fields:
        words = re.findall(r"none|\([^)]*\)", fields["spacedirections"])
        vectors = [None if word == "none" else _vector(path, word) for word in words]
        if len(vectors) != axes:
            raise ValueError(f"{path} cannot be read: it has {axes} axes and {len(vectors)} space directions")
        return vectors
    return numbers(path, "spacings", fields.get("spacings", " ".join(["1"] * axes)), axes)


def _columns(path: Path, fields: dict[str, str], steps: list) -> tuple[np.ndarray, np.ndarray]:
    """(3, 3) steps along the axes in space, and the (3,) place of the first voxel, in LPS mm."""
    columns, origin = np.eye(3), np.zeros(3)
    if len(steps) == 2 and any(isinstance(step, np.ndarray) for step in steps):
        columns[:, 2] = np.nan  # across the two, wherever they point
    for axis, step in enumerate(steps):
        if isinstance(step, np.ndarray):
            columns[:, axis] = step
        else:
            columns[axis, axis] = np.nan if step is None else step
    if "spaceorigin" in fields:
        origin = _vector(path, fields["spaceorigin"])
    flips = np.array(FLIPPED.get(fields.get("space", "").lower(), (1, 1, 1)))
    return columns * flips[:, None], origin * flips


def _vector(path: Path, word: str) -> np.ndarray:
    """(3,) of "(x,y,z)" with any count of numbers."""
    parts = word.strip("() ").split(",")
    found = numbers(path, "a vector", " ".join(parts), len(parts))
    return np.array([*found, 0.0, 0.0][:3])


def _stored(path: Path, fields: dict[str, str], start: int, sides: tuple[int, ...]) -> Stored:
    kind = next((t for t, names in TYPES.items() if fields.get("type", "").lower() in names), None)
    packing = ENCODINGS.get(fields.get("encoding", "").lower())
    if kind is None or packing is None:
        raise ValueError(
            f"{path} cannot be read: its voxels are {fields.get('type')!r} in {fields.get('encoding')!r}, "
            f"expected numbers in {', '.join(ENCODINGS)}"
        )
    data = fields.get("datafile")
    file = path if data is None else beside(path, data)
    dtype = np.dtype(kind).newbyteorder(">" if fields.get("endian", "").lower() == "big" else "<")
    (lines,) = whole(path, "line skip", fields.get("lineskip", "0"), 1)
    (skipped,) = whole(path, "byte skip", fields.get("byteskip", "0"), 1)
    start = _behind(file, start if data is None else 0, lines)
    if skipped and packing not in (RAW, TEXT):
        raise ValueError(
            f"{path} cannot be read: it skips {skipped} bytes of what is compressed: save it again"
        )
    return Stored(file, AT_END if skipped < 0 else start + skipped, dtype, sides, packing)


def _behind(file: Path, start: int, lines: int) -> int:
    """Where a file goes on behind so many lines."""
    if lines <= 0 or not file.is_file():
        return start
    with file.open("rb") as opened:
        opened.seek(start)
        for _ in range(min(lines, LONGEST)):
            if not opened.readline(LONGEST):
                break
        return opened.tell()
