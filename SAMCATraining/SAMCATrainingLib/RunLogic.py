"""Training runs as child processes. The run folder is the truth: whoever looks into it, in this Slicer or the
next one, or from a terminal, sees the same run."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from samca.config import TrainConfig, from_json
from samca.files import DiskFullError, make_folder, remove, sweep, write_atomically
from samca.training import run_lock
from samca.training.run_records import MOST
from SAMCALib import ChildProcess
from SAMCALib.Texts import Refusal, _

from . import Advice, Launch
from .LogTail import LogTail
from .RunState import History, RunState
from .RunStatus import (
    ENDED,
    EVALUATION,
    LOG,
    OUTPUT,
    RESUME,
    SETTINGS,
    STOP,
    WEIGHTS,
    evaluationOf,
    readJson,
    settingsOf,
    statusOf,
)

SAMPLES = "samples"  # folder in the run folder


class RunLogic:
    """Starts, watches and ends runs; holds nothing that the run folders do not."""

    def __init__(self):
        self._children: dict[Path, subprocess.Popen] = {}  # by the folder they work in
        self._launched: dict[Path, str] = {}  # tokens of these starts
        self._watched: dict[Path, _Watched] = {}

    # Commands

    def start(self, settings: dict) -> Path:
        """Start a run with these settings of `samca train` in its folder "out"; returns the folder.

        Refusal if the settings are wrong, if the folder has a run already, or cannot be written to.
        """
        run = Path(settings.get("out") or "").absolute()
        try:
            from_json(TrainConfig, settings, "run")
        except ValueError as error:
            raise Refusal(str(error)) from error
        self._refuseIfAlive(run)
        if (run / RESUME).exists():
            text = _("{folder} holds a training already: resume that one, or give this one another name.")
            raise Refusal(text.format(folder=run))
        return self._launchTraining(run, {**settings, "out": str(run)})

    def resume(self, run: Path) -> None:
        """Go on with a run that was stopped, killed, or failed."""
        run = Path(run).absolute()
        self._refuseIfAlive(run)
        self._launchTraining(run, {**settingsOf(run), "out": str(run)})  # it may have been moved

    def stop(self, run: Path) -> None:
        """Ask a run to stop; it saves and ends after its next step."""
        if self.isAlive(Path(run)):
            write_atomically(Path(run) / STOP, b"")

    def kill(self, run: Path) -> None:
        """End a run at once, whoever has started it; it can be resumed from its last save."""
        run = Path(run).absolute()
        number, child = run_lock.owner(run), self._running(run)
        if number or child:
            write_atomically(run / ENDED, b"")
        if number:
            ChildProcess.kill(number)
        elif child:  # it has not come as far as its folder
            ChildProcess.killTree(child)

    def evaluate(self, run: Path) -> None:
        """Start comparing a run's weights with what it started from; watch `state(run).evaluation`."""
        run = Path(run).absolute()
        folder = run / EVALUATION
        if not (run / WEIGHTS).is_file():
            raise Refusal(_("There are no weights yet: they are written after the first epoch."))
        if self._isWorking(folder):
            raise Refusal(_("This training is being evaluated already."))
        with _refusing():
            make_folder(folder)
            self._launch(folder, ["evaluate", "--run", run])

    def stopEvaluation(self, run: Path) -> None:
        """End an evaluation at once, whoever has started it."""
        self.kill(Path(run) / EVALUATION)

    def launched(self) -> list[Path]:
        """The folders of the runs that were started from here, wherever they lie."""
        return list(self._children)

    def forget(self, run: Path) -> None:
        """The folder is gone: another run of its name begins with nothing."""
        for folder in (run, run / EVALUATION):
            for known in (self._children, self._launched, self._watched):
                known.pop(folder, None)

    # What there is

    def isAlive(self, run: Path) -> bool:
        """Whether a process works on this run, or is about to."""
        return self.state(run).isAlive

    def state(self, run: Path) -> RunState:
        """Where the run stands; reads only what is new in its log."""
        run = Path(run).absolute()
        watched = self._watched.setdefault(run, _Watched(run))
        isWorking = self._isWorking(run)  # asked first: what ends meanwhile has its last record in the log
        isToStop = (run / STOP).exists()  # so is this, which goes when "stopped" is in the log
        watched.read()
        history, epochs = watched.history, watched.epochs
        status, text, advice = statusOf(run, history, epochs, isWorking, isToStop, watched.hasSpoken())
        isAlive = status in ("starting", "running", "stopping")
        watched.tidy(isAlive)
        left = history.secondsLeft(time.time()) if status == "running" else None
        return RunState(
            folder=run,
            name=watched.name,
            status=status,
            text=text,
            advice=advice,
            device=history.device,
            progress=history.progress,
            secondsLeft=left,
            epoch=history.epoch,
            epochs=epochs,
            step=history.step,
            steps=history.steps,
            epochRecords=tuple(history.epochs.values()),
            steps_=tuple(history.curve),
            samples=tuple(sorted((run / SAMPLES).glob("epoch_*.png"))),
            log=tuple(history.log),
            weights=run / WEIGHTS if (run / WEIGHTS).is_file() else None,
            isAlive=isAlive,
            canResume=not isAlive and status not in ("new", "finished"),
            evaluation=evaluationOf(run, self._isWorking(run / EVALUATION)),
            before=history.before,
            outcome=history.outcome(),
        )

    # Processes

    def _launchTraining(self, run: Path, settings: dict) -> Path:
        with _refusing():
            make_folder(run)
            remove(run / STOP)
            write_atomically(run / SETTINGS, json.dumps(settings, indent=2).encode())
            self._launch(run, ["train", run / SETTINGS])
        return run

    def _launch(self, folder: Path, words: list) -> None:
        remove(folder / ENDED)
        launch = Launch.note(folder)
        self._children[folder] = ChildProcess.launch(words, folder / OUTPUT)
        self._launched[folder] = launch.token

    def _isWorking(self, folder: Path) -> bool:
        """Whether a process holds the folder, or one that was started for it has not come so far."""
        if run_lock.owner(folder) is not None:
            return True
        if self._running(folder) is not None:
            return True
        launch = Launch.of(folder)
        if launch is None or self._launched.get(folder) == launch.token:  # ours, and it has ended
            return False
        hasCome = launch.hasChanged(folder, run_lock.NAME) or ChildProcess.lastWords(folder / OUTPUT)
        return launch.isJustNow and not hasCome

    def _running(self, folder: Path) -> subprocess.Popen | None:
        """The process that was started from here for this folder, if it has not ended."""
        child = self._children.get(folder)
        return child if child is not None and child.poll() is None else None

    def _refuseIfAlive(self, run: Path) -> None:
        if self.isAlive(run):
            raise Refusal(_("A process is working in {folder}: stop it first.").format(folder=run))


