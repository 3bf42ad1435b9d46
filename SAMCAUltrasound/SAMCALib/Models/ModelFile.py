"""What a file of weights says about itself, from the header of .safetensors: without tensors or torch."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from samca import tensor_header, typed_json
from samca.runtime.header import about_of

from ..Texts import Refusal, _

GRAPH = ".onnx"  # what `samca export` writes: it answers, and is no start for training
SUFFIXES = (".safetensors", ".pth", ".pt", GRAPH)
LONGEST_NAME, LONGEST_TEXT = 200, 10_000  # characters

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Provenance:
    """What a file tells of itself, nothing if it does not."""

    name: str = ""
    data: str = ""
    licence: str = ""
    figures: dict = field(default_factory=dict)


def header(path: Path) -> dict[str, str]:
    """Metadata of a .safetensors file, without its tensors; Refusal where the file is none."""
    return _wholeHeader(path).metadata


def _wholeHeader(path: Path) -> tensor_header.Header:
    try:
        return tensor_header.read(path)
    except (OSError, ValueError) as error:
        logger.warning("%s", error)
        text = _("{file} is damaged or no .safetensors file: copy it again.")
        raise Refusal(text.format(file=path)) from error


def provenanceOf(path: Path, metadata: dict[str, str]) -> Provenance:
    """What these metadata of a file say; Refusal where they are damaged."""
    try:
        told = typed_json.parse(metadata.get("provenance", "{}"), path.name)
        figures = {name: value.plain for name, value in told.get("figures", {}).fields().items()}
        data, licence = (told.get(name, "").text(LONGEST_TEXT) for name in ("data", "licence"))
        return Provenance(told.get("name", "").text(LONGEST_NAME), data, licence, figures)
    except ValueError as error:
        logger.warning("%s", error)
        text = _("What {file} says about itself is damaged: copy it again.")
        raise Refusal(text.format(file=path)) from error


def describe(path: Path) -> Provenance:
    """What a file of weights says about itself; Refusal or OSError for what cannot be one."""
    if not path.is_file():
        raise Refusal(_("There is no file {file}.").format(file=path))
    path.open("rb").close()  # whether it may be read
    if path.suffix == GRAPH:
        return _ofGraph(path)
    return provenanceOf(path, header(path) if path.suffix == ".safetensors" else {})


def _ofGraph(path: Path) -> Provenance:
    try:
        told = about_of(path).provenance
    except ValueError as error:
        logger.warning("%s", error)
        text = _("{file} is damaged, or was not exported by SAMCA: copy or export it again.")
        raise Refusal(text.format(file=path)) from error
    return Provenance(told.name[:LONGEST_NAME], told.data[:LONGEST_TEXT], told.licence, told.figures)


def namesOfBase(path: Path) -> set[str]:
    """What an adapter's base may be called beside it: by its own name, and by its content."""
    try:
        told = header(path) if path.suffix == ".safetensors" else {}
    except Refusal:
        return set()
    sha256 = told.get("base_sha256", "")
    return {told.get("base", ""), keptBase(sha256) if sha256 else ""} - {""}


def keptBase(sha256: str) -> str:
    """The name under which a base is kept that came with another version."""
    return f"base_{sha256[:12]}.safetensors"


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
    try:
        describe(path)
    except OSError as error:  # a name that no disk takes, or a file that may not be read
        raise Refusal(_("There is no file {file}.").format(file=path)) from error
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
    return any(name.startswith("vision_encoder.backbone.") for name in _wholeHeader(path).tensors)
