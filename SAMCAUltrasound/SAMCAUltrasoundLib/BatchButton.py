"""The worklist's button for boxes or clicks from a table: a run for all cases, followed and stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import qt
import slicer

from SAMCALib.Engine.EngineLogic import sharedEngine
from SAMCALib.Texts import Refusal, _

LOOK_SECONDS = 1.0  # between two looks at a run


class BatchButton:
    """button: of the panel. act(action): does a step of the user's, whose Refusal is shown."""

    def __init__(self, button, act: Callable):
        self._button, self._act = button, act
        self.run = self._cases = None
        self.status = ""
        self._isAlive, self._lookedAt = False, 0.0
        button.connect("clicked()", self.press)
        self._show()

    @property
    def isAlive(self) -> bool:
        """Whether there was a run at work when one looked last."""
        return self._isAlive

    def cleanup(self) -> None:
        """Let go of the button; a run goes on."""
        self._button.disconnect("clicked()", self.press)

    def follow(self, cases) -> None:
        """From now on it is about these cases, None for none; a run that is there already is seen."""
        from SAMCALib.Worklist.BatchRun import BatchRun

        self._cases = cases if getattr(cases, "writesSuggestions", False) else None
        self.run = BatchRun(self._cases.folder, self._cases.out) if self._cases is not None else None
        self.status, self._isAlive = "", self.run is not None and self.run.isAlive
        self._show()

    def press(self) -> None:
        """Stop the run, or begin one with a table that the user chooses."""
        self._act(self._stop if self._isAlive else self._begin)
        self._lookedAt = 0.0

    def tick(self) -> bool:
        """Look how far it is; whether there is something new."""
        if self.run is None or time.monotonic() - self._lookedAt < LOOK_SECONDS:
            return False
        self._lookedAt = time.monotonic()
        wasAlive, self._isAlive = self._isAlive, self.run.isAlive
        if not (self._isAlive or wasAlive):
            return False
        if self.run.hasChanged or wasAlive != self._isAlive:
            self._cases.takeIn()
        before, self.status = self.status, self.run.state().text
        self._show()
        return self.status != before

    def _begin(self) -> None:
        from samca.batch import asked

        title = _("Table of boxes or clicks (CSV)")
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), title, "", "CSV (*.csv)")
        if not path:
            return
        try:
            kind = asked.kind_of(Path(path))
        except (OSError, ValueError) as error:
            raise Refusal(f"{error}.") from error
        self.run.start(kind, path, sharedEngine().modelName or "shipped")
        self._isAlive = True
        self._show()

    def _stop(self) -> None:
        self.run.stop()

    def _show(self) -> None:
        self._button.enabled = self.run is not None
        self._button.text = _("Stop") if self._isAlive else _("From a table...")
