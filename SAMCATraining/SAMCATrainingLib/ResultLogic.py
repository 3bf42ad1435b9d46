"""What a run gained, as rows, table node and files; and its adapter for the effect or a colleague."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import slicer
import slicer.util
import vtk

from samca import spreadsheets, typed_json
from samca.files import make_folder, part_of_name, write_atomically
from samca.model_files import source_path
from SAMCALib.Models.ModelLogic import ModelInfo, ModelLogic
from SAMCALib.Texts import Refusal, _

from .AdapterFile import AdapterFile, sha256Of
from .RunStatus import EVALUATION, WEIGHTS, settingsOf

MEASURES = {
    "dice": "Dice",
    "iou": "IoU",
    "hd95": "HD95",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}
CSV, ADAPTER = ".csv", ".safetensors"  # endings
RUN = "SAMCA.Run"  # attribute of a table node: the folder of its run


@dataclass(frozen=True)
class ResultRow:
    """(mean, standard deviation) of each measure: overlaps in percent, HD95 in px of a 256 x 256 image."""

    model: str
    clicks: int
    values: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Result:
    """The untouched base first, then the trained model; sheet: its best, median and worst cases."""

    rows: tuple[ResultRow, ...]
    csv: Path
    sheet: Path | None
    text: str


def resultOf(run: Path) -> Result | None:
    """What the last evaluation of a run found; None before one."""
    path = Path(run) / EVALUATION / "evaluation.csv"
    if not path.is_file():
        return None
    try:
        _columns, lines = spreadsheets.read(path)
        rows = tuple(ResultRow(line["model"], int(line["clicks"]), _valuesOf(line)) for line in lines)
        about = {name: lines[0][name] for name in ("targets", "images", "seeds")}
    except (LookupError, TypeError, ValueError):  # a damaged file is none: Evaluate writes it anew
        return None
    trained = rows[-1].model
    sheets = sorted(path.parent.glob(f"cases_{part_of_name(trained)}_*.png"))
    text = _(
        "{targets} structures in {images} validation images, {seeds} trials each: mean ± standard deviation."
    )
    text = text.format(**about)
    if _hasOtherWeights(Path(run)):
        text += " " + _("The weights are newer than that: evaluate again.")
    return Result(rows, path, sheets[-1] if sheets else None, text)


def _hasOtherWeights(run: Path) -> bool:
    """Whether the run's weights are others than those that were evaluated, as far as is known."""
    try:
        models = typed_json.read(run / EVALUATION / "evaluation.json")["models"].items()
        return models[-1]["sha256"].text() != sha256Of(run / WEIGHTS)
    except (OSError, ValueError, LookupError):
        return False


def resultTable(run: Path):
    """The vtkMRMLTableNode of a run's result, made or filled anew; Refusal before an evaluation."""
    result = _required(run)
    node = _tableOf(run)
    columns = [_column("Model", [row.model for row in result.rows])]
    columns.append(_column("Clicks", [str(row.clicks) for row in result.rows]))
    for measure, title in MEASURES.items():
        columns.append(_column(title, [_cell(row.values.get(measure)) for row in result.rows]))
    table = vtk.vtkTable()
    for column in columns:
        table.AddColumn(column)
    node.SetAndObserveTable(table)
    return node


def saveCsv(run: Path, path) -> Path:
    """Save the table with the numbers in full."""
    path = _target(path, CSV)
    write_atomically(path, _required(run).csv.read_bytes())
    return path


def withEnding(path, ending: str) -> Path:
    """The path with this ending, which is put behind the whole name where it is missing."""
    path = Path(path)
    return path if path.suffix.lower() == ending else path.with_name(path.name + ending)


def register(run: Path, models: ModelLogic, name: str = "") -> ModelInfo:
    """Copy the adapter into the effect's list of models, under this name or the run's."""
    adapter = _adapterOf(run)
    path = adapter.put(models.folder, name or adapter.name, _places(run, models))
    return next(model for model in models.models() if Path(model.source) == path)


def export(run: Path, path, models: ModelLogic) -> Path:
    """Write the adapter as a file to send; a base that the other side cannot have goes beside it."""
    path = _target(path, ADAPTER)
    adapter = _adapterOf(run)
    make_folder(path.parent)
    if not adapter.isKnownBase:
        adapter.putBase(path.parent, _places(run, models))  # before what needs it
    adapter.write(path, adapter.name, adapter.baseName)
    return path


def _target(path, ending: str) -> Path:
    """The same; Refusal where that is a file that nobody has named."""
    target = withEnding(path, ending)
    if target != Path(path) and target.exists():
        raise Refusal(_("{path} is there already: name it in full to write over it.").format(path=target))
    return target


def weightsToGoOn(run: Path, models: ModelLogic) -> Path:
    """The run's weights, with their base beside them where that is none of the shipped ones."""
    adapter = _adapterOf(run)
    if not adapter.isShippedBase:
        adapter.putBase(Path(run), _places(run, models))
    return adapter.path


def _adapterOf(run: Path) -> AdapterFile:
    path = Path(run) / WEIGHTS
    if not path.is_file():
        raise Refusal(_("There are no weights yet: they are written after the first epoch."))
    return AdapterFile(path)


def _places(run: Path, models: ModelLogic) -> list[Path]:
    """Folders where the base of a run may lie."""
    base = settingsOf(run).get("base", "shipped")
    beside = [] if base in ("shipped", "random") else [source_path(base).parent]
    added = [source_path(model.source).parent for model in models.models() if model.source != "shipped"]
    return [Path(run), *beside, models.folder, *added]


def _required(run: Path) -> Result:
    result = resultOf(run)
    if result is None:
        raise Refusal(_("This training was not evaluated yet: evaluate it first."))
    return result


def _tableOf(run: Path):
    for node in slicer.util.getNodesByClass("vtkMRMLTableNode"):
        if node.GetAttribute(RUN) == str(run):
            return node
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", f"SAMCA {Path(run).name}")
    node.SetAttribute(RUN, str(run))
    node.SetUseColumnTitleAsColumnHeader(True)
    return node


def _valuesOf(line: dict) -> dict[str, tuple[float, float]]:
    found = {}
    for measure in MEASURES:
        mean, std = line.get(f"{measure}_mean"), line.get(f"{measure}_std")
        if mean and std:
            found[measure] = float(mean), float(std)
    return found


def _cell(value: tuple[float, float] | None) -> str:
    return f"{value[0]:.1f} ± {value[1]:.1f}" if value else ""


def _column(name: str, texts: list[str]) -> vtk.vtkStringArray:
    column = vtk.vtkStringArray()
    column.SetName(name)
    for text in texts:
        column.InsertNextValue(text)
    return column
