"""Files of weights without weights: what the list of models reads of them."""

from __future__ import annotations

import json

import onnx

from samca.config import ModelConfig
from samca.model_files import Provenance
from samca.runtime.about import KEY, About, to_text


def adapter(path, kind="adapter", base="", sha256="", **provenance):
    """A .safetensors file without tensors that says this about itself; base, sha256: name and content of its
    base."""
    metadata = {"kind": kind, "format": "1", "base": base, "provenance": json.dumps(provenance)}
    metadata |= {"base_sha256": sha256} if sha256 else {}
    text = json.dumps({"__metadata__": metadata}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return path


def graph(path, **provenance):
    """An exported file without a graph that says this about itself."""
    file = onnx.ModelProto(ir_version=8)
    said = to_text(About(ModelConfig(), 64, provenance=Provenance(**provenance)))
    onnx.helper.set_model_props(file, {KEY: said})
    path.write_bytes(file.SerializeToString())
    return path
