"""Halves of a model as ONNX graphs, by torch's exporter; tensors keep their names in the model."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ..network.backbones.sites import Features
from ..network.loop_memory import CELL, LoopMemory
from ..network.model import Model
from ..runtime.about import GIVEN, RECALLED, REMEMBERED, SUGGESTED, About
from .halves import TWO_SETS, Decoding, Encoding, Suggesting
from .remembering import Recalling, Remembering

OPSET = 17  # the first with a layer norm of its own
BATCH, MARKS, FRAMES = 2, 3, 2  # what is traced with; a graph takes any other numbers
OBJECTS, POINTS, CELLS, KEPT = "objects", "points", "cells", "kept"  # what the sizes that are free are called
Inputs = dict[str, torch.Tensor]


def traced(model: Model, about: About) -> dict[str, Any]:
    """The graphs "encode" and "decode" (onnx.ModelProto) of a model, with their tensors; "suggest", too, of
    one that finds objects by itself."""
    pictures = torch.zeros(BATCH, 3, model.config.image_size, model.config.image_size)
    with torch.inference_mode():
        features = Encoding(model)(pictures)
    known = (GIVEN + name for name in about.features)
    given = {**dict(zip(known, features, strict=True)), **_prompts(about)}
    graphs = {
        "encode": _trace(Encoding(model), {"images": pictures}, about.features),
        "decode": _trace(Decoding(model, about), given, about.decoded),
    }
    if about.suggests:
        given["classes"] = torch.zeros(BATCH, dtype=torch.int64)
        graphs["suggest"] = _trace(Suggesting(model, about), given, SUGGESTED)
    return graphs


def traced_memory(memory: LoopMemory, about: About) -> dict[str, Any]:
    """The graphs "remember" and "recall" of a memory of loops, with their tensors."""
    side, width, half, quarter = about.mask_side, *(memory.sizes[n] for n in ("width", "half", "quarter"))
    embedding = torch.zeros(BATCH, width, side // CELL, side // CELL)
    masks, finer = torch.zeros(BATCH, 1, side, side), torch.zeros(BATCH, half, side, side)
    fine = torch.zeros(BATCH, quarter, side // 2, side // 2)
    with torch.inference_mode():
        kept = memory.remember(Features(embedding), masks)
    bank = [torch.cat([each] * FRAMES, 1) for each in kept]
    names = [GIVEN + name for name in about.features]
    given = dict(zip(names, (embedding, finer, fine), strict=True))
    given |= {**dict(zip(REMEMBERED, bank, strict=True)), "kinds": torch.arange(FRAMES)}
    seen = {names[0]: embedding, "masks": masks}
    return {
        "remember": _trace(Remembering(memory), seen, REMEMBERED),
        "recall": _trace(Recalling(memory), given, RECALLED),
    }


def _prompts(about: About) -> Inputs:
    """Inputs of decoding beside features, in its order."""
    points, labels = torch.ones(BATCH, MARKS, 2), torch.tensor([[1, 0, -1]] * BATCH)
    masks = torch.zeros(BATCH, 1, about.mask_side, about.mask_side)
    given = {"masks": masks, "has_mask": torch.ones(1), "points": points, "labels": labels}
    both = (points.clone(), labels.clone(), torch.ones(2))
    return given | (dict(zip(TWO_SETS, both, strict=True)) if about.two_sets else {})


def _trace(half: nn.Module, given: Inputs, outputs: Sequence[str]) -> Any:
    content = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # it tells of every size that is fixed
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            half.eval(),
            tuple(given.values()),
            content,
            input_names=list(given),
            output_names=list(outputs),
            dynamic_axes=_free_sizes(given, outputs),
            opset_version=OPSET,
            dynamo=False,  # the newer exporter needs a further package, and names tensors anew
            do_constant_folding=False,  # what is computed of tensors is computed where they are known
        )
    graph = onnx().load_from_string(content.getvalue())
    _tidy(graph.graph)
    return graph


def _free_sizes(given: Inputs, outputs: Sequence[str]) -> dict[str, dict[int, str]]:
    free = {name: {0: OBJECTS} for name in (*given, *outputs) if name not in ("has_mask", "set_weights")}
    for name in free:
        if name.endswith(("points", "labels")):
            free[name][1] = POINTS
        if name in REMEMBERED and name in given:
            free[name][1] = CELLS
        if name == "kinds":
            free[name] = {0: KEPT}
    return free


def _tidy(graph: Any) -> None:
    """Without the wrapper's name before those of tensors, and without what only a reader of traces needs.

    That is most of a graph without tensors: names of all that is computed on the way.
    """
    names = {tensor.name: tensor.name.removeprefix("model.") for tensor in graph.initializer}
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    kept = {each.name for each in (*graph.input, *graph.output)}
    between = dict.fromkeys(name for node in graph.node for name in node.output if name and name not in kept)
    names |= {name: f"{number:x}" for number, name in enumerate(between)}
    for node in graph.node:
        node.name = node.doc_string = ""
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    del graph.value_info[:]


def onnx() -> Any:
    """The package onnx; RuntimeError without it."""
    try:
        import onnx
    except ImportError as error:
        raise RuntimeError("exporting needs the package onnx: run `pip install onnx`") from error
    return onnx
