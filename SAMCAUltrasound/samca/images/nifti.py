"""Whether a NIfTI file is whole: SimpleITK reads one that was cut off and fills the rest with anything.

Sizes and offsets of the header fields are those of the NIfTI-1.1 and NIfTI-2 standards.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

SUFFIXES = (".nii", ".nii.gz")
LONGEST_HEADER = 540
LAYOUTS = {348: ("8h", 40, "h", 72, "f", 108), 540: ("8q", 16, "h", 14, "q", 168)}  # dim, bitpix, vox_offset


def is_cut_off(path: Path) -> bool:
    """Whether the file ends before its last voxel, or inside its compressed stream."""
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opener(path, "rb") as file:
            last = _bytes_needed(file.read(LONGEST_HEADER)) - 1
            file.seek(last)
            return not file.read(1)
    except (EOFError, OSError, zlib.error, struct.error, OverflowError, ValueError):
        return True


def _bytes_needed(header: bytes) -> int:
    """Bytes up to the last voxel, by the header in either byte order."""
    order = next((o for o in "<>" if struct.unpack_from(f"{o}i", header)[0] in LAYOUTS), None)
    if order is None:
        raise ValueError("no NIfTI header")
    dim, dim_at, bits, bits_at, start, start_at = LAYOUTS[struct.unpack_from(f"{order}i", header)[0]]
    count, *sides = struct.unpack_from(order + dim, header, dim_at)
    (bits_a_voxel,) = struct.unpack_from(order + bits, header, bits_at)
    (offset,) = struct.unpack_from(order + start, header, start_at)
    return int(offset) + math.prod(sides[:count]) * bits_a_voxel // 8
