"""A mask as JSON: {"shape": [H, W], "at": [row, column, rows, columns], "bits": base64 of zlib of bits}."""

from __future__ import annotations

import base64
import zlib

import numpy as np

from samca.prompts.tag import bits_of as bitsOf
from samca.prompts.tag import packed
from samca.typed_json import LARGEST, Value

__all__ = ["bitsOf", "packed", "unpacked", "unpackedPart"]


def unpacked(value: Value, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) bool of JSON values; ValueError for those of a mask of another shape, or of none.

    No more is unpacked than a frame of this shape has, whatever the bits hold.
    """
    if value["shape"].plain != list(shape):
        raise value["shape"].wrong(f"{list(shape)}, as the frame has it")
    (top, left), part = unpackedPart(value, shape[0] * shape[1])
    if top + part.shape[0] > shape[0] or left + part.shape[1] > shape[1]:
        raise value["at"].wrong(f"a part of a frame of {list(shape)}")
    mask = np.zeros(shape, bool)
    mask[top : top + part.shape[0], left : left + part.shape[1]] = part
    return mask


def unpackedPart(value: Value, most: int) -> tuple[tuple[int, int], np.ndarray]:
    """((row, column), (h, w) bool): the part of a mask that is stored, of so many pixels at most."""
    top, left, height, width = (number.whole(0, most) for number in value["at"].items(4, 4))
    if height * width > most:
        raise value["at"].wrong(f"a part of {most} px at most")
    bits = np.frombuffer(_bytes(value["bits"], (height * width + 7) // 8), np.uint8)
    return (top, left), np.unpackbits(bits, count=height * width).reshape(height, width).astype(bool)


def _bytes(value: Value, count: int) -> bytes:
    """So many bytes of base64 of zlib."""
    try:
        packed = base64.b64decode(value.text(LARGEST), validate=True)
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(packed, count + 1)  # 0 would be no limit
    except (ValueError, zlib.error) as error:
        raise value.wrong("base64 of zlib") from error
    if len(content) != count or not unpacking.eof:
        raise value.wrong(f"{count} bytes in base64 of zlib")
    return content
