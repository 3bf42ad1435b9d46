"""Pictures side by side on a screen: known as long as the volume knows its DICOM file."""

import os
import types
from pathlib import Path

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from pydicom.sequence import Sequence
from slicer_scene import Editor

from dicom_pictures import picture, region, saved
from samca.prompts import Box, Click, Prompts
from SAMCALib.Editing.EditQueue import pictureOf
from SAMCALib.Frames import FrameLogic
from SAMCALib.Frames.ScreenRegions import UIDS, regionsOf, windowOf
from SAMCALib.Measures import MeasureLogic
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Texts import Refusal

SCREEN = volumes.speckle(60, 100)
OPTIONS = MaskOptions()


@pytest.fixture
def file(tmp_path):
    """A screen of two pictures of different spacing."""
    elements = picture(SCREEN)
    elements.SequenceOfUltrasoundRegions = Sequence(
        [region(0, 10, 49, 59, 0.02, 0.02), region(50, 10, 99, 59, 0.05, 0.05)]
    )
    return saved(elements, tmp_path / "screen.dcm")


@pytest.fixture
def loaded(scene, file):
    """The file as Slicer loads it by drag and drop: the storage node keeps its name."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Screen")
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(file))
    assert storage.ReadData(node)
    node.SetAndObserveStorageNodeID(storage.GetID())
    node.CreateDefaultDisplayNodes()
    return node


@pytest.fixture
def imported(scene, file, monkeypatch):
    """The file as the DICOM module loads it: the node keeps the UID of its instance."""
    database = types.SimpleNamespace(fileForInstance=lambda uid: str(file) if uid == "1.2.3.4" else "")
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    node = volumes.volume(SCREEN[None])
    node.SetAttribute(UIDS, "1.2.3.4")
    return node


def windows(frame):
    return [(at.x0, at.y0, at.x1, at.y1) for at in (found.window for found in regionsOf(frame))]


@pytest.mark.parametrize("way", ["loaded", "imported"])
def test_a_volume_that_knows_its_file_knows_its_pictures(request, way):
    node = request.getfixturevalue(way)
    frame = FrameLogic.frameOf(node, 0)
    np.testing.assert_array_equal(FrameLogic.pixels(frame), SCREEN)
    assert windows(frame) == [(0, 10, 50, 60), (50, 10, 100, 60)]


def test_an_object_is_measured_in_the_picture_that_it_lies_in(loaded):
    mask = np.zeros(SCREEN.shape, bool)
    mask[20:30, 60:80] = True
    frame = FrameLogic.frameOf(loaded, 0)
    measured = MeasureLogic.ofMask(mask, frame)
    spacing = measured.spacing_mm[0] if measured.spacing_mm else 1
    assert (measured.skin_distance, measured.cut_by) == (pytest.approx(10 * spacing), ())
    mask[:, 40:50] = True
    assert windowOf(frame, mask) is None


@pytest.mark.parametrize(("uids", "step", "count"), [("a", 1, 0), ("a", 0.5, 1), ("a b c", 1, 1)])
def test_frames_of_a_loop_in_one_dicom_file_make_no_volume(scene, monkeypatch, uids, step, count):
    database = types.SimpleNamespace(fileForInstance=lambda uid: f"/nowhere/{uid}.dcm")
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    node = volumes.volume(np.stack([SCREEN] * 3))
    node.SetSpacing(0.2, 0.2, step)
    node.SetAttribute(UIDS, uids)
    editor = Editor(node, ("Lesion",))
    voxels = np.zeros((3, *SCREEN.shape), np.uint8)
    voxels[:, 20:30, 60:80] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, "Lesion", node)
    found = MeasureLogic.ofSegment(editor.segmentation, "Lesion", node).volumes
    assert [each.size for each in found] == pytest.approx([600 * 0.04 * step] * count)


@pytest.mark.parametrize("top", [0, 12])
def test_skin_is_the_top_of_the_picture_below_the_banner(loaded, file, top):
    elements = picture(SCREEN)
    elements.SequenceOfUltrasoundRegions = Sequence([region(0, top, 99, 59, 0.02, 0.02)])
    saved(elements, file)
    os.utime(file, (1, 1 + top))  # another time than the file before
    mask = np.zeros(SCREEN.shape, bool)
    mask[20:30, 60:80] = True
    measured = MeasureLogic.ofMask(mask, FrameLogic.frameOf(loaded, 0))
    spacing = measured.spacing_mm[0] if measured.spacing_mm else 1
    assert measured.skin_distance == pytest.approx((20 - top) * spacing)


def test_a_volume_that_knows_no_file_or_another_is_one_picture(imported, loaded, file):
    plain = volumes.volume(SCREEN[None])
    assert windows(FrameLogic.frameOf(plain, 0)) == []
    cropped = volumes.volume(SCREEN[None, :, :80])
    cropped.SetAttribute(UIDS, "1.2.3.4")
    assert windows(FrameLogic.frameOf(cropped, 0)) == []
    imported.SetAttribute(UIDS, "9.9")
    assert windows(FrameLogic.frameOf(imported, 0)) == []
    file.unlink()
    assert windows(FrameLogic.frameOf(loaded, 0)) == []


def test_a_damaged_file_is_one_picture(imported, file):
    Path(file).write_bytes(file.read_bytes()[:200])
    assert windows(FrameLogic.frameOf(imported, 0)) == []


@pytest.mark.parametrize("x", [20, 70])
def test_the_model_sees_the_picture_under_the_click_and_no_other(engine, imported, x):
    frame = FrameLogic.frameOf(imported, 0)
    mask = engine.segment(pictureOf(frame), Prompts((Click(x, 30),)), OPTIONS)
    assert mask.shape == SCREEN.shape
    assert mask[30, x]
    assert not mask[:, 50:].any() if x < 50 else not mask[:, :50].any()
    crop = SCREEN[10:, :50] if x < 50 else SCREEN[10:, 50:]
    own = engine.segment(
        pictureOf(FrameLogic.frameOf(volumes.volume(crop[None]), 0)), Prompts((Click(x % 50, 20),)), OPTIONS
    )
    np.testing.assert_array_equal(mask[10:, :50] if x < 50 else mask[10:, 50:], own)


def test_both_pictures_are_encoded_ahead_of_the_click(engine, disc_model, imported):
    shown = pictureOf(FrameLogic.frameOf(imported, 0))
    engine.encode("me", shown)
    assert engine.wait(10)
    before = len(disc_model.embedded)
    engine.segment(shown, Prompts((Click(70, 30),)), OPTIONS)
    engine.segment(shown, Prompts((Click(20, 30),)), OPTIONS)
    assert len(disc_model.embedded) == before == 2


@pytest.mark.parametrize(
    "prompts",
    [Prompts((Click(20, 30), Click(70, 30))), Prompts(box=Box(30, 20, 80, 40)), Prompts(suggestion=0)],
)
def test_points_in_both_pictures_or_in_none_get_a_sentence(engine, imported, prompts):
    with pytest.raises((Refusal, RuntimeError), match="pictures"):
        engine.segment(pictureOf(FrameLogic.frameOf(imported, 0)), prompts, OPTIONS)
