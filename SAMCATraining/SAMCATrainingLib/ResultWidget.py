"""Step 4 of the panel: what the trained model reaches, and what can be done with it."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer

from SAMCALib.Editing.StartLogic import editedNodes
from SAMCALib.Texts import _, asToolTip

from . import ResultLogic
from .Outcome import BETTER, WORSE, changes
from .StepWidget import StepWidget, agreed, ask, cell, openPath, showText

MEASURES = {
    "dice": "Dice",
    "iou": "IoU",
    "hd95": "HD95",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}
NEEDS_RESULT = ("nodeButton", "csvButton")
NEEDS_GAIN = ("useButton", "saveButton")  # of what is kept
COLOURS = {BETTER: "#1f8f4d", WORSE: "#d64541"}  # of a change, legible on light and dark


class ResultWidget(StepWidget):
    """logic: a TrainingLogic. state(): RunState of the run that is looked at. goOn(state): prepare a run that
    goes on from it. begin(settings): start a run."""

    file, button, label = "SAMCATrainingResult.ui", "resultButton", "resultLabel"

    def __init__(self, uiFolder: str, logic, state, goOn, begin):
        slots = {
            "useButton": self.use,
            "evaluateButton": self.evaluate,
            "nodeButton": self.showNode,
            "csvButton": self.saveCsv,
            "sheetButton": lambda: openPath(self.result.sheet),
            "saveButton": self.save,
            "continueButton": lambda: self.goOn(self.state()),
            "improveButton": self.improve,
        }
        super().__init__(uiFolder, slots)
        self.logic, self.state, self.goOn, self.begin = logic, state, goOn, begin
        self.result = None
        self._key = None
        self._useTip = self.ui.useButton.toolTip
        self.show()

    def tick(self) -> None:
        """Follow the evaluation of the run."""
        state = self.state()
        if keyOf(state) != self._key:
            self.show()

    def show(self) -> None:
        """The result of the run as it is now."""
        state, ui = self.state(), self.ui
        self._key = keyOf(state)
        self.result = self.logic.result(state.folder) if state else None
        hasWeights = state is not None and state.weights is not None
        isBusy = state is not None and (state.isAlive or state.evaluation.status == "running")
        isOld = hasWeights and isStillTheOne(state)
        for name in NEEDS_GAIN:
            getattr(ui, name).enabled = hasWeights and not isOld
        ui.useButton.toolTip = asToolTip(oldText() if isOld else self._useTip)
        ui.continueButton.enabled = hasWeights
        for name in NEEDS_RESULT:
            getattr(ui, name).enabled = self.result is not None
        ui.sheetButton.enabled = self.result is not None and self.result.sheet is not None
        ui.improveButton.enabled = hasWeights and not isBusy
        isEvaluating = state is not None and state.evaluation.status == "running"
        ui.evaluateButton.enabled = isEvaluating or ui.improveButton.enabled
        ui.evaluateButton.text = _("Stop evaluating") if isEvaluating else _("Evaluate")
        self._showOutcome(state.outcome if hasWeights else None, hasWeights and state.isAlive)
        self._showTable()
        self.say(self._text(state))

    def _text(self, state) -> str:
        if state is None or state.weights is None or (state.before and not state.outcome):
            return _("The result of a training is shown here after its first epoch.")
        about = state.evaluation
        isNews = about.status in ("running", "stopped", "failed") or (
            about.status == "finished" and not self.result
        )
        said = " ".join(filter(None, (about.text, about.advice))) if isNews else ""
        return said or (self.result.text if self.result else "")

    def _showOutcome(self, outcome, isAlive: bool) -> None:
        """Dice before and after, each change with its number, its word and its colour."""
        text = outcome.text if outcome else ""
        showText(self.ui.outcomeLabel, _("So far: {text}").format(text=text) if text and isAlive else text)
        table = self.ui.diceTable
        rows = changes(outcome) if outcome else []
        table.setVisible(bool(rows))
        table.setRowCount(0)
        table.setRowCount(len(rows))
        for number, (clicks, before, after, word) in enumerate(rows):
            for column, text in enumerate((str(clicks), f"{before:.1f}", f"{after:.1f}")):
                cell(table, number, column, text)
            item = cell(table, number, 3, f"{after - before:+.1f} {wordText(word)}")
            if word in COLOURS:
                item.setForeground(qt.QBrush(qt.QColor(COLOURS[word])))
        table.resizeColumnsToContents()
        table.resizeRowsToContents()

    def _showTable(self) -> None:
        table = self.ui.resultTable
        rows = linesOf(self.result.rows) if self.result else []
        table.setVisible(bool(rows))
        table.setRowCount(0)
        table.setRowCount(len(rows))
        for number, texts in enumerate(rows):
            for column, text in enumerate(texts):
                cell(table, number, column, text)
        table.resizeColumnsToContents()
        table.resizeRowsToContents()

    # Actions

    def use(self) -> None:
        """Offer the model in the effect, and open the Segment Editor with it."""
        with self.saying():
            info = self.logic.register(self.state().folder, self.state().name)
            openEditor(info.source)
            self.say(_("{name} is offered in the effect, and chosen there.").format(name=info.name))

    def evaluate(self) -> None:
        """Measure the trained model and the one before, or stop that."""
        state = self.state()
        with self.saying():
            if state.evaluation.status == "running":
                self.logic.stopEvaluation(state.folder)
            else:
                self.logic.evaluate(state.folder)
        self._key = None

    def showNode(self) -> None:
        """Put the table into the scene and show it."""
        with self.saying():
            showTable(self.logic.resultTable(self.state().folder))

    def saveCsv(self) -> None:
        """Save the table as a file."""
        path = self._askForPath(_("Save the table"), ResultLogic.CSV, "CSV (*.csv)")
        if path:
            with self.saying(_("Saved as {path}.").format(path=path)):
                self.logic.saveCsv(self.state().folder, path)

    def save(self) -> None:
        """Save the trained model as a file."""
        kinds = _("Models") + " (*.safetensors)"
        path = self._askForPath(_("Save the model"), ResultLogic.ADAPTER, kinds)
        if path:
            with self.saying(_("Saved as {path}.").format(path=path)):
                self.logic.export(self.state().folder, path)

    def improve(self) -> None:
        """Train further with what the Segment Editor is working on, after a question."""
        with self.saying():
            run, (volume, segmentation) = self.state(), editedNodes()
            text = _(
                "Add {segmentation} on {volume} to the data of the training {run}, then train further with "
                "them?"
            )
            names = {"segmentation": segmentation.GetName(), "volume": volume.GetName(), "run": run.name}
            if ask(text.format(**names)) and agreed(self.logic, volume, segmentation):
                self.begin(self.logic.improve(run.folder, volume, segmentation, anyImage=True))

    def _askForPath(self, title: str, ending: str, kinds: str) -> Path | None:
        """Where to save, from a dialog, which asks itself before it writes over what the user has named."""
        name = self.state().folder.name + ending
        path = qt.QFileDialog.getSaveFileName(slicer.util.mainWindow(), title, name, kinds)
        full = ResultLogic.withEnding(path, ending) if path else None
        isNamed = full is None or full == Path(path) or not full.exists()
        return full if isNamed or ask(_("Write over {path}?").format(path=full)) else None


def keyOf(state) -> tuple | None:
    """What decides how this step looks."""
    return state and (state.folder, state.weights, state.isAlive, state.evaluation, state.outcome)


def isStillTheOne(state) -> bool:
    """Whether the run's weights are those that it started from."""
    return state.outcome.kept == 0 if state.outcome else bool(state.before)


