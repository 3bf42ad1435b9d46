"""Our own files of weights: tensors and what the file says of itself, read and written whole."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from .. import tensor_header
from ..config import choose, to_json
from ..files import write_atomically
from ..model_files import FORMATS, Provenance
from ..tensor_arrays import restored
from ..tensor_files import read
from .storage import STORAGES

Reading = Callable[[str | Path], tuple[dict[str, Any], dict[str, str]]]  # tensor_files' read or outline


def read_own(path: str | Path, reading: Reading = read) -> tuple[dict[str, Any], dict[str, str]]:
    """(tensors by name, metadata) of a file of ours, checked, or of any other."""
    state, metadata = reading(path)
    if reading is read and tensor_header.SHA256 in metadata:
        tensor_header.check_sha256(path)
    return restored(state, path) if "kind" in metadata else state, metadata  # others may hold anything


def write_own(
    path: str | Path, tensors: dict[str, torch.Tensor], config: dict, metadata: dict, storage: str
) -> None:
    """Write tensors with these settings and metadata, stored as `storage.STORAGES` has it."""
    stored = choose("storage", STORAGES, storage)({k: v.contiguous().cpu() for k, v in tensors.items()})
    metadata = {"format": str(FORMATS[storage]), "config": json.dumps(config), **metadata}
    content = save(stored, metadata)
    tensors = tensor_header.header_in(io.BytesIO(content), str(path))
    digest = tensor_header.sha256(io.BytesIO(content), tensors)
    write_atomically(path, tensor_header.with_metadata(content, {tensor_header.SHA256: digest}))


def provenance_text(provenance: Provenance) -> str:
    """As a file keeps it."""
    versions = {"torch": torch.__version__, **provenance.versions}
    return json.dumps(to_json(replace(provenance, versions=versions)))


def load_weights(
    module: nn.Module, state: dict[str, torch.Tensor], path: str | Path, names: list[str]
) -> None:
    """Put exactly the tensors of these names into a model; ValueError names the first that does not fit.

    Floating point numbers of any precision become those of the model and have to be finite there, but where a
    new model's are not; whole numbers have to be whole.
    """
    own = module.state_dict()
    missing, unknown = sorted(set(names) - set(state)), sorted(set(state) - set(names))
    if missing or unknown:
        what = f"{missing[0]} is missing" if missing else f"{unknown[0]} has no place"
        raise ValueError(f"{path} does not fit a {_called(module)}: {what}")
    for name in names:
        if state[name].shape != own[name].shape:
            got, expected = tuple(state[name].shape), tuple(own[name].shape)
            raise ValueError(f"{path} does not fit: {name} has shape {got}, expected {expected}")
        _check_numbers(path, name, state[name], own[name])
    module.load_state_dict(state, strict=False)


def _called(module: nn.Module) -> str:
    config = getattr(module, "config", None)
    return f"{config.backbone.name} model" if config else "memory of loops"


def _check_numbers(path: str | Path, name: str, given: torch.Tensor, own: torch.Tensor) -> None:
    if given.is_complex() or given.is_floating_point() != own.is_floating_point():
        raise ValueError(f"{path} does not fit: {name} holds {given.dtype}, expected {own.dtype}")
    if given.is_meta or not own.is_floating_point() or given.to(own.dtype).isfinite().all():
        return
    if own.isfinite().all():
        raise ValueError(f"{path} is damaged: {name} holds numbers that are not finite; take another file")
