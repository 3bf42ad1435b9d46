"""Step 1 of the panel: which segmentations and folders are trained on, and what is wrong with them."""

from __future__ import annotations

import re
from pathlib import Path

import qt
import slicer

from SAMCALib.Texts import _, counted

from .DatasetCheck import together
from .ExportWidget import EXPORTED, ExportWidget
from .SceneWidget import ADDED, SceneWidget
from .Slices import Slices
from .StepWidget import StepWidget, ask, cell, fillCombo, openPath, pixmapOf, removed, showText, withSize

DATASET = "datasetSaidLabel"  # the line under the buttons of the dataset
CASE = re.compile(r"(?P<image>.+)_([ijk](?P<index>\d+)|t(?P<item>.+))_[0-9a-f]{8}(_layer\d+)?")
MOST_ROWS = 1000  # of the table; what lies behind is checked and counted, not listed


class DataWidget(StepWidget):
    """logic: a TrainingLogic. changed(): called when there are other data to train on."""

    file, button, label = "SAMCATrainingData.ui", "dataButton", "dataLabel"
    labels = (DATASET, ADDED, EXPORTED)

    def __init__(self, uiFolder: str, logic, changed):
        slots = {
            "newDatasetButton": self.newDataset,
            "openDatasetButton": self.openDataset,
            "removeDatasetButton": self.removeDataset,
            "addFolderButton": self.askForFolder,
            "removeButton": self.removeSelected,
        }
        super().__init__(uiFolder, slots)
        self.logic, self.changed = logic, changed
        self.folders: list[Path] = []  # given by the user, beside the dataset
        self._datasets: list[Path] = []
        self._summaries, self._looked, self._listed = {}, {}, []
        self._joined: tuple = [], None  # summaries, and one of them all
        self.slices = Slices(qt.QTimer())
        self.connect(self.slices.timer, "timeout()", self.slices.goOn)
        self.scene = SceneWidget(self, logic)
        self.export = ExportWidget(self, logic)
        self.connect(self.ui.datasetComboBox, "activated(int)", self._chooseDataset)
        self.connect(self.ui.datasetNameLineEdit, "editingFinished()", self.rename)
        self._show()

    def enter(self) -> None:
        """Look anew at datasets and segments."""
        self._showDatasets(self.dataset)
        self.scene.show()
        for folder in self.data:
            self._check(folder)

    def cleanup(self) -> None:
        """Leave the dataset as it was, and nothing running."""
        self.slices.stopAll()
        super().cleanup()

    # What is trained on

    @property
    def dataset(self) -> Path | None:
        """The dataset that cases are added to."""
        index = self.ui.datasetComboBox.currentIndex
        return self._datasets[index] if 0 <= index < len(self._datasets) else None

    @property
    def data(self) -> list[Path]:
        """Every folder with cases that a run would be given."""
        made = [self.dataset] if self.dataset is not None and self.dataset.is_dir() else []
        return made + [folder for folder in self.folders if folder not in made]

    @property
    def summary(self):
        """One DatasetSummary of all data, None until something was looked at."""
        found = [self._summaries[folder] for folder in self.data if folder in self._summaries]
        if list(map(id, found)) != list(map(id, self._joined[0])):  # asked for at every tick
            self._joined = found, together(found) if found else None
        return self._joined[1]

    @property
    def isChecked(self) -> bool:
        """Whether everything has been looked at."""
        return not self._looked and all(folder in self._summaries for folder in self.data)

    def use(self, folders: list[Path]) -> None:
        """Train on these folders: a dataset of the user's is chosen, the others stand beside it."""
        own = [folder for folder in folders if folder in self.logic.datasets()]
        self.folders = [folder for folder in folders if folder not in own[:1]]
        self._showDatasets(own[0] if own else None)
        for folder in self.data:
            self._check(folder)
        self._show()

    # Datasets

    def newDataset(self) -> None:
        """Begin a dataset that is called after the segmentation."""
        node = self.ui.segmentationSelector.currentNode()
        folder = self.logic.newDataset(node.GetName() if node else _("Data"))
        self._showDatasets(folder)
        text = _("The next cases are added to the new dataset {name}.").format(name=folder.name)
        self._show()
        self.say(text, DATASET)

    def rename(self) -> None:
        """Give the dataset the name in the field."""
        folder, name = self.dataset, self.ui.datasetNameLineEdit.text.strip()
        if folder is None or name == self.logic.datasetName(folder):
            return
        with self.saying(at=DATASET):
            renamed = self.logic.renameDataset(folder, name)
            self._showDatasets(renamed, but=folder if renamed != folder else None)
            text = _("The dataset is called {name} now.").format(name=self.logic.datasetName(renamed))
            self.say(text, DATASET)

    def openDataset(self) -> None:
        """Show the dataset's folder."""
        if self.dataset is not None and self.dataset.is_dir():
            openPath(self.dataset)
        else:
            self.say(_("This dataset has no cases yet."), DATASET)

    def removeDataset(self) -> None:
        """Delete the dataset, after a question."""
        folder = self.dataset
        if folder is None or not folder.is_dir():
            self.say(_("This dataset has no cases yet."), DATASET)
            return
        with self.saying(at=DATASET):
            name = self.logic.datasetName(folder)
            if removed(self.logic, folder):
                self.slices.stop(folder)
                self._looked.pop(folder, None)
                self._summaries.pop(folder, None)
                self.folders = [other for other in self.folders if other != folder]
                self._showDatasets(None)
                self._chooseDataset(0)
                self.say(_("The dataset {name} was removed.").format(name=name), DATASET)

    def _chooseDataset(self, _index) -> None:
        self._showName()
        for folder in self.data:
            self._check(folder)
        self._show()

    def _showDatasets(self, chosen: Path | None, but: Path | None = None) -> None:
        """Offer the datasets there are, and the chosen one even before it has cases."""
        self._datasets = [folder for folder in self.logic.datasets() if folder != but]
        if chosen is not None and chosen not in self._datasets:
            self._datasets.insert(0, chosen)
        if not self._datasets:
            self._datasets = [self.logic.newDataset(_("Data"))]
        index = self._datasets.index(chosen) if chosen in self._datasets else 0
        names = [withSize(self.logic.datasetName(folder), folder) for folder in self._datasets]
        fillCombo(self.ui.datasetComboBox, names, index)
        self._showName()

    def _showName(self) -> None:
        self.ui.datasetNameLineEdit.text = self.logic.datasetName(self.dataset)

    def added(self, text: str) -> None:
        """The scene's cases were added, or not: the text says it."""
        self._showDatasets(self.dataset)
        if self.dataset is not None and self.dataset.is_dir():
            self._check(self.dataset)
        self._show()
        self.say(text, ADDED)

    # Folders

    def askForFolder(self) -> None:
        """Take a folder that the user chooses."""
        path = qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Folder with images and masks")
        )
        if path:
            self.addFolder(Path(path))

    def addFolder(self, folder: Path) -> None:
        """Train on this folder too."""
        if folder in self.data:
            self.say(_("{folder} is among the data already.").format(folder=folder), ADDED)
            return
        self.folders.append(folder)
        self.say("", ADDED)
        self._check(folder)
        self._show()

    # Checks and the table

    def _check(self, folder: Path) -> None:
        self._looked[folder] = 0, 0

        def took(looked, problem) -> None:
            if problem is None and looked.summary is None:
                self._looked[folder] = looked.done, looked.of
                self._showCounts()
                return
            del self._looked[folder]
            if problem is None:
                self._summaries[folder] = looked.summary
            self._show()

        self.slices.start(folder, self.logic.checking(folder), took)

    def _show(self) -> None:
        """Table, counts and problems as they are known."""
        summary, table = self.summary, self.ui.casesTable
        self._listed = [
            (folder, row)
            for folder in self.data
            if folder in self._summaries
            for row in self._summaries[folder].rows
        ]
        shown = self._listed[:MOST_ROWS]
        table.setRowCount(0)
        table.setRowCount(len(shown))
        for number, (folder, row) in enumerate(shown):
            self._showRow(number, folder, row)
        table.resizeColumnsToContents()
        table.resizeRowsToContents()
        problems = summary.problems or tuple(filter(None, [summary.tooFew])) if summary else ()
        problems += summary.leftOut if summary else ()
        self.ui.problemsList.clear()
        for problem in problems:
            self.ui.problemsList.addItem(problem)
        self.ui.problemsList.setVisible(bool(problems))
        self._showCounts()
        self.changed()

    def _showRow(self, number: int, folder: Path, row) -> None:
        table = self.ui.casesTable
        image, patient = imageText(row.id), patientText(row.group)
        whole = [text for text, shown in ((row.id, image), (row.group, patient)) if text != shown]
        tip = "\n".join([str(folder), f"{row.width} x {row.height} px", *row.names, *whole])
        cell(table, number, 0, "", tip).setIcon(qt.QIcon(pixmapOf(row.thumbnail)))
        texts = (image, patient, str(row.targets), _usedFor(row.split))
        for column, text in enumerate(texts, start=1):
            cell(table, number, column, text, tip)

    def _showCounts(self) -> None:
        if self._looked:
            text, looked = _("Looking at the files: {done} of {all}."), self._looked.values()
            text = text.format(done=sum(done for done, _of in looked), all=sum(of for _done, of in looked))
        else:
            text = countsText(self.summary)
        showText(self.ui.countsLabel, text)

    def removeSelected(self) -> None:
        """Take cases off, after a question; a folder that is not ours as a whole."""
        rows = [self._listed[index.row()] for index in self.ui.casesTable.selectionModel().selectedRows()]
        if not rows:
            self.say(_("Select cases in the table first."))
            return
        own = [row.id for folder, row in rows if folder == self.dataset]
        others = {folder for folder, _row in rows if folder != self.dataset}
        said = []
        with self.saying():
            if own and not ask(removalText(len(own), self.logic.datasetName(self.dataset), self.dataset)):
                return
            if own:
                count = self.logic.removeCases(self.dataset, own)
                said.append(counted(count, _("1 case was removed."), _("{count} cases were removed.")))
                self._check(self.dataset)
            for folder in others:
                self.folders.remove(folder)
                text = _("The folder {name} is left out as a whole; its files stay.")
                said.append(text.format(name=self.logic.datasetName(folder)))
        if said:
            self.say(" ".join(said))
        self._show()


