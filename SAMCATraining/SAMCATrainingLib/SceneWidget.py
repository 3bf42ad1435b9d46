"""The part of step 1 that takes segmentations from the scene, frame by frame, while Slicer can be used."""

from __future__ import annotations

import contextlib

import qt
import slicer

from SAMCALib.Editing.StartLogic import editedNodes
from SAMCALib.Texts import _

from .StepWidget import agreed, fillCombo

ADDING = "adding"  # a job of the step's slices
ADDED = "addedLabel"  # the line under the buttons that add
AXES = {0: "I", 1: "J", 2: "K"}


class SceneWidget:
    """step: the DataWidget, whose widgets these are, and whose dataset the cases go to."""

    def __init__(self, step, logic):
        self.step, self.ui, self.logic = step, step.ui, logic
        self._axes: list[int] = []
        self._segments: list[tuple[str, str]] = []
        for selector in (self.ui.volumeSelector, self.ui.segmentationSelector):
            selector.setMRMLScene(slicer.mrmlScene)
        changed = "currentNodeChanged(vtkMRMLNode*)"
        step.connect(self.ui.volumeSelector, changed, self._imagesChosen)
        step.connect(self.ui.segmentationSelector, changed, self._showSegments)
        step.connect(self.ui.addAllButton, "clicked()", self.addAll)
        step.connect(self.ui.addButton, "clicked()", self.add)
        step.connect(self.ui.correctionsButton, "clicked()", self.addCorrections)
        step.connect(self.ui.cancelButton, "clicked()", self.cancel)
        self._showAdding(False)

    def show(self) -> None:
        """Segments and axes as they are now; where nothing is chosen, what the Segment Editor works on."""
        if self.ui.volumeSelector.currentNode() is None:
            with contextlib.suppress(ValueError):
                volume, segmentation = editedNodes()
                self.ui.volumeSelector.setCurrentNode(volume)
                self.ui.segmentationSelector.setCurrentNode(segmentation)
        self._showSegments()
        self._showAxes()

    def _imagesChosen(self, _node=None) -> None:
        """Choose what was made on these images, and nothing else; they may be another patient's."""
        self._showAxes()
        self.ui.groupLineEdit.text = ""
        node, selector = self.ui.volumeSelector.currentNode(), self.ui.segmentationSelector
        own = self.logic.segmentationsOf(node) if node else []
        if node is not None and selector.currentNode() not in own:
            selector.setCurrentNode(own[0] if own else None)

    def _showSegments(self, _node=None) -> None:
        """The segments with their ticks; what the user has unticked stays so."""
        box, node = self.ui.segmentsList, self.ui.segmentationSelector.currentNode()
        left = {item.text() for item in self._items() if item.checkState() != qt.Qt.Checked}
        box.clear()
        self._segments = list(self.logic.segmentsOf(node)) if node else []
        for _id, name in self._segments:
            item = qt.QListWidgetItem(name)
            item.setCheckState(qt.Qt.Unchecked if name in left else qt.Qt.Checked)
            box.addItem(item)

    def _items(self) -> list:
        box = self.ui.segmentsList
        return [box.item(row) for row in range(box.count)]

    def _showAxes(self, _node=None) -> None:
        """The axes that frames can lie across; nothing where there is only one."""
        node = self.ui.volumeSelector.currentNode()
        self._axes = list(self.logic.axesOf(node)) if node else []
        names = [_("across {axis}").format(axis=AXES[axis]) for axis in self._axes]
        if names:
            names[0] = _("as stored ({axis})").format(axis=names[0])
        fillCombo(self.ui.axisComboBox, names, 0 if names else -1)
        for widget in (self.ui.axisLabel, self.ui.axisComboBox):
            widget.setVisible(len(names) > 1)

    # Adding

    def addAll(self) -> None:
        """Add everything that is segmented in the scene."""
        self._start(self.logic.addingAll(self.step.dataset, self._keepsBanner))

    def add(self) -> None:
        """Add the ticked segments of the chosen images."""
        volume, segmentation = (
            s.currentNode() for s in (self.ui.volumeSelector, self.ui.segmentationSelector)
        )
        if volume is None or segmentation is None:
            self.step.say(_("Choose the images and the segmentation that was made on them first."), ADDED)
            return
        self._showSegments()
        ticked = [item.checkState() == qt.Qt.Checked for item in self._items()]
        chosen = [segment[0] for segment, isTicked in zip(self._segments, ticked, strict=True) if isTicked]
        if not chosen:
            self.step.say(_("Tick at least one segment first."), ADDED)
            return
        index = self.ui.axisComboBox.currentIndex
        axis = self._axes[index] if 0 <= index < len(self._axes) else None
        self._begin(volume, segmentation, chosen, axis, self.ui.groupLineEdit.text.strip())

    def addCorrections(self) -> None:
        """Add what the Segment Editor is working on."""
        with self.step.saying(at=ADDED):
            self._begin(*editedNodes(), None, None, "")

    def _begin(self, volume, segmentation, segments, axis, group: str) -> None:
        if agreed(self.logic, volume, segmentation):
            words = volume, segmentation, self.step.dataset, segments, axis, group
            self._start(self.logic.adding(*words, anyImage=True, keepBanner=self._keepsBanner))
        else:
            text = _("Nothing was added: choose the image that the segmentation was made on.")
            self.step.say(text, ADDED)

    @property
    def _keepsBanner(self) -> bool:
        return not self.ui.bannerCheckBox.checked

    def _start(self, steps) -> None:
        self.step.say("", ADDED)
        self._showAdding(True)
        self.step.slices.start(ADDING, steps, self._took)

    def _took(self, progress, problem) -> None:
        if problem is not None:
            self._end(str(problem))
        elif progress.added is not None:
            self._end(progress.added.text)
        else:
            self.ui.addingProgressBar.value = int(100 * progress.done / max(progress.of, 1))

    def cancel(self) -> None:
        """Stop adding; the dataset stays as it was."""
        if ADDING in self.step.slices.names:
            self._end(_("Cancelled; the dataset is as it was."))

    def _end(self, text: str) -> None:
        self.step.slices.stop(ADDING)
        self._showAdding(False)
        self.step.added(text)

    def _showAdding(self, isRunning: bool) -> None:
        self.ui.addingProgressBar.value = 0
        self.ui.addingProgressBar.setVisible(isRunning)
        self.ui.cancelButton.setVisible(isRunning)
        ui = self.ui
        for button in (ui.addAllButton, ui.addButton, ui.correctionsButton, ui.removeDatasetButton):
            button.enabled = not isRunning
