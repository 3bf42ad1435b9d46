"""Files of weights without weights: what the list of models reads of them."""

from __future__ import annotations

import json


def adapter(path, kind="adapter", base="", **provenance):
    """A .safetensors file without tensors that says this about itself; base: file name of its base."""
    metadata = {"kind": kind, "format": "1", "base": base, "provenance": json.dumps(provenance)}
    text = json.dumps({"__metadata__": metadata}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return path
