"""A training run on disk: run.json, log.jsonl, resume.pt and best.safetensors, each written so that it is always whole."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import torch

from .checkpoint import write_atomically


class RunFolder:
    """The files of one run; the folder is made if it is not there."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.settings, self.log = self.path / "run.json", self.path / "log.jsonl"
        self.resume, self.best, self.stop = (
            self.path / "resume.pt",
            self.path / "best.safetensors",
            self.path / "stop",
        )

    def check_settings(self, settings: dict[str, Any]) -> None:
        """Write run.json, or raise ValueError if the folder holds a run of other settings."""
        if self.resume.exists() and self.settings.exists():
            earlier = json.loads(self.settings.read_text(encoding="utf-8"))
            different = sorted(k for k in settings if settings[k] != earlier.get(k))
            if different:
                raise ValueError(
                    f"{self.path} holds a run with another {different[0]} ({earlier.get(different[0])!r}, now "
                    f"{settings[different[0]]!r}): give the run another folder, or delete {self.resume.name}"
                )
        write_atomically(self.settings, json.dumps(settings, indent=2).encode())

    def append(self, record: dict[str, Any]) -> None:
        """Add one line to the log."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """The log so far; a last line that was cut off by a kill is left out."""
        if not self.log.exists():
            return []
        records = []
        for line in self.log.read_text(encoding="utf-8").splitlines():
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return records

    def save_state(self, state: dict[str, Any]) -> None:
        """Write everything that is needed to go on."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(self.resume, buffer.getvalue())

    def load_state(self) -> dict[str, Any] | None:
        """What `save_state` wrote last, or None for a new run."""
        if not self.resume.exists():
            return None
        try:
            return torch.load(self.resume, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise ValueError(f"{self.resume} is damaged: delete it to start the run again") from error
