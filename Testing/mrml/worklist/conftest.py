"""A folder of pictures, a worklist on it, and what a user does with a case."""

from __future__ import annotations

from pathlib import Path

import pytest
import slicer
import slicer.util
from cases import picture
from PIL import Image
from slicer_editor_widget import editorModule, flatViews
from suggesting_model import BrightModel

import SAMCALib
from SAMCALib.Frames import FrameLogic
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Worklist.FolderCases import FolderCases
from SAMCALib.Worklist.SuggestRun import SuggestRun
from SAMCALib.Worklist.WorklistLogic import WorklistLogic
from SAMCATrainingLib.TrainingLogic import TrainingLogic

UI = Path(SAMCALib.__file__).parents[1] / "Resources" / "UI" / "SAMCAUltrasound.ui"


@pytest.fixture
def disc_model():
    return BrightModel()


@pytest.fixture
def folder(tmp_path):
    """Five pictures."""
    place = tmp_path / "images"
    place.mkdir()
    for number in range(1, 6):
        Image.fromarray(picture(number)).save(place / f"case{number}.png")
    return place


@pytest.fixture
def training(tmp_path):
    return TrainingLogic(tmp_path / "training")


@pytest.fixture
def worklist(scene, training, engine):
    """`worklist(folder, out, rater)` -> a WorklistLogic on it with a SuggestRun; closed after the test."""
    made = []

    def make(folder, out=None, rater="AB"):
        logic = WorklistLogic(lambda: training)
        made.append(logic)
        logic.open(FolderCases(folder, out, rater))
        logic.run = SuggestRun(logic.cases, engine)
        return logic

    yield make
    for logic in made:
        logic.close()


@pytest.fixture
def outlined(engine):
    """`outlined(logic, x, y)`: the user outlines what is shown by a click, as in the effect."""

    def click(logic, x=30, y=20, frame=0):
        opened = logic.current
        place = FrameLogic.xyToRas(FrameLogic.frameOf(opened.volume, frame), x, y)
        segment = opened.segmentation.GetSegmentation().GetNthSegmentID(0)
        console = SegmentationLogic(engine)
        console.segment(
            opened.volume, [place], segmentationNode=opened.segmentation, segmentId=segment, frame=frame
        )

    return click


@pytest.fixture
def suggested():
    """`suggested(logic)`: the background has looked at every case that it wants."""

    def run(logic, shown=None, turns=1000):
        logic.run.isOn = True
        for _turn in range(turns):
            if not [name for name in logic.run._wanted() if name != shown] and logic.run._work is None:
                return
            logic.run.poll(shown)
            logic.run.wait(30)
        raise AssertionError(f"the run does not end: {logic.run.problems}")

    return run


@pytest.fixture
def editor(monkeypatch, qt):
    """What the Segment Editor works on."""
    flatViews(monkeypatch)
    return editorModule(monkeypatch)


@pytest.fixture
def panel(qt, editor, engine, training, monkeypatch, tmp_path):
    """The module's panel, with the test's engine and a folder for trainings."""
    monkeypatch.setattr("SAMCALib.Engine.EngineLogic._shared", [engine])
    monkeypatch.setattr(slicer.modules, "samcatraining", object(), raising=False)
    monkeypatch.setattr(slicer.util, "getModuleLogic", lambda name: training, raising=False)
    from SAMCAUltrasoundLib import ModuleWidget

    made = ModuleWidget(str(UI), models=ModelLogic(tmp_path / "models"))
    made.enter()
    yield made
    made.cleanup()
    assert not any(child.isConnected for child in vars(made.ui).values())
