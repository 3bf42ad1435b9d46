"""How much a file may hold before it is read: what it says of itself can be anything."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

LARGEST = 4 << 30  # bytes of voxels
PACKED = 1 << 14  # times as large as a compressed file voxels can be: an empty JPEG 2000 frame
RAW, ZLIB, GZIP = -15, 15, 31  # what stands around a compressed stream: nothing, or what zlib or gzip writes
CHUNK = 1 << 16  # bytes; a thousand times as many may come out


class OutOfBounds(ValueError):
    """A file says that it holds more than it can, or than is read."""


def check_size(path: Path, sides: Sequence[int], bytes_a_voxel: float, packed: int = 1) -> int:
    """The bytes of voxels with these sides.

    packed: how many times as large as the file they can be. OutOfBounds for a side below 1, for more than
    LARGEST, and for more than there can be in the file.
    """
    size = int(math.prod(sides) * bytes_a_voxel)
    asked = f"its header says {' x '.join(f'{side:.6g}' for side in sides)} values of {bytes_a_voxel:g} bytes"
    if min(sides) < 1:
        raise OutOfBounds(f"{path} cannot be read: {asked}, and each side is at least 1: it is damaged")
    if size > path.stat().st_size * packed:
        raise OutOfBounds(
            f"{path} cannot be read: {asked}, more than there can be in {path.stat().st_size} bytes: it is "
            "cut off or damaged, copy or export it again"
        )
    if size > LARGEST:
        raise OutOfBounds(
            f"{path} cannot be read: {asked}, and at most {LARGEST >> 30} GiB are read: cut it into parts"
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
