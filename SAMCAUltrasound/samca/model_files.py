"""Which files a model is made of, and what they say about themselves: without tensors, without torch.

Base file: every tensor of a model without its adapter. Adapter file: the tuned tensors, with name and SHA256
of the base they belong to. Both are .safetensors whose metadata hold the config and where they come from.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from . import tensor_header, typed_json
from .config import ModelConfig, from_json
from .files import plain_name

FORMATS = {"half": 1, "int8": 2}  # what a file says that it has: older programs read 1 alone
SHIPPED_BASE, SHIPPED_ADAPTER = "base.safetensors", "samca.safetensors"
OF_AN_ORGAN = "samca_"  # how the names of further adapters begin that come with the package
MEMORY, MEMORY_KIND = "memory.safetensors", "memory"  # the file of a base's memory of loops, and its kind
MEMORY_SIZES = ("width", "half", "quarter", "keys", "values")  # of `network.loop_memory.LoopMemory`
MOST_OF_MEMORY = 4096  # of each of them
EARLIER = {  # SHA256 of bases that came with the package: the commits that brought them
    "c6ad2fc9d9ce0eeadc259f6386bbff5062fad187a092ca69e0341103ebe37b5c": "bbb71b6, 21 November 2026",
    "18b0af5392900fe8c349be1d32562f3d9115fb8009908350e4bf7effc5c52610": "140087f, 21 November 2026",
    "c318c0ef5799806f7a7149a28edc1e9029f671ea67bb5b1365088c01662d2f58": "aefd5e1, 21 November 2026",
    "40376c099d0bf84f3d5c7a102cb19bf7725c8db931732f1d24b64f0cc62dc2f6": "21a8acb, 20 November 2026",
}
OUTGROWN = {  # likewise, of a form that this version has no more
    "2c9c7d8c491c0b6f903b12d87b38fc5f2723486fabb0c6ad411371b9fa2fc482": "cfbaa4d, 30 November 2026",
}
PACKAGE = Path(__file__).resolve().parent
MODEL_FOLDERS = (PACKAGE.parent / "Resources" / "Models", PACKAGE / "Resources" / "Models")  # Slicer; wheel

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Provenance:
    """What a file of weights says about itself, beside its config."""

    name: str = ""  # shown in lists of models
    data: str = ""  # what it was trained on
    licence: str = ""
    figures: dict[str, Any] = field(default_factory=dict)  # validation results
    versions: dict[str, str] = field(default_factory=dict)  # of the software that wrote it


def source_path(source: str | Path) -> Path:
    """The file that a source names; "shipped" is the adapter that comes with the package, a name of `organs`
    another one."""
    if str(source) == "shipped":
        return shipped_folder() / SHIPPED_ADAPTER
    return organs().get(str(source), Path(source))


def organs(folders: Sequence[Path] = ()) -> dict[str, Path]:
    """The adapters for images of one kind that come with the package, by name, as "thyroid"; folders: where
    to look instead of there."""
    name = f"{OF_AN_ORGAN}*.safetensors"
    paths = sorted(path for folder in folders or MODEL_FOLDERS for path in folder.glob(name))
    return {path.stem.removeprefix(OF_AN_ORGAN): path for path in paths}


def base_of(path: str | Path, given: str | Path | None = None) -> Path:
    """The base file that an adapter file belongs to; any other file is its own base."""
    metadata = metadata_of(path)
    return _find_base(Path(path), metadata, given) if metadata.get("kind") == "adapter" else Path(path)


def memory_of(base: Path) -> Path | None:
    """The memory of loops of a base file: beside it, or among the shipped; None where there is none.

    One that belongs to another base is not taken; of one beside the base the log says so. A published
    checkpoint, which may be large, has none and is not looked through.
    """
    if metadata_of(base).get("kind") != "base":
        return None
    for folder in (base.parent, *MODEL_FOLDERS):
        path = folder / MEMORY
        if path.is_file():
            try:
                check_memory(path, base)
            except ValueError as error:
                if folder == base.parent:
                    _log.warning("%s", error)
            else:
                return path
    return None


def check_memory(path: Path, base: Path) -> None:
    """ValueError unless a file is the memory of this base."""
    metadata = metadata_of(path)
    memory_sizes(path, metadata)
    wanted = entry(path, metadata, "base_sha256")
    if sha256(base) != wanted:
        raise ValueError(
            f"{path} is the memory of the base {entry(path, metadata, 'base')} with SHA256 {wanted}, not of "
            f"{base}: train one for that with `samca train-memory`"
        )


def memory_sizes(path: Path, metadata: dict) -> dict[str, int]:
    """The sizes that the metadata of a memory tell; ValueError for another or a damaged file."""
    if metadata.get("kind") != MEMORY_KIND:
        raise ValueError(f"{path} is no memory of loops: expected a file that `samca train-memory` wrote")
    told = _told(path, metadata)
    with naming(path):
        return {name: told[name].whole(1, MOST_OF_MEMORY) for name in MEMORY_SIZES}


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
    metadata = metadata_of(path)
    config, provenance = config_of(path, metadata), entry(path, metadata, "provenance")
    told = typed_json.parse(provenance, path.name).plain
    return config, from_json(Provenance, told, path.name), entry(path, metadata, "kind")


def sha256(path: str | Path) -> str:
    """Hexadecimal SHA256 of a file."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """A setting that does not fit is that of this file."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def metadata_of(path: str | Path) -> dict[str, str]:
    """The metadata of a .safetensors file without its tensors; empty for any other file. FileNotFoundError
    where there is none, ValueError for a damaged one."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file of weights at {path}")
    return tensor_header.read(path).metadata if path.suffix == ".safetensors" else {}


def _find_base(path: Path, metadata: dict, given: str | Path | None) -> Path:
    wanted, name = entry(path, metadata, "base_sha256"), entry(path, metadata, "base")
    likely = [path.parent, *_folders_of_runs(path.parent), *MODEL_FOLDERS]
    if given:
        places = [Path(given)]
    else:
        name = plain_name(name, f"the base of {path.name}")
        places = [folder / name for folder in likely if folder / name != path]
    found = [place for place in places if place.is_file()]
    others = () if given else _other_bases(likely, found)
    for place in chain(found, others):
        if sha256(place) == wanted:
            return place
    advice = _advice(wanted, name)
    if found:
        raise ValueError(
            f"{path.name} belongs to the base {name} with SHA256 {wanted}, but {found[0]} is another file: "
            f"give the path of the right one{advice}"
        )
    where = " or ".join(map(str, places))
    raise FileNotFoundError(f"{path.name} needs its base {name}: not found at {where}; give its path{advice}")


def _other_bases(folders: Iterable[Path], known: Sequence[Path]) -> Iterator[Path]:
    """Bases that lie there under other names."""
    for folder in folders:
        for place in sorted(folder.glob("*.safetensors")):
            with suppress(OSError, ValueError):
                if place not in known and metadata_of(place).get("kind") == "base":
                    yield place


def _advice(wanted: str, name: str) -> str:
    """Where a base is to be had that came with an earlier version; empty for any other."""
    if wanted in OUTGROWN:
        return (
            f"; it came with SAMCA of commit {OUTGROWN[wanted]}, and its refinement has a form that this "
            "version has no more: use that version with the adapter, or train the adapter anew on the base "
            "of this one"
        )
    if wanted not in EARLIER:
        return ""
    return (
        f"; it came with SAMCA of commit {EARLIER[wanted]}, as Resources/Models/{name}: put that file beside "
        "the adapter under any name, or add it in the models panel"
    )


def _folders_of_runs(folder: Path) -> list[Path]:
    """The folder of what the run in this one went on from, of what that did, and so on by their settings."""
    found: list[Path] = []
    with suppress(OSError, ValueError):
        while folder not in found[:-1]:  # runs may name each other
            folder = Path(typed_json.read(folder / "run.json")["base"].text()).parent
            found.append(folder)
    return found


def entry(path: Path, metadata: dict, key: str) -> str:
    """What the metadata of a file have by this name; ValueError without."""
    if key not in metadata:
        raise ValueError(f"{path} has no {key} inside: it is no file of this program, or damaged")
    return metadata[key]


def config_of(path: Path, metadata: dict) -> ModelConfig:
    """The settings of the model in a file, as its metadata have them."""
    config = _told(path, metadata).plain
    with naming(path):
        return from_json(ModelConfig, config, "model")


def _told(path: Path, metadata: dict) -> typed_json.Value:
    """What the metadata tell as "config"; ValueError without, and for a newer format."""
    try:
        version = int(entry(path, metadata, "format"))
        told = typed_json.parse(entry(path, metadata, "config"), "config")
    except ValueError as error:
        raise ValueError(
            f"{path} has no settings inside: it is no file of this program, or damaged"
        ) from error
    newest = max(FORMATS.values())
    if version > newest:
        raise ValueError(
            f"{path} has format {version}, this program reads up to {newest}: update the program"
        )
    return told
