"""What a file of weights says about itself, from the header of .safetensors: without tensors or torch."""

from __future__ import annotations

import json
from pathlib import Path

from ..Texts import Refusal, _

SUFFIXES = (".safetensors", ".pth", ".pt")
LARGEST_HEADER = 100 * 2**20  # bytes; safetensors' own limit


def header(path: Path) -> dict:
    """Metadata of a .safetensors file, without its tensors; Refusal where the file is none."""
    return _wholeHeader(path).get("__metadata__", {})


def _wholeHeader(path: Path) -> dict:
    """Metadata, and by its name where each tensor lies."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(LARGEST_HEADER, path.stat().st_size - 8):
                raise ValueError(length)
            whole = json.loads(file.read(length))
        if not isinstance(whole, dict):
            raise ValueError(whole)
        return whole
    except (OSError, ValueError) as error:
        raise Refusal(
            _("{file} is damaged or no .safetensors file: copy it again.").format(file=path)
        ) from error


def baseOf(path: Path) -> str:
    """File name of an adapter's base, "" for another file."""
    try:
        return header(path).get("base", "") if path.suffix == ".safetensors" else ""
    except Refusal:
        return ""


def isOnlyBase(path: Path, needed: set[str]) -> bool:
    """Whether a file is the base of adapters beside it, and nothing else."""
    if path.name not in needed or path.suffix != ".safetensors":
        return False
    try:
        return header(path).get("kind") == "base"
    except Refusal:
        return False


def check(path: Path) -> None:
    """Refusal for a file that cannot be a model."""
    if not path.is_file():
        raise Refusal(_("There is no file {file}.").format(file=path))
    if path.suffix not in SUFFIXES:
        text = _("{file} is no model: expected {suffixes}.")
        raise Refusal(text.format(file=path.name, suffixes=", ".join(SUFFIXES)))
    if path.suffix == ".safetensors" and "kind" not in header(path) and not _isPublished(path):
        text = _(
            "{file} has no settings inside: it was not written by SAMCA, and is no SAM 2. Choose an adapter "
            "or base file."
        )
        raise Refusal(text.format(file=path.name))


def _isPublished(path: Path) -> bool:
    """Whether the core knows these tensors without settings: SAM 2 as Hugging Face names them."""
    return any(name.startswith("vision_encoder.backbone.") for name in _wholeHeader(path))
