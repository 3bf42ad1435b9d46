"""The memory of a base on disk: a .safetensors file of its own, for one base and every adapter on it."""

from __future__ import annotations

from pathlib import Path

from ..model_files import MEMORY_KIND, Provenance, memory_sizes, sha256
from ..network.loop_memory import LoopMemory
from .own_files import load_weights, provenance_text, read_own, write_own


def save(memory: LoopMemory, path: Path, base: Path, provenance: Provenance, storage: str = "half") -> None:
    """Write a memory for this base file, stored as `storage.STORAGES` has it."""
    metadata = {"kind": MEMORY_KIND, "base": base.name, "base_sha256": sha256(base)}
    metadata["provenance"] = provenance_text(provenance)
    write_own(path, memory.state_dict(), memory.sizes, metadata, storage)


def load(path: Path) -> LoopMemory:
    """The memory in a file, in eval mode. FileNotFoundError, or ValueError for a damaged or another file."""
    state, metadata = read_own(path)
    memory = LoopMemory(**memory_sizes(path, metadata))
    load_weights(memory, state, path, list(memory.state_dict()))
    return memory.eval()
