"""Which models there are: shipped, trained or added by the user, and official SAM checkpoints to fetch.

Nothing here imports torch: what a file says about itself is in its header. Downloaded and trained files lie
in one folder of the user; a file that was added from elsewhere stays where it is and is only listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..Texts import Refusal, _
from .Download import Download

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"
SHIPPED = RESOURCES / "Models" / "samca.safetensors"
SUFFIXES = (".safetensors", ".pth", ".pt")
LARGEST_HEADER = 100 * 2**20  # bytes; safetensors' own limit


@dataclass(frozen=True)
class ModelInfo:
    """One line of the list of models.

    source: what the engine loads: "shipped" or a path. size: bytes. removable: what removing it does.
    damaged: it can be removed, but not chosen.
    """

    name: str
    source: str
    size: int
    origin: str
    data: str = ""
    licence: str = ""
    figures: dict = field(default_factory=dict)
    removable: str = ""
    damaged: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """One official SAM checkpoint that can be fetched; size in bytes."""

    name: str
    file: str
    url: str
    size: int
    sha256: str
    licence: str
    data: str


class ModelLogic:
    """The user's models in a folder, beside the shipped one."""

    def __init__(self, folder: str | Path | None = None):
        """folder: where downloads and trained models lie, made with the first file; `userFolder` if None."""
        self.folder = Path(folder) if folder else userFolder()

    def models(self) -> list[ModelInfo]:
        """All models that can be chosen now: shipped, the folder's, then those added from elsewhere."""
        shipped = [_describe(SHIPPED, _("with SAMCA"), "")] if SHIPPED.is_file() else []
        own = [self._describeOwn(path) for path in _weights(self.folder)]
        removal = _("It is taken off the list; the file stays where it is.")
        added = [_describe(path, _("added file"), removal) for path in self._added()]
        return [model for model in [*shipped, *own, *added] if model]

    def checkpoints(self) -> list[Checkpoint]:
        """The official checkpoints that are not there yet."""
        return [entry for entry in checkpoints() if not (self.folder / entry.file).exists()]

    def add(self, path: str | Path) -> ModelInfo:
        """List a model file from elsewhere; Refusal, and nothing changed, if it cannot be one."""
        path = Path(path).resolve()
        _checkFile(path)
        if path.parent != self.folder.resolve() and path not in self._added():
            self._writeAdded([*self._added(), path])
        return next(model for model in self.models() if Path(model.source) == path)

    def remove(self, source: str) -> None:
        """Delete a file of the folder, or take an added one off the list; the shipped model stays."""
        path = Path(source)
        if path in self._added():
            self._writeAdded(other for other in self._added() if other != path)
        elif path.parent == self.folder and path.is_file():
            path.unlink()
        else:
            raise Refusal(_("{model} cannot be removed: it belongs to SAMCA itself.").format(model=source))

    def download(self, checkpoint: Checkpoint) -> Download:
        """Start fetching a checkpoint into the folder; ask the user before, `consent` has the words."""
        return Download(checkpoint.url, self.folder / checkpoint.file, checkpoint.size, checkpoint.sha256)

    def _describeOwn(self, path: Path) -> ModelInfo | None:
        fetched = next((entry for entry in checkpoints() if entry.file == path.name), None)
        removal = _("The file {file} is deleted.").format(file=path)
        if fetched:
            return ModelInfo(
                fetched.name,
                str(path),
                path.stat().st_size,
                _("downloaded"),
                fetched.data,
                fetched.licence,
                {},
                removal,
            )
        return _describe(path, _("trained here"), removal)

    @property
    def _list(self) -> Path:
        return self.folder / "added.json"

    def _added(self) -> list[Path]:
        try:
            lines = json.loads(self._list.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # no list yet, or one that was cut off
            return []
        return [Path(line) for line in lines if Path(line).is_file()]

    def _writeAdded(self, paths: Iterable[Path]) -> None:
        text = json.dumps([str(path) for path in paths], indent=1)
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self._list.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self._list)


def checkpoints() -> list[Checkpoint]:
    """All official checkpoints of Resources/weights.json."""
    entries = json.loads((RESOURCES / "weights.json").read_text(encoding="utf-8"))
    return [Checkpoint(**entry) for entry in entries]


def userFolder() -> Path:
    """Where this user's models lie: beside Slicer's settings, because Slicer's cache may be emptied."""
    import slicer

    application = getattr(slicer, "app", None)
    if application is None:  # console without the application
        return Path.home() / ".samca" / "Models"
    return Path(application.slicerUserSettingsFilePath).parent / "SAMCA" / "Models"


def consent(checkpoint: Checkpoint) -> str:
    """The question before a download."""
    text = _(
        "Download {name} ({size}, licence {licence}) from {url}? Nothing is sent. It is checked by SHA256."
    )
    size = sizeText(checkpoint.size)
    return text.format(name=checkpoint.name, size=size, licence=checkpoint.licence, url=checkpoint.url)


def sizeText(size: int) -> str:
    """Bytes in words, for instance "375 MB"."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= step:
            return f"{size / step:.3g} {unit}"
    return f"{size} bytes"


def figuresText(figures: dict) -> str:
    """Validation figures in one line, for instance "dice 0.81, hd95 12.3"."""
    numbers = {k: v for k, v in figures.items() if isinstance(v, (int, float))}
    return ", ".join(f"{name} {value:.3g}" for name, value in numbers.items())


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


def _weights(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES) if folder.is_dir() else []


def _checkFile(path: Path) -> None:
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


def _describe(path: Path, origin: str, removable: str) -> ModelInfo | None:
    """What a file says about itself; None for a base beside its adapters, which is there for them only."""
    source = "shipped" if path == SHIPPED else str(path)
    if path.suffix != ".safetensors":
        return ModelInfo(path.stem, source, path.stat().st_size, origin, removable=removable)
    try:
        metadata = header(path)
        provenance = json.loads(metadata.get("provenance", "{}"))
    except ValueError:
        text = _("damaged: remove it and copy it again")
        return ModelInfo(path.name, source, path.stat().st_size, text, removable=removable, damaged=True)
    if metadata.get("kind") == "base" and origin != _("added file"):
        return None
    return ModelInfo(
        provenance.get("name") or path.stem,
        source,
        path.stat().st_size,
        origin,
        provenance.get("data", ""),
        provenance.get("licence", ""),
        provenance.get("figures", {}),
        removable,
    )
