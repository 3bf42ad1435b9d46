"""The module's panel: start segmenting, what is installed, which models there are."""

from __future__ import annotations

import qt
import slicer

from samca.files import make_folder
from SAMCALib.Editing import StartLogic
from SAMCALib.Engine.EngineLogic import sharedEngine
from SAMCALib.Models import Links, ModelLogic, Samples
from SAMCALib.Models.InstallLogic import InstallLogic
from SAMCALib.Texts import Refusal, _, asToolTip

from .EditorPlace import openEditor
from .HandoverWidget import HandoverWidget
from .KeysWidget import KeysWidget
from .Question import ask, askForModelFile
from .WorklistWidget import WorklistWidget

PURPOSE = 1  # the column that takes what room there is
PROGRESS_MS, YIELD_SECONDS = 50, 0.03  # how often a download is looked at, and given the lock of Python


class ModuleWidget:
    """uiFile: the panel's .ui file. installation, models: made here if None."""

    def __init__(self, uiFile: str, installation=None, models=None):
        self.widget = slicer.util.loadUI(uiFile)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.installation = installation or InstallLogic(ask, self._sayInstalling)
        self.models = models or ModelLogic.ModelLogic()
        self.handover, self.keys = HandoverWidget(self.ui, ask), KeysWidget(self.ui)
        self.worklist = WorklistWidget(self.ui)
        self.download = None
        self._listed: list = []
        self._connections: list = []
        self._connectAll()
        self._toolTips = {name: self._button(name).toolTip for name in ("segment", "remove", "download")}
        events = slicer.mrmlScene.NodeAddedEvent, slicer.mrmlScene.NodeRemovedEvent
        self._observations = [slicer.mrmlScene.AddObserver(event, self._showStart) for event in events]
        header = self.ui.modelsTable.horizontalHeader()
        header.setSectionResizeMode(PURPOSE, qt.QHeaderView.Stretch)
        self.timer = qt.QTimer()
        self.timer.setInterval(PROGRESS_MS)
        self.timer.connect("timeout()", self.showProgress)
        self._showDownloading(False)

    def _connectAll(self) -> None:
        for button, slot in {
            "segmentButton": self.segment,
            "exportDicomButton": self.handover.exportDicom,
            "sampleNerveButton": lambda: self.loadSample("SAMCANerve"),
            "sampleLesionButton": lambda: self.loadSample("SAMCALesion"),
            "sampleLoopButton": lambda: self.loadSample("SAMCALoop"),
            "changeKeyButton": self.keys.change,
            "resetKeysButton": self.keys.reset,
            "tutorialButton": lambda: openAddress(Links.TUTORIAL),
            "questionsButton": lambda: openAddress(Links.ISSUES),
            "installButton": self.install,
            "torchButton": self.installTorch,
            "folderButton": self.installFromFolder,
            "restartButton": slicer.util.restart,
            "addButton": self.addFile,
            "removeButton": self.removeSelected,
            "openFolderButton": self.openFolder,
            "downloadButton": self.startDownload,
            "cancelDownloadButton": lambda: self.download and self.download.cancel(),
        }.items():
            widget = getattr(self.ui, button)
            widget.connect("clicked()", slot)
            self._connections.append((widget, "clicked()", slot))
        for widget, slot in ((self.ui.modelsTable, self._showRemoval), (self.ui.keysTable, self.keys.choose)):
            widget.connect("itemSelectionChanged()", slot)
            self._connections.append((widget, "itemSelectionChanged()", slot))

    def enter(self) -> None:
        """Show how things stand now; go on with an installation after a restart."""
        self._showStart()
        self.worklist.show()
        self.showModels()
        self.showInstallation(self.installation.resume() if self.installation.shouldResume() else None)

    def cleanup(self) -> None:
        """Let go of timer and signals, and of a download that still runs: another day it goes on."""
        self.worklist.cleanup()
        self.timer.stop()
        self.timer.disconnect("timeout()", self.showProgress)
        if self.download:
            self.download.leave()
        for observation in self._observations:
            slicer.mrmlScene.RemoveObserver(observation)
        for widget, signal, slot in self._connections:
            widget.disconnect(signal, slot)
        self._connections = self._observations = []

    # Segment

    def segment(self) -> None:
        """Open the Segment Editor with the effect on the volume that is shown."""
        volume = StartLogic.volumeInUse()
        openEditor(volume, StartLogic.segmentationFor(volume), StartLogic.isFlat(volume))

    def loadSample(self, name: str) -> None:
        """Load one of the samples; Slicer shows it."""
        try:
            Samples.load(name)
        except (Refusal, ImportError) as error:  # an application without Sample Data
            slicer.util.showStatusMessage(str(error), 5000)

    def _showStart(self, *_event) -> None:
        isThere = StartLogic.volumeInUse() is not None
        self._offer("segment", "" if isThere else _("Load an ultrasound frame or a sample first."))

    # Setup

    def install(self) -> None:
        """Install what is missing."""
        self.showInstallation(self.installation.install())

    def installTorch(self) -> None:
        """Install torch, too, and what belongs to it."""
        self.showInstallation(self.installation.install(withTorch=True))

    def installFromFolder(self) -> None:
        """Install what is missing from a folder of wheels."""
        title = _("Folder of wheels (.whl)")
        folder = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title)
        if folder:
            withTorch = self.installation.status().ready
            self.showInstallation(self.installation.installFromFolder(folder, withTorch))

    def showInstallation(self, status=None) -> None:
        """What is installed, or what became of the last attempt."""
        status = status or self.installation.status()
        self.ui.installLabel.text = status.text
        isMissing = not status.ready and not status.restart
        self.ui.installButton.setVisible(isMissing)
        self.ui.torchButton.setVisible(status.lacksTorch)
        self.ui.folderButton.setVisible(isMissing or status.lacksTorch)
        self.ui.restartButton.setVisible(status.restart)
        self.ui.deviceLabel.text = details = sharedEngine().details
        self.ui.deviceLabel.setVisible(bool(details))  # before the first click there is nothing to say

    def _sayInstalling(self, text: str) -> None:
        self.ui.installLabel.text = text
        slicer.app.processEvents()  # pip blocks: the text has to be there before

    # Models

    def showModels(self) -> None:
        """The table of models, and the checkpoints that can be fetched."""
        self._listed = self.models.models()
        table = self.ui.modelsTable
        table.setRowCount(len(self._listed))
        for row, model in enumerate(self._listed):
            purpose, dice = ModelLogic.purposeOf(model), ModelLogic.diceText(model.figures)
            for column, text in enumerate((model.name, purpose, dice, ModelLogic.sizeText(model.size))):
                item = qt.QTableWidgetItem(text)
                item.setToolTip(asToolTip(ModelLogic.detailsText(model)))
                table.setItem(row, column, item)
        table.resizeColumnsToContents()
        self.ui.checkpointComboBox.clear()
        for checkpoint in self.models.checkpoints():
            self.ui.checkpointComboBox.addItem(self.models.offer(checkpoint))
        self._offer("download", "" if self.models.checkpoints() else _("All of them are here already."))
        self._showRemoval()

    def _showRemoval(self) -> None:
        row = self.ui.modelsTable.currentRow()
        if not 0 <= row < len(self._listed):
            self._offer("remove", _("Select a model in the table first."))
        else:
            belongs = _("{name} belongs to SAMCA itself: it stays.").format(name=self._listed[row].name)
            self._offer("remove", "" if self._listed[row].removable else belongs)

    def addFile(self) -> None:
        """Offer a model file in the effect."""
        if path := askForModelFile():
            text = _("{name} is offered in the effect.")
            self._try(lambda: text.format(name=self.models.add(path, ask).name))
            self.showInstallation()

    def removeSelected(self) -> None:
        """Delete a model or take it off the list, after a question."""
        model = self._listed[self.ui.modelsTable.currentRow()]
        self._try(lambda: self._removed(model))

    def _removed(self, model) -> str:
        if not ask(self.models.removalQuestion(model.source)):
            return ""
        self.models.remove(model.source)
        return _("{name} was removed.").format(name=model.name)

    def openFolder(self) -> None:
        """Show the user's models in the file browser."""
        make_folder(self.models.folder)
        openAddress(self.models.folder.as_uri())

    def startDownload(self) -> None:
        """Fetch the chosen checkpoint, after a question."""
        index = self.ui.checkpointComboBox.currentIndex
        checkpoints = self.models.checkpoints()
        if (
            self.download is None
            and 0 <= index < len(checkpoints)
            and ask(ModelLogic.consent(checkpoints[index]))
        ):
            self.download = self.models.download(checkpoints[index])
            self._showDownloading(True)
            self.timer.start()

    def showProgress(self) -> None:
        """Called by the timer while a download runs."""
        download = self.download
        download.wait(YIELD_SECONDS)  # Slicer's main thread keeps Python's lock while it waits for events
        self.ui.downloadProgressBar.value = int(100 * download.received / download.size)
        self.ui.modelsLabel.text = download.status
        if download.done:
            self.timer.stop()
            self.download = None
            self._showDownloading(False)
            done = _("{file} was checked and is offered in the effect.").format(file=download.target.name)
            self.ui.modelsLabel.text = download.error or done
            self.showModels()

    def _showDownloading(self, isRunning: bool) -> None:
        self.ui.downloadProgressBar.setVisible(isRunning)
        self.ui.cancelDownloadButton.setVisible(isRunning)
        self.ui.downloadButton.setVisible(not isRunning)

    def _button(self, name: str):
        return getattr(self.ui, f"{name}Button")

    def _offer(self, name: str, reason: str) -> None:
        """A button is grey for this reason, or works without one."""
        button = self._button(name)
        button.enabled = not reason
        button.toolTip = asToolTip(reason) if reason else self._toolTips[name]

    def _try(self, action) -> None:
        """Run action() -> sentence; a refusal is a sentence too."""
        try:
            text = action()
        except (Refusal, OSError) as error:
            text = str(error)
        self.ui.modelsLabel.text = text
        self.showModels()


def openAddress(address: str) -> None:
    """In the web or file browser."""
    qt.QDesktopServices.openUrl(qt.QUrl(address))
