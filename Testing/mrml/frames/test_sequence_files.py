"""Sequences as Slicer itself saves them, read frame by frame from the file."""

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from PIL import Image

import samca
from samca.__main__ import main
from samca.images import frames

SPACING, ORIGIN = (0.2, 0.3, 1.5), (5.0, -6.0, 7.0)


def written(scene, path, items, kind="vtkMRMLScalarVolumeNode"):
    """The items, (K, H, W) or (K, H, W, 3) each, as vtkMRMLVolumeSequenceStorageNode writes them."""
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "Loop")
    for number, voxels in enumerate(items):
        volume = scene.AddNewNodeByClass(kind)
        slicer.util.updateVolumeFromArray(volume, voxels)
        volume.SetSpacing(*SPACING)
        volume.SetOrigin(*ORIGIN)
        volume.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
        sequence.SetDataNodeAtValue(volume, f"{number / 10}")
        scene.RemoveNode(volume)
    storage = slicer.vtkMRMLVolumeSequenceStorageNode()
    scene.AddNode(storage)
    storage.SetFileName(str(path))
    assert storage.WriteData(sequence)
    return path


@pytest.mark.parametrize("count", [1, 2, 3, 4, 10])
@pytest.mark.parametrize("colour", [False, True])
def test_every_item_is_a_frame_however_many_there_are(scene, tmp_path, count, colour):
    items = [volumes.speckle(1, 20, 30, *([3] if colour else [])) + np.uint8(n) for n in range(count)]
    kind = "vtkMRMLVectorVolumeNode" if colour else "vtkMRMLScalarVolumeNode"
    path = written(scene, tmp_path / "loop.seq.nrrd", items, kind)
    for number, voxels in enumerate(items):
        frame = frames.read(path, number)
        np.testing.assert_array_equal(frame.pixels, voxels[0])
        assert (frame.index, frame.count) == (0, count)
    assert frame.spacing_mm == pytest.approx(SPACING[:2])
    assert frame.grid.size == (30, 20, 1)
    assert frame.grid.origin == pytest.approx((-5, 6, 7))
    assert frame.grid.direction == pytest.approx((1, 0, 0, 0, 1, 0, 0, 0, 1), abs=1e-9)
    with pytest.raises(ValueError, match=f"it has {count}, counted from 0"):
        frames.read(path, count)


def test_slices_of_items_follow_one_another(scene, tmp_path):
    items = [volumes.speckle(4, 20, 30) + np.uint8(n) for n in range(3)]
    path = written(scene, tmp_path / "sweeps.seq.nrrd", items)
    frame = frames.read(path, 6)
    np.testing.assert_array_equal(frame.pixels, items[1][2])
    assert (frame.index, frame.count, frame.grid.size) == (2, 12, (30, 20, 4))


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32])
def test_items_of_more_than_eight_bits_keep_their_numbers(scene, tmp_path, dtype):
    items = [(volumes.speckle(1, 20, 30).astype(dtype) - 9) * 7 + n for n in range(3)]
    path = written(scene, tmp_path / "loop.seq.nrrd", [item.astype(dtype) for item in items])
    np.testing.assert_array_equal(frames.read(path, 2).pixels, items[2][0])


def test_the_command_line_segments_the_frame_that_is_asked_for(scene, tmp_path):
    items = [volumes.speckle(1, 40, 60) + np.uint8(n) for n in range(3)]
    path = written(scene, tmp_path / "loop.seq.nrrd", items)
    words = ["--frame", "2", "--click", "30,20", "--out", str(tmp_path / "mask.png")]
    assert main(["segment", str(path), *words]) == 0
    session = samca.Session(samca.load())
    session.set_image(items[2][0])
    expected = session.click(30, 20)
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "mask.png")) > 0, expected)
