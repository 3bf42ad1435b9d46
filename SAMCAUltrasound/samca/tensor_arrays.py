"""The tensors of a .safetensors file as numpy arrays, with nothing but numpy."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np

from . import tensor_header

Tensor = TypeVar("Tensor")  # of numpy or of torch

SCALE = ".scale"  # after a tensor's name: what one step of a byte is worth in each of its rows
DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2", "U32": "<u4", "I32": "<i4",
    "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}  # fmt: skip


def read(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """(arrays by name, metadata) of a file of ours, all floating point numbers as float32.

    Raises FileNotFoundError, and ValueError for a file that is damaged or of types that numpy does not have.
    """
    tensor_header.check_sha256(path)
    header, content = tensor_header.read(path), Path(path).read_bytes()
    stored = {
        name: _array(content, header.start + place.first, place, path)
        for name, place in header.tensors.items()
    }
    arrays = restored(stored, path)
    return {name: a.astype(np.float32) if a.dtype.kind == "f" else a for name, a in arrays.items()}, (
        header.metadata
    )


def restored(tensors: dict[str, Tensor], path: str | Path) -> dict[str, Tensor]:
    """The tensors of a file by their names, those that are stored as bytes as float32; ValueError for bytes
    without their scales."""
    scales = {name: t for name, t in tensors.items() if name.endswith(SCALE) and _is_stored(name, tensors)}
    values = {name: t for name, t in tensors.items() if name not in scales}
    for name, tensor in values.items():
        if _is_bytes(tensor):
            scale = scales.get(name + SCALE)
            if scale is None or scale.shape != tensor.shape[:1]:
                raise ValueError(f"{path} is damaged: {name} has no scale for each row; copy it again")
            values[name] = tensor * scale.reshape(-1, *[1] * (len(tensor.shape) - 1))
    return values


def _array(content: bytes, first: int, place: tensor_header.Place, path: str | Path) -> np.ndarray:
    count = int(np.prod(place.shape, dtype=np.int64))
    if place.dtype == "BF16":  # the upper half of a float32
        halves = np.frombuffer(content, "<u2", count, first).astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(place.shape)
    if place.dtype not in DTYPES:
        raise ValueError(f"{path} holds {place.dtype}, which is read with torch alone: install torch")
    return np.frombuffer(content, DTYPES[place.dtype], count, first).reshape(place.shape)


def _is_stored(name: str, tensors: dict[str, Tensor]) -> bool:
    """Whether a name is that of scales: an adapter's own parameter may be called so, too."""
    scaled = tensors.get(name.removesuffix(SCALE))
    return scaled is not None and _is_bytes(scaled)


def _is_bytes(tensor) -> bool:
    return str(tensor.dtype).removeprefix("torch.") == "int8"