def oldText() -> str:
    """Why a model that is the one before is not offered."""
    return _("No epoch is ahead of the model before, which is kept: it is in the list already.")


def wordText(word: str) -> str:
    """better, worse or the same."""
    return {BETTER: _("better"), WORSE: _("worse")}.get(word, _("the same"))


def linesOf(rows) -> list[tuple[str, str, str, str]]:
    """(measure, clicks, before, trained) for each measure and number of clicks; rows: before comes first."""
    models = list(dict.fromkeys(row.model for row in rows))
    by = {(row.model, row.clicks): row.values for row in rows}
    return [
        (
            MEASURES[measure],
            str(clicks),
            *(_figure(by.get((model, clicks), {}).get(measure)) for model in models),
        )
        for measure in MEASURES
        for clicks in sorted({row.clicks for row in rows})
    ]


def _figure(value) -> str:
    return "{:.1f} ± {:.1f}".format(*value) if value else "-"


def showTable(node) -> None:
    """A table node in Slicer's table view."""
    selection = slicer.app.applicationLogic().GetSelectionNode()
    selection.SetActiveTableID(node.GetID())
    manager = slicer.app.layoutManager()
    if manager:
        manager.setLayout(slicer.modules.tables.logic().GetLayoutWithTable(manager.layout))
    slicer.app.applicationLogic().PropagateTableSelection()


def openEditor(model: str) -> None:
    """The Segment Editor with the effect SAMCA and this model chosen in it."""
    slicer.util.selectModule("SegmentEditor")
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    editor.setActiveEffectByName("")  # an effect looks at its options when it is chosen
    editor.mrmlSegmentEditorNode().SetAttribute("SAMCA.Model", model)
    editor.setActiveEffectByName("SAMCA")
