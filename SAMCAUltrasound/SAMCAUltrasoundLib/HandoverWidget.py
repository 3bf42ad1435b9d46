"""The part of the module's panel that writes what was outlined as DICOM objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt
import slicer

from SAMCALib.Editing.StartLogic import editedNodes
from SAMCALib.Texts import Refusal, _

REPORT = "-report"  # at the end of the name of the file beside


class HandoverWidget:
    """ui: the panel's widgets; ask: question -> whether the user agrees."""

    def __init__(self, ui, ask: Callable[[str], bool]):
        self.ui, self._ask = ui, ask

    def exportDicom(self) -> None:
        """Write what the Segment Editor works on into a file that the user names, and a report beside it."""
        try:
            volume, segmentation = editedNodes()
            path = self._askForPath(segmentation.GetName())
            text = self._written(volume, segmentation, path) if path else ""
        except Refusal as refusal:
            text = str(refusal)
        self.ui.handoverLabel.text = text

    @staticmethod
    def _askForPath(name: str) -> Path | None:
        title, kinds = _("DICOM segmentation to write"), "DICOM (*.dcm)"
        path = qt.QFileDialog.getSaveFileName(slicer.util.mainWindow(), title, f"{name}.dcm", kinds)
        if not path:
            return None
        return Path(path) if path.lower().endswith(".dcm") else Path(f"{path}.dcm")

    def _written(self, volume, segmentation, path: Path) -> str:
        from SAMCALib.Handover import DicomLogic  # not at start-up

        self.ui.handoverLabel.text = _("Writing...")
        slicer.app.processEvents()  # what follows takes a while
        report = path.with_name(f"{path.stem}{REPORT}.dcm") if self.ui.reportCheckBox.checked else None
        keepPatient = self.ui.patientCheckBox.checked
        words = segmentation, volume, path, report, None, keepPatient, self._ask
        return DicomLogic.export(*words)
