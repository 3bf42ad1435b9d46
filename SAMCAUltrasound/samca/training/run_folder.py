"""A training run on disk: its settings, log, resume point, best weights, table and pictures, always whole."""

from __future__ import annotations

import io
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from .. import tensor_files
from ..files import append, make_folder, write_atomically
from . import run_lock, run_records

SETTINGS, RESUME = "run.json", "resume.pt"
OF_PLACE = {"out"}  # settings that another place of the folder changes
OF_OLD_RUNS = {  # what runs were before these settings
    "folds": 0, "fold": 1, "grow": False, "sampling": "each", "share": 1.0,
}  # fmt: skip


def is_run(folder: Path) -> bool:
    """Whether a run has begun in this folder."""
    return any((folder / name).exists() for name in (RESUME, run_lock.NAME))


class RunFolder:
    """The files of one run; the folder is made if it is not there."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        make_folder(self.path)
        self.settings = self.path / SETTINGS
        self.log = self.path / "log.jsonl"
        self.resume = self.path / RESUME
        self.best = self.path / "best.safetensors"
        self.evaluation = self.path / "evaluation.csv"
        self.curves = self.path / "curves.png"
        self.stop = self.path / "stop"  # made by whoever wants the run to stop

    def samples(self, epoch: int) -> Path:
        """The picture of validation cases after an epoch, 0 before the first, which makes the folder."""
        return self.path / "samples" / f"epoch_{epoch:04d}.png"

    def check_settings(self, settings: dict[str, Any], state: dict[str, Any] | None) -> None:
        """Write run.json, or raise ValueError if `state` was saved by a run of other settings."""
        earlier = settings if state is None else {**OF_OLD_RUNS, **state.get("settings", {})}
        of_model = {**settings.get("model", {}), **earlier.get("model", {})}  # settings newer than the run
        earlier = {**settings, **earlier, **({"model": of_model} if of_model else {})}
        different = sorted(k for k in settings if settings[k] != earlier[k] and k not in OF_PLACE)
        if different:
            name = different[0]
            raise ValueError(
                f"{self.path} holds a run with another {name} ({earlier.get(name)!r}, now "
                f"{settings[name]!r}): give the run another folder, or delete {self.resume.name}"
            )
        write_atomically(self.settings, json.dumps(settings, indent=2).encode())

    def check_place(self) -> None:
        """FileNotFoundError if the folder was moved or removed since; whoever writes would make it anew."""
        if not self.path.is_dir():
            raise FileNotFoundError(f"its folder was moved or removed while it ran; it is not at {self.path}")

    def append(self, record: dict[str, Any]) -> dict[str, Any]:
        """Add one line to the log: the record with its time, which is returned."""
        record = {**record, "time": round(time.time(), 1)}
        append(self.log, json.dumps(record).encode() + b"\n")
        return record

    def failed(self, says: str) -> str:
        """Add to the log, if that is still possible, why the run ended; the same sentence is returned."""
        with suppress(OSError):
            self.append({"event": "failed", "says": says})
        return says

    def records(self) -> list[dict[str, Any]]:
        """The log so far; a line that was cut off, or is none of ours, is left out."""
        if not self.log.exists():
            return []
        records = []
        for line in self.log.read_bytes().split(b"\n"):
            with suppress(ValueError):
                records.append(run_records.parse(line))
        return records

    def epochs(self) -> list[dict[str, Any]]:
        """The "epoch" records of the newest run in the log; of an epoch that a kill made repeat, the last."""
        epochs: dict[int, dict[str, Any]] = {}
        for record in self.records():
            if record["event"] == "start":
                epochs = {}
            elif record["event"] == "epoch":
                epochs[record["epoch"]] = record
        return list(epochs.values())

    def before(self) -> dict[str, float]:
        """Validation Dice by number of clicks of the model that the newest run in the log started from."""
        found: dict[str, float] = {}
        for record in self.records():
            if record["event"] in ("start", "base"):
                found = record.get("dice", {})
        return found

    def save_state(self, state: dict[str, Any]) -> None:
        """Write everything that is needed to go on."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(self.resume, buffer.getvalue())

    def load_state(self) -> dict[str, Any] | None:
        """What `save_state` wrote last, or None for a new run; ValueError if it is damaged."""
        if not self.resume.exists():
            return None
        try:
            tensor_files.check_bytes(self.resume)
            state, _ = tensor_files.read(self.resume)
        except ValueError as error:
            raise self.damaged() from error
        settings = state.get("settings", {}) if isinstance(state, dict) else None
        if not isinstance(settings, dict) or not isinstance(settings.get("model", {}), dict):
            raise self.damaged()
        return state

    def damaged(self) -> ValueError:
        """What to raise where the resume point is not what it ought to be."""
        return ValueError(f"{self.resume} is damaged: delete it to start the run again")
