"""Voxels as bytes in a file, raw or compressed, never more of them than its header says."""

from __future__ import annotations

import bz2
import gzip
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .bounds import CHUNK, PACKED, check_size

AT_END = -1  # as a start: the voxels are the last bytes of the file
RAW, TEXT = "raw", "text"  # packings besides those that are compressed
ZLIB_OR_GZIP = 47  # what zlib calls finding out by itself


@dataclass(frozen=True)
class Stored:
    """How voxels lie in a file.

    start: byte; dtype: in the file's byte order; sides: the slowest first; packing: RAW, TEXT or a PACKINGS.
    """

    file: Path
    start: int
    dtype: np.dtype
    sides: tuple[int, ...]
    packing: str = RAW


def read(path: Path, stored: Stored) -> np.ndarray:
    """The voxels, of `sides`; of raw ones only what is looked at is read.

    path: the file that says so. ValueError for sizes out of bounds and for a file that is cut off or damaged.
    """
    if not stored.file.is_file():
        raise ValueError(
            f"{path} cannot be read: its voxels are in {stored.file.name}, which is not beside it"
        )
    raw = stored.packing == RAW
    size = check_size(stored.file, stored.sides, stored.dtype.itemsize, 1 if raw else PACKED)
    try:
        if raw:
            start = stored.file.stat().st_size - size if stored.start == AT_END else stored.start
            return np.memmap(stored.file, stored.dtype, "r", start, stored.sides)
        with stored.file.open("rb") as file:
            file.seek(stored.start)
            if stored.packing == TEXT:
                return _from_text(file, stored)
            content = _unpacked(PACKINGS[stored.packing](file), size)
        return np.frombuffer(content, stored.dtype).reshape(stored.sides)
    except (ValueError, OverflowError, OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} cannot be read: its voxels are damaged or cut off ({error}): copy or export it again"
        ) from error


def _by_zlib(file: BinaryIO) -> Iterator[bytes]:
    stream = zlib.decompressobj(ZLIB_OR_GZIP)
    while not stream.eof:
        if not (chunk := file.read(CHUNK)):
            raise EOFError("the compressed stream has no end")
        yield stream.decompress(chunk)


def _by_gzip(file: BinaryIO) -> Iterator[bytes]:
    with gzip.open(file) as stream:
        yield from iter(lambda: stream.read(CHUNK), b"")


def _by_bzip2(file: BinaryIO) -> Iterator[bytes]:
    with bz2.open(file) as stream:
        yield from iter(lambda: stream.read(CHUNK), b"")


PACKINGS = {"zlib": _by_zlib, "gzip": _by_gzip, "bzip2": _by_bzip2}


def _unpacked(chunks: Iterator[bytes], size: int) -> memoryview:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > size + CHUNK:
            raise ValueError(f"it unpacks to more than the {size} bytes of its header")
    if len(content) < size:
        raise EOFError(f"it unpacks to {len(content)} of {size} bytes")
    return memoryview(content)[:size]


def _from_text(file: BinaryIO, stored: Stored) -> np.ndarray:
    wide = np.float64 if stored.dtype.kind == "f" else np.int64
    count = math.prod(stored.sides)
    numbers = np.array(file.read().split()[:count], wide)
    if len(numbers) < count:
        raise EOFError(f"it has {len(numbers)} of {count} numbers")
    return numbers.astype(stored.dtype).reshape(stored.sides)
