"""NIfTI files: SimpleITK reads them, once their headers have been looked at.

SimpleITK fills what is missing from a file that was cut off with anything, and refuses axes that are not at
right angles. Sizes and offsets of the header fields are those of the NIfTI-1.1 and NIfTI-2 standards.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..files import scratch, stream
from . import by_simpleitk
from .bounds import CHUNK, PACKED, check_size
from .grid import Volume, laid_out, positive

SUFFIXES = (".nii", ".nii.gz")
LONGEST_HEADER = 540
FIELDS = {  # by the header's length: layout and offset of each field
    348: {"dim": ("8h", 40), "type": ("2h", 70), "pixdim": ("8f", 76), "start": ("f", 108)}
    | {"codes": ("2h", 252), "rows": ("12f", 280), "units": ("B", 123)},
    540: {"dim": ("8q", 16), "type": ("2h", 12), "pixdim": ("8d", 104), "start": ("q", 168)}
    | {"codes": ("2i", 344), "rows": ("12d", 400), "units": ("i", 500)},
}
BITS = {2: 8, 256: 8, 4: 16, 512: 16, 8: 32, 768: 32, 16: 32, 64: 64, 1024: 64, 1280: 64, 128: 24, 2304: 32}
MM_OF = {1: 1000.0, 3: 0.001}  # by the code of a unit; of any other 1
TO_LPS = (-1.0, -1.0, 1.0)


@dataclass(frozen=True)
class Header:
    """The first bytes of a file, in one of the byte orders; struct.error where they are none of NIfTI."""

    content: bytes

    @property
    def order(self) -> str:
        """Of struct: < or >."""
        lengths = {order: struct.unpack_from(f"{order}i", self.content)[0] for order in "<>"}
        order = next((order for order, length in lengths.items() if length in FIELDS), None)
        if order is None:
            raise struct.error("no NIfTI header")
        return order

    def place(self, name: str) -> tuple[str, int]:
        """Layout and offset of a field."""
        layout, offset = FIELDS[struct.unpack_from(f"{self.order}i", self.content)[0]][name]
        return self.order + layout, offset

    def __getitem__(self, name: str) -> tuple:
        layout, offset = self.place(name)
        return struct.unpack_from(layout, self.content, offset)

    @property
    def sides(self) -> tuple[int, ...]:
        """Voxels along each axis, the fastest first; 0 stands for 1."""
        count, *sides = self["dim"]
        return tuple(side or 1 for side in sides[: max(count, 1)])


def read(path: Path) -> Volume:
    """All frames; ValueError says what is wrong with the file."""
    header = _header(path)
    if is_cut_off(path):
        raise ValueError(f"{path} cannot be read: it is cut off, or its compressed stream is damaged")
    if header["codes"][1] > 0 and not np.isfinite(header["rows"]).all():
        return _laid_anew(path, header)
    try:
        volume = by_simpleitk.read(path)
        if np.isfinite([*volume.grid.direction, *volume.grid.origin]).all():
            return volume._replace(grid=replace(volume.grid, across_known=_is_step(header["pixdim"][3])))
    except ValueError:
        if math.prod(header.sides[3:]) > 1 or header["codes"] == (0, 0):
            raise
    return _laid_anew(path, header)


def spacing_mm(path: Path) -> tuple[float, float] | None:
    """(x, y) of a pixel by the header alone, as `read` has it; None if unknown."""
    header = _header(path)
    unit = MM_OF.get(header["units"][0] & 7, 1.0)
    return positive(*(abs(step) * unit for step in header["pixdim"][1:3]))


def _is_step(length: float) -> bool:
    """Whether it is how far slices lie apart; 1 stands there, too, where frames follow each other in time."""
    return 0 < abs(length) < math.inf and abs(length) != 1


def _header(path: Path) -> Header:
    with _opened(path) as file:
        try:
            header = Header(file.read(LONGEST_HEADER))
            _check(path, header)
            return header
        except (EOFError, OSError, zlib.error, struct.error) as error:
            raise ValueError(f"{path} cannot be read: it is damaged, cut off, or no NIfTI file") from error


def _check(path: Path, header: Header) -> None:
    kind, bits = header["type"]
    if BITS.get(kind) != bits:
        raise ValueError(
            f"{path} cannot be read: its voxels are of type {kind} with {bits} bits, expected whole numbers, "
            "fractions or colours of 8 to 64 bits: save it as one of these"
        )
    check_size(path, header.sides, bits / 8, PACKED if path.name.lower().endswith(".gz") else 1)


def is_cut_off(path: Path) -> bool:
    """Whether the file ends before its last voxel, or inside its compressed stream."""
    try:
        with _opened(path) as file:
            header = Header(file.read(LONGEST_HEADER))
            last = int(header["start"][0]) + math.prod(header.sides) * header["type"][1] // 8 - 1
            file.seek(last)
            is_there = bool(file.read(1))
            ends = any(not file.read(CHUNK) for _ in range(16))  # with a sum of what was compressed
            return not (is_there and ends)
    except (EOFError, OSError, zlib.error, struct.error, OverflowError, ValueError):
        return True


def _opened(path: Path):
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")


def _laid_anew(path: Path, header: Header) -> Volume:
    """The voxels without the axes in the header, which SimpleITK does not take; these as far as they go."""
    with _opened(path) as file, scratch() as folder:
        start = bytearray(file.read(LONGEST_HEADER))
        layout, offset = header.place("codes")
        struct.pack_into(layout, start, offset, 0, 0)
        plain = folder / "plain.nii"
        with stream(plain) as target:
            target.write(start)
            while chunk := file.read(CHUNK):
                target.write(chunk)
        voxels = by_simpleitk.read(plain).voxels
    rows = np.reshape(header["rows"], (3, 4)) * np.reshape(TO_LPS, (3, 1))
    columns, origin = rows[:, :3], rows[:, 3]
    if not (np.isfinite(columns).all() and np.abs(columns).any(0)[:2].all()):
        columns = np.diag(header["pixdim"][1:4])
    grid, spacing = laid_out((*header.sides[:3], 1, 1)[:3], columns, origin, path)
    return Volume(voxels, grid, spacing)
