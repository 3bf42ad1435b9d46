"""What an exported file says about itself, read without ONNX Runtime and without its graph."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .about import KEY, About, from_text

PROPERTIES, NAME, VALUE = 14, 1, 2  # numbers of fields in ONNX: of a model, and of one of its properties
NUMBER, EIGHT, BYTES, FOUR = 0, 1, 2, 5  # what protocol buffers call how a field is written
LONGEST = 1 << 20  # bytes of one property


def about_of(path: Path) -> About:
    """What `samca export` wrote into a file. FileNotFoundError, or ValueError for any other file."""
    if not path.is_file():
        raise FileNotFoundError(f"no graph at {path}: give a file that `samca export` wrote")
    with path.open("rb") as file:
        try:
            known = dict(_property(each) for each in _contents(file, PROPERTIES))
        except (ValueError, EOFError) as error:
            raise ValueError(f"{path} is damaged or no ONNX file ({error}): copy it again") from error
    if KEY not in known:
        raise ValueError(f"{path} is a graph of another program: give one that `samca export` wrote")
    return from_text(known[KEY], path.name)


def _property(content: bytes) -> tuple[str, str]:
    name, value = (b"".join(_contents(io.BytesIO(content), number)) for number in (NAME, VALUE))
    return name.decode(), value.decode()


def _contents(file: BinaryIO, wanted: int) -> Iterator[bytes]:
    """The contents of all fields of this number; others are passed over."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    while file.tell() < end:
        number, kind = divmod(_number(file), 8)
        if kind == NUMBER:
            _number(file)
            continue
        if kind not in (EIGHT, BYTES, FOUR):
            raise ValueError(f"a field of kind {kind}")
        length = {EIGHT: 8, FOUR: 4}.get(kind) or _number(file)
        if file.tell() + length > end:
            raise EOFError("it ends too early")
        if (number, kind) == (wanted, BYTES) and length <= LONGEST:
            yield file.read(length)
        else:
            file.seek(length, os.SEEK_CUR)


def _number(file: BinaryIO) -> int:
    """A number of seven bits a byte, the last byte below 128."""
    found = 0
    for place in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise EOFError("it ends too early")
        found |= (byte[0] & 127) << place
        if byte[0] < 128:
            return found
    raise ValueError("a number of more than ten bytes")
