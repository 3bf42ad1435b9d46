"""Which models there are: shipped, trained or added by the user, and official SAM checkpoints to fetch.

Downloaded and trained files lie in one folder of the user; a file that was added from elsewhere stays where
it is and is only listed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..Texts import Refusal, _
from . import ModelFile, StoredData
from .Download import Download
from .StoredData import sizeText

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"
SHIPPED = RESOURCES / "Models" / "samca.safetensors"


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
        files = _weights(self.folder)
        needed = {ModelFile.baseOf(path) for path in files}
        own = [self._describeOwn(path) for path in files if not ModelFile.isOnlyBase(path, needed)]
        removal = _("It is taken off the list; the file {file} stays where it is.")
        added = [_describe(path, _("added file"), removal.format(file=path)) for path in self._added()]
        return [*shipped, *own, *added]

    def checkpoints(self) -> list[Checkpoint]:
        """The official checkpoints that are not there yet."""
        return [entry for entry in checkpoints() if not (self.folder / entry.file).exists()]

    def add(self, path: str | Path) -> ModelInfo:
        """List a model file from elsewhere; Refusal, and nothing changed, if it cannot be one."""
        path = Path(path).resolve()
        ModelFile.check(path)
        if path.parent != self.folder.resolve() and path not in self._added():
            self._writeAdded([*self._added(), path])
        return next(model for model in self.models() if Path(model.source) == path)

    def removalQuestion(self, source: str) -> str:
        """What to ask before `remove`: name, size, place, and what needs it. Refusal where it has to stay."""
        model, path = self._removable(source), Path(source)
        text = _("Remove {name} ({size})? {what}")
        text = text.format(name=model.name, size=sizeText(model.size), what=model.removable)
        if path in self._added():
            return text
        others = [other for other in _weights(self.folder) if ModelFile.baseOf(other) == path.name]
        needing = [*(other.stem for other in others), *(run.name for run in self._runsWith(path))]
        if needing:
            text += " " + _("These models and runs need it: {names}.").format(names=", ".join(needing))
        return text

    def remove(self, source: str) -> None:
        """Delete a file of the folder, or take an added one off the list; Refusal where it has to stay."""
        self._removable(source)
        path = Path(source)
        if path in self._added():
            self._writeAdded(other for other in self._added() if other != path)
        else:
            StoredData.remove(path, self.folder)

    def download(self, checkpoint: Checkpoint) -> Download:
        """Start fetching a checkpoint into the folder; ask the user before, `consent` has the words."""
        return Download(checkpoint.url, self.folder / checkpoint.file, checkpoint.size, checkpoint.sha256)

    def _removable(self, source: str) -> ModelInfo:
        model = next((model for model in self.models() if model.source == source), None)
        if model is None or not model.removable:
            raise Refusal(_("{model} cannot be removed: it belongs to SAMCA itself.").format(model=source))
        busy = [run.name for run in self._runsWith(Path(source)) if StoredData.isAtWork(run)]
        if busy:
            text = _("{name} is in use by the run {run}: stop that first.")
            raise Refusal(text.format(name=model.name, run=busy[0]))
        return model

    def _runsWith(self, path: Path) -> list[Path]:
        """Runs of SAMCA Training that started from this file."""
        return StoredData.runsWith(path, (self.folder.parent / "Training" / "Runs").glob("*"))

    def _describeOwn(self, path: Path) -> ModelInfo:
        fetched = next((entry for entry in checkpoints() if entry.file == path.name), None)
        removal = _("The file {file} is deleted.").format(file=path)
        if fetched:
            return ModelInfo(
                fetched.name,
                str(path),
                StoredData.sizeOf(path),
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


def figuresText(figures: dict) -> str:
    """Validation figures in one line, for instance "dice 0.81, hd95 12.3"."""
    numbers = {k: v for k, v in figures.items() if isinstance(v, (int, float))}
    return ", ".join(f"{name} {value:.3g}" for name, value in numbers.items())


def _weights(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*")) if folder.is_dir() else []
    return [p for p in paths if p.suffix in ModelFile.SUFFIXES and (p.is_symlink() or p.is_file())]


def _describe(path: Path, origin: str, removable: str) -> ModelInfo:
    """What a file says about itself."""
    source, size = "shipped" if path == SHIPPED else str(path), StoredData.sizeOf(path)
    if path.suffix != ".safetensors":
        return ModelInfo(path.stem, source, size, origin, removable=removable)
    try:
        metadata = ModelFile.header(path)
        provenance = json.loads(metadata.get("provenance", "{}"))
    except ValueError:
        text = _("damaged: remove it and copy it again")
        return ModelInfo(path.name, source, size, text, removable=removable, damaged=True)
    return ModelInfo(
        provenance.get("name") or path.stem,
        source,
        size,
        origin,
        provenance.get("data", ""),
        provenance.get("licence", ""),
        provenance.get("figures", {}),
        removable,
    )
