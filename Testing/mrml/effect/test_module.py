"""The module's shell and its panel, with the stand-in for Qt and the application."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest
import slicer
import slicer_application
import volumes
from faulty_server import FaultyServer
from model_files import adapter, graph
from slicer_editor_widget import editorModule

import SAMCALib
from SAMCALib.Editing import StartLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.Models import ExtraPackage, Links
from SAMCALib.Models.InstallLogic import LIGHT, State, Status
from SAMCALib.Models.ModelLogic import ModelLogic, checkpoints

UI = Path(SAMCALib.__file__).parents[1] / "Resources" / "UI" / "SAMCAUltrasound.ui"


class Installation:
    """Answers with these statuses, in turn."""

    def __init__(self, *statuses, resumes=False):
        self.statuses, self.resumes = list(statuses), resumes

    def status(self):
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def shouldResume(self):
        return self.resumes

    resume = status

    def install(self, withTorch=False):
        self.withTorch = withTorch
        return self.status()


@pytest.fixture
def panel(qt, tmp_path, monkeypatch):
    """`panel(installation)` -> the module's panel on an empty folder of models."""
    monkeypatch.setattr("SAMCALib.Models.ModelLogic.SHIPPED", tmp_path / "none.safetensors")
    made = []

    def make(installation=None):
        from SAMCAUltrasoundLib import ModuleWidget

        ready = Installation(Status(State.READY, "Ready."))
        widget = ModuleWidget(str(UI), installation or ready, ModelLogic(tmp_path / "models"))
        widget.enter()
        made.append(widget)
        return widget

    yield make
    for widget in made:
        widget.cleanup()
        assert not any(child.isConnected for child in vars(widget.ui).values())


def buttons(panel):
    """Which of the four installation buttons are shown."""
    return [
        name
        for name in ("install", "torch", "folder", "restart")
        if getattr(panel.ui, f"{name}Button").visible
    ]


def test_ready_shows_no_installation_buttons(panel):
    shown = panel()
    assert shown.ui.installLabel.text == "Ready."
    assert buttons(shown) == []
    assert not shown.ui.deviceLabel.visible, "no word of a model that is not loaded yet"


def test_the_model_in_use_is_named_with_its_device(panel, engine, monkeypatch):
    monkeypatch.setattr("SAMCALib.Engine.EngineLogic._shared", [engine])
    shown = panel()
    assert shown.ui.deviceLabel.visible
    assert shown.ui.deviceLabel.text == "discs on CPU."


def test_missing_torch_shows_how_to_get_it_and_a_restart_when_one_is_needed(panel, qt):
    missing, restart = Status(State.TORCH_MISSING, "torch is missing"), Status(State.RESTART, "restart")
    shown = panel(Installation(missing, restart))
    assert buttons(shown) == ["install", "folder"]
    shown.ui.installButton.click()
    assert shown.ui.installLabel.text == "restart"
    assert buttons(shown) == ["restart"]
    shown.ui.restartButton.click()
    assert qt.opened == ["restart"]


def test_where_clicks_are_answered_already_a_button_gets_torch(panel):
    light, whole = Status(State.READY, "onnxruntime", lacksTorch=True), Status(State.READY, "torch")
    installation = Installation(light, whole)
    shown = panel(installation)
    assert buttons(shown) == ["torch", "folder"]
    shown.ui.torchButton.click()
    assert installation.withTorch
    assert shown.ui.installLabel.text == "torch"
    assert buttons(shown) == []


def test_after_the_restart_the_panel_goes_on(panel):
    resumed = Installation(Status(State.READY, "resumed"), resumes=True)
    assert panel(resumed).ui.installLabel.text == "resumed"


def test_an_exported_model_is_added_with_what_it_needs_or_a_word_of_it(panel, qt, tmp_path, monkeypatch):
    path, installed, shown = graph(tmp_path / "given.onnx", name="Thyroid"), [], panel()
    monkeypatch.setattr(ExtraPackage, "_isMet", lambda line, versionOf: line in installed)
    monkeypatch.setattr(ExtraPackage, "pipInstall", lambda words, options: installed.extend(words))
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", lambda *words: str(path))
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: None)
    shown.ui.addButton.click()
    assert "needs the package onnxruntime" in shown.ui.modelsLabel.text, "no window, no agreement"
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: object())
    shown.ui.addButton.click()
    assert installed == [LIGHT]
    assert shown.ui.modelsLabel.text == "Thyroid is offered in the effect."


def test_links_open_the_projects_pages(panel, qt):
    shown = panel()
    shown.ui.tutorialButton.click()
    shown.ui.questionsButton.click()
    assert qt.opened == [Links.TUTORIAL, Links.ISSUES]


