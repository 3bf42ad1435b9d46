"""The effect's widgets: they show the options and call actions; nothing is computed from a widget."""

from __future__ import annotations

from pathlib import Path

import slicer

from SAMCALib import KeyTable
from SAMCALib.Engine.EngineLogic import nameOf
from SAMCALib.Texts import _, asToolTip

from .Gesture import LASSO, STROKE

UI = Path(__file__).resolve().parent.parent / "Resources" / "UI" / "SAMCAEffect.ui"
BOXES = {
    "largestComponentCheckBox": "largestComponent",
    "fillHolesCheckBox": "fillHoles",
    "hoverCheckBox": "hoverPreview",
    "unsureCheckBox": "markUnsure",
    "encodeAheadCheckBox": "encodeAhead",
    "measureCheckBox": "measure",
}
NUMBERS = {
    "smoothingSpinBox": ("smoothingMm", "valueChanged(double)"),
    "neighboursSpinBox": ("neighbours", "valueChanged(int)"),
}
DRAGS = STROKE, LASSO  # buttons that stay down while dragging draws that
BUTTONS = (
    "stroke",
    "lasso",
    "another",
    "suggest",
    "suggestAll",
    "newObject",
    "useMask",
    "clear",
    "takeBack",
    "neighbours",
    "follow",
    "takePoints",
    "holdFrame",
    "sizesTable",
    "sizesChart",
    "turn",
    "startAnew",
    "setup",
    "cancel",
    "modelFile",
)


