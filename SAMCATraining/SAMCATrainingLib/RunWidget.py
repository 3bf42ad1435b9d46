"""Step 3 of the panel: the runs there are, and how the chosen one is doing."""

from __future__ import annotations

from pathlib import Path

import qt

from SAMCALib.Texts import _, asToolTip

from .PlotLogic import PlotLogic
from .Removal import isBusy
from .StepWidget import StepWidget, ask, fillCombo, openPath, removed, showText, withSize

SAID = "runsSaidLabel"  # the line under the list of runs
NARROWEST_PX, TALLEST_PX = 240, 260  # of a picture of sample masks; with one the whole step stays in sight


class RunWidget(StepWidget):
    """logic: a TrainingLogic. settings(): of the next run, None while they do not fit; missing(): why not.
    chosen(): called when another run is looked at, or one is gone. installation: an InstallLogic."""

    file, button, label = "SAMCATrainingRun.ui", "runButton", "runLabel"
    labels = (SAID,)

    def __init__(self, uiFolder: str, logic, settings, missing, chosen, installation):
        slots = {
            "startButton": self.start,
            "stopButton": self.stop,
            "resumeButton": self.resume,
            "curvesButton": self.showCurves,
            "logButton": self._showLog,
            "openRunButton": self.openFolder,
            "removeRunButton": self.remove,
            "installButton": self.install,
        }
        super().__init__(uiFolder, slots)
        self.logic, self.settings, self.missing = logic, settings, missing
        self.chosen, self.installation = chosen, installation
        self.plots = PlotLogic()
        self.state = None  # RunState of the chosen run
        self._runs: list[Path] = []
        self._drawn = self._logged = self._pictured = None
        self._ready, self._startTip = False, self.ui.startButton.toolTip
        self.connect(self.ui.runsComboBox, "activated(int)", self._choose)
        self.connect(self.ui.epochSlider, "valueChanged(int)", self._showSample)
        self._showInstallation()
        self._show()

    def enter(self) -> None:
        """Find the runs there are: the one that is running, else the newest."""
        shown = self.state.folder if self.state else None
        current = self.logic.current()
        self._showInstallation()
        self._listRuns(shown or (current.folder if current else None))

    def cleanup(self) -> None:
        """Leave no node and no layout behind; the run goes on."""
        self.plots.hide()
        self.plots.remove()
        super().cleanup()

    def forgetNodes(self) -> None:
        """The scene was closed: draw the curves anew."""
        self._drawn = None

    # Actions

    def start(self) -> None:
        """Begin a run with the settings of step 2."""
        settings = self.settings()
        if settings is None:
            self.say(self.missing())
            return
        self.begin(settings)

    def begin(self, settings: dict) -> None:
        """Begin a run."""
        with self.saying():
            self._listRuns(self.logic.start(settings))
            self.unfold()

    def stop(self) -> None:
        """Stop after the step; pressed once more, at once."""
        with self.saying():
            if self.state.status != "stopping":
                self.logic.stop(self.state.folder)
            elif ask(_("Stop at once? What was computed since the last saved point is computed again.")):
                self.logic.kill(self.state.folder)
        self.tick()

    def resume(self) -> None:
        """Go on where the run stopped."""
        with self.saying():
            self.logic.resume(self.state.folder)
        self.tick()

    def openFolder(self) -> None:
        """Show the run's folder."""
        if self.state is None:
            self.say(_("There is no training yet."), SAID)
        else:
            openPath(self.state.folder)

    def remove(self) -> None:
        """Delete the run, after a question."""
        with self.saying(at=SAID):
            name = self.state.name
            if removed(self.logic, self.state.folder):
                self._listRuns(None)
                self.say(_("The training {name} was removed.").format(name=name), SAID)

    def install(self) -> None:
        """Install what training needs."""
        self._showInstallation(self.installation.install())

    def showCurves(self) -> None:
        """Show the curves in Slicer's plot views, or go back to the layout before."""
        if self.ui.curvesButton.checked:
            self.plots.show()
            self._drawn = None
            self._draw()
        else:
            self.plots.hide()

    # What is shown

    def tick(self) -> None:
        """Follow the chosen run."""
        if self.state is not None:
            status = self.state.status
            self.state = self.logic.state(self.state.folder)
            if self.state.status != status:
                self._listRuns(self.state.folder)
                return
        self._show()

    def _listRuns(self, chosen: Path | None) -> None:
        states = self.logic.runs()
        self._runs = [state.folder for state in states]
        index = self._runs.index(chosen) if chosen in self._runs else (0 if states else -1)
        names = [_("{name}, {status}").format(name=s.name, status=statusText(s.status)) for s in states]
        names = [withSize(name, state.folder) for name, state in zip(names, states, strict=True)]
        fillCombo(self.ui.runsComboBox, names, index)
        before, self.state = self.state, states[index] if states else None
        if (before and before.folder) != (self.state and self.state.folder):
            self._drawn = self._pictured = None
            self.say("")
        self._show()
        self.chosen()

    def _choose(self, index: int) -> None:
        self._listRuns(self._runs[index])

    def _showInstallation(self, status=None) -> None:
        status = status or self.installation.status()
        self._ready = status.ready
        showText(self.ui.installLabel, "" if status.ready else status.text)
        self.ui.installButton.setVisible(not status.ready)

    def sayInstalling(self, text: str) -> None:
        """What is being installed just now."""
        showText(self.ui.installLabel, text)

    def _show(self) -> None:
        state, ui = self.state, self.ui
        isAlive = state is not None and state.isAlive
        if state is None:
            self.plots.hide()
        reason = self._reasonAgainst(isAlive)
        ui.startButton.enabled = not reason
        ui.startButton.toolTip = asToolTip(reason or self._startTip)
        ui.stopButton.enabled = isAlive
        ui.stopButton.text = _("Stop at once") if isAlive and state.status == "stopping" else _("Stop")
        ui.resumeButton.enabled = self._ready and state is not None and state.canResume and not isAlive
        ui.progressBar.setVisible(state is not None)
        ui.removeRunButton.enabled = state is not None and not isBusy(state)
        ui.curvesButton.enabled = ui.logButton.enabled = state is not None
        ui.curvesButton.checked = self.plots.isShown
        if state is not None:
            ui.progressBar.value = int(100 * state.progress)
        showText(ui.stateLabel, " ".join(filter(None, (state.text, state.advice))) if state else "")
        self._showSamples()
        self._showLog()
        self._draw()

    def _reasonAgainst(self, isAlive: bool) -> str:
        """Why no run can be started now, "" if one can."""
        if not self._ready:
            return self.ui.installLabel.text or _("Something is not installed.")
        if isAlive:
            return _("A training is going on: stop it first.")
        return "" if self.settings() is not None else self.missing()

    def _draw(self) -> None:
        """Bring the curves up to date, where anything is new and someone looks."""
        if self.state is None or not self.plots.isShown:
            return
        state = self.state
        shown = state.epochRecords, state.steps_, state.before, state.epochs
        if (state.folder, shown) != self._drawn:
            self._drawn = (state.folder, shown)
            self.plots.update(*shown)

    def _showLog(self) -> None:
        isShown = self.ui.logButton.checked and self.state is not None
        self.ui.logText.setVisible(isShown)
        if isShown and self.state.log != self._logged:
            self._logged = self.state.log
            self.ui.logText.setPlainText("\n".join(self.state.log))
            self.ui.logText.moveCursor(qt.QTextCursor.End)
            self.ui.logText.moveCursor(qt.QTextCursor.StartOfLine)  # a long line would scroll to its end

    def _showSamples(self) -> None:
        """Follow the newest picture, unless the user looks at an earlier one."""
        count = len(self.state.samples) if self.state else 0
        slider = self.ui.epochSlider
        for widget in (self.ui.samplesLabel, self.ui.legendLabel, slider, self.ui.epochLabel):
            widget.setVisible(count > 0)
        slider.enabled = count > 1
        follows = slider.value == slider.maximum
        blocked = slider.blockSignals(True)
        slider.maximum = max(count - 1, 0)
        if follows or self._pictured is None:
            slider.value = slider.maximum
        slider.blockSignals(blocked)
        if count:
            self._showSample(slider.value)

    def _showSample(self, index: int) -> None:
        path = self.state.samples[index]
        if path == self._pictured:
            return
        self._pictured = path
        room = max(NARROWEST_PX, self.ui.progressBar.width), TALLEST_PX
        ways = qt.Qt.KeepAspectRatio, qt.Qt.SmoothTransformation
        self.ui.samplesLabel.setPixmap(qt.QPixmap(str(path)).scaled(*room, *ways))
        records = {record.epoch: record for record in self.state.epochRecords}
        epoch = int(path.stem.rpartition("_")[2])
        dice = records[epoch].dice if epoch in records else {} if epoch else self.state.before
        self.ui.epochLabel.text = sampleText(dice, epoch)


def statusText(status: str) -> str:
    """A run's status in a word."""
    words = {
        "new": _("new"), "starting": _("starting"), "running": _("running"), "stopping": _("stopping"),
        "stopped": _("stopped"), "finished": _("finished"), "failed": _("failed"), "killed": _("interrupted"),
    }  # fmt: skip
    return words.get(status, status)


def sampleText(dice: dict, epoch: int) -> str:
    """Epoch 3: Dice 71 / 80 / 84 %."""
    name = _("Epoch {epoch}").format(epoch=epoch) if epoch else _("Before training")
    if not dice:
        return name
    values = " / ".join(f"{dice[clicks]:.0f}" for clicks in sorted(dice))
    return _("{name}: Dice {dice} %").format(name=name, dice=values)
