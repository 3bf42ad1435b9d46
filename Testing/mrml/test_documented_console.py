"""What docs/python.md shows for Slicer's console runs, block by block, on small volumes."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from segmented_scene import segmented

from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCATrainingLib.TrainingLogic import TrainingLogic

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "python.md"
PATIENCE = 1800.0  # s; a machine may be busy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DOCUMENT.is_file(), reason="the installed layout has no documents"),
]


def blocks(heading: str) -> list[str]:
    """The Python blocks below a heading of the document."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return [text.split("```")[0] for text in section.split("```python\n")[1:]]


def suggesting_model(path: Path) -> str:
    """A file of the shipped model with a prompt predictor, untrained."""
    from samca.config import with_settings
    from samca.network.model import build
    from samca.weights import checkpoint

    base = checkpoint.base_of(checkpoint.source_path("shipped"))
    config = checkpoint.load("shipped").config
    model = build(with_settings(config, "model", {"predictor": "single_block"}))
    checkpoint.save_adapter(model, path, base, checkpoint.Provenance())
    return str(path)


@pytest.fixture
def console(application, scene, monkeypatch, tmp_path):
    """What the blocks find: modules' logics, and nodes by the names that the document uses."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    engine = EngineLogic()
    training = TrainingLogic(tmp_path / "Training", ModelLogic(tmp_path / "Models"))
    logics = {"SAMCAUltrasound": SegmentationLogic(engine), "SAMCATraining": training}
    monkeypatch.setattr(slicer.util, "getModuleLogic", logics.__getitem__, raising=False)
    first, second = segmented(0), segmented(1)
    names = {"slicer": slicer, "volumeNode": first.volume, "segmentationNode": first.segmentation}
    yield names | {"otherVolumeNode": second.volume, "otherSegmentationNode": second.segmentation}
    engine.stop()


def test_the_blocks_of_segmenting_run(console, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    segmented = {"volumeNode": console["volumeNode"], "segmentId": "Lesion"}
    volume = volumes.volume(np.repeat(volumes.speckle(1, 64, 80), 9, axis=0))
    points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    points.AddControlPointWorld(*FrameLogic.xyToRas(FrameLogic.frameOf(volume, 4), 36, 30))
    console |= {"volumeNode": volume, "fiducials": points}
    console["modelFile"] = suggesting_model(tmp_path / "finds.safetensors")
    for name, rows in (("curveNode", (30, 30)), ("otherCurveNode", (45, 45)), ("closedCurveNode", (20, 50))):
        console[name] = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsCurveNode")
        for x, y in zip((30, 36, 46), (*rows, rows[0]), strict=True):
            place = FrameLogic.xyToRas(FrameLogic.frameOf(volume, 4), x, y)
            console[name].AddControlPointWorld(*place)
    outlined, drawn, suggested, measured = blocks("Slicer's console")
    for block in (outlined, drawn):
        exec(block, console)
        assert console["segmentId"]
    exec(suggested, console)
    assert console["segmentId"]
    exec(measured, console | segmented)
    assert (tmp_path / "sizes.csv").is_file()


def test_the_blocks_of_training_run(console):
    prepared, resumed, evaluated, result = blocks("Training")
    exec(prepared.replace('"epochs": 30', '"epochs": 3, "augment": "none"'), console)
    logic, run = console["logic"], console["run"]
    ended(logic, run)
    exec(resumed, console)
    ended(logic, run)
    assert logic.state(run).status == "finished"
    exec(evaluated, console)
    until(lambda: logic.state(run).evaluation.status != "running")
    exec(result, console)
    assert console["table"].GetNumberOfRows() > 3
    assert any(model.origin == "trained here" for model in logic.models.models())


def ended(logic, run) -> None:
    """Wait for the process of the run."""
    until(lambda: not logic.state(run).isAlive)


def until(reached) -> None:
    """Wait until this is true."""
    give_up = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < give_up
        time.sleep(0.2)
