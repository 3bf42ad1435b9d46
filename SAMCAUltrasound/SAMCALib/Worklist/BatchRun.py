"""Boxes, clicks or suggestions for all images of a folder, as `samca segment` in a process of its own.

The folder of the outlines is the truth: a run that was started in another Slicer, or from a terminal, is seen
and stopped all the same, and the same start goes on with one that was interrupted.
"""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from samca import typed_json
from samca.batch import table
from samca.batch.run import STATE, STOP
from samca.files import make_folder, remove, write_atomically
from samca.training import run_lock

from .. import ChildProcess
from ..Texts import Refusal, _

OUTPUT = "batch.log"  # what the process says on stderr
MOST = 2**53


@dataclass(frozen=True)
class BatchState:
    """Images of this run: so many of `total` are done; failed: those that could not be. text: a sentence."""

    isAlive: bool
    done: int = 0
    total: int = 0
    failed: int = 0
    text: str = ""


class BatchRun:
    """folder: the images; out: where outlines go, as of FolderCases. `state` is asked by a timer."""

    def __init__(self, folder: str | Path, out: str | Path | None = None):
        self.folder, self.out = Path(folder), Path(out or folder)
        self._child: subprocess.Popen | None = None
        self._counts: tuple[tuple, tuple[int, int, int]] | None = None  # of which files; done, total, failed

    def start(self, what: str, value: str, model: str = "shipped", device: str = "auto") -> None:
        """Begin, or go on. what: "boxes" or "clicks", then value is a table's path; or "suggest", a class.

        Refusal where a run is working there, or the folder cannot be written to.
        """
        if self.isAlive:
            raise Refusal(_("A process is working in {folder}: stop it first.").format(folder=self.out))
        words = ["segment", self.folder, f"--{what}", value, "--model", model, "--device", device]
        if self.out != self.folder:
            words += ["--out", self.out]
        try:
            make_folder(self.out)
            remove(self.out / STOP)
            remove(self.out / OUTPUT)
            self._child = ChildProcess.launch(words, self.out / OUTPUT)
        except OSError as error:
            text = _("{folder} cannot be written to ({reason}): choose another folder to save to.")
            raise Refusal(text.format(folder=self.out, reason=error.strerror or error)) from error
        self._counts = None

    def stop(self) -> None:
        """Ask the run to end after the image that it is at; what was done stays."""
        if self.isAlive:
            with contextlib.suppress(OSError):
                write_atomically(self.out / STOP, b"")

    @property
    def isAlive(self) -> bool:
        """Whether a process works in the folder, or one that was started here has not come so far."""
        if self._child is not None and self._child.poll() is None:
            return True
        return run_lock.owner(self.out) is not None

    @property
    def hasChanged(self) -> bool:
        """Whether the table has changed since `state` was asked."""
        return self._counts is None or self._counts[0] != self._filesNow()

    def state(self) -> BatchState:
        """How far it is; the table is read where it has changed."""
        isAlive = self.isAlive  # asked first: what ends meanwhile has its last row in the table
        if self.hasChanged:
            self._counts = self._filesNow(), self._counted()
        counts = self._counts[1]
        return BatchState(isAlive, *counts, self._text(isAlive, *counts))

    # Below: how it is done

    def _counted(self) -> tuple[int, int, int]:
        """How many images are done, of how many, and how many failed; 0 for a run that cannot be read."""
        try:
            rows, about = table.read(self.out / table.NAME), typed_json.read(self.out / STATE)
            total, before = (about[name].whole(0, MOST) for name in ("total", "before"))
        except (OSError, ValueError):
            return 0, 0, 0
        failed = sum(any(row.result == table.FAILED for row in of) for of in rows.values())
        return min(max(0, len(rows) - before), total), total, failed

    def _text(self, isAlive: bool, done: int, total: int, failed: int) -> str:
        if isAlive and not total:
            return _("Starting: the images are listed, the model is loaded.")
        words = {"done": done, "total": total, "failed": failed, "table": table.NAME}
        if isAlive:
            return _("{done} of {total} images are done.").format(**words)
        if self._child is not None and self._child.returncode not in (0, 1, None):
            return ChildProcess.lastWords(self.out / OUTPUT) or _("The process was ended: start it again.")
        if not total and not done:
            return ""
        if failed:
            return _("{done} images are done; {failed} could not be, {table} says why.").format(**words)
        if done < total:
            return _("Stopped after {done} of {total} images: start it again to go on.").format(**words)
        return _("All {done} images are done.").format(**words)

    def _filesNow(self) -> tuple:
        """What tells whether a run's files have changed: size and time of each."""
        return tuple(_about(self.out / name) for name in (table.NAME, STATE))


def _about(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns
