"""Weights on disk: base files, adapter files, published ones; written atomically, read without running code.

What our own files say about themselves is read in model_files.py.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from .. import tensor_header
from ..config import ModelConfig, choose, to_json, with_settings
from ..files import write_atomically
from ..methods import DEFAULT
from ..model_files import FORMATS, Provenance, base_of, config_of, metadata_of, naming, sha256, source_path
from ..network.model import Model, adapt, build_base
from ..network.outline import outlined
from ..tensor_arrays import restored
from ..tensor_files import outline, read
from . import published
from .growth import without_effect
from .storage import STORAGES

Reading = Callable[[str | Path], tuple[dict[str, Any], dict[str, str]]]  # tensor_files' read or outline


def load(
    source: str | Path = "shipped",
    base: str | Path | None = None,
    device: str = "cpu",
    settings: dict[str, Any] | None = None,
) -> Model:
    """A model in eval mode from "shipped", an adapter file, a base file or a published SAM checkpoint.

    An adapter's base is `base` if given, else the file of the same SHA256 beside it, in the settings of its
    run or among the shipped ones. `settings` go over the file's own by dotted name: {"image_size": 256} runs
    SAM at 256 px, and {"fit": "squash", "intensities": "unit"} feeds MedSAM, whose file looks like SAM's, as
    it was trained.
    Raises FileNotFoundError for a missing file and ValueError for one that is damaged or does not fit.
    """
    path, settings = source_path(source), settings or {}
    base = base_of(path, base)
    with outlined():  # what does not fit is refused before anything of size is made
        _assembled(path, base, settings, outline)
    return _assembled(path, base, settings, read).to(device)


def method_of(source: str | Path) -> str:
    """The method of the adapter in a file, with which training goes on; of any other file the default one."""
    path = source_path(source)
    metadata = metadata_of(path)
    return config_of(path, metadata).method if metadata.get("kind") == "adapter" else DEFAULT


def load_base_into(model: Model, path: str | Path, reading: Reading = read, grow: bool = False) -> None:
    """Put the tensors of a base file or a published checkpoint into a model that has no adapter yet.

    grow: transformer blocks and a refiner that the file lacks are added so that they change nothing.
    """
    state, metadata = _read(path, reading)
    if metadata.get("kind") == "base":
        config = config_of(Path(path), metadata)
    else:
        config, state, _ = published.recognise(state, path)
    found, expected = config.backbone.name, model.config.backbone.name
    if found != expected:
        raise ValueError(f"{path} holds weights of {found}: expected {expected}, as the model's settings say")
    if grow:
        state = {**{k: v for k, v in without_effect(model).items() if k not in state}, **state}
    load_weights(model, state, path, _base_names(model))


def save_base(model: Model, path: str | Path, provenance: Provenance, storage: str = "half") -> None:
    """Write every tensor of a model without adapter as a base file, stored as `storage.STORAGES` has it."""
    state = model.state_dict()
    metadata = {"kind": "base", "provenance": _provenance(provenance)}
    _write(path, {name: state[name] for name in _base_names(model)}, model.config, metadata, storage)


def save_adapter(
    model: Model, path: str | Path, base: str | Path, provenance: Provenance, storage: str = "half"
) -> None:
    """Write the tuned tensors of a model as an adapter file for this base file, stored likewise."""
    state = model.state_dict()
    metadata = {"kind": "adapter", "base": Path(base).name, "base_sha256": sha256(base)}
    metadata["provenance"] = _provenance(provenance)
    _write(path, {name: state[name] for name in model.tuned}, model.config, metadata, storage)


def load_weights(model: Model, state: dict[str, torch.Tensor], path: str | Path, names: list[str]) -> None:
    """Put exactly the tensors of these names into a model; ValueError names the first that does not fit.

    Floating point numbers of any precision become those of the model and have to be finite there, but where a
    new model's are not; whole numbers have to be whole.
    """
    own = model.state_dict()
    missing, unknown = sorted(set(names) - set(state)), sorted(set(state) - set(names))
    if missing or unknown:
        what = f"{missing[0]} is missing" if missing else f"{unknown[0]} has no place"
        raise ValueError(f"{path} does not fit a {model.config.backbone.name} model: {what}")
    for name in names:
        if state[name].shape != own[name].shape:
            got, expected = tuple(state[name].shape), tuple(own[name].shape)
            raise ValueError(f"{path} does not fit: {name} has shape {got}, expected {expected}")
        _check_numbers(path, name, state[name], own[name])
    model.load_state_dict(state, strict=False)


def _check_numbers(path: str | Path, name: str, given: torch.Tensor, own: torch.Tensor) -> None:
    if given.is_complex() or given.is_floating_point() != own.is_floating_point():
        raise ValueError(f"{path} does not fit: {name} holds {given.dtype}, expected {own.dtype}")
    if given.is_meta or not own.is_floating_point() or given.to(own.dtype).isfinite().all():
        return
    if own.isfinite().all():
        raise ValueError(f"{path} is damaged: {name} holds numbers that are not finite; take another file")


def _base_names(model: Model) -> list[str]:
    return [name for name in model.state_dict() if not name.startswith("fusion.")]


def _assembled(path: Path, base: Path, settings: dict[str, Any], reading: Reading) -> Model:
    """The model of a file, and of its base if that is another one."""
    state, metadata = _read(path, reading)
    kind = metadata.get("kind")
    if kind not in ("adapter", "base"):
        return _published(path, state, settings)
    config = with_settings(config_of(path, metadata), "model", settings)
    with naming(path):
        model = build_base(config)
    if kind == "base":
        load_weights(model, state, path, _base_names(model))
        return adapt(model)
    load_base_into(model, base, reading)
    with naming(path):
        model = adapt(model)
    load_weights(model, state, path, model.tuned)
    return model


def _published(path: Path, state: dict, settings: dict[str, Any]) -> Model:
    """A published checkpoint: base tensors first, then those of its adapter, if it has one."""
    config, base_state, adapter_state = published.recognise(state, path)
    model = build_base(with_settings(config, "model", settings))
    load_weights(model, base_state, path, _base_names(model))
    added = [name for name in adapt(model).state_dict() if name not in base_state]
    load_weights(model, adapter_state, path, added)
    return model


def _read(path: str | Path, reading: Reading = read) -> tuple[dict[str, Any], dict[str, str]]:
    state, metadata = reading(path)
    if reading is read and tensor_header.SHA256 in metadata:
        tensor_header.check_sha256(path)
    return restored(state, path) if "kind" in metadata else state, metadata  # others may hold anything


def _write(
    path: str | Path, tensors: dict[str, torch.Tensor], config: ModelConfig, metadata: dict, storage: str
) -> None:
    stored = choose("storage", STORAGES, storage)({k: v.contiguous().cpu() for k, v in tensors.items()})
    metadata = {"format": str(FORMATS[storage]), "config": json.dumps(to_json(config)), **metadata}
    content = save(stored, metadata)
    tensors = tensor_header.header_in(io.BytesIO(content), str(path))
    digest = tensor_header.sha256(io.BytesIO(content), tensors)
    write_atomically(path, tensor_header.with_metadata(content, {tensor_header.SHA256: digest}))


def _provenance(provenance: Provenance) -> str:
    versions = {"torch": torch.__version__, **provenance.versions}
    return json.dumps(to_json(replace(provenance, versions=versions)))
