"""Volumes and Sequences become loops of a data set, and a model of several frames is trained on them."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from segmented_scene import segmented
from slicer_scene import Editor

from samca import datasets
from samca.config import TrainConfig, from_json, with_settings
from samca.methods import METHODS
from samca.network.model import build_base
from samca.training.train import train
from samca.weights import checkpoint
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Texts import Refusal
from SAMCATrainingLib.TrainingLogic import TrainingLogic

ENCODER = {"channels": [8, 8, 8], "width": 16, "depth": 2, "heads": 2, "out_channels": 32}
ADVANCED = {"model.depth": 2, "epochs": 1, "batch": 2, "threads": 1, "precision": "float32"}


@pytest.fixture
def logic(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return TrainingLogic(tmp_path / "Training", ModelLogic(tmp_path / "Models"))


@pytest.fixture
def base(tmp_path):
    """The file of an untrained model of 64 px."""
    model = {"backbone": {"name": "sam_vit_small", **ENCODER}, "image_size": 64, "fit": "squash"}
    path = tmp_path / "tiny.safetensors"
    config = with_settings(METHODS["samca"], "model", model)
    checkpoint.save_base(build_base(config), path, checkpoint.Provenance())
    return path


def segmented_loop(count=12):
    """An editor on a Sequence of this many frames with a disc in each."""
    browser, proxy = volumes.cine(count, (64, 80))
    editor = Editor(proxy)
    SequenceLogic.synchronise(editor.segmentation, proxy)
    for number, item in enumerate(SequenceLogic.itemsOf(browser)):
        SequenceLogic.showItem(browser, item)
        rows, columns = np.mgrid[:64, :80]
        disc = np.hypot(rows - 30, columns - 30 - number)[None] < 12
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            disc.astype(np.uint8), editor.segmentation, "Lesion", proxy
        )
    return editor


def of_patient(editor, name):
    """Put the editor's volume below this patient."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    scene = hierarchy.GetSceneItemID()
    patient = hierarchy.GetItemChildWithName(scene, name) or hierarchy.CreateSubjectItem(scene, name)
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(editor.volume), patient)
    return editor


def test_two_volumes_and_a_sequence_of_one_patient_are_three_loops_of_one_group(scene, logic):
    folder = logic.newDataset("Loops")
    for editor in (segmented(0), segmented(1), segmented_loop()):
        logic.addCase(of_patient(editor, "Miller").volume, editor.segmentation, folder)
    cases = datasets.checked(folder).cases
    assert len({case.group for case in cases}) == 1
    loops = datasets.loops_of(cases)
    assert sorted(map(len, loops)) == [3, 3, 12]
    (cine,) = [[cases[i].id for i in loop] for loop in loops if len(loop) == 12]
    assert [name.split("_")[1] for name in cine] == [f"t{number / 10}" for number in range(12)]


def test_frames_with_overlapping_segments_are_no_neighbours_of_themselves(scene, logic):
    folder, editor = logic.newDataset("Layers"), segmented(0)
    editor.segmentation.GetSegmentation().AddEmptySegment("Vessel", "Vessel")
    voxels = editor.voxels("Lesion")
    voxels[1:] = False
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        voxels.astype(np.uint8), editor.segmentation, "Vessel", editor.volume
    )
    logic.addCase(editor.volume, editor.segmentation, folder)
    cases = datasets.checked(folder).cases
    assert sorted(map(len, datasets.loops_of(cases))) == [1, 3]
    assert len(datasets.windows_of(cases, 2)) == 2


def test_a_model_of_two_frames_is_trained_on_volumes_and_a_sequence_and_used_on_a_volume(scene, logic, base):
    folder = logic.newDataset("Loops")
    for editor in (segmented(0), segmented(1), segmented_loop(4)):
        logic.addCase(editor.volume, editor.segmentation, folder)
    settings = logic.settings(folder, "Pairs", str(base), "med_sa", "quick", ADVANCED)
    records = list(train(from_json(TrainConfig, settings, "run")))
    assert records[-1]["event"] == "finish"
    engine, editor = EngineLogic(), segmented(2)
    engine.useModel(logic.register(settings["out"]).source)
    assert engine.wait(60)
    assert engine.depth == 2, engine.status
    where = FrameLogic.xyToRas(FrameLogic.frameOf(editor.volume, 1), 39, 32)
    SegmentationLogic(engine).segment(editor.volume, [where], frame=1, neighbours=1)
    engine.stop()


def test_more_frames_together_than_a_volume_has_are_refused_by_its_name(scene, logic, base):
    folder = logic.newDataset("Short")
    for number in range(2):
        editor = segmented(number)
        logic.addCase(editor.volume, editor.segmentation, folder)
    settings = logic.settings(folder, "Many", str(base), "med_sa", "quick", {**ADVANCED, "model.depth": 5})
    with pytest.raises(ValueError, match=r"model.depth is 5, but Short group 'Sweep-\d_\w+' has 3 frame"):
        list(train(from_json(TrainConfig, settings, "run")))


def test_a_number_of_images_to_train_on_is_a_setting_of_the_panel(scene, logic, base):
    editor = segmented(0)
    folder = logic.newDataset("Few")
    logic.addCase(editor.volume, editor.segmentation, folder)
    assert "frames" in {setting.name for setting in logic.advanced()}
    assert logic.settings(folder, "Two", str(base), advanced={"frames": 2})["frames"] == 2
    with pytest.raises(Refusal, match=r"run\.frames is -1"):
        logic.settings(folder, "None", str(base), advanced={"frames": -1})
