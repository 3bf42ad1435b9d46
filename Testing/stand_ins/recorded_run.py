"""A real training run, played back: what a panel sees of a run, record by record, without waiting for one."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

from samca import run_lock


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
        if record["event"] == "epoch":
            names = [f"samples/epoch_{record['epoch']:04d}.png", "best.safetensors", "base.safetensors"]
            for name in names:
                self._copy(name)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(line)

    def _copy(self, name: str) -> None:
        if (self.recording / name).is_file():
            (self.folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(self.recording / name, self.folder / name)
