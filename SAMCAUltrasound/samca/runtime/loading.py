"""A model for ONNX Runtime out of a file: one that was exported whole, or weights.

Weights go into the graph that comes with the package, which holds none itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import model_files, tensor_arrays, tensor_header, typed_json
from ..config import ModelConfig, with_settings
from .about import About, from_text
from .graph_memory import GraphMemory
from .graph_model import GraphModel
from .header import about_of
from .sessions import session_of

GRAPH, HALVES, FINDER, SUFFIX = "graph.json", ("encode", "decode"), "suggest", ".onnx"
REMEMBERING = ("remember", "recall")
FORM = (  # settings that decide what a graph computes; of the others the file's own go
    "backbone", "adapter", "decoder_adapter", "branch", "image_size", "depth", "intensities", "refine",
    "best_of_three", "replace_unstable",
)  # fmt: skip
Shapes = dict[str, tuple[int, ...]]  # of tensors by their names


class NeedsTorch(ValueError):
    """A model of another form than the graph for it."""


@dataclass(frozen=True)
class Graph:
    """The graph that comes with the package: what it says of itself, and the tensors that each half lacks."""

    about: About
    lacks: dict[str, Shapes]


def load(
    source: str | Path = "shipped",
    base: str | Path | None = None,
    settings: dict[str, Any] | None = None,
) -> GraphModel:
    """A model from "shipped", the name of an organ, an adapter file, or a file that `samca export` wrote.

    settings: over the file's own by dotted name, of those that change nothing of what a graph computes.

    Raises FileNotFoundError and ValueError as `weights.checkpoint.load`, NeedsTorch for a file that does not
    fit the graph, and RuntimeError where ONNX Runtime is missing or too old.
    """
    path, settings = model_files.source_path(source), settings or {}
    if path.suffix == SUFFIX:
        return _whole(path, settings)
    return _of_weights(path, model_files.base_of(path, base), settings)


def shipped_graph() -> Graph:
    """What is known of the graph that comes with the package; ValueError where that is damaged."""
    told = typed_json.read(model_files.shipped_folder() / GRAPH)
    lacks = {
        half: {
            name: tuple(side.whole(0) for side in shape.items()) for name, shape in shapes.fields().items()
        }
        for half, shapes in told["lacks"].fields().items()
    }
    return Graph(from_text(told["about"].text(), GRAPH), lacks)


def _whole(path: Path, settings: dict[str, Any]) -> GraphModel:
    about = about_of(path)
    config = with_settings(about.config, "model", settings)
    _check_form(path, config, about.config)
    session = session_of(path)
    return GraphModel(replace(about, config=config), session, session, session if about.suggests else None)


def _of_weights(path: Path, base: Path, settings: dict[str, Any]) -> GraphModel:
    graph = shipped_graph()
    config = _check_fit(path, base, graph, settings)
    parts = _parts_for(config)
    tuned = tensor_arrays.read(path)[0]
    tensors = {**tensor_arrays.read(base)[0], **tuned}
    _check_numbers(path, tensors)
    placed = {name for part in parts for name in graph.lacks[part]}
    if unplaced := [name for name in tuned if name not in placed and not name.startswith("fusion.")]:
        raise NeedsTorch(f"{path} has {unplaced[0]}, which the graph for it has not: it needs torch")
    weights = sum(tensor.nbytes for tensor in tensors.values())
    folder = model_files.shipped_folder()
    kept = {part: {name: tensors[name] for name in graph.lacks[part]} for part in parts}
    sessions = (session_of(folder / f"{part}{SUFFIX}", kept[part], weights) for part in parts)
    memory = _memory(base, graph)
    return GraphModel(replace(graph.about, config=config), *sessions, tensors=kept, memory=memory)


def _memory(base: Path, graph: Graph) -> GraphMemory | None:
    """The memory of loops of a base; None where there is none, or one of another form than the graph."""
    path = model_files.memory_of(base)
    if path is None:
        return None
    shapes = {name: place.shape for name, place in tensor_header.read(path).tensors.items()}
    lacks = {part: graph.lacks.get(part, {}) for part in REMEMBERING}
    if any(shapes.get(name) != shape for part in lacks.values() for name, shape in part.items()):
        return None
    tensors = tensor_arrays.read(path)[0]
    _check_numbers(path, tensors)
    kept = {part: {name: tensors[name] for name in names} for part, names in lacks.items()}

    def session(part: str) -> Any:  # it reads the tensors where they are, so they stay with this function
        return session_of(model_files.shipped_folder() / f"{part}{SUFFIX}", kept[part])

    return GraphMemory(session, graph.about.features)


def _check_fit(path: Path, base: Path, graph: Graph, settings: dict[str, Any]) -> ModelConfig:
    """The settings of an adapter; NeedsTorch unless it and its base make what the graph computes."""
    if model_files.metadata_of(path).get("kind") != "adapter":
        raise NeedsTorch(f"{path} is no adapter of SAMCA's base: it needs torch")
    config = with_settings(model_files.describe_file(path)[0], "model", settings)
    own = graph.about.config
    _check_form(path, config, own)
    if config.predictor.name != "none" and config.predictor != own.predictor:
        raise NeedsTorch(f"{path} has another model.predictor than the graph for it: it needs torch")
    if not _is_one_set(config):
        raise NeedsTorch(f"{path} has a model.fusion of two sets, SAMCA's own graph of one: it needs torch")
    shapes = {
        name: place.shape for file in (base, path) for name, place in tensor_header.read(file).tensors.items()
    }
    for part in _parts_for(config):
        for name, shape in graph.lacks.get(part, {}).items():
            if shapes.get(name) != shape:
                raise NeedsTorch(f"{path} does not fit the graph: {name} is {shapes.get(name)}, not {shape}")
    return config


def _parts_for(config: ModelConfig) -> tuple[str, ...]:
    """The graphs that a model of these settings needs; without a predictor it suggests nothing."""
    return HALVES if config.predictor.name == "none" else (*HALVES, FINDER)


def _check_form(path: Path, config: ModelConfig, own: ModelConfig) -> None:
    """NeedsTorch unless a graph of a model with settings `own` computes what one with `config` does."""
    for name in FORM:
        if getattr(config, name) != getattr(own, name):
            raise NeedsTorch(f"{path} has another model.{name} than the graph for it: it needs torch")


def _is_one_set(config: ModelConfig) -> bool:
    """Whether initial and guided clicks are answered as one set; see network/fusion.py."""
    options = config.fusion.options
    if config.fusion.name == "joined":
        return options.get("join", "beside") == "beside" and not options.get("normalized", False)
    return config.fusion.name in ("single", "concat")


def _check_numbers(path: Path, tensors: dict[str, np.ndarray]) -> None:
    for name, tensor in tensors.items():
        if tensor.dtype.kind == "f" and name != "fusion.last_loss" and not np.isfinite(tensor).all():
            raise ValueError(
                f"{path} is damaged: {name} holds numbers that are not finite; take another file"
            )
