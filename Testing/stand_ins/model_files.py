"""Files of weights without weights: what the list of models reads of them."""

from __future__ import annotations

import json


def adapter(path, kind="adapter", base="", sha256="", **provenance):
    """A .safetensors file without tensors that says this about itself; base, sha256: name and content of its
    base."""
    metadata = {"kind": kind, "format": "1", "base": base, "provenance": json.dumps(provenance)}
    metadata |= {"base_sha256": sha256} if sha256 else {}
    text = json.dumps({"__metadata__": metadata}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return path