def test_models_are_listed_with_what_they_are_for_dice_and_size_and_can_be_removed(
    panel, tmp_path, monkeypatch
):
    path = adapter(tmp_path / "models" / "n.safetensors", name="Nerve", licence="CC0", figures={"dice": 0.8})
    shown = panel()
    cells = [shown.ui.modelsTable.cells[0, column] for column in range(4)]
    data = ModelLogic(tmp_path / "models").models()[0].data
    assert cells == ["Nerve", data, "80.0 %", f"{path.stat().st_size} bytes"]
    assert "trained here\nLicence: CC0" in shown.ui.modelsTable.tips[0, 0]
    assert not shown.ui.removeButton.enabled
    assert "Select a model" in shown.ui.removeButton.toolTip
    shown.ui.modelsTable.select(0)
    assert "Delete the selected" in shown.ui.removeButton.toolTip
    questions = []
    monkeypatch.setattr(
        slicer.util, "confirmOkCancelDisplay", lambda text, title="", **options: questions.append(text)
    )
    shown.ui.removeButton.click()
    assert path.exists(), "declined"
    assert all(words in questions[0] for words in ("Nerve", f"{path.stat().st_size} bytes", str(path)))
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, title="", **options: True)
    shown.ui.modelsTable.select(0)
    shown.ui.removeButton.click()
    assert "was removed" in shown.ui.modelsLabel.text
    assert shown.ui.modelsTable.cells == {}
    assert not path.exists()


def test_a_file_that_is_no_model_is_refused_in_the_panel(panel, qt, tmp_path):
    (tmp_path / "x.txt").write_text("x")
    qt.QFileDialog.getOpenFileName = lambda *words: str(tmp_path / "x.txt")
    shown = panel()
    shown.ui.addButton.click()
    assert "x.txt is no model" in shown.ui.modelsLabel.text


def test_a_download_is_asked_for_shows_progress_and_its_end(panel, monkeypatch):
    shown = panel()
    questions = []
    monkeypatch.setattr(
        slicer.util, "confirmOkCancelDisplay", lambda text, title="", **options: questions.append(text)
    )
    shown.ui.checkpointComboBox.currentIndex = 0
    shown.ui.downloadButton.click()
    assert "375 MB" in questions[0]
    assert shown.download is None, "declined"
    download = types.SimpleNamespace(
        received=50, size=100, done=False, error="", target=shown.models.folder / "a.pth"
    )
    download.status, download.wait = "50 of 100 bytes", lambda seconds: None
    download.cancel = lambda: setattr(download, "error", "The download was cancelled; nothing was kept.")
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, title="", **options: True)
    monkeypatch.setattr(shown.models, "download", lambda checkpoint: download)
    shown.ui.downloadButton.click()
    shown.timer.fire()
    assert shown.ui.downloadProgressBar.value == 50
    assert shown.ui.modelsLabel.text == "50 of 100 bytes"
    assert shown.ui.cancelDownloadButton.visible
    shown.ui.cancelDownloadButton.click()
    download.done = True
    shown.timer.fire()
    assert "cancelled" in shown.ui.modelsLabel.text
    assert not shown.ui.cancelDownloadButton.visible
    assert not shown.timer.isRunning


def test_a_panel_that_goes_leaves_a_download_to_be_gone_on_with(panel, monkeypatch, tmp_path):
    content = b"weights" * 100_000
    entry = replace(checkpoints()[0], size=len(content), sha256=hashlib.sha256(content).hexdigest())
    server = FaultyServer()
    server.does["/w"] = lambda talk: (
        talk.answer(body=content[:-1], Content_Length=len(content)),
        talk.stall(),
    )
    shown = panel()
    shown.download = shown.models.download(replace(entry, url=f"{server.url}/w"))
    shown.timer.start()
    while shown.download.received < len(content) - 1:
        shown.timer.fire()
    assert shown.ui.modelsLabel.text == "700 kB of 700 kB"
    download = shown.download
    shown.cleanup()
    assert not download.wait(30)
    assert shown.models.offer(entry) == "SAM ViT-B, 700 kB (700 kB of it are here)"
    shown.cleanup = lambda: None  # the fixture would do it once more
    server.close()


def test_without_a_window_every_question_is_answered_with_no(qt, monkeypatch):
    from SAMCAUltrasoundLib.ModuleWidget import ask

    assert ask("?")
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: None)
    assert not ask("?")


def test_segmenting_opens_the_editor_with_the_effect_on_the_volume(panel, qt, monkeypatch, view):
    shown, calls = panel(), {}
    assert not shown.ui.segmentButton.enabled
    assert shown.ui.segmentButton.toolTip == "Load an ultrasound frame or a sample first."
    volume = volumes.volume(volumes.speckle(5, 60, 80))
    assert shown.ui.segmentButton.enabled
    editor = types.SimpleNamespace(
        setSegmentationNode=lambda node: calls.update(segmentation=node),
        setSourceVolumeNode=lambda node: calls.update(volume=node),
        setActiveEffectByName=lambda name: calls.update(effect=name),
    )
    module = types.SimpleNamespace(self=lambda: types.SimpleNamespace(editor=editor))
    monkeypatch.setattr(
        slicer.modules,
        "segmenteditor",
        types.SimpleNamespace(widgetRepresentation=lambda: module),
        raising=False,
    )
    shown.ui.segmentButton.click()
    assert qt.opened[-1] == "SegmentEditor"
    assert (calls["volume"], calls["effect"]) == (volume, "SAMCA")
    shown.ui.segmentButton.click()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
    assert slicer.app.layoutManager().chosen is None, "a volume keeps the views"
    slicer.mrmlScene.RemoveNode(volume)
    assert not shown.ui.segmentButton.enabled


