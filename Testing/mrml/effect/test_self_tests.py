"""The self tests that run inside Slicer hold here too, as far as the stand-ins for Qt and Slicer go."""

from __future__ import annotations

import importlib.util
import types
import unittest
from pathlib import Path

import pytest
import slicer
from slicer_editor_widget import SegmentEditorWidget, editorModule, flatViews

import SAMCALib
from SAMCALib.Models import Samples
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.SegmentationLogic import SegmentationLogic

FOLDER = Path(__file__).resolve().parents[2] / "Python"
UI = Path(SAMCALib.__file__).parents[1] / "Resources" / "UI" / "SAMCAUltrasound.ui"


@pytest.fixture
def in_slicer(qt, prototype, sample_data, monkeypatch, tmp_path):
    """The application with the module and its effect loaded."""
    from SAMCAUltrasoundLib import ModuleWidget

    prototype.self().register()
    monkeypatch.setattr(slicer, "qMRMLSegmentEditorWidget", SegmentEditorWidget, raising=False)
    Samples.register()
    panel = ModuleWidget(str(UI), models=ModelLogic(tmp_path))
    own = types.SimpleNamespace(panel=panel, logic=SegmentationLogic())
    module = types.SimpleNamespace(widgetRepresentation=lambda: types.SimpleNamespace(self=lambda: own))
    monkeypatch.setattr(slicer.modules, "samcaultrasound", module, raising=False)
    monkeypatch.setattr(slicer.util, "getModuleLogic", lambda name: own.logic, raising=False)
    editorModule(monkeypatch)
    flatViews(monkeypatch)
    yield
    panel.cleanup()


@pytest.mark.parametrize("name", ["SAMCAEffectTest", "SAMCAModuleTest"])
def test_self_tests_pass(in_slicer, name):
    specification = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    result = unittest.TestResult()
    suite.run(result)
    assert result.testsRun > 3
    assert [text for _, text in result.errors + result.failures] == []
    assert result.skipped == []
