"""The graph that comes with the package: its parts without the tensors that a file of weights holds."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from torch import nn

from ..files import write_atomically
from ..network.loop_memory import LoopMemory
from ..network.model import Model
from ..runtime.about import About, to_text
from ..runtime.loading import GRAPH, SUFFIX
from .tracing import onnx, traced, traced_memory

DIFFERENCE = 1e-5
ELSEWHERE = "weights"  # a name that ONNX wants for the place of tensors, which are given in its stead


def write(model: Model, memory: LoopMemory, folder: str | Path, about: About) -> None:
    """Write all parts of a model and of a memory of loops, and what is known of them, into a folder."""
    for name, content in files(model, memory, about).items():
        write_atomically(Path(folder) / name, content)


def files(model: Model, memory: LoopMemory, about: About) -> dict[str, bytes]:
    """The contents of these files by their names."""
    model, memory = told_apart(model), told_apart(memory)
    known_by = ((traced(model, about), model), (traced_memory(memory, about), memory))
    parts = {part: graph for graphs, _ in known_by for part, graph in graphs.items()}
    lacks = {
        part: _without_tensors(graph.graph, set(module.state_dict()))
        for graphs, module in known_by
        for part, graph in graphs.items()
    }
    known = json.dumps({"about": to_text(about), "lacks": lacks}, indent=1, sort_keys=True) + "\n"
    graphs = {f"{part}{SUFFIX}": graph.SerializeToString(deterministic=True) for part, graph in parts.items()}
    return {GRAPH: known.encode(), **graphs}


def told_apart(module: nn.Module) -> nn.Module:
    """A copy with no two equal tensors: of equal ones a traced graph keeps one, and a file with others would
    have no place for the rest."""
    copy = deepcopy(module)
    for number, tensor in enumerate(copy.state_dict().values(), start=1):
        if tensor.is_floating_point():
            tensor.add_(number * DIFFERENCE)
    return copy


def _without_tensors(graph: Any, held: set[str]) -> dict[str, list[int]]:
    """Take the values of the tensors of these names out of a graph; their shapes by name."""
    lacks = {}
    for tensor in graph.initializer:
        if tensor.name in held:
            lacks[tensor.name] = list(tensor.dims)
            tensor.ClearField("raw_data")
            tensor.data_location = onnx().TensorProto.EXTERNAL
            place = tensor.external_data.add()
            place.key, place.value = "location", ELSEWHERE
    return lacks
