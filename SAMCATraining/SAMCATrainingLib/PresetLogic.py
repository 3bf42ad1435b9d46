"""From what a user chooses (base model, method, preset, single settings) to the settings of `samca train`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samca import model_files, typed_json
from samca.config import ModelConfig, from_json, to_json
from samca.methods import FILES, configure_training
from samca.methods.presets import DEFAULT, PRESETS, SCHEDULE, settings_of
from SAMCALib.Models import ModelFile, ModelLogic
from SAMCALib.Texts import Refusal, _

from .AdvancedSettings import AUTOMATIC


@dataclass(frozen=True)
class Preset:
    """Settings for a purpose."""

    name: str
    title: str
    text: str
    settings: dict = field(default_factory=dict)


def presets() -> list[Preset]:
    """From the shortest to the longest."""
    words = {
        "quick": (_("Quick"), _("Two epochs: to see whether it works.")),
        "balanced": (_("Balanced"), _("Five epochs in small steps: for some ten images and more.")),
        "thorough": (_("Thorough"), _("Twenty epochs: for a hundred images and more.")),
    }
    return [Preset(name, *words[name], settings) for name, settings in PRESETS.items()]


def methods() -> list[tuple[str, str]]:
    """(name, one sentence) of every method, the paper's first."""
    return [(name, (file.__doc__ or name).strip().splitlines()[0]) for name, file in FILES.items()]


def valuesOf(preset: str, method: str) -> dict:
    """The single settings, by name, that a preset and a method change together."""
    own = {name: value for name, value in FILES[method].TRAINING.items() if not isinstance(value, dict)}
    return {**own, **settings_of(preset, method)}


def settingsOf(
    data: Sequence[str | Path],
    out: Path,
    name: str,
    base: str = "shipped",
    method: str = "samca",
    preset: str = DEFAULT,
    changes: dict | None = None,
    validation: Sequence[str | Path] = (),
) -> dict:
    """All settings of a run as JSON values, checked; Refusal says what does not fit."""
    chosen = {p.name: p for p in presets()}
    if preset not in chosen:
        raise Refusal(
            _("There is no preset {name}: expected {names}.").format(name=preset, names=", ".join(chosen))
        )
    if not data:
        raise Refusal(_("There are no data: add a dataset first."))
    if method not in FILES:
        raise Refusal(_("{name!r} is not one of {names}.").format(name=method, names=", ".join(FILES)))
    given = {**settings_of(preset, method), **(changes or {})}
    isSame = method == _configOf(base).get("method")
    values = {
        "data": [str(Path(folder).absolute()) for folder in data],
        "validation": [str(Path(folder).absolute()) for folder in validation],
        "out": str(out),
        "name": name,
        "base": base,
        "model": {} if isSame else {"method": method},
    }
    schedule = given.pop("schedule", AUTOMATIC)
    given = {n: v for n, v in given.items() if v or not n.startswith("model.")}  # 0: as it is
    if max(given.get("model.depth", 0), _configOf(base).get("depth", 1)) > 1:
        given.pop("windows", None)  # frames that go together stay whole
    if not isSame:
        given.pop("share", None)  # adapters that are new have nothing before to lie half way to
    if schedule != AUTOMATIC:
        values["schedule"] = {"name": schedule}
    elif "schedule" not in FILES[method].TRAINING:
        values["schedule"] = SCHEDULE
    try:
        if size := given.get("model.image_size"):
            ModelConfig(image_size=size)  # else a run would find out only when it has started
        return to_json(configure_training(values, given, method))
    except ValueError as error:
        raise Refusal(str(error)) from error


def checkData(folders: Sequence[str | Path], isMoved: bool = False) -> None:
    """Refusal for a data set that is not there, or, of a run, not any more."""
    text = _("There is no dataset at {folder}: add cases to it first, or give its folder.")
    if isMoved:
        text = _("The data of this training are gone from {folder}: put them back there, or train anew.")
    for folder in folders:
        if not isinstance(folder, (str, Path)) or not Path(folder).is_dir():
            raise Refusal(text.format(folder=folder))


def _configOf(base: str) -> dict:
    """The model's settings in a file of ours; none for published checkpoints and random weights."""
    if base == "random":
        return {}
    path = ModelLogic.SHIPPED if base == "shipped" else model_files.source_path(base)
    if not path.is_file():
        raise Refusal(_("There is no base model at {file}: choose another one.").format(file=path))
    if path.suffix != ".safetensors":
        return {}
    header = ModelFile.header(path)
    if header.get("kind") != "adapter":  # on a base alone every method starts anew
        return {}
    try:
        config = typed_json.parse(header.get("config", "{}"), path.name).plain
        return to_json(from_json(ModelConfig, config, path.name))
    except ValueError as error:
        raise Refusal(str(error)) from error
