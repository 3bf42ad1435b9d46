"""Weights on disk: base files, adapter files, published ones; written atomically, read without running code.

What our own files say about themselves is read in model_files.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..config import to_json, with_settings
from ..methods import DEFAULT
from ..model_files import Provenance, base_of, config_of, memory_of, metadata_of, naming, sha256, source_path
from ..network.model import Model, adapt, build_base
from ..network.outline import outlined
from ..tensor_files import outline, read
from . import memory_file, published
from .growth import grown
from .own_files import Reading, load_weights, provenance_text, read_own, write_own


def load(
    source: str | Path = "shipped",
    base: str | Path | None = None,
    device: str = "cpu",
    settings: dict[str, Any] | None = None,
) -> Model:
    """A model in eval mode from "shipped", the name of an organ, an adapter file, a base file or a published
    SAM checkpoint.

    An adapter's base is `base` if given, else the file of the same SHA256 beside it, in the settings of its
    run or among the shipped ones; the memory of loops of a base is beside it, or among those. `settings` go
    over the file's own by dotted name: {"image_size": 256} runs SAM at 256 px, and {"fit": "squash",
    "intensities": "unit"} feeds MedSAM, whose file looks like SAM's, as it was trained.
    Raises FileNotFoundError for a missing file and ValueError for one that is damaged or does not fit.
    """
    path, settings = source_path(source), settings or {}
    base = base_of(path, base)
    with outlined():  # what does not fit is refused before anything of size is made
        _assembled(path, base, settings, outline)
    model = _assembled(path, base, settings, read).to(device)
    if memory := memory_of(base):
        model.take_memory(memory_file.load(memory).to(device))
    return model


def method_of(source: str | Path) -> str:
    """The method of the adapter in a file, with which training goes on; of any other file the default one."""
    path = source_path(source)
    metadata = metadata_of(path)
    return config_of(path, metadata).method if metadata.get("kind") == "adapter" else DEFAULT


def load_base_into(model: Model, path: str | Path, reading: Reading = read, grow: bool = False) -> None:
    """Put the tensors of a base file or a published checkpoint into a model that has no adapter yet.

    grow: transformer blocks and a refiner that the file lacks, or has in another form, are added so that they
    change nothing.
    """
    state, metadata = read_own(path, reading)
    if metadata.get("kind") == "base":
        config = config_of(Path(path), metadata)
    else:
        config, state, _ = published.recognise(state, path)
    found, expected = config.backbone.name, model.config.backbone.name
    if found != expected:
        raise ValueError(f"{path} holds weights of {found}: expected {expected}, as the model's settings say")
    if grow:
        state = grown(state, model)
    load_weights(model, state, path, _base_names(model))


def save_base(model: Model, path: str | Path, provenance: Provenance, storage: str = "half") -> None:
    """Write every tensor of a model without adapter as a base file, stored as `storage.STORAGES` has it."""
    state = model.state_dict()
    metadata = {"kind": "base", "provenance": provenance_text(provenance)}
    tensors = {name: state[name] for name in _base_names(model)}
    write_own(path, tensors, to_json(model.config), metadata, storage)


def save_adapter(
    model: Model, path: str | Path, base: str | Path, provenance: Provenance, storage: str = "half"
) -> None:
    """Write the tuned tensors of a model as an adapter file for this base file, stored likewise."""
    state = model.state_dict()
    metadata = {"kind": "adapter", "base": Path(base).name, "base_sha256": sha256(base)}
    metadata["provenance"] = provenance_text(provenance)
    write_own(path, {name: state[name] for name in model.tuned}, to_json(model.config), metadata, storage)


def _base_names(model: Model) -> list[str]:
    return [name for name in model.state_dict() if not name.startswith("fusion.")]


def _assembled(path: Path, base: Path, settings: dict[str, Any], reading: Reading) -> Model:
    """The model of a file, and of its base if that is another one."""
    state, metadata = read_own(path, reading)
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
