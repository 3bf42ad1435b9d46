"""The part of step 1 that writes the dataset for another program, while Slicer can be used."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer

from SAMCALib.Texts import _

from .StepWidget import fillCombo

EXPORTING = "exporting"  # a job of the step's slices
EXPORTED = "exportedLabel"  # the line under the button


class ExportWidget:
    """step: the DataWidget, whose widgets these are, and whose dataset is written."""

    def __init__(self, step, logic):
        self.step, self.ui, self.logic = step, step.ui, logic
        self._formats = logic.exportFormats()
        fillCombo(self.ui.formatComboBox, [title for _name, title in self._formats], 0)
        step.connect(self.ui.exportButton, "clicked()", self.export)
        step.connect(self.ui.cancelExportButton, "clicked()", self.cancel)
        self._showExporting(False)

    def export(self) -> None:
        """Write the dataset into a new folder within one that the user chooses."""
        title = _("Folder in which a new folder is made")
        parent = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title)
        if not parent:
            return
        form = self._formats[self.ui.formatComboBox.currentIndex][0]
        self.step.say("", EXPORTED)
        self._showExporting(True)
        steps = self.logic.exporting(self.step.dataset, form, Path(parent))
        self.step.slices.start(EXPORTING, steps, self._took)

    def _took(self, progress, problem) -> None:
        if problem is not None:
            self._end(str(problem))
        elif progress.text:
            self._end(progress.text)
        else:
            self.ui.exportProgressBar.value = int(100 * progress.done / max(progress.of, 1))

    def cancel(self) -> None:
        """Stop; nothing is left of the new folder."""
        if EXPORTING in self.step.slices.names:
            self._end(_("Cancelled; nothing was written."))

    def _end(self, text: str) -> None:
        self.step.slices.stop(EXPORTING)
        self._showExporting(False)
        self.step.say(text, EXPORTED)

    def _showExporting(self, isRunning: bool) -> None:
        self.ui.exportProgressBar.value = 0
        self.ui.exportProgressBar.setVisible(isRunning)
        self.ui.cancelExportButton.setVisible(isRunning)
        self.ui.exportButton.enabled = not isRunning
