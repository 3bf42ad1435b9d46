"""Models under the names that tables call them, and the files they come from."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..config import Part
from ..network.devices import choose_device
from ..network.fusion import FUSIONS
from ..network.model import Model, build_base
from ..weights import checkpoint


@dataclass(frozen=True)
class Contestant:
    """A model in eval mode, its name, and paths and SHA256 of the files it was made from."""

    name: str
    model: Model
    files: dict[str, str]


def load_contestants(
    sources: Sequence[str],
    names: Sequence[str] | None = None,
    base: str | None = None,
    device: str = "auto",
    single_set: bool = False,
    settings: dict[str, Any] | None = None,
) -> list[Contestant]:
    """The models of these sources (see `checkpoint.load`), by default named after their files.

    `settings` go over those of each file. `single_set` puts after each model that fuses two sets of clicks
    the same one with all clicks in one set.
    """
    names = names or _names(sources)
    if len(names) != len(sources) or len(set(names)) != len(sources):
        raise ValueError(f"names {', '.join(names)} for {len(sources)} models: expected one each, none twice")
    contestants = []
    for name, source in zip(names, sources, strict=True):
        model = checkpoint.load(source, base, choose_device(device), settings)
        files = files_of(source, base)
        contestants.append(Contestant(name, model, files))
        if single_set and model.fusion.splits:
            contestants.append(Contestant(f"{name}, single set", with_fusion(model, Part("single")), files))
    return contestants


def with_fusion(model: Model, fusion: Part) -> Model:
    """A copy with the same weights that joins its prompts in another way; "single": it takes all clicks as
    one set, as an unmodified predictor does."""
    model = copy.deepcopy(model)
    model.fusion = fusion.make("fusion", FUSIONS).eval()
    model.config = replace(model.config, fusion=fusion)
    return model


def untrained(base: str | Path, device: str = "auto") -> Model:
    """The base of this file alone, with all clicks in one set."""
    config = replace(checkpoint.load(base).config, adapter=Part("none"), fusion=Part("single"))
    model = build_base(config)
    checkpoint.load_base_into(model, base)
    return model.to(choose_device(device))


def _names(sources: Sequence[str]) -> list[str]:
    """Of each path (a run's best weights go by its folder) the end, as long as it takes for all to differ."""
    paths = [Path(source).with_suffix("") for source in sources]
    paths = [path.parent if path.name == "best" and path.parent.name else path for path in paths]
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(source) for source in sources]


def files_of(source: str | Path, base: str | None = None) -> dict[str, str]:
    """Paths and SHA256 of a file of weights and, of an adapter, its base."""
    path = checkpoint.source_path(source)
    base_path = checkpoint.base_of(path, base)
    files = {"file": str(path), "sha256": checkpoint.sha256(path)}
    if base_path != path:
        files |= {"base": str(base_path), "base_sha256": checkpoint.sha256(base_path)}
    return files
