"""Time and memory of a run before it starts: measured by a trial, or by a rule of thumb."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from samca import typed_json
from samca.files import scratch, write_atomically
from samca.files.workshops import LOCK
from samca.typed_json import Value
from SAMCALib import ChildProcess
from SAMCALib.Models.ModelLogic import sizeText
from SAMCALib.Texts import _

from . import Advice
from .DatasetCheck import Counts
from .RunState import MINUTE, durationText

SHORT = 0.85  # of the memory: more than that is told
RULE_ENCODE, RULE_CLICK = 0.12, 0.02  # s on two CPU cores with the shipped base: an image, and a click on it
RULE_VALIDATE = 0.4  # s for a structure that validates, with all its clicks


@dataclass(frozen=True)
class Estimate:
    """What a run takes; error: why that could not be found out, and text what to do then."""

    seconds: float = 0.0
    memoryBytes: int = 0
    memoryOf: int = 0
    device: str = ""
    text: str = ""
    error: str = ""


class Estimation:
    """A trial that runs: some steps of training and validation, then it is forgotten.

    It ends with this process, too, and the next trial takes away what it has left then.
    """

    def __init__(self, settings: dict):
        self._ending = contextlib.ExitStack()
        self._folder: Path | None = self._ending.enter_context(scratch())
        path, self._answer = self._folder / "run.json", self._folder / "estimate.json"
        write_atomically(path, json.dumps(settings).encode())
        words = ["estimate", path, "--out", self._answer, "--owner", self._folder / LOCK]
        self._child = ChildProcess.launch(words, self._folder / "output.txt", self._folder)

    def poll(self) -> Estimate | None:
        """The estimate once it is there; afterwards, and after `cancel`, None."""
        if self._folder is None or self._child.poll() is None:
            return None
        try:
            return estimateOf(typed_json.read(self._answer))
        except (OSError, ValueError):
            says = ChildProcess.lastWords(self._folder / "output.txt") or Advice.killedText()[0]
            return Estimate(error=says, text=Advice.adviceFor(says))
        finally:
            self._forget()

    def cancel(self) -> None:
        """End the trial."""
        if self._folder is not None:
            if self._child.poll() is None:
                ChildProcess.killTree(self._child)
            self._forget()

    def _forget(self) -> None:
        self._ending.close()
        self._folder = None


def estimateOf(found: Value) -> Estimate:
    """The answer of `samca estimate`, in words; ValueError for a damaged one."""
    seconds, device = found["seconds"].number(0), found["device"].text()
    memory, memoryOf = (found[name].number(0) for name in ("memory", "memory_of"))
    text = _("{time} on {device}, {memory} of {all} memory.").format(
        time=_aboutText(seconds), device=device, memory=sizeText(memory), all=sizeText(memoryOf)
    )
    if memory > SHORT * memoryOf:
        text += " " + _("That is nearly all: choose a smaller batch or image size.")
    return Estimate(seconds, memory, memoryOf, device, text)


def quickEstimate(settings: dict, counts: Counts) -> str:
    """A rule of thumb for a CPU, as a sentence that says so."""
    text = _("{time} on a CPU with SAMCA small, by a rule of thumb; Measure tries it here.")
    return text.format(time=_aboutText(quickSeconds(settings, counts)))


def quickSeconds(settings: dict, counts: Counts) -> float:
    """Training, and validation after each epoch, of the base before, and for the table at the end."""
    schedule, epochs = settings["schedule"], settings["epochs"]
    clicks = schedule.get("iterations", 8) * (2 if schedule["name"] == "double_click" else 1)
    images = settings.get("samples_per_epoch") or counts.training
    step = RULE_ENCODE + RULE_CLICK * clicks
    return epochs * images * step + (epochs + 2) * counts.validated * RULE_VALIDATE


def _aboutText(seconds: float) -> str:
    """The beginning of a sentence."""
    return (
        _("Less than a minute") if seconds < MINUTE else _("About {time}").format(time=durationText(seconds))
    )
