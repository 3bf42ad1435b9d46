"""Weights on disk: base files, adapter files, published ones; written atomically, read without running code.

Base file: every tensor of a model without its adapter. Adapter file: the tuned tensors, with name and SHA256
of the base they belong to. Both are .safetensors whose metadata hold the config and where they come from.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from .. import tensor_header, typed_json
from ..config import ModelConfig, choose, from_json, to_json, with_settings
from ..files import plain_name, write_atomically
from ..methods import DEFAULT
from ..network.model import Model, adapt, build_base
from ..network.outline import outlined
from ..tensor_files import outline, read, read_metadata
from . import published
from .growth import without_effect
from .storage import FORMATS, STORAGES, restored

Reading = Callable[[str | Path], tuple[dict[str, Any], dict[str, str]]]  # tensor_files' read or outline

SHIPPED_BASE, SHIPPED_ADAPTER = "base.safetensors", "samca.safetensors"
PACKAGE = Path(__file__).resolve().parents[1]
MODEL_FOLDERS = (PACKAGE.parent / "Resources" / "Models", PACKAGE / "Resources" / "Models")  # Slicer; wheel


@dataclass(frozen=True)
class Provenance:
    """What a file of weights says about itself, beside its config."""

    name: str = ""  # shown in lists of models
    data: str = ""  # what it was trained on
    licence: str = ""
    figures: dict[str, Any] = field(default_factory=dict)  # validation results
    versions: dict[str, str] = field(default_factory=dict)  # of the software that wrote it


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


def source_path(source: str | Path) -> Path:
    """The file that a source names; "shipped" is the adapter that comes with the package."""
    return shipped_folder() / SHIPPED_ADAPTER if str(source) == "shipped" else Path(source)


def base_of(path: str | Path, given: str | Path | None = None) -> Path:
    """The base file that an adapter file belongs to; any other file is its own base."""
    metadata = read_metadata(path)
    return _find_base(Path(path), metadata, given) if metadata.get("kind") == "adapter" else Path(path)


def method_of(source: str | Path) -> str:
    """The method of the adapter in a file, with which training goes on; of any other file the default one."""
    path = source_path(source)
    metadata = read_metadata(path)
    return _config(path, metadata).method if metadata.get("kind") == "adapter" else DEFAULT


def load_base_into(model: Model, path: str | Path, reading: Reading = read, grow: bool = False) -> None:
    """Put the tensors of a base file or a published checkpoint into a model that has no adapter yet.

    grow: transformer blocks and a refiner that the file lacks are added so that they change nothing.
    """
    state, metadata = _read(path, reading)
    if metadata.get("kind") == "base":
        config = _config(Path(path), metadata)
    else:
        config, state, _ = published.recognise(state, path)
    found, expected = config.backbone.name, model.config.backbone.name
    if found != expected:
        raise ValueError(f"{path} holds weights of {found}: expected {expected}, as the model's settings say")
    if grow:
        state = {**{k: v for k, v in without_effect(model).items() if k not in state}, **state}
    load_weights(model, state, path, _base_names(model))


def shipped_folder() -> Path:
    """The folder of the models that come with the package."""
    for folder in MODEL_FOLDERS:
        if (folder / SHIPPED_ADAPTER).exists():
            return folder
    raise FileNotFoundError(
        f"the shipped model is missing: expected {MODEL_FOLDERS[0] / SHIPPED_ADAPTER}; reinstall"
    )


def describe_file(path: str | Path) -> tuple[ModelConfig, Provenance, str]:
    """Config, provenance and kind ("base" or "adapter") of one of our files, without its tensors."""
    path = Path(path)
    metadata = read_metadata(path)
    config, provenance = _config(path, metadata), _entry(path, metadata, "provenance")
    told = typed_json.parse(provenance, path.name).plain
    return config, from_json(Provenance, told, path.name), _entry(path, metadata, "kind")


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


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA256 of a file."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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
    config = with_settings(_config(path, metadata), "model", settings)
    with _naming(path):
        model = build_base(config)
    if kind == "base":
        load_weights(model, state, path, _base_names(model))
        return adapt(model)
    load_base_into(model, base, reading)
    with _naming(path):
        model = adapt(model)
    load_weights(model, state, path, model.tuned)
    return model


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """A setting that does not fit is that of this file."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _published(path: Path, state: dict, settings: dict[str, Any]) -> Model:
    """A published checkpoint: base tensors first, then those of its adapter, if it has one."""
    config, base_state, adapter_state = published.recognise(state, path)
    model = build_base(with_settings(config, "model", settings))
    load_weights(model, base_state, path, _base_names(model))
    added = [name for name in adapt(model).state_dict() if name not in base_state]
    load_weights(model, adapter_state, path, added)
    return model


def _find_base(path: Path, metadata: dict, given: str | Path | None) -> Path:
    wanted, name = _entry(path, metadata, "base_sha256"), _entry(path, metadata, "base")
    likely = [path.parent, *_folders_of_runs(path.parent), *MODEL_FOLDERS]
    if given:
        places = [Path(given)]
    else:
        name = plain_name(name, f"the base of {path.name}")
        places = [folder / name for folder in likely if folder / name != path]
    found = [place for place in places if place.is_file()]
    for place in found:
        if sha256(place) == wanted:
            return place
    if found:
        raise ValueError(
            f"{path.name} belongs to the base {name} with SHA256 {wanted}, but {found[0]} is another file: "
            "give the path of the right one"
        )
    raise FileNotFoundError(
        f"{path.name} needs its base {name}: not found at {' or '.join(map(str, places))}; give its path"
    )


def _folders_of_runs(folder: Path) -> list[Path]:
    """The folder of what the run in this one went on from, of what that did, and so on by their settings."""
    found: list[Path] = []
    with suppress(OSError, ValueError):
        while folder not in found[:-1]:  # runs may name each other
            folder = Path(typed_json.read(folder / "run.json")["base"].text()).parent
            found.append(folder)
    return found


def _entry(path: Path, metadata: dict, key: str) -> str:
    if key not in metadata:
        raise ValueError(f"{path} has no {key} inside: it is no file of this program, or damaged")
    return metadata[key]


def _config(path: Path, metadata: dict) -> ModelConfig:
    try:
        version = int(_entry(path, metadata, "format"))
        config = typed_json.parse(_entry(path, metadata, "config"), "config").plain
    except ValueError as error:
        raise ValueError(
            f"{path} has no settings inside: it is no file of this program, or damaged"
        ) from error
    newest = max(FORMATS.values())
    if version > newest:
        raise ValueError(
            f"{path} has format {version}, this program reads up to {newest}: update the program"
        )
    with _naming(path):
        return from_json(ModelConfig, config, "model")


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
