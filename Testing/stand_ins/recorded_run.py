"""A real training run, played back: what a panel sees of a run, record by record, without waiting for one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from pathlib import Path

import SAMCATrainingLib
from samca.__main__ import main
from samca.training import run_lock
from samca.training.train import train
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCATrainingLib.TrainingLogic import TrainingLogic
from training_runs import config_of, write_case

UI = Path(SAMCATrainingLib.__file__).resolve().parents[1] / "Resources" / "UI"
EPOCHS = 3
MODEL = {
    "method": "samca",
    "backbone": {
        "name": "sam_vit_small", "channels": [8, 8, 8], "width": 16, "depth": 2, "heads": 2,
        "out_channels": 32,
    },
    "image_size": 64,
    "adapter": {"name": "shared_weight", "rank": 4},
}  # fmt: skip


def record(folder: Path) -> Path:
    """The folder of a real run of some epochs on eight discs, made in a second or two."""
    for number in range(8):
        write_case(folder / "discs", f"disc{number}", number)
    settings = {
        "data": [str(folder / "discs")], "out": str(folder / "run"), "base": "random", "epochs": EPOCHS,
        "batch": 3, "validation_share": 0.25, "augment": "none", "model": MODEL, "precision": "float32",
        "learning_rate": 5e-3,
        "schedule": {"name": "double_click", "iterations": 1}, "threads": 1,
    }  # fmt: skip
    *_before, last = train(config_of(settings))
    assert last["event"] == "finish"
    assert main(["evaluate", "--run", str(folder / "run"), "--seeds", "1", "--device", "cpu"]) == 0
    return folder / "run"


class PlayedLogic(TrainingLogic):
    """The real logic, whose processes are played back from a recording."""

    def __init__(self, folder: Path, recording: Path):
        super().__init__(folder / "user", ModelLogic(folder / "models"))
        self.recording, self.playback, self.calls = recording, None, []

    def start(self, settings):
        run = Path(settings["out"])
        run.mkdir(parents=True)
        (run / "run.json").write_text(json.dumps({**settings, "epochs": EPOCHS}))
        self.playback = Playback(self.recording, run)
        return run

    def resume(self, run):
        self.playback.hold()
        self.playback.add({"event": "resume", "epoch": 2, "step": 0, "device": "CPU", "time": time.time()})

    def kill(self, run):
        self.calls.append("kill")
        self.playback.end()

    def evaluate(self, run):
        shutil.copytree(self.recording / "evaluation", run / "evaluation")
        for name in ("evaluation.csv", "run.lock"):  # as if it were written now
            os.utime(run / "evaluation" / name)
        (run / "evaluation" / "launch.json").write_text(json.dumps({"time": time.time()}))


class Playback:
    """Writes a recorded run into a folder as the training process did; holds its lock while it plays."""

    def __init__(self, recording: Path, folder: Path):
        self.recording, self.folder = Path(recording), Path(folder)
        self._lines = (self.recording / "log.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        self._lock = contextlib.ExitStack()
        self.played = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        self.hold()

    def hold(self) -> None:
        """The process begins, or goes on."""
        self._lock.enter_context(run_lock.holding(self.folder))

    def play(self, event: str) -> None:
        """Play up to the next record of this event, with the files that were there by then."""
        while True:
            record = json.loads(self._lines[self.played])
            self._write(record, self._lines[self.played])
            self.played += 1
            if record["event"] == event:
                return

    def add(self, record: dict) -> None:
        """A record that was not in the recording."""
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")

    def end(self) -> None:
        """The process is gone."""
        self._lock.close()

    def _write(self, record: dict, line: str) -> None:
        if record["event"] in ("base", "epoch"):
            picture = f"samples/epoch_{record.get('epoch', 0):04d}.png"
            for name in (picture, "best.safetensors", "base.safetensors"):
                self._copy(name)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(line)

    def _copy(self, name: str) -> None:
        if (self.recording / name).is_file():
            (self.folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(self.recording / name, self.folder / name)