@pytest.mark.parametrize("geometry", ["as scanners store", "flipped along i", "oblique"])
@pytest.mark.parametrize("shape", [(1, 60, 80), (60, 1, 80), (60, 80, 1)])
def test_a_frame_or_a_loop_fills_one_view_upright(view, shape, geometry):
    volume = volumes.volume(volumes.speckle(*shape), geometry)
    shown = view(volume, "Coronal")
    StartLogic.showFlat(shown.logic, volume)
    frame = FrameLogic.frameShownIn(shown.node, volume)
    assert frame.axis == FrameLogic.acquiredAxis(volume)
    height, width = FrameLogic.shape(frame)
    left, top = shown.pixelOf(FrameLogic.xyToRas(frame, 0, 0))
    right, bottom = shown.pixelOf(FrameLogic.xyToRas(frame, width - 1, height - 1))
    assert left < right
    assert top > bottom, "window pixels count from below"
    wide, high = (right - left) / 500, (top - bottom) / 400
    assert 0.9 < max(wide, high) <= 1


def test_the_button_shows_a_frame_in_one_view(panel, view, qt, monkeypatch):
    shown, volume = panel(), volumes.volume(volumes.speckle(1, 60, 80))
    red = view(volume, "Sagittal")
    slicer.app.layoutManager().widgets["Red"] = slicer_application.ViewWidget(red)
    works = editorModule(monkeypatch)
    shown.ui.segmentButton.click()
    assert works.volume is volume
    assert slicer.app.layoutManager().chosen == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView
    assert FrameLogic.frameShownIn(red.node, volume).axis == 2


def test_sample_buttons_load_samples_and_a_failure_is_told(panel, sample_data, shell, qt):
    shown = panel()
    shell.registerSampleData()
    for name in ("Nerve", "Lesion", "Loop"):
        getattr(shown.ui, f"sample{name}Button").click()
        assert StartLogic.volumeInUse().GetName() == f"SAMCA{name}"
    slicer.modules.sampleDataSources.clear()
    shown.ui.sampleLoopButton.click()
    assert "SAMCALoop was not loaded" in qt.opened[-1]


def test_the_shell_waits_for_the_end_of_the_start(shell, monkeypatch):
    connected = {}
    slicer.app.connect = lambda signal, slot: connected.update({signal: slot})
    parent = types.SimpleNamespace()
    shell.SAMCAUltrasound(parent)
    assert parent.title == "SAMCA Ultrasound"
    assert parent.categories == ["Segmentation"]
    assert connected == {"startupCompleted()": shell.onStartupCompleted}


def test_the_end_of_the_start_registers_all_and_opens_an_unfinished_installation(
    shell, monkeypatch, qt, sample_data
):
    shell.onStartupCompleted()
    assert [host.name for host in slicer_application.registered] == ["SAMCA"]
    (sources,) = slicer.modules.sampleDataSources.values()
    assert [source.sampleName for source in sources] == ["SAMCANerve", "SAMCALesion", "SAMCALoop"]
    assert qt.opened == []
    slicer.app.userSettings().value = lambda key: "1"
    shell.onStartupCompleted()
    assert qt.opened == ["SAMCAUltrasound"]
    assert len(sources) == 3, "a second time adds none"


def test_an_application_without_sample_data_is_no_problem(shell, monkeypatch):
    monkeypatch.setitem(sys.modules, "SampleData", None)
    shell.registerSampleData()


START = """
import sys, pytest, slicer, slicer.util, slicer_scene, slicer_application
slicer_scene.start()
slicer_application.install(pytest.MonkeyPatch())
before = set(sys.modules)
import SAMCAUltrasoundLib
from SAMCALib.Models import Samples
Samples.samples()
print(*sorted({name.split(".")[0] for name in set(sys.modules) - before}))
"""


def test_what_the_start_imports_is_light(application):
    """Effect and samples are registered in every session of Slicer, used or not."""
    here = Path(slicer_application.__file__).parent
    paths = os.pathsep.join([str(UI.parents[2]), str(here)])
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, "-c", START], env=environment, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert {"SAMCAUltrasoundLib", "SAMCALib", "samca"} <= imported
    assert not imported & {
        "torch",
        "scipy",
        "ssl",
        "PIL",
        "matplotlib",
        "SimpleITK",
        "safetensors",
        "segment_anything",
    }
