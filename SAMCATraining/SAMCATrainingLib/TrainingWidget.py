"""The panel of SAMCA Training: four steps, and the timer that follows what goes on outside of Slicer."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer.util import VTKObservationMixin

from SAMCALib.Texts import _

from . import ResultLogic
from .DataWidget import DataWidget
from .ResultWidget import ResultWidget
from .RunWidget import RunWidget
from .SettingsWidget import SettingsWidget
from .StepWidget import ask

TICK_MS = 500  # how often the run, checks and estimates are looked at; none of that waits for anything


class TrainingWidget(VTKObservationMixin):
    """uiFolder: where the .ui files are. logic: a TrainingLogic."""

    def __init__(self, uiFolder: str, logic):
        VTKObservationMixin.__init__(self)
        self.logic = logic
        installation = logic.installation(ask, self._sayInstalling)
        self.data = DataWidget(uiFolder, logic, self._dataChanged)
        self.settings = SettingsWidget(uiFolder, logic, lambda: (self.data.data, self.data.summary))
        settings = lambda: self.settings.settings, lambda: self.settings.ui.settingsLabel.text
        self.run = RunWidget(uiFolder, logic, *settings, self._runChosen, installation)
        self.result = ResultWidget(uiFolder, logic, lambda: self.run.state, self.goOn, self.improve)
        self.steps = (self.data, self.settings, self.run, self.result)
        self.widget = qt.QWidget()
        layout = qt.QVBoxLayout(self.widget)
        layout.setContentsMargins(0, 0, 0, 0)
        for step in self.steps:
            layout.addWidget(step.widget)
            step.unfold(step is self.data)
            step.onUnfold(self._unfolded)
        layout.addStretch(1)
        self.timer = qt.QTimer()
        self.timer.setInterval(TICK_MS)
        self.timer.connect("timeout()", self.tick)
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self._sceneCloses)
        self._isOpen = self._wasOpened = False

    def enter(self) -> None:
        """The user opens the module: find data, models and runs again."""
        self._isOpen = True
        for step in (self.data, self.settings, self.run):
            step.enter()
        self.result.show()
        if not self._wasOpened:
            self._wasOpened = True
            self._fold()
        self.timer.start()

    def exit(self) -> None:
        """The user goes to another module; the curves of a run are still followed where they are shown."""
        self._isOpen = False

    def cleanup(self) -> None:
        """The application ends, or the module is reloaded; a run goes on."""
        self.timer.stop()
        self.timer.disconnect("timeout()", self.tick)
        self.removeObservers()
        for step in self.steps:
            step.cleanup()

    def tick(self) -> None:
        """Called by the timer."""
        if not self._isOpen and not self.run.plots.isShown:
            self.timer.stop()
            return
        for step in (self.settings, self.run, self.result):
            step.tick()

    def goOn(self, state) -> None:
        """Prepare a run that goes on from this one: same data, its model as start."""
        with self.result.saying(_("The next training is prepared in step 2: add cases if you like.")):
            folders = self.logic.settingsOf(state.folder)["data"]
            weights = ResultLogic.weightsToGoOn(state.folder, self.logic.models)
            self.data.use([Path(folder) for folder in folders])
            self.settings.goOnFrom(weights, state.name)

    def improve(self, settings: dict) -> None:
        """Begin a run with corrections, and show its data."""
        self.data.use([Path(folder) for folder in settings["data"]])
        self.run.begin(settings)

    def _dataChanged(self) -> None:
        settings = getattr(self, "settings", None)  # absent while the steps are made
        if settings:
            settings.touch()

    def _runChosen(self) -> None:
        result = getattr(self, "result", None)
        if result:
            result.show()
            if not self.settings.hasBase:
                self.settings.showBases("shipped")

    def _sayInstalling(self, text: str) -> None:
        self.run.sayInstalling(text)
        slicer.app.processEvents()  # pip blocks: the text has to be there before

    def _sceneCloses(self, _caller, _event) -> None:
        self.data.scene.cancel()
        self.run.forgetNodes()

    def _fold(self) -> None:
        """Open what comes next: preparing a run, following it, or its result."""
        state = self.run.state
        isDone = state is not None and state.weights is not None and not state.isAlive
        (self.data if state is None else self.result if isDone else self.run).unfold()

    def _unfolded(self, step, isCollapsed: bool) -> None:
        """One step at a time, so that all of it can be seen."""
        if not isCollapsed:
            for other in self.steps:
                if other is not step:
                    other.unfold(False)
