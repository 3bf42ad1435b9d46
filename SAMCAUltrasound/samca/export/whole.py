"""A whole model as one ONNX file to give away.

All its parts are in it, each runs only if it is given something: pictures, points, or classes to look for.
So one call answers prompts on a new picture, and another, given the embedding of that, those on a known one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..files import write_atomically
from ..network.model import Model
from ..runtime.about import GIVEN, KEY, About, to_text
from .tracing import OPSET, onnx, traced

MOST = 2**31 - 2**20  # bytes that a file of this kind can have
ONCE = ("masks",)  # inputs that are the same for all objects where nothing is given


def write(model: Model, path: str | Path, about: About) -> None:
    """Write the file; ValueError for a model of 2 GB and more, RuntimeError without the package onnx."""
    size = sum(tensor.nbytes for tensor in model.state_dict().values())
    if size > MOST:
        raise ValueError(
            f"this model has {size / 2**30:.1f} GB of weights: an ONNX file holds less than 2 GB"
        )
    write_atomically(Path(path), whole(model, about).SerializeToString())


def whole(model: Model, about: About) -> Any:
    """The file as onnx.ModelProto."""
    helper, halves = onnx().helper, traced(model, about)
    encode, decode = halves["encode"].graph, halves["decode"].graph
    known = {GIVEN + name: name for name in about.features}
    nodes = [
        *_if_given("images", encode, _branch("encode/", encode, {}), _handing_on(known)),
        *_if_given("points", decode, _branch("decode/", decode, known), _nothing("decode", decode)),
    ]
    inputs, outputs = [*encode.input, *decode.input], [*encode.output, *decode.output]
    if about.suggests:
        suggest = halves["suggest"].graph
        branch = _branch("suggest/", suggest, known)
        nodes += _if_given("classes", suggest, branch, _nothing("suggest", suggest))
        inputs, outputs = [*inputs, suggest.input[-1]], [*outputs, *suggest.output]
    graph = helper.make_graph(nodes, "samca", inputs, outputs, list(map(_default, inputs)))
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    file.ir_version = halves["encode"].ir_version
    helper.set_model_props(file, {KEY: to_text(about)})
    return file


def _if_given(what: str, half: Any, then: Any, otherwise: Any) -> list[Any]:
    """The outputs of a half, by one branch if there are any of an input, else by the other."""
    helper = onnx().helper
    none = helper.make_tensor(f"{what}/none", onnx().TensorProto.INT64, [1], [0])
    return [
        helper.make_node("Constant", [], [f"{what}/none"], value=none),
        helper.make_node("Shape", [what], [f"{what}/count"], start=0, end=1),
        helper.make_node("Greater", [f"{what}/count", f"{what}/none"], [f"{what}/given"]),
        helper.make_node(
            "If",
            [f"{what}/given"],
            [output.name for output in half.output],
            then_branch=then,
            else_branch=otherwise,
        ),
    ]


def _branch(before: str, half: Any, others: dict[str, str]) -> Any:
    """A half with its tensors as a branch; `before` comes before the names of what it computes, and inputs in
    `others` are called as that says."""
    nodes = [type(node).FromString(node.SerializeToString()) for node in half.node]
    own = {name for node in nodes for name in node.output}
    names = others | {name: before + name for name in own}
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    outputs = _untyped([names[output.name] for output in half.output])
    return onnx().helper.make_graph(nodes, before, [], outputs, list(half.initializer))


def _handing_on(known: dict[str, str]) -> Any:
    helper, names = onnx().helper, {given: f"known/{name}" for given, name in known.items()}
    nodes = [helper.make_node("Identity", [given], [name]) for given, name in names.items()]
    return helper.make_graph(nodes, "known", [], _untyped(names.values()))


def _nothing(what: str, half: Any) -> Any:
    """A branch that answers for no object."""
    helper, names = onnx().helper, [f"no_{what}/{output.name}" for output in half.output]
    sizes = [[0] * len(output.type.tensor_type.shape.dim) for output in half.output]
    nodes = [
        helper.make_node(
            "Constant", [], [name], value=helper.make_tensor(name, onnx().TensorProto.FLOAT, size, [])
        )
        for name, size in zip(names, sizes, strict=True)
    ]
    return helper.make_graph(nodes, f"no_{what}", [], _untyped(names))


def _untyped(names: Sequence[str]) -> list[Any]:
    helper, kind = onnx().helper, onnx().TensorProto.FLOAT
    return [helper.make_tensor_value_info(name, kind, None) for name in names]


def _default(value: Any) -> Any:
    """What an input is where nothing is given: zeros, of no object where their number is free."""
    kind = value.type.tensor_type
    dtype = onnx().helper.tensor_dtype_to_np_dtype(kind.elem_type)
    shape = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in kind.shape.dim]
    if value.name in ONCE:
        shape[0] = 1
    return onnx().numpy_helper.from_array(np.zeros(shape, dtype), value.name)
