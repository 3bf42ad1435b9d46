"""The .seg.nrrd that samca writes, read back by Slicer's own reader beside the volume that it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK
import slicer
import slicer.util
import vtk
from PIL import Image

from samca.images import frames
from samca.images.masks import Outlined, write_mask
from samca.prompts import Box, Click, Prompts
from SAMCALib.Frames import FolderLogic, FrameLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments import GridLogic

TILT = (0.0, 0.0, -1.0, 0.8, 0.6, 0.0, 0.6, -0.8, 0.0)  # a rotation that mixes all axes


def write_volume(path, pixels, spacing, origin=(0, 0, 0), direction=None):
    image = SimpleITK.GetImageFromArray(pixels, isVector=pixels.ndim == 4)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    if direction:
        image.SetDirection(direction)
    SimpleITK.WriteImage(image, str(path))
    return path


def load(scene, path, node_class, storage_class):
    node, storage = scene.AddNewNodeByClass(node_class), scene.AddNewNodeByClass(storage_class)
    storage.SetFileName(str(path))
    assert storage.ReadData(node), f"Slicer cannot read {path}"
    return node


def load_segmentation(scene, path):
    return load(scene, path, "vtkMRMLSegmentationNode", "vtkMRMLSegmentationStorageNode")


def ijk_to_ras(node):
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def a_mask(shape):
    mask = np.zeros(shape, bool)
    mask[3:9, 5:14] = True
    mask[4, 6] = False  # so that no flip or shift gives the same
    mask[11, 2] = True
    return mask


@pytest.fixture
def volume_path(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 20, 30), np.uint8)
    return write_volume(tmp_path / "sweep.nrrd", pixels, (0.2, 0.3, 1.5), (10, -20, 30), TILT)


def test_slicer_shows_the_mask_in_its_slice_of_the_volume(scene, tmp_path, volume_path):
    frame = frames.read(volume_path, 4)
    mask = a_mask((20, 30))
    write_mask(tmp_path / "mask.seg.nrrd", mask, frame)
    volume = load(scene, volume_path, "vtkMRMLScalarVolumeNode", "vtkMRMLVolumeArchetypeStorageNode")
    segmentation = load_segmentation(scene, tmp_path / "mask.seg.nrrd")
    expected = np.zeros((6, 20, 30), bool)
    expected[4] = mask
    read = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, "SAMCA", volume)
    np.testing.assert_array_equal(read.astype(bool), expected)


def test_the_segmentation_lies_where_the_volume_lies(scene, tmp_path, volume_path):
    write_mask(tmp_path / "mask.seg.nrrd", a_mask((20, 30)), frames.read(volume_path, 2))
    volume = load(scene, volume_path, "vtkMRMLScalarVolumeNode", "vtkMRMLVolumeArchetypeStorageNode")
    labelmap = load(
        scene, tmp_path / "mask.seg.nrrd", "vtkMRMLLabelMapVolumeNode", "vtkMRMLVolumeArchetypeStorageNode"
    )
    np.testing.assert_allclose(ijk_to_ras(labelmap), ijk_to_ras(volume), atol=1e-6)


def test_the_segment_has_its_name_and_colour(scene, tmp_path, volume_path):
    write_mask(tmp_path / "mask.seg.nrrd", a_mask((20, 30)), frames.read(volume_path))
    segmentation = load_segmentation(scene, tmp_path / "mask.seg.nrrd").GetSegmentation()
    assert segmentation.GetNumberOfSegments() == 1
    segment = segmentation.GetSegment("SAMCA")
    assert segment.GetName() == "SAMCA"
    assert segment.GetColor() == pytest.approx((0.99, 0.78, 0.11))
    assert segmentation.GetSourceRepresentationName() == "Binary labelmap"


def test_an_empty_mask_is_an_empty_segment(scene, tmp_path, volume_path):
    write_mask(tmp_path / "mask.seg.nrrd", np.zeros((20, 30), bool), frames.read(volume_path))
    segmentation = load_segmentation(scene, tmp_path / "mask.seg.nrrd").GetSegmentation()
    assert list(segmentation.GetSegmentIDs()) == ["SAMCA"]


def test_a_colour_loop_gives_one_segment_of_its_frame(scene, tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (3, 20, 30, 3), np.uint8)
    frame = frames.read(write_volume(tmp_path / "loop.nrrd", pixels, (0.1, 0.1, 1)), 1)
    mask = a_mask((20, 30))
    write_mask(tmp_path / "mask.seg.nrrd", mask, frame)
    volume = load(scene, tmp_path / "loop.nrrd", "vtkMRMLVectorVolumeNode", "vtkMRMLNRRDStorageNode")
    segmentation = load_segmentation(scene, tmp_path / "mask.seg.nrrd")
    read = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, "SAMCA", volume)
    np.testing.assert_array_equal(
        read.astype(bool), np.stack([np.zeros_like(mask), mask, np.zeros_like(mask)])
    )


def test_a_picture_gives_a_segmentation_of_one_slice(scene, tmp_path):
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "frame.png")
    volume = slicer.util.addVolumeFromArray(np.zeros((1, 20, 30)), ijkToRAS=np.diag([-1, -1, 1, 1]))
    mask = a_mask((20, 30))
    write_mask(tmp_path / "mask.seg.nrrd", mask, frames.read(tmp_path / "frame.png"))
    segmentation = load_segmentation(scene, tmp_path / "mask.seg.nrrd")
    read = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, "SAMCA", volume)
    np.testing.assert_array_equal(read.astype(bool)[0], mask)


STROKE = Click(3, 4, False, ((9.25, 4), (9, 8)))
GIVEN = {
    "clicks": Prompts((Click(12, 7), Click(2, 3.5, False))),
    "a stroke": Prompts((Click(12, 7), STROKE)),
    "a box": Prompts(box=Box(2, 3, 20, 15)),
    "a suggestion": Prompts(suggestion=1),
}


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(3).integers(0, 255, (20, 30), dtype=np.uint8)
    path = tmp_path / "images" / "frame.png"
    path.parent.mkdir()
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("prompts", GIVEN.values(), ids=GIVEN)
def test_the_effect_finds_the_prompts_and_the_mask_they_gave(scene, tmp_path, picture, prompts):
    frame, mask = frames.read(picture), a_mask((20, 30))
    write_mask(tmp_path / "m.seg.nrrd", mask, frame, [Outlined(prompts, mask)], "lesion")
    volume = FolderLogic.loadSequence(picture.parent).GetNthDataNode(0)
    volume = slicer.mrmlScene.AddNode(volume)
    segmentation = load_segmentation(scene, tmp_path / "m.seg.nrrd")
    shown = FrameLogic.frameOf(volume, 0)
    (segment,) = segmentation.GetSegmentation().GetSegmentIDs()
    assert segmentation.GetSegmentation().GetSegment(segment).GetName() == "lesion"
    assert PromptLogic.problemOf(segmentation, segment, shown) == ""
    (thing,) = PromptLogic.framePrompts(segmentation, segment, shown).objects
    assert thing.prompts == prompts
    np.testing.assert_array_equal(thing.mask, mask)
    np.testing.assert_allclose(thing.toRas, GridLogic.toNode(segmentation, shown), atol=1e-6)


def test_of_a_sweep_they_are_those_of_its_slice(scene, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 20, 30), np.uint8)
    path = write_volume(tmp_path / "sweep.nrrd", pixels, (0.2, 0.3, 1.5), (10, -20, 30), TILT)
    frame, mask = frames.read(path, 4), a_mask((20, 30))
    write_mask(tmp_path / "m.seg.nrrd", mask, frame, [Outlined(GIVEN["clicks"], mask)])
    volume = load(scene, path, "vtkMRMLScalarVolumeNode", "vtkMRMLVolumeArchetypeStorageNode")
    segmentation = load_segmentation(scene, tmp_path / "m.seg.nrrd")
    shown = FrameLogic.frameOf(volume, 4)
    (thing,) = PromptLogic.framePrompts(segmentation, "SAMCA", shown).objects
    assert thing.prompts == GIVEN["clicks"]
    np.testing.assert_allclose(thing.toRas, GridLogic.toNode(segmentation, shown), atol=1e-6)
    assert not PromptLogic.framePrompts(segmentation, "SAMCA", FrameLogic.frameOf(volume, 3)).objects


def test_prompts_of_another_image_are_not_taken_for_this_one(scene, tmp_path, picture):
    frame, mask = frames.read(picture), a_mask((20, 30))
    write_mask(tmp_path / "m.seg.nrrd", mask, frame, [Outlined(GIVEN["a box"], mask)])
    other = slicer.util.addVolumeFromArray(np.ones((1, 20, 30), np.uint8))
    segmentation = load_segmentation(scene, tmp_path / "m.seg.nrrd")
    assert not PromptLogic.framePrompts(segmentation, "SAMCA", FrameLogic.frameOf(other, 0)).objects
