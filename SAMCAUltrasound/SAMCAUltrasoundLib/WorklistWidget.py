"""The part of the module's panel with the worklist: which cases, in which state, and on to the next.

Its keys work as long as a worklist is open, beside those of the effect: the panel need not be in sight.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import qt
import slicer

from samca.worklist import order
from SAMCALib.Engine.EngineLogic import sharedEngine
from SAMCALib.Texts import Refusal, _, asToolTip

from . import EditorPlace
from .BatchButton import LOOK_SECONDS, BatchButton
from .Keys import Keys
from .Ticker import YIELD_SECONDS, Ticker
from .WorklistTable import WorklistTable, stateText

TICK_MS = 100  # between two looks at what goes on in the background
KEEP_SECONDS = 10.0  # between two looks whether what is shown has to be saved
SHARE = 30  # times as long as saving takes, it waits until the next time
SETTLE_SECONDS = 5.0  # that a case which is left may take for its last click
SAID_MS = 10_000
RATER = "SAMCA/Rater"  # in the application's settings
BESIDE, ELSEWHERE = range(2)  # of the box where outlines are saved


class WorklistWidget:
    """ui: the panel's widgets. training(): what SAMCA Training can do, None without that module."""

    def __init__(self, ui, training: Callable | None = None):
        from SAMCALib.Worklist.WorklistLogic import WorklistLogic

        self.ui, self._training = ui, training or trainingLogic
        self.logic = WorklistLogic(self._training, self._showCase, self._settle)
        self._segmentName = self.logic.segmentName
        self._class = ""  # what is to be suggested, by whichever model
        self.table = WorklistTable(ui.worklistTable)
        self.batch = BatchButton(ui.batchButton, self._do)
        self.thumbnails = None
        self.out: Path | None = None
        self._datasets: list[Path | None] = [None]
        self._keys = Keys(
            {"nextCase": self.next, "previousCase": self.previous, "acceptCase": self.accept}
            | {"unsureCase": self.markUnsure}
        )
        self._isAtWork = False
        self._keptAt, self._keepAfter = 0.0, KEEP_SECONDS
        self._shown: tuple = ()
        self.timer = Ticker(self.tick, TICK_MS)
        sharedEngine().listen(self.timer.wake)
        self._observation = slicer.mrmlScene.AddObserver(slicer.mrmlScene.StartCloseEvent, self._sceneCloses)
        for box, texts in self._boxes().items():
            for text in texts:
                box.addItem(text)
            box.setCurrentIndex(0)
        ui.raterLineEdit.text = _savedRater()
        self.slots = {
            ui.worklistFolderButton: ("clicked()", self.askForFolder),
            ui.worklistSceneButton: ("clicked()", self.openScene),
            ui.worklistCloseButton: ("clicked()", self.close),
            ui.previousCaseButton: ("clicked()", self.previous),
            ui.nextCaseButton: ("clicked()", self.next),
            ui.acceptCaseButton: ("clicked()", self.accept),
            ui.unsureCaseButton: ("clicked()", self.markUnsure),
            ui.lookAnewButton: ("clicked()", self.refresh),
            ui.trainButton: ("clicked()", lambda: slicer.util.selectModule("SAMCATraining")),
            ui.saveToComboBox: ("activated(int)", self._chooseOut),
            ui.orderComboBox: ("activated(int)", lambda _index: self._choose()),
            ui.backgroundComboBox: ("activated(int)", self._chooseClass),
            ui.acceptedComboBox: ("activated(int)", lambda _index: self._choose()),
            ui.worklistTable: ("cellClicked(int,int)", self._clicked),
            ui.caseSpinBox: ("valueChanged(int)", self._goTo),
        }
        for widget, (signal, slot) in self.slots.items():
            widget.connect(signal, slot)
        self.show()

    def cleanup(self) -> None:
        """Save what is shown, and let go of everything."""
        self.close()
        self.timer.cleanup()
        self.batch.cleanup()
        slicer.mrmlScene.RemoveObserver(self._observation)
        for widget, (signal, slot) in self.slots.items():
            widget.disconnect(signal, slot)
        self.slots = {}

    # Which cases

    def askForFolder(self) -> None:
        """Work on the images of a folder that the user chooses."""
        title = _("Folder with images")
        if folder := qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title):
            self.openFolder(folder)

    def openFolder(self, folder: str) -> None:
        """Work on the images of this folder."""
        from SAMCALib.Worklist.FolderCases import FolderCases

        self._open(lambda: FolderCases(folder, self.out, self._rater()))

    def openScene(self) -> None:
        """Work on what is loaded: volumes, loops, and their items."""
        from SAMCALib.Worklist.SceneCases import SceneCases

        self._open(lambda: SceneCases(self.out, self._rater()))

    def close(self) -> None:
        """Save what is shown, and work on no list any more."""
        self._do(self.logic.close)
        if self.logic.cases is None:
            self._end()

    def refresh(self) -> None:
        """Look anew which images there are, and try again what could not be read."""
        if self.logic.cases is not None:
            self.thumbnails.forget()
            self.logic.run.problems.clear()
            self._do(self.logic.refresh)

    def _open(self, make: Callable) -> None:
        self.close()
        if self.logic.cases is None:
            self._do(lambda: self._begin(make()))

    def _begin(self, cases) -> None:
        from SAMCALib.Worklist.SuggestRun import SuggestRun
        from SAMCALib.Worklist.Thumbnails import Thumbnails

        self.logic.open(cases)
        self.logic.run, self.thumbnails = SuggestRun(cases, sharedEngine()), Thumbnails(cases)
        self.logic.said = " ".join(cases.told)
        self.batch.follow(cases)
        self._offerDatasets()
        self._choose()
        self._keys.take(slicer.util.mainWindow())
        self.timer.start()

    def _end(self) -> None:
        self._keys.giveBack()
        self.timer.stop()
        self.batch.follow(None)
        if self.thumbnails is not None:
            self.thumbnails.stop()
            self.thumbnails = None
        self.show()

    def _sceneCloses(self, *_event) -> None:
        if self.logic.cases is not None:
            self.close()

    # From case to case

    def next(self) -> None:
        """Save the case and go to the next one."""
        self._do(self.logic.next)

    def previous(self) -> None:
        """Save the case and go to the one before."""
        self._do(self.logic.previous)

    def accept(self) -> None:
        """Accept the case and go to the next open one."""
        self._do(self.logic.accept)

    def markUnsure(self) -> None:
        """Mark the case as unsure and go to the next open one."""
        self._do(self.logic.markUnsure)

    def _clicked(self, row: int, _column: int) -> None:
        if (name := self.table.nameIn(row)) is not None:
            self._do(lambda: self.logic.show(name))

    def _goTo(self, number: int) -> None:
        listed = self.logic.listed
        if 0 < number <= len(listed) and listed[number - 1] != self.logic.name:
            self._do(lambda: self.logic.show(listed[number - 1]))

    def _do(self, action: Callable) -> None:
        """A step of the user's; a refusal is a sentence, and so is what came of it."""
        if self._isAtWork:
            return
        self._isAtWork, self._keptAt = True, time.monotonic()
        try:
            if self.logic.cases is not None:
                self.logic.cases.rater = self._rater()
            action()
            text = " ".join(filter(None, [self._caseText(), self.logic.said]))
        except Refusal as refusal:
            text = str(refusal)
        finally:
            self._isAtWork = False
        self.show(text)
        self.timer.wake()
        if text:
            slicer.util.showStatusMessage(text, SAID_MS)

    def _showCase(self, volume, segmentation) -> None:
        if volume is None:
            EditorPlace.leaveEditor()
        else:
            EditorPlace.openEditor(volume, segmentation, inOneView=True)

    def _settle(self) -> None:
        until = time.monotonic() + SETTLE_SECONDS
        while not self.logic.isSettled and time.monotonic() < until:
            slicer.app.processEvents()

    # In the background

    def tick(self) -> float | None:
        """Called by the timer: small pictures, suggestions, and saving what is shown; see Ticker."""
        if self._isAtWork or self.logic.cases is None:
            return 0 if self._isAtWork else None
        run, pictured = self.logic.run, []
        for each in (run, self.thumbnails):  # Slicer itself keeps the lock of Python while it waits
            each.wait(YIELD_SECONDS)
        self._isAtWork = True
        try:
            run.poll(self.logic.name)
            pictured = self.thumbnails.poll()
            self.batch.tick()
            if time.monotonic() - self._keptAt > self._keepAfter:
                self._keep()
        except Refusal as refusal:
            slicer.util.showStatusMessage(str(refusal), SAID_MS)
            self.ui.worklistLabel.text = str(refusal)
        finally:
            self._isAtWork = False
        hasChanged = self._state() != self._shown
        if hasChanged:
            self.show()
        else:
            self.table.showCases(pictured, self.logic, self.thumbnails)
        if hasChanged or run.isGoingOn(self.logic.name) or self.thumbnails.isGoingOn:
            return 0
        untilKept = self._keptAt + self._keepAfter - time.monotonic()
        return max(min(untilKept, LOOK_SECONDS if self.batch.isAlive else untilKept), 0.0)

    def _keep(self) -> None:
        """Save what is shown; what takes long, as of a large loop, is done less often."""
        start = self._keptAt = time.monotonic()
        self.logic.keep()
        self._keepAfter = max(KEEP_SECONDS, SHARE * (time.monotonic() - start))

    # What is chosen and shown

    def _boxes(self) -> dict:
        return {
            self.ui.saveToComboBox: (_("Beside the images"), _("Another folder...")),
            self.ui.orderComboBox: (_("By name"), _("Most unsure first")),
            self.ui.backgroundComboBox: (_("Nothing"),),
            self.ui.acceptedComboBox: (_("No dataset"),),
        }

    def _choose(self) -> None:
        """Take what the boxes say."""
        logic, kind = self.logic, self.ui.backgroundComboBox.currentIndex - 1
        if kind >= 0:
            self._class = sharedEngine().suggests[kind]
        logic.order = order.ORDERS[max(self.ui.orderComboBox.currentIndex, 0)]
        logic.dataset = self._datasets[max(self.ui.acceptedComboBox.currentIndex, 0)]
        if logic.run is not None:
            logic.run.isOn = kind >= 0 or logic.order == order.UNSURE_FIRST
            logic.run.kind = kind if kind >= 0 else None
            logic.segmentName = sharedEngine().suggests[kind] if kind >= 0 else self._segmentName
            if logic.run.isOn and not sharedEngine().hasModel:
                sharedEngine().useModel("shipped")
        self.show()
        self.timer.wake()

    def _chooseClass(self, index: int) -> None:
        self._class = "" if index <= 0 else self._class
        self._choose()

    def _chooseOut(self, index: int) -> None:
        chosen = ""
        if index == ELSEWHERE:
            title = _("Folder to save outlines to")
            chosen = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title)
        self.out = Path(chosen) if chosen else None
        self.ui.saveToComboBox.setCurrentIndex(ELSEWHERE if chosen else BESIDE)
        self.ui.saveToComboBox.toolTip = asToolTip(chosen) if chosen else _("Beside the images")
        if self.logic.cases is not None:
            self.show(_("From the next worklist that is opened on, outlines are saved there."))

    def _offerDatasets(self) -> None:
        training, box = self._training(), self.ui.acceptedComboBox
        there = training.datasets() if training else []
        made = [training.newDataset(_("Worklist"))] if training else []
        self._datasets = [None, *there, *made]
        box.clear()
        box.addItem(_("No dataset"))
        for folder in there:
            box.addItem(training.datasetName(folder))
        for folder in made:
            box.addItem(_("New: {name}").format(name=folder.name))
        box.setCurrentIndex(0)

    def _offerClasses(self) -> None:
        """What the model in use finds by itself; another one may have come into use."""
        box, offered = self.ui.backgroundComboBox, list(sharedEngine().suggests)
        if offered == [box.itemText(i) for i in range(1, box.count)]:
            return
        box.clear()
        for text in (_("Nothing"), *offered):
            box.addItem(text)
        box.setCurrentIndex(1 + offered.index(self._class) if self._class in offered else 0)
        self._choose()

    def _state(self) -> tuple:
        """What the list shows beside small pictures."""
        logic, run = self.logic, self.logic.run
        known = (logic.cases.version, run.status, tuple(run.problems)) if logic.cases is not None else ()
        return known, logic.name, logic.order, sharedEngine().suggests, self.batch.status

    def show(self, text: str | None = None) -> None:
        """The list as it is now, and what became of the last step, if a text is given."""
        logic, isOpen = self.logic, self.logic.cases is not None
        self._shown = self._state()
        self._offerClasses()
        shown = self.table.show(logic, self.thumbnails)
        if self.thumbnails is not None:
            self.thumbnails.want(shown)
        listed, spin = logic.listed, self.ui.caseSpinBox
        spin.blockSignals(True)
        spin.maximum = max(len(listed), 1)
        spin.value = listed.index(logic.name) + 1 if logic.name in listed else 1
        spin.blockSignals(False)
        for name in ("previousCase", "nextCase", "acceptCase", "unsureCase", "lookAnew", "worklistClose"):
            getattr(self.ui, f"{name}Button").enabled = isOpen
        self.ui.worklistCountsLabel.text = self._countsText() if isOpen else ""
        if text is not None:
            self.ui.worklistLabel.text = text

    def _caseText(self) -> str:
        if self.logic.name is None:
            return ""
        listed, entry = self.logic.listed, self.logic.cases.entryOf(self.logic.name)
        text = _("Case {number} of {count}: {name}, {state}.")
        place = listed.index(self.logic.name) + 1 if self.logic.name in listed else "-"
        words = {"name": self.logic.cases.titleOf(self.logic.name), "state": stateText(entry.state)}
        return text.format(number=place, count=len(listed), **words)

    def _countsText(self) -> str:
        counts = ", ".join(
            f"{count} {stateText(state)}" for state, count in self.logic.counts.items() if count
        )
        return " ".join(
            filter(None, [f"{counts}." if counts else "", self.logic.run.status, self.batch.status])
        )

    def _rater(self) -> str:
        name = self.ui.raterLineEdit.text.strip()
        slicer.app.userSettings().setValue(RATER, name)
        return name


def trainingLogic():
    """What the module SAMCA Training can do; None without it."""
    if not hasattr(slicer.modules, "samcatraining"):
        return None
    return slicer.util.getModuleLogic("SAMCATraining")


def _savedRater() -> str:
    """Whose name was given last, else whose Slicer this is."""
    saved = slicer.app.userSettings().value(RATER)
    if isinstance(saved, str) and saved:
        return saved
    return slicer.app.applicationLogic().GetUserInformation().GetName() or ""
