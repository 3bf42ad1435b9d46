"""Which models there are: shipped, trained or added by the user, and official SAM checkpoints to fetch.

Downloaded and trained files lie in one folder of the user; a file that was added from elsewhere stays where
it is and is only listed.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from samca import model_files, typed_json
from samca.files import plain_name, write_atomically
from samca.typed_json import Value
from samca.words import size_text as sizeText

from .. import UserFolder
from ..Texts import Refusal, _
from . import ExtraPackage, ModelFile, PartFile, StoredData
from .Download import Download
from .InstallLogic import LIGHT, LIGHT_NAME

RESOURCES = Path(__file__).resolve().parents[2] / "Resources"
SHIPPED = RESOURCES / "Models" / "samca.safetensors"
MOST_ADDED = 1000
REPLACED = (LIGHT_NAME, "numpy")  # what pip may replace for ONNX Runtime

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelInfo:
    """One line of the list of models.

    source: what the engine loads: "shipped", the name of an organ, or a path. size: bytes. removable: what
    removing it does. damaged: it can be removed, but not chosen.
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

    @property
    def isWeights(self) -> bool:
        """Whether training can start from it; an exported graph only answers."""
        return Path(self.source).suffix != ModelFile.GRAPH


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
        ours = {"shipped": SHIPPED, **model_files.organs([SHIPPED.parent])} if SHIPPED.is_file() else {}
        shipped = [_describe(path, _("with SAMCA"), "", source) for source, path in ours.items()]
        files = _weights(self.folder)
        needed = set().union(*map(ModelFile.namesOfBase, files))
        own = [self._describeOwn(path) for path in files if not ModelFile.isOnlyBase(path, needed)]
        removal = _("It is taken off the list; the file {file} stays where it is.")
        paths, isWhole = self._added()
        added = [_describe(path, _("added file"), removal.format(file=path)) for path in paths]
        lists = [] if isWhole else [_damaged(self._list, _("The list of added files is emptied."))]
        return [*shipped, *own, *added, *lists]

    def checkpoints(self) -> list[Checkpoint]:
        """The official checkpoints that are not there yet."""
        return [entry for entry in checkpoints() if not (self.folder / entry.file).exists()]

    def offer(self, checkpoint: Checkpoint) -> str:
        """Its name and size, and how much of it an interrupted download has left here."""
        text = f"{checkpoint.name}, {sizeText(checkpoint.size)}"
        kept = PartFile.kept(self.folder / checkpoint.file, checkpoint.sha256)
        return text + _(" ({kept} of it are here)").format(kept=sizeText(kept)) if kept else text

    def add(self, path: str | Path, ask: ExtraPackage.Ask | None = None) -> ModelInfo:
        """List a model file from elsewhere; Refusal, and nothing changed, if it cannot be one.

        ask: question -> whether ONNX Runtime may be installed where an exported model, which needs it, finds
        none; a Refusal if not, with the file in the list. None: it is not asked for.

        A base of which adapters in the folder were trained by an earlier version is copied beside them, and
        the first of these returned.
        """
        ModelFile.check(Path(path))
        if adapter := self._keepBase(Path(path)):
            return next(model for model in self.models() if model.source == str(adapter))
        path, (added, _isWhole) = Path(os.path.realpath(path)), self._added()
        if path.parent != Path(os.path.realpath(self.folder)) and path not in added:
            self._writeAdded([*added, path])
        if ask and path.suffix == ModelFile.GRAPH:
            ensureOnnxRuntime(ask)
        for model in self.models():
            if Path(os.path.realpath(model.source)) == path:
                return model
        text = _("{file} is a base: it is offered with the adapters beside it.")
        raise Refusal(text.format(file=path.name))

    def _keepBase(self, path: Path) -> Path | None:
        """Copy a base that an adapter of the folder needs; that adapter, None for any other file."""
        if path.suffix != ".safetensors" or ModelFile.header(path).get("kind") != "base":
            return None
        name = ModelFile.keptBase(model_files.sha256(path))
        needing = [own for own in _weights(self.folder) if name in ModelFile.namesOfBase(own)]
        if not needing or path.parent == self.folder:
            return None
        if not (self.folder / name).is_file():
            write_atomically(self.folder / name, path.read_bytes())
        return needing[0]

    def removalQuestion(self, source: str) -> str:
        """What to ask before `remove`: name, size, place, and what needs it. Refusal where it has to stay."""
        model, path = self._removable(source), Path(source)
        text = _("Remove {name} ({size})? {what}")
        text = text.format(name=model.name, size=sizeText(model.size), what=model.removable)
        if path in self._added()[0]:
            return text
        others = [other for other in _weights(self.folder) if path.name in ModelFile.namesOfBase(other)]
        needing = [*(other.stem for other in others), *(run.name for run in self._runsWith(path))]
        if needing:
            text += " " + _("These models and runs need it: {names}.").format(names=", ".join(needing))
        return text

    def remove(self, source: str) -> None:
        """Delete a file of the folder, or take an added one off the list; Refusal where it has to stay."""
        self._removable(source)
        path, (added, _isWhole) = Path(source), self._added()
        if path in added:
            self._writeAdded(other for other in added if other != path)
        else:
            StoredData.remove(path, self.folder)

    def download(self, checkpoint: Checkpoint) -> Download:
        """Start fetching a checkpoint into the folder; ask the user before, `consent` has the words."""
        return Download(checkpoint.url, self.folder / checkpoint.file, checkpoint.size, checkpoint.sha256)

    def _removable(self, source: str) -> ModelInfo:
        model = next((model for model in self.models() if model.source == source), None)
        if model is None or not model.removable:
            raise Refusal(_("{model} cannot be removed: it belongs to SAMCA itself.").format(model=source))
        if Path(source).parent == self.folder and os.path.isdir(source) and not os.path.islink(source):
            raise Refusal(_("{model} cannot be removed here: it is a folder.").format(model=source))
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
        model = _describe(path, _("trained here"), removal)
        if fetched is None or model.damaged:
            return model
        about = {"name": fetched.name, "data": fetched.data, "licence": fetched.licence}
        return replace(model, origin=_("downloaded"), **about)

    @property
    def _list(self) -> Path:
        return self.folder / "added.json"

    def _added(self) -> tuple[list[Path], bool]:
        """The files on the list, and whether all of it could be read."""
        paths: list[Path] = []
        try:
            for line in typed_json.read(self._list).items(at_most=MOST_ADDED):
                paths.append(Path(line.text()))
        except (FileNotFoundError, NotADirectoryError):  # no list yet
            return [], True
        except (OSError, ValueError) as error:
            logger.warning("%s", error)
            return paths, False
        return paths, True

    def _writeAdded(self, paths: Iterable[Path]) -> None:
        text = json.dumps([str(path) for path in paths], indent=1)
        write_atomically(self._list, text.encode())


