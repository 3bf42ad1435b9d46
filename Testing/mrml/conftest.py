"""Real MRML without the application: scene, editors, slice views, and an engine with a toy model."""

from __future__ import annotations

import contextlib
import sys
import types

import pytest
import slicer
import slicer_application
import slicer_samples
import slicer_scene
import volumes
from disc_model import DiscModel, GatedModel
from effect_editors import READY, settled
from slicer_widgets import Window

from SAMCALib.Editing.EditLogic import EditLogic
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Segments.SegmentLogic import EditorHost


@pytest.fixture(scope="session")
def application():
    """The application logic, started once; `slicer.mrmlScene` and `slicer.modules` exist from then on."""
    return slicer_scene.start()


@pytest.fixture(autouse=True)
def speeds(monkeypatch, tmp_path_factory):
    """What is remembered of this computer's speed, one file for all tests; nobody's own."""
    file = tmp_path_factory.getbasetemp() / "speeds.json"
    monkeypatch.setattr("SAMCALib.Engine.TorchLogic.speedsFile", lambda: file)
    return file


@pytest.fixture
def scene(application):
    """The scene, empty."""
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear(0)


@pytest.fixture
def layout(scene):
    """Slicer's layout logic, which makes the view nodes of a layout."""
    logic = slicer.vtkMRMLLayoutLogic()
    logic.SetMRMLScene(scene)
    node = logic.GetLayoutNode()
    yield node
    logic.SetMRMLScene(None)
    scene.RemoveNode(node)  # a closed scene keeps it


@pytest.fixture
def disc_model():
    return DiscModel()


@pytest.fixture
def engine(disc_model):
    """An engine with the toy model; its thread is ended after the test."""
    engine = EngineLogic()
    engine.setModel(disc_model, "discs")
    yield engine
    engine.stop()


@pytest.fixture
def logic(engine):
    """What the console has, with the toy model."""
    return SegmentationLogic(engine)


@pytest.fixture
def gated(disc_model, engine):
    """The engine's model, closed: what is asked for stays in work until `gate` is set."""
    model = GatedModel(disc_model)
    engine.setModel(model, "gated")
    yield model
    model.gate.set()


@pytest.fixture
def editing(engine):
    """`editing(editor)` -> an active EditLogic on it; all are deactivated after the test."""
    with contextlib.ExitStack() as stack:

        def make(editor):
            edit = EditLogic(EditorHost(editor.logic), engine)
            edit.activate()
            stack.callback(edit.deactivate)
            return edit

        yield make


@pytest.fixture
def settle(engine):
    """`settle(edit)`: what the effect's timer does, until the engine has answered everything."""

    def run(edit):
        for _ in range(3):
            edit.poll()
            assert engine.wait(30)
        edit.poll()

    return run


@pytest.fixture
def view(application, scene):
    """`view(volume, orientation)` -> a SliceView, closed after the test."""
    with contextlib.ExitStack() as stack:

        def make(volume, orientation="Axial", size=(500, 400)):
            made = slicer_scene.SliceView(application, volume, orientation, size)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def editor(scene):
    """An editor on nine frames of 60 x 80 px."""
    return slicer_scene.Editor(volumes.volume(volumes.speckle(9, 60, 80)))


@pytest.fixture
def edit(editing, editor):
    """An EditLogic on it that takes the model's masks as they are."""
    edit = editing(editor)
    edit.maskOptions = MaskOptions(largestComponent=False, fillHoles=False)
    return edit


@pytest.fixture
def frame(editor):
    """Its frame in the middle."""
    return FrameLogic.frameOf(editor.volume, 4)


@pytest.fixture
def qt(application, scene, monkeypatch, tmp_path):
    """The stand-in for Qt and the application."""
    qt, app = slicer_application.install(monkeypatch, Window())
    app.slicerUserSettingsFilePath = str(tmp_path / "Slicer.ini")
    return qt


@pytest.fixture
def sample_data(application, monkeypatch, tmp_path):
    """Slicer's module SampleData with no source yet, and an empty cache."""
    cache = tmp_path / "cache"
    cache.mkdir()
    module = slicer_samples.module(cache)
    monkeypatch.setitem(sys.modules, "SampleData", module)
    monkeypatch.setattr(slicer.modules, "sampleDataSources", {}, raising=False)
    return module


@pytest.fixture
def prototype(qt, engine, monkeypatch):
    """The registered effect, of which every editor gets a clone; the application's engine is the test's."""
    monkeypatch.setattr("SAMCALib.Engine.EngineLogic._shared", [engine])
    import SAMCAUltrasoundLib
    from SAMCAUltrasoundLib import SegmentEditorEffect as module

    host = slicer_application.EffectHost()
    host.setPythonSource(SAMCAUltrasoundLib.__file__.replace("__init__", "SegmentEditorEffect"))
    host.self().register()
    assert isinstance(host.self(), module)
    return host


@pytest.fixture
def open_editor(prototype, engine, view):
    """`open_editor(volume)` -> an EffectEditor with the effect active on one view; all are closed after."""
    opened = []

    def make(volume=None, orientation="Axial", setup=READY, editor=None, start=True):
        volume = volumes.volume(volumes.speckle(1, 60, 80)) if volume is None else volume
        slicer_editor = editor or slicer_scene.Editor(volume)
        shown = view(volume, orientation)
        made = slicer_application.EffectEditor(prototype, slicer_editor, shown)
        made.effect.installation = types.SimpleNamespace(status=lambda: setup)
        made.effect.options.model = engine.modelName
        made.slicer, made.view, made.volume = slicer_editor, shown, volume
        if start:
            made.activate()
            settled(made)
        opened.append(made)
        return made

    yield make
    for editor in opened:
        if editor.isActive:
            editor.deactivate()
        editor.effect.cleanup()


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """The folder of a real training run of seconds, to be played back."""
    import recorded_run  # torch, for those tests only

    return recorded_run.record(tmp_path_factory.mktemp("recording"))
