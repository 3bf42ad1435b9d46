"""Tensors out of a file, without running anything that the file says."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path

import torch
from safetensors import safe_open
from torch.serialization import safe_globals

from . import tensor_header


class _Ignored:
    """Takes the place of an optimiser that a project saved beside its weights."""

    def __setstate__(self, state):
        pass


def _empty(*_) -> dict:
    return {}


STAND_INS = [
    (_Ignored, "torch.optim.adam.Adam"),  # SAM-Med2D's file holds the whole object
    (_empty, "collections.defaultdict"),
    dict,
]


def read(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """(tensors by name, metadata) of a .safetensors file, or (what a torch file holds, {}); no code is run.

    Raises FileNotFoundError, and ValueError for a file that is damaged or holds more than plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file of weights at {path}")
    header = tensor_header.read(path) if path.suffix == ".safetensors" else None
    try:
        if header:
            with safe_open(path, "pt") as file:
                return {name: file.get_tensor(name) for name in header.tensors}, header.metadata
        with safe_globals(STAND_INS):
            return torch.load(path, map_location="cpu", weights_only=True), {}
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} is damaged, no checkpoint, or carries code, which is never run: download it again, "
            "or ask its author for .safetensors"
        ) from error
    except Exception as error:  # wrong bytes raise what the parser meets first: struct.error, IndexError ...
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # that one: a place before the file
            raise
        raise ValueError(f"{path} is damaged or no checkpoint: download or copy it again") from error


def read_metadata(path: str | Path) -> dict[str, str]:
    """The metadata of a .safetensors file without its tensors; empty for any other file."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file of weights at {path}")
    if path.suffix != ".safetensors":
        return {}
    return tensor_header.read(path).metadata
