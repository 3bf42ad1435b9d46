"""Removing runs and datasets from the disk: when that has to wait, what hangs on them, what to ask."""

from __future__ import annotations

from pathlib import Path

from samca.words import size_text
from SAMCALib.Models import StoredData
from SAMCALib.Texts import Refusal, _

from . import CaseFiles
from .RunLogic import RunLogic
from .RunState import RunState
from .RunStatus import SETTINGS


class Removal:
    """Of what lies right inside of `runs` and `datasets`, two folders of ours, and of nothing else."""

    def __init__(self, runs: Path, datasets: Path, logic: RunLogic):
        self.runs, self.datasets, self._logic = runs, datasets, logic

    def question(self, path: Path) -> str:
        """Name, size and place, what is lost and what stays. Refusal for what is in use, or not ours."""
        path = Path(path).absolute()
        others = self._usersOf(path)
        size = size_text(StoredData.sizeOf(path))
        if path.is_symlink():
            text = _("Remove {name}? It is a link in {folder}: what it points to stays.")
        elif self._isRun(path):
            text = _(
                "Remove the training {name} ({size})? {path} is deleted with its settings, curves and "
                "weights. A model that was put into the effect's list stays."
            )
        else:
            text = _(
                "Remove the dataset {name} ({size})? {path} is deleted with all its cases. The scene and "
                "files in other folders stay."
            )
        text = text.format(name=self._nameOf(path), size=size, path=path, folder=path.parent)
        if others:
            names = ", ".join(state.name for state in others)
            lost = _("These trainings cannot be resumed or evaluated without it: {names}.")
            text += " " + lost.format(names=names)
        return text

    def remove(self, path: Path) -> None:
        """Delete it; Refusal, with everything as it was, for what is in use or not ours."""
        path = Path(path).absolute()
        self._usersOf(path)
        StoredData.remove(path, path.parent)
        self._logic.forget(path)

    def _nameOf(self, path: Path) -> str:
        """What the panel calls it."""
        return self._logic.state(path).name if self._isRun(path) else CaseFiles.nameOf(path)

    def _isRun(self, path: Path) -> bool:
        return StoredData.isIn(self.runs, path) and (path / SETTINGS).is_file()

    def _usersOf(self, path: Path) -> list[RunState]:
        """The runs that hang on a run or dataset of ours, which is not in use now."""
        isDataset = StoredData.isIn(self.datasets, path) and (path / "images").is_dir()
        if not isDataset and not self._isRun(path):
            text = _("{path} is no training and no dataset in {folder}: it stays.")
            raise Refusal(text.format(path=path, folder=self.runs.parent))
        if self._isRun(path) and isBusy(self._logic.state(path)):
            text = _("The training {name} is going on: stop it first.")
            raise Refusal(text.format(name=self._nameOf(path)))
        others = [
            self._logic.state(run)
            for run in StoredData.runsWith(path, {*self.runs.glob("*"), *self._logic.launched()})
        ]
        for state in filter(isBusy, others):
            text = _("{name} is in use by the training {run}: stop that first.")
            raise Refusal(text.format(name=self._nameOf(path), run=state.name))
        return others


def isBusy(state: RunState) -> bool:
    """Whether a process works in the run's folder, or is about to."""
    return state.isAlive or state.evaluation.status == "running"
