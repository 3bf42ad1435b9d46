"""Step 2 of the panel: what training starts from, how long it takes, and every setting of it."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer

from samca import model_files
from samca.methods.presets import DEFAULT
from SAMCALib.Texts import _, asToolTip

from .AdvancedWidget import AdvancedWidget
from .StepWidget import PROBLEMS, StepWidget, fillCombo, showText


class SettingsWidget(StepWidget):
    """logic: a TrainingLogic. data(): the folders to train on and their DatasetSummary, None if unknown."""

    file, button, label = "SAMCATrainingSettings.ui", "settingsButton", "settingsLabel"

    def __init__(self, uiFolder: str, logic, data):
        slots = {"baseFileButton": self.askForBase, "estimateButton": self.estimate}
        super().__init__(uiFolder, slots)
        self.logic, self.data = logic, data
        self._bases: list = []  # sources
        self._estimation, self._isOld, self._measured = None, True, ""
        self._methods = list(logic.methods())
        self._presets = list(logic.presets())
        self._settings: dict | None = None
        fillCombo(self.ui.methodComboBox, [shortText(text) for _name, text in self._methods], 0)
        titles = [preset.title for preset in self._presets]
        fillCombo(self.ui.presetComboBox, titles, [p.name for p in self._presets].index(DEFAULT))
        self.advanced = AdvancedWidget(logic.advanced(), self.ui.advancedButton.layout(), self.touch)
        self._connectAll()
        self._showPreset()

    def _connectAll(self) -> None:
        self.connect(self.ui.nameLineEdit, "textChanged(QString)", self._touched)
        self.connect(self.ui.baseComboBox, "activated(int)", self._touched)
        self.connect(self.ui.methodComboBox, "activated(int)", self._chooseMethod)
        self.connect(self.ui.presetComboBox, "activated(int)", self._showPreset)

    def enter(self) -> None:
        """Look anew at the models there are."""
        self.showBases(self.base)

    def cleanup(self) -> None:
        """Leave no trial running."""
        self._stopEstimation()
        self.advanced.cleanup()
        super().cleanup()

    # What is chosen

    @property
    def base(self) -> str:
        """What training starts from: "shipped", the name of an organ, or a path."""
        index = self.ui.baseComboBox.currentIndex
        return self._bases[index] if 0 <= index < len(self._bases) else "shipped"

    @property
    def hasBase(self) -> bool:
        """Whether that is still on the disk."""
        return _isThere(self.base)

    @property
    def preset(self):
        """The preset that is chosen."""
        return self._presets[self.ui.presetComboBox.currentIndex]

    @property
    def method(self) -> str:
        """The name of the method that is chosen."""
        return self._methods[self.ui.methodComboBox.currentIndex][0]

    @property
    def settings(self) -> dict | None:
        """The settings of a run, None as long as they or the data do not fit; the panel says why."""
        if self._isOld:
            self._read()
        return self._settings

    def showBases(self, chosen: str, name: str = "") -> None:
        """Offer the models there are, and the chosen one even if it is not in the list, but on the disk."""
        models = [model for model in self.logic.baseModels() if not model.damaged]
        self._bases, names = [model.source for model in models], [model.name for model in models]
        if chosen not in self._bases and not _isThere(chosen):
            chosen = "shipped"
        if chosen not in self._bases:
            self._bases.append(chosen)
            names.append(name or Path(chosen).stem)
        fillCombo(self.ui.baseComboBox, names, self._bases.index(chosen))
        self.touch()

    def askForBase(self) -> None:
        """Start from a file that the user chooses."""
        title, kinds = _("Start from a model file"), _("Models") + " (*.safetensors *.pth *.pt)"
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), title, "", kinds)
        if path:
            with self.saying():
                self.showBases(self.logic.models.add(path).source)

    def goOnFrom(self, weights: Path, name: str) -> None:
        """The next run starts from these weights."""
        self.showBases(str(weights), name)
        self.ui.nameLineEdit.text = nextName(name)
        self.unfold()

    # What it comes to

    def touch(self) -> None:
        """Something was changed: what was measured does not hold any more."""
        self._isOld, self._measured = True, ""
        self._stopEstimation()

    def tick(self) -> None:
        """Say what the settings come to."""
        if self._estimation is not None:
            estimate = self._estimation.poll()
            if estimate is not None:
                self._estimation = None
                self._measured = " ".join(filter(None, (estimate.error, estimate.text)))
        if self._isOld:
            self._read()
        self._showEstimate()

    def estimate(self) -> None:
        """Find out time and memory by a trial, or stop that."""
        if self._estimation is not None:
            self._stopEstimation()
        elif self.settings is not None:
            with self.saying():
                self._estimation, self._measured = self.logic.startEstimate(self.settings), ""
        self._showEstimate()

    def _read(self) -> None:
        self._isOld, self._settings = False, None
        folders, summary = self.data()
        if not folders:
            self.say(_("Add cases in step 1 first."))
            return
        try:
            self._settings = self.logic.settings(
                folders,
                self.ui.nameLineEdit.text.strip() or _("My model"),
                base=self.base,
                method=self.method,
                preset=self.preset.name,
                advanced=self.advanced.values(),
            )
        except PROBLEMS as problem:
            self.say(str(problem))
            return
        if summary is not None and (summary.problems or summary.tooFew):
            self.say(summary.tooFew or _("Mend the problems that step 1 lists, or leave those data out."))
            self._settings = None
        else:
            self.say("")

    def _showEstimate(self) -> None:
        summary = self.data()[1]
        if self._estimation is not None:
            text = _("Measuring, this takes up to a minute ...")
        elif self._measured or self._settings is None or summary is None:
            text = self._measured or self.preset.text
        else:
            text = self.logic.quickEstimate(self._settings, summary)
        showText(self.ui.estimateLabel, text)
        self.ui.estimateButton.text = _("Measure") if self._estimation is None else _("Cancel")
        self.ui.estimateButton.enabled = self._settings is not None

    def _stopEstimation(self) -> None:
        if self._estimation is not None:
            estimation, self._estimation = self._estimation, None
            estimation.cancel()

    def _showPreset(self, _index=None) -> None:
        self.advanced.show(self.logic.valuesOf(self.preset.name, self.method))
        self.touch()

    def _chooseMethod(self, index: int) -> None:
        self.ui.methodComboBox.toolTip = asToolTip(self._methods[index][1])
        self._showPreset()

    def _touched(self, _value) -> None:
        self.touch()


def shortText(sentence: str) -> str:
    """The name of a method from the sentence about it: what stands before its source."""
    return sentence.split(" (")[0].split(":")[0].rstrip(".")


def nextName(name: str) -> str:
    """Nerve -> Nerve 2 -> Nerve 3."""
    stem, _space, number = name.rpartition(" ")
    return f"{stem} {int(number) + 1}" if stem and number.isdigit() else f"{name} 2"


def _isThere(base: str) -> bool:
    """Whether it is on the disk; that the shipped model is missing is said where it is read."""
    return base == "shipped" or model_files.source_path(base).is_file()
