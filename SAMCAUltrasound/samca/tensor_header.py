"""What a .safetensors file says about itself: its header alone, in bounds, without reading a tensor.

Nothing here needs torch. Files of ours have a SHA256 of their tensors in the metadata, so that a byte that
was lost on the way is noticed.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import typed_json
from .typed_json import Value

LARGEST = 16 * 2**20  # bytes of a header
LONGEST = 2**20  # characters of a text in the metadata
MOST_AXES, MOST_BYTES = 8, 2**40
BLOCK = 2**20  # bytes
SHA256 = "tensors_sha256"  # its name in the metadata
SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2,
    "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
}  # bytes of one number  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One tensor: its type as safetensors names it, its shape, its bytes counted from the first one's."""

    dtype: str
    shape: tuple[int, ...]
    first: int
    end: int


@dataclass(frozen=True)
class Header:
    """The metadata, the tensors by name, and the byte of the file at which they begin."""

    metadata: dict[str, str]
    tensors: dict[str, Place]
    start: int


def read(path: str | Path) -> Header:
    """The header of a file; OSError where there is none, ValueError for a damaged one or another kind."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for
        raise ValueError(f"{path} is no file: expected .safetensors")
    with Path(path).open("rb") as file:
        return header_in(file, str(path))


def header_in(file: BinaryIO, where: str) -> Header:
    """The same of an open file; where: what sentences call it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= min(LARGEST, size - 8):
        raise ValueError(f"{where} is damaged or no .safetensors file: copy it again")
    try:
        values = typed_json.parse(file.read(length), "the header").fields()
        metadata = values.pop("__metadata__", Value({}, "metadata")).fields()
        texts = {name: text.text(LONGEST) for name, text in metadata.items()}
        tensors = {name: _place(value) for name, value in values.items()}
        _check_places(list(tensors.values()), size - 8 - length)
    except ValueError as error:
        raise ValueError(f"{where} is damaged or no .safetensors file: {error}; copy it again") from error
    return Header(texts, tensors, 8 + length)


def with_metadata(content: bytes, changes: dict[str, str]) -> bytes:
    """A file of the same tensors with these texts in its metadata; ValueError as of `read`."""
    header = header_in(io.BytesIO(content), "this file")
    tensors = {
        name: {"dtype": place.dtype, "shape": place.shape, "data_offsets": [place.first, place.end]}
        for name, place in header.tensors.items()
    }
    whole = {"__metadata__": {**header.metadata, **changes}, **tensors}
    text = json.dumps(whole, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors lie on multiples of 8 bytes
    return len(text).to_bytes(8, "little") + text + content[header.start :]


def sha256(file: BinaryIO, header: Header) -> str:
    """Hexadecimal SHA256 over names, types, shapes and bytes of the tensors, in the order of their names."""
    digest = hashlib.sha256()
    for name, place in sorted(header.tensors.items()):
        digest.update(json.dumps([name, place.dtype, place.shape]).encode())
        file.seek(header.start + place.first)
        left = place.end - place.first
        while left and (block := file.read(min(left, BLOCK))):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


def check_sha256(path: str | Path) -> None:
    """ValueError if the tensors of a file are not those that it was written with; older files do not tell."""
    with Path(path).open("rb") as file:
        header = header_in(file, str(path))
        stated = header.metadata.get(SHA256)
        if stated is not None and stated != sha256(file, header):
            raise ValueError(
                f"{path} is damaged: its tensors have another SHA256 than it says; copy it again"
            )


def _place(value: Value) -> Place:
    dtype = value["dtype"].text()
    if dtype not in SIZES:
        raise value["dtype"].wrong(f"one of {', '.join(SIZES)}")
    shape = tuple(side.whole(0, MOST_BYTES) for side in value["shape"].items(at_most=MOST_AXES))
    first, end = (offset.whole(0, MOST_BYTES) for offset in value["data_offsets"].items(2, 2))
    if end - first != math.prod(shape) * SIZES[dtype]:
        raise value["data_offsets"].wrong(f"the bytes of {dtype} {list(shape)}")
    return Place(dtype, shape, first, end)


def _check_places(places: list[Place], size: int) -> None:
    """Each tensor begins where the one before ends, and the last ends with the file."""
    end = 0
    for place in sorted(places, key=lambda place: (place.first, place.end)):
        if place.first != end:
            raise ValueError(f"a tensor begins at byte {place.first}, the one before ends at {end}")
        end = place.end
    if end != size:
        raise ValueError(f"its tensors take {end} bytes, there are {size}")
