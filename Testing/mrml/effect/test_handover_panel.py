"""The module's panel writes what the Segment Editor works on as DICOM objects."""

from __future__ import annotations

import types
from pathlib import Path

import pytest
from slicer_scene import Editor
from volumes import speckle, volume

import SAMCALib
from SAMCALib.Handover import DicomLogic
from SAMCALib.Models.InstallLogic import State, Status
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.Texts import Refusal

UI = Path(SAMCALib.__file__).parents[1] / "Resources" / "UI" / "SAMCAUltrasound.ui"
READY = types.SimpleNamespace(shouldResume=lambda: False, status=lambda: Status(State.READY, "Ready."))


@pytest.fixture
def panel(qt, tmp_path, monkeypatch):
    """The module's panel; what is exported is noted in `calls`."""
    from SAMCAUltrasoundLib import ModuleWidget

    monkeypatch.setattr("SAMCALib.Models.ModelLogic.SHIPPED", tmp_path / "none.safetensors")
    widget = ModuleWidget(str(UI), READY, ModelLogic(tmp_path / "models"))
    widget.enter()
    yield widget
    widget.cleanup()


@pytest.fixture
def calls(monkeypatch):
    """The words of each export."""
    calls = []

    def export(*words):
        calls.append(words)
        return "Written."

    monkeypatch.setattr(DicomLogic, "export", export)
    return calls


def test_the_edited_segmentation_goes_into_the_file_with_a_report_beside(panel, editor, calls, qt, tmp_path):
    qt.QFileDialog.getSaveFileName = lambda *words: str(tmp_path / "lesion")
    panel.ui.exportDicomButton.click()
    ((segmentation, volume, path, report, segments, keeps, _ask),) = calls
    assert (segmentation, volume) == (editor.segmentation, editor.volume)
    assert (path, report) == (tmp_path / "lesion.dcm", tmp_path / "lesion-report.dcm")
    assert segments is None
    assert keeps is False
    assert panel.ui.handoverLabel.text == "Written."


def test_the_ticks_say_what_goes_along(panel, editor, calls, qt, tmp_path):
    qt.QFileDialog.getSaveFileName = lambda *words: str(tmp_path / "lesion.dcm")
    panel.ui.reportCheckBox.click()
    panel.ui.patientCheckBox.click()
    panel.ui.exportDicomButton.click()
    assert calls[0][3] is None
    assert calls[0][5] is True


def test_without_a_segmentation_without_a_file_and_after_a_refusal_a_sentence_stands_there(
    panel, scene, calls, qt, tmp_path, monkeypatch
):
    panel.ui.exportDicomButton.click()
    assert "The Segment Editor has no segmentation" in panel.ui.handoverLabel.text
    Editor(volume(speckle(1, 60, 80)))
    panel.ui.exportDicomButton.click()
    assert panel.ui.handoverLabel.text == ""
    assert calls == []

    def refuse(*words):
        raise Refusal("No.")

    monkeypatch.setattr(DicomLogic, "export", refuse)
    qt.QFileDialog.getSaveFileName = lambda *words: str(tmp_path / "lesion.dcm")
    panel.ui.exportDicomButton.click()
    assert panel.ui.handoverLabel.text == "No."