class EffectPanel:
    """actions: name of a button -> function without arguments; changed: called after a new option."""

    def __init__(self, options, actions: dict, changed):
        self.options, self.actions, self.changed = options, actions, changed
        self.widget = slicer.util.loadUI(str(UI))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.ui.pointsSelector.setMRMLScene(slicer.mrmlScene)
        self._keyed = self._widgetsWithKeys()
        self._toolTips = {name: self._button(name).toolTip for name in BUTTONS}
        self._toolTips |= {name: widget.toolTip for name, widget in self._keyed.items()}
        self._reasons: dict[str, str] = {}
        self._shownReasons: dict[str, str] = {}
        self._suggestions, self._hasTarget = None, False
        self._models: list = []
        self._sizes: tuple | None = None
        self._details = ""
        self._connections: list = []
        for name in BUTTONS:
            self._connect(self._button(name), "clicked()", actions[name])
        for name in BOXES:
            self._connect(getattr(self.ui, name), "clicked()", self.store)
        for name, (_option, signal) in NUMBERS.items():
            self._connect(getattr(self.ui, name), signal, self._storeValue)
        self._connect(self.ui.modelComboBox, "activated(int)", self._storeValue)
        self._connect(self.ui.targetLineEdit, "returnPressed()", actions["findTarget"])
        chosen = "currentNodeChanged(vtkMRMLNode*)"
        self._connect(self.ui.pointsSelector, chosen, lambda _node: self.showReasons({}))

    def disconnect(self) -> None:
        """Let go of every signal, so that effect and widgets can be freed."""
        for widget, signal, slot in self._connections:
            widget.disconnect(signal, slot)
        self._connections = []

    def showModels(self, models: list) -> None:
        """Offer these models (ModelInfo), and the one of the options even if its file is gone."""
        self._models = [model.source for model in models if not model.damaged]
        names = [model.name for model in models if not model.damaged]
        if self.options.model not in self._models:
            self._models.append(self.options.model)
            names.append(nameOf(self.options.model))
        blocked = self.ui.modelComboBox.blockSignals(True)
        self.ui.modelComboBox.clear()
        for name in names:
            self.ui.modelComboBox.addItem(name)
        self.ui.modelComboBox.setCurrentIndex(self._models.index(self.options.model))
        self.ui.modelComboBox.blockSignals(blocked)

    def show(self) -> None:
        """Show the options as they are in MRML, and the keys as they are now."""
        for name, widget in self._keyed.items():
            if not self._shownReasons.get(name):
                widget.toolTip = asToolTip(self._toolTip(name))
        for name, option in BOXES.items():
            getattr(self.ui, name).checked = getattr(self.options, option)
        for name in DRAGS:
            self._button(name).checked = self.options.drag == name
        for name, (option, _signal) in NUMBERS.items():
            box = getattr(self.ui, name)
            blocked = box.blockSignals(True)
            box.value = getattr(self.options, option)
            box.blockSignals(blocked)
        if self.options.model in self._models:
            blocked = self.ui.modelComboBox.blockSignals(True)
            self.ui.modelComboBox.setCurrentIndex(self._models.index(self.options.model))
            self.ui.modelComboBox.blockSignals(blocked)

    def store(self) -> None:
        """Put what the user chose into MRML."""
        for name, option in BOXES.items():
            value = bool(getattr(self.ui, name).checked)
            if value != getattr(self.options, option):
                setattr(self.options, option, value)
        for name, (option, _signal) in NUMBERS.items():
            value = getattr(self.ui, name).value
            if value != getattr(self.options, option):
                setattr(self.options, option, value)
        index = self.ui.modelComboBox.currentIndex
        if 0 <= index < len(self._models) and self._models[index] != self.options.model:
            self.options.model = self._models[index]
        self.changed()

    def showSuggestions(self, names: tuple[str, ...]) -> None:
        """Offer the classes that the model finds by itself; without any there is nothing to see.

        All frames can be searched for a named target, too.
        """
        if names == self._suggestions:
            return
        self._suggestions = names
        self.ui.classComboBox.clear()
        for name in names:
            self.ui.classComboBox.addItem(name)
        self.ui.classComboBox.setVisible(len(names) > 1)
        self.ui.suggestButton.setVisible(bool(names))
        self.ui.suggestAllButton.setVisible(bool(names) or self._hasTarget)

    def showReasons(self, reasons: dict[str, str]) -> None:
        """Make grey what cannot work: reasons by button, "" for what can; they become tool tips."""
        self._reasons.update(reasons)
        for name, reason in self._reasons.items():
            if name == "takePoints" and self.chosenPoints is None:
                reason = reason or _("Choose a list of points first.")
            if self._shownReasons.get(name) != reason:
                self._shownReasons[name], button = reason, self._button(name)
                button.enabled = not reason
                button.toolTip = asToolTip(reason or self._toolTip(name))

    def showFollowing(self, isFollowing: bool) -> None:
        """The button stays down as long as an outline follows the image."""
        self.ui.followButton.checked = isFollowing

    def showTarget(self, isAvailable: bool) -> None:
        """Offer the field for the name of a structure where there can be a detector."""
        self._hasTarget, self._suggestions = isAvailable, None
        self.ui.targetLineEdit.setVisible(isAvailable)

    @property
    def target(self) -> str:
        """What the user wrote there."""
        return self.ui.targetLineEdit.text

    @property
    def chosenClass(self) -> int:
        """Number of the class to suggest, from 0."""
        return max(self.ui.classComboBox.currentIndex, 0)

    def showStatus(self, text: str, details: str) -> None:
        """The status line, and what its tool tip says."""
        label = self.ui.statusLabel
        if label.text != text:
            label.text = text
        if self._details != details:
            self._details = details
            label.toolTip = asToolTip(details or _("No model is loaded."))

    def showEngine(self, text: str) -> None:
        """What the model in use runs on; nothing before there is one."""
        if self.ui.engineLabel.text != text:
            self.ui.engineLabel.text = text
        self.ui.engineLabel.setVisible(bool(text))

    def showSizes(self, isMeasuring: bool, text: str, isHeld: bool, isBusy: bool) -> None:
        """What was measured, and the buttons that go on from there; nothing if it is not to be."""
        if self._sizes == (sizes := (isMeasuring, text, isHeld, isBusy)):
            return
        self._sizes = sizes
        self.ui.sizesLabel.setVisible(isMeasuring)
        self.ui.sizesLabel.text = text or _("There is no object in this frame: outline it first.")
        self.ui.holdFrameButton.setVisible(isMeasuring)
        self.ui.holdFrameButton.text = _("Let go of frame") if isHeld else _("Hold for volume")
        self.ui.sizesTableButton.setVisible(isMeasuring)
        self.ui.sizesTableButton.text = _("Stop") if isBusy else _("Table")
        self.ui.sizesChartButton.setVisible(isMeasuring and not isBusy)

    def showHelp(self, **isOffered: bool) -> None:
        """The buttons that are there only when they help."""
        for name, isShown in isOffered.items():
            self._button(name).setVisible(isShown)

    @property
    def chosenPoints(self):
        """The fiducial node that was chosen, None without."""
        return self.ui.pointsSelector.currentNode()

    def _button(self, name: str):
        return getattr(self.ui, f"{name}Button")

    def _widgetsWithKeys(self) -> dict:
        """What does here the same as a key, by the name of that action."""
        names = {action.name for action in KeyTable.actions()}
        boxes = {option: getattr(self.ui, box) for box, option in BOXES.items()}
        widgets = {name: self._button(name) for name in BUTTONS} | boxes
        return {name: widget for name, widget in widgets.items() if name in names}

    def _toolTip(self, name: str) -> str:
        key = KeyTable.keys().get(name)
        return f"{self._toolTips[name]} " + _("Key: {key}").format(key=key) if key else self._toolTips[name]

    def _storeValue(self, _value) -> None:
        self.store()

    def _connect(self, widget, signal: str, slot) -> None:
        widget.connect(signal, slot)
        self._connections.append((widget, signal, slot))