def imageText(name: str) -> str:
    """thyroid_k017_3fa92c01 -> thyroid, frame 18; thyroid_t0.3_3fa92c01 -> thyroid, item 0.3; others stay."""
    found = CASE.fullmatch(name)
    if found is None:
        return name
    image, index, item = found["image"], found["index"], found["item"]
    text = _("{image}, frame {number}") if index else _("{image}, item {number}")
    return text.format(image=image, number=int(index) + 1 if index else item)


def patientText(group: str) -> str:
    """thyroid_3fa92c01 -> thyroid, patient_3fa92c01abcd -> patient 3fa9; others stay."""
    if found := re.fullmatch(r"patient_([0-9a-f]{4})[0-9a-f]{8}", group):
        return _("patient {number}").format(number=found[1])
    return re.sub(r"(?<=.)_[0-9a-f]{8}$", "", group)


def removalText(count: int, name: str, folder: Path) -> str:
    """The question before cases are removed."""
    cases = counted(count, _("1 case"), _("{count} cases"))
    text = _(
        "Remove {cases} from the dataset {name}? Their files in {folder} are deleted; the scene and files in "
        "other folders stay."
    )
    return text.format(cases=cases, name=name, folder=folder)


def countsText(summary) -> str:
    """How many cases there are, in words."""
    if summary is None:
        return _("No cases yet: add segmentations or a folder.")
    counts = summary.counts
    cases = counted(counts.cases, _("1 case"), _("{count} cases"))
    groups = counted(counts.groups, _("1 patient or loop"), _("{count} patients or loops"))
    text = _("{cases}, {groups}: {training} to train, {validation} to validate.")
    return text.format(**vars(counts) | {"cases": cases, "groups": groups})


def _usedFor(split: str) -> str:
    words = {"train": _("training"), "val": _("validation"), "test": _("neither"), "": _("either")}
    return words.get(split, split)
