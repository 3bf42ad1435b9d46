"""How much a file may hold before it is read: what it says of itself can be anything."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

LARGEST = 4 << 30  # bytes of voxels
RAW, ZLIB, GZIP = -15, 15, 31  # what stands around a compressed stream: nothing, or what zlib or gzip writes
CHUNK = 1 << 16  # bytes; a thousand times as many may come out


def check_size(path: Path, sides: Sequence[int], bytes_a_voxel: int) -> int:
    """The bytes of voxels with these sides; ValueError for sides below 1 or more bytes than LARGEST."""
    size = math.prod(sides) * bytes_a_voxel
    if min(sides) < 1 or size > LARGEST:
        asked = " x ".join(f"{side:.6g}" for side in sides)
        raise ValueError(
            f"{path} cannot be read: its header says {asked} values of {bytes_a_voxel} bytes; each side is "
            f"at least 1, and all together at most {LARGEST >> 30} GiB: cut it into parts, if it is whole"
        )
    return size


def inflates_beyond(file: BinaryIO, limit: int, around: int) -> bool:
    """Whether more than `limit` bytes come out of the rest of a file; what is damaged ends there."""
    stream, size = zlib.decompressobj(around), 0
    try:
        while size <= limit and not stream.eof and (chunk := file.read(CHUNK)):
            size += len(stream.decompress(chunk))
    except zlib.error:
        pass
    return size > limit
