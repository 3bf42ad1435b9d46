"""What `slicer.util.getModuleLogic("SAMCATraining")` returns: the way from segmentations to a model in the
effect, for the console and for the panel. Works with no window."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from samca import datasets as readers
from samca import exchange
from samca.config import TrainConfig, from_json
from samca.datasets.listing import unfinished
from samca.methods.presets import DEFAULT
from samca.training import parts
from SAMCALib.Models.InstallLogic import InstallLogic
from SAMCALib.Models.ModelLogic import ModelInfo, ModelLogic
from SAMCALib.Texts import Refusal, _

from . import (
    AdvancedSettings,
    AllPairs,
    CaseFiles,
    DatasetExport,
    DatasetLogic,
    Estimation,
    MadeOn,
    PresetLogic,
    ResultLogic,
    RunLogic,
    RunStatus,
)
from .AdvancedSettings import Setting
from .DatasetCheck import DatasetSummary, Looked, check, checking
from .DatasetLogic import Added, Progress
from .PresetLogic import Preset
from .Removal import Removal
from .ResultLogic import Result
from .RunState import RunState
from .SegmentedFrames import axesOf

PACKAGES = ("monai>=1.5.1",)  # what training needs beside what the effect does


class TrainingLogic:
    """Data sets and runs lie in `folder`, by default beside the user's models."""

    def __init__(self, folder: str | Path | None = None, models: ModelLogic | None = None):
        self.models = models or ModelLogic()
        self.folder = Path(folder) if folder else self.models.folder.parent / "Training"
        self._runs = RunLogic.RunLogic()
        self._removal = Removal(self.folder / "Runs", self.folder / "Data", self._runs)

    # Data

    def datasets(self) -> list[Path]:
        """Data sets under the folder, the one that was changed last first."""
        unfinished(self.folder / "Data")
        return _newestFirst(self.folder / "Data", "images")

    def newDataset(self, name: str) -> Path:
        """A path for a new data set of this name; it is made with its first case."""
        return _unused(self.folder / "Data", name)

    def segmentsOf(self, segmentationNode) -> list[tuple[str, str]]:
        """(id, name) of each segment."""
        segmentation = segmentationNode.GetSegmentation()
        return [(i, segmentation.GetSegment(i).GetName()) for i in segmentation.GetSegmentIDs()]

    def axesOf(self, volumeNode) -> list[int]:
        """IJK axes that frames can lie across, the natural one first."""
        if volumeNode is not None and volumeNode.IsA("vtkMRMLSequenceNode"):
            volumeNode = volumeNode.GetNthDataNode(0)
        if volumeNode is None or not hasattr(volumeNode, "GetImageData") or not volumeNode.GetImageData():
            return []
        return axesOf(volumeNode)

    def segmentationsOf(self, volumeNode) -> list:
        """The segmentations that were made on a volume or Sequence."""
        return MadeOn.segmentationsOf(volumeNode)

    def doubt(self, volumeNode, segmentationNode) -> str:
        """Why a segmentation may not be of this image, "" if it is."""
        return MadeOn.doubt(volumeNode, segmentationNode)

    def addCase(
        self,
        volumeNode,
        segmentationNode,
        folder=None,
        segmentIds=None,
        axis=None,
        group="",
        anyImage=False,
        keepBanner=False,
    ) -> Added:
        """Add every segmented frame of a volume or Sequence to a data set, all or none.

        folder: "Data" under the logic's folder if not given. segmentIds: all segments if not given. axis: IJK
        axis across the frames. group: what must never be split; the patient, else the volume or loop, if
        empty. anyImage: even if the segmentation was made on another image. keepBanner: with what stands
        outside of the ultrasound regions of images from DICOM, which else is black. A frame that was added
        before is replaced. Refusal says what is missing.
        """
        folder = folder or self.folder / "Data" / "Data"
        words = volumeNode, segmentationNode, folder, segmentIds, axis, group, anyImage, keepBanner
        return DatasetLogic.addCase(*words)

    def adding(
        self,
        volumeNode,
        segmentationNode,
        folder,
        segmentIds=None,
        axis=None,
        group="",
        anyImage=False,
        keepBanner=False,
    ) -> Iterator[Progress]:
        """The same frame by frame; closed before its end it leaves the folder as it was."""
        words = volumeNode, segmentationNode, folder, segmentIds, axis, group, anyImage, keepBanner
        return DatasetLogic.adding(*words)

    def addingAll(self, folder, keepBanner=False) -> Iterator[Progress]:
        """The same for every segmentation of the scene, each on the image that it was made on."""
        return AllPairs.addingAll(folder, keepBanner)

    def datasetName(self, folder) -> str:
        """What the user calls a data set."""
        return CaseFiles.nameOf(Path(folder))

    def renameDataset(self, folder, name: str) -> Path:
        """Call a data set by another name. Its folder stays where it is; one that has no case yet gets
        another path, which is returned."""
        folder = Path(folder)
        if not name.strip():
            raise Refusal(_("The name is empty: give one."))
        if name in [self.datasetName(other) for other in self.datasets() if other != folder]:
            raise Refusal(_("There is a dataset {name} already: take another name.").format(name=name))
        if not folder.is_dir():
            return self.newDataset(name)
        CaseFiles.writeName(folder, name)
        return folder

    def removeCases(self, folder, ids: Sequence[str]) -> int:
        """Delete cases of a data set of our own; how many these were."""
        return CaseFiles.removeCases(Path(folder), ids)

    def check(self, folder) -> DatasetSummary:
        """What is in a folder of any known layout, and every problem with its file; never raises for data."""
        return check(folder)

    def checking(self, folder) -> Iterator[Looked]:
        """The same file by file."""
        return checking(folder)

    def exportFormats(self) -> list[tuple[str, str]]:
        """(name, what it is called) of what a data set can be written as."""
        return DatasetExport.formats()

    def exportDataset(self, folder, form: str, parent) -> str:
        """Write a data set as COCO, YOLO-seg, nnU-Net folders or plain PNG; what was written, in a sentence.

        form: a name of `exportFormats()`. A new folder is made in `parent`, or nothing. Refusal says what is
        wrong.
        """
        *_others, last = self.exporting(folder, form, parent)
        return last.text

    def exporting(self, folder, form: str, parent) -> Iterator[exchange.Progress]:
        """The same case by case; closed before its end it leaves nothing."""
        out = DatasetExport.placeIn(Path(parent), Path(folder), form)
        return DatasetExport.exporting(Path(folder), form, out)

    # Settings

    def baseModels(self) -> list[ModelInfo]:
        """What training can start from."""
        return [model for model in self.models.models() if not model.damaged and model.isWeights]

    def methods(self) -> list[tuple[str, str]]:
        """(name, one sentence) of every method."""
        return PresetLogic.methods()

    def presets(self) -> list[Preset]:
        """From the shortest to the longest."""
        return PresetLogic.presets()

    def advanced(self) -> list[Setting]:
        """Every single setting."""
        return AdvancedSettings.settings()

    def valuesOf(self, preset: str, method: str) -> dict:
        """Those that a preset and a method change together."""
        return PresetLogic.valuesOf(preset, method)

    def settings(
        self, data, name: str, base="shipped", method="samca", preset=DEFAULT, advanced=None, validation=()
    ) -> dict:
        """The settings of a new run; advanced: values by the names of `advanced()`."""
        if isinstance(data, str | Path):
            data = [data]
        out = _unused(self.folder / "Runs", name)
        return PresetLogic.settingsOf(data, out, name, base, method, preset, advanced, validation)

    def startEstimate(self, settings: dict) -> Estimation.Estimation:
        """Find out time and memory by a trial in a child process."""
        return Estimation.Estimation(settings)

    def quickEstimate(self, settings: dict, summary: DatasetSummary) -> str:
        """A rule of thumb at once."""
        return Estimation.quickEstimate(settings, summary.counts)

    # Runs

    def start(self, settings: dict | str | Path, **options) -> Path:
        """Start a run with these settings, or with those of `settings(data, ...)` for a data set.

        Returns the run folder; the run goes on without Slicer.
        """
        if not isinstance(settings, dict):
            PresetLogic.checkData([settings])
            options.setdefault("name", Path(settings).name)
            settings = self.settings([settings], **options)
        PresetLogic.checkData(settings.get("data") or ())
        return self._runs.start(settings)

    def state(self, run) -> RunState:
        """Where a run stands; never waits for it."""
        return self._runs.state(run)

    def stop(self, run) -> None:
        """End a run after its next step."""
        self._runs.stop(run)

    def kill(self, run) -> None:
        """End a run at once."""
        self._runs.kill(run)

    def resume(self, run) -> None:
        """Go on with a run that has ended before its end."""
        PresetLogic.checkData(RunStatus.settingsOf(run)["data"], isMoved=True)
        self._runs.resume(run)

    def runs(self) -> list[RunState]:
        """All runs under the folder, the newest first."""
        return [self.state(path) for path in _newestFirst(self.folder / "Runs", "run.json")]

    def current(self) -> RunState | None:
        """The run that is at work, else the newest."""
        runs = self.runs()
        return next((state for state in runs if state.isAlive), runs[0] if runs else None)

    def settingsOf(self, run) -> dict:
        """The settings in a run folder."""
        return RunStatus.settingsOf(run)

    # Results

    def evaluate(self, run) -> None:
        """Start comparing with the untouched base; `state(run).evaluation` says when it is done."""
        PresetLogic.checkData(RunStatus.settingsOf(run)["data"], isMoved=True)
        self._runs.evaluate(run)

    def stopEvaluation(self, run) -> None:
        """End it at once, even if another Slicer has started it."""
        self._runs.stopEvaluation(run)

    def result(self, run) -> Result | None:
        """What the last evaluation found."""
        return ResultLogic.resultOf(run)

    def resultTable(self, run):
        """The same as a vtkMRMLTableNode."""
        return ResultLogic.resultTable(run)

    def saveCsv(self, run, path) -> Path:
        """The same as a file."""
        return ResultLogic.saveCsv(run, path)

    def register(self, run, name: str = "") -> ModelInfo:
        """Put the trained model into the effect's list of models."""
        return ResultLogic.register(run, self.models, name)

    def export(self, run, path) -> Path:
        """Write the trained model as one file for a colleague."""
        return ResultLogic.export(run, path, self.models)

    def improve(self, run, volumeNode, segmentationNode, segmentIds=None, axis=None, anyImage=False) -> dict:
        """Add corrections to the run's data set; the settings of a run that goes on from its model.

        The frames that validated this run validate the next one, too. anyImage: as in `addCase`.
        """
        settings = RunStatus.settingsOf(run)
        weights = ResultLogic.weightsToGoOn(run, self.models)
        data = [Path(folder) for folder in settings["data"]]
        own = next((folder for folder in data if (folder / CaseFiles.TABLE).is_file()), None)
        target = own or self.newDataset(settings.get("name") or Path(run).name)
        if len(data) == 1 and own and not settings.get("validation"):
            cases = [case for case in readers.checked(own).cases if case.has_truth]
            config = from_json(TrainConfig, {**settings, "out": str(run)}, "run")
            drawn = readers.divided(cases, config.validation_share, config.seed)
            _train, held = parts.as_before(config, *drawn)
            CaseFiles.setValidation(own, {case.group for case in held})
        self.addCase(volumeNode, segmentationNode, target, segmentIds, axis, anyImage=anyImage)
        out = _unused(self.folder / "Runs", settings.get("name") or Path(run).name)
        folders = [str(folder) for folder in (data if own else [*data, target])]
        changes = {"data": folders, "out": str(out), "name": out.name, "base": str(weights), "model": {}}
        return {**settings, **changes}

    # What lies on the disk

    def removalQuestion(self, path) -> str:
        """What to ask before `remove`; Refusal for a run or dataset that is in use, or is none of ours."""
        return self._removal.question(Path(path))

    def remove(self, path) -> None:
        """Delete a run or dataset under the logic's folder; Refusal as in `removalQuestion`."""
        self._removal.remove(Path(path))

    # Installation

    def installation(self, ask, say) -> InstallLogic:
        """What is installed of torch and the packages of training, and how to get the rest."""
        return InstallLogic(ask, say, packages=PACKAGES, needsTorch=True)


def _newestFirst(folder: Path, holds: str) -> list[Path]:
    paths = [path for path in folder.glob("*") if not path.name.startswith(".")] if folder.is_dir() else []
    found = [path for path in paths if (path / holds).exists()]
    return sorted(found, key=lambda path: (path / holds).stat().st_mtime, reverse=True)


def _unused(folder: Path, name: str) -> Path:
    """A path in the folder that does not exist, after this name."""
    if not isinstance(name, str):
        text = _("A {kind} is no name: give one in quotation marks.")
        raise Refusal(text.format(kind=type(name).__name__))
    stem = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "_", name).strip(" .")[:60]
    if not stem:
        raise Refusal(_("The name is empty: give one."))
    number, path = 1, folder / stem
    while path.exists():
        number += 1
        path = folder / f"{stem} {number}"
    return path
