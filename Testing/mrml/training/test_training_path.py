"""The whole way, for real: segmentations of a scene are exported, and the shipped model is trained on them in
a process of its own that is stopped, killed and found again, evaluated, and used by the effect of the scene.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import slicer
from segmented_scene import segmented, truth

from samca.training import run_lock
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Segments.SegmentLogic import maskOf
from SAMCALib.Texts import Refusal
from SAMCATrainingLib.DatasetCheck import SIDE
from SAMCATrainingLib.TrainingLogic import TrainingLogic

PATIENCE = 900.0  # s; a machine may be busy
ADVANCED = {
    "epochs": 4,
    "batch": 3,
    "learning_rate": 1e-3,
    "augment": "none",
    "threads": 1,
    "validation_share": 0.3,
    "precision": "float32",
}


def until(logic, run, reached, patience=PATIENCE):
    """The first state of the run for which this is true."""
    give_up = time.monotonic() + patience
    while time.monotonic() < give_up:
        state = logic.state(run)
        if reached(state):
            return state
        assert "failed" not in (state.status, state.evaluation.status), state
        time.sleep(0.05)
    raise AssertionError(f"it did not come: {state}")


@pytest.fixture(scope="module")
def logic(application, tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for a busy machine make it busier
        yield TrainingLogic(folder / "Training", ModelLogic(folder / "Models"))


@pytest.fixture(scope="module")
def data(application, logic):
    """Three volumes of three frames, a group each, in a data set."""
    folder = logic.newDataset("Discs")
    for number in range(3):
        editor = segmented(number)
        logic.addCase(editor.volume, editor.segmentation, folder)
    slicer.mrmlScene.Clear(0)
    return folder


@pytest.fixture(scope="module")
def run(logic, data):
    """A finished run that was stopped, and killed, on its way."""
    settings = logic.settings(data, "Discs", preset="quick", advanced=ADVANCED)
    settings["schedule"] = {"name": "iterative", "iterations": 2}
    folder = logic.start(settings)
    assert logic.state(folder).status == "starting"
    with pytest.raises(Refusal, match="stop it first"):
        logic.start(settings)
    until(logic, folder, lambda state: state.epochRecords)
    logic.stop(folder)
    stopped = until(logic, folder, lambda state: not state.isAlive)
    assert (stopped.status, stopped.canResume) == ("stopped", True)
    assert stopped.weights.is_file()
    logic.resume(folder)
    until(logic, folder, lambda state: len(state.epochRecords) >= 2 and state.status == "running")
    os.kill(run_lock.owner(folder), getattr(signal, "SIGKILL", signal.SIGTERM))
    killed = until(logic, folder, lambda state: not state.isAlive)
    assert (killed.status, killed.canResume) == ("killed", True)
    assert "Resume" in killed.advice
    logic.resume(folder)
    until(logic, folder, lambda state: state.status == "finished")
    return folder


@pytest.fixture(scope="module")
def evaluated(logic, run):
    logic.evaluate(run)
    assert logic.state(run).evaluation.status == "running"
    until(logic, run, lambda state: state.evaluation.status == "finished")
    return logic.result(run)


def test_the_data_are_what_was_segmented(logic, data):
    summary = logic.check(data)
    assert summary.problems == ()
    assert (summary.layout, summary.counts.cases, summary.counts.groups) == ("folder", 9, 3)
    assert {row.targets for row in summary.rows} == {1}
    assert all(row.thumbnail.shape[1] == SIDE for row in summary.rows)


def test_a_run_that_was_stopped_and_killed_is_whole(logic, run):
    state = logic.state(run)
    assert [record.epoch for record in state.epochRecords] == [1, 2, 3, 4]
    assert set(state.epochRecords[0].dice) == {1, 3, 5}
    assert (state.progress, state.canResume, state.isAlive) == (1.0, False, False)
    assert [path.name for path in state.samples] == [f"epoch_{n:04d}.png" for n in range(5)]
    assert "Went on" in " ".join(state.log)


def test_another_session_finds_the_run(logic, run):
    found = TrainingLogic(logic.folder, logic.models)
    assert [state.folder for state in found.runs()] == [run]
    assert found.current() == logic.state(run)


def test_the_result_stands_beside_the_untouched_base(logic, run, evaluated):
    assert [(row.model, row.clicks) for row in evaluated.rows] == [
        (model, clicks) for model in ("untouched base", "Discs") for clicks in (1, 3, 5)
    ]
    assert set(evaluated.rows[0].values) == {"dice", "iou", "hd95", "sensitivity", "specificity"}
    assert evaluated.sheet.is_file()
    node = logic.resultTable(run)
    assert node is logic.resultTable(run), "one table a run"
    assert (node.GetNumberOfRows(), node.GetNumberOfColumns()) == (6, 7)
    assert node.GetCellText(0, 0) == "untouched base"
    mean, std = evaluated.rows[0].values["dice"]
    assert node.GetCellText(0, 2) == f"{mean:.1f} ± {std:.1f}"


def test_the_effect_of_the_scene_uses_the_new_adapter(logic, run, tmp_path, scene):
    info = logic.register(run, "My discs")
    assert info in logic.models.models()
    assert (info.name, info.data) == ("My discs", "Discs 6")
    masks = {}
    for source in ("shipped", info.source):
        engine = EngineLogic()
        engine.useModel(source)
        editor = segmented(1)
        frame = FrameLogic.frameOf(editor.volume, 1)
        where = FrameLogic.xyToRas(frame, 39, 32)
        segmentId = SegmentationLogic(engine).segment(
            editor.volume, [where], segmentationNode=editor.segmentation, frame=frame
        )
        masks[source] = maskOf(editor.segmentation, segmentId, frame)
        engine.stop()
    assert masks["shipped"].any()
    assert masks[info.source].any()
    assert (masks["shipped"] != masks[info.source]).any()


def test_the_adapter_goes_to_a_colleague_as_one_small_file(logic, run, tmp_path):
    path = logic.export(run, tmp_path / "for you")
    assert [file.name for file in tmp_path.iterdir()] == ["for you.safetensors"]
    assert path.stat().st_size < 4e6
    colleague = ModelLogic(tmp_path / "theirs")
    assert colleague.add(path).name == "Discs"


def test_corrections_go_into_the_data_and_training_goes_on_from_the_model(logic, run, data, scene):
    before = logic.check(data)
    editor = segmented(1)
    corrected = truth(1)
    corrected[1] = np.roll(corrected[1], 3, axis=1)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        corrected.astype(np.uint8), editor.segmentation, "Lesion", editor.volume
    )
    settings = logic.improve(run, editor.volume, editor.segmentation)
    after = logic.check(data)
    assert after.problems == ()
    assert after.counts.cases == before.counts.cases, "the same frames replace their cases"
    assert (after.counts.training, after.counts.validation) == (6, 3)
    assert settings["base"] == str(run / "best.safetensors")
    again = logic.start({**settings, "epochs": 1})
    state = until(logic, again, lambda state: state.status == "finished")
    assert state.name != logic.state(run).name
    assert logic.register(again).name == state.name
    assert Path(logic.settingsOf(again)["base"]) == run / "best.safetensors"