def ensureOnnxRuntime(ask: ExtraPackage.Ask) -> None:
    """Have ONNX Runtime installed, which an exported model needs even where torch is; Refusal if not."""
    loaded = tuple(name for name in REPLACED if name in sys.modules)
    ExtraPackage.ensure(LIGHT, _("An exported model (.onnx)"), ask, loaded=loaded)


def checkpoints() -> list[Checkpoint]:
    """All official checkpoints of Resources/weights.json; none if that is damaged."""
    try:
        return [_checkpoint(entry) for entry in typed_json.read(RESOURCES / "weights.json").items()]
    except (OSError, ValueError) as error:
        logger.warning("%s", error)
        return []


def _checkpoint(entry: Value) -> Checkpoint:
    texts = {name: entry[name].text() for name in ("name", "url", "sha256", "licence", "data")}
    file = entry["file"]
    return Checkpoint(file=plain_name(file.text(), file.where), size=entry["size"].whole(0), **texts)


def userFolder() -> Path:
    """Where this user's models lie."""
    return UserFolder.userFolder() / "Models"


def consent(checkpoint: Checkpoint) -> str:
    """The question before a download."""
    text = _(
        "Download {name} ({size}, licence {licence}) from {url}? Nothing is sent. It is checked by SHA256."
    )
    size = sizeText(checkpoint.size)
    return text.format(name=checkpoint.name, size=size, licence=checkpoint.licence, url=checkpoint.url)


def purposeOf(model: ModelInfo) -> str:
    """What a model is for, or what it was trained on where it does not say."""
    purposes = {
        "shipped": _("breast, thyroid, nerves, vessels, fetal head, ovary, muscle"),
        "breast": _("breast lesions"),
        "fetal": _("fetal head, pubic symphysis"),
        "nerve": _("nerves, vessels"),
        "thyroid": _("thyroid nodules"),
    }
    return purposes.get(model.source, model.data)


def diceText(figures: dict) -> str:
    """The Dice on images that were kept from training, for instance "76.9 %"; "" where it is not known."""
    dice = figures.get("validation_dice", figures.get("dice"))
    if isinstance(dice, dict):  # by clicks
        dice = next((value for _clicks, value in sorted(dice.items())), None)
    if isinstance(dice, bool) or not isinstance(dice, (int, float)):
        return ""
    return f"{dice if dice > 1 else 100 * dice:.1f} %"


def detailsText(model: ModelInfo) -> str:
    """What else there is to say: where it comes from, its licence, its data."""
    lines = [model.origin, model.licence and _("Licence: {licence}").format(licence=model.licence)]
    lines += [model.data and _("Trained on: {data}").format(data=model.data), model.source]
    return "\n".join(line for line in lines if line)


def _weights(folder: Path) -> list[Path]:
    """What lies in a folder under the name of a model, whatever it is."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:  # no such folder yet
        return []
    return [path for path in paths if path.suffix in ModelFile.SUFFIXES and not path.name.startswith(".")]


def _describe(path: Path, origin: str, removable: str, source: str = "") -> ModelInfo:
    """What a file says about itself; source: what the engine loads where that is not its path."""
    source = source or str(path)
    try:
        about, size = asdict(ModelFile.describe(path)), StoredData.sizeOf(path)  # of no folder, however deep
    except (OSError, ValueError):
        return replace(_damaged(path, removable), source=source)
    name = about.pop("name") or path.stem
    return ModelInfo(name, source, size, origin, removable=removable, **about)


def _damaged(path: Path, removable: str) -> ModelInfo:
    """A line of the list for what cannot be a model."""
    try:
        size = path.lstat().st_size
    except (OSError, ValueError):
        size = 0
    name, says = path.name[: ModelFile.LONGEST_NAME], _("damaged: remove it and copy it again")
    return ModelInfo(name, str(path), size, says, removable=removable, damaged=True)