class _Watched:
    """A run's log as far as it was read."""

    def __init__(self, run: Path):
        self.run, self.tail, self.history = run, LogTail(run / LOG), History()
        self.name, self.epochs = run.name, 0
        self._isAlive = True

    def read(self) -> None:
        """Take in what is new."""
        records, isNew = self.tail.read()
        hasBegun = any(record["event"] in ("start", "resume") for record in records)
        if not self.epochs or hasBegun:  # which writes what a short file of settings leaves out
            settings = readJson(self.run / SETTINGS)
            try:
                self.epochs = settings.get("epochs", 20).whole(1, MOST)
                self.name = settings.get("name", "").text() or self.run.name
            except ValueError:  # a damaged file; the log goes on
                self.epochs = self.epochs or 20
        if isNew:
            self.history.clear()
        for record in records:
            self.history.add(record, self.epochs)

    def tidy(self, isAlive: bool) -> None:
        """Remove what a killed process was writing, once it is dead."""
        if self._isAlive and not isAlive:
            for folder in (self.run, self.run / SAMPLES):
                sweep(folder)
        self._isAlive = isAlive

    def hasSpoken(self) -> bool:
        """Whether the last record is of the process that was started last, or there is none of a panel's."""
        launch = Launch.of(self.run)
        return launch is None or self.tail.size > launch.logSize


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """What the operating system does not allow, as a sentence with what to do."""
    try:
        yield
    except DiskFullError as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(f"{error}. {Advice.adviceFor(str(error))}") from error
