"""Frames shown in real slice views, and positions on them, for every geometry."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes

from samca.images.frames import as_rgb
from SAMCALib.Frames import FrameLogic, SequenceLogic, TransformLogic
from SAMCALib.Frames.FrameLogic import Frame
from SAMCALib.Texts import Refusal

ORIENTATIONS = ("Axial", "Sagittal", "Coronal")


@pytest.fixture(params=volumes.GEOMETRIES)
def volume(request, scene):
    return volumes.volume(geometry=request.param)


@pytest.fixture(params=["plain", "transformed"])
def placed(request, volume):
    if request.param == "transformed":
        volume.SetAndObserveTransformNodeID(volumes.transform().GetID())
    return volume


def voxel_at(volume, ras):
    """Voxel indices by VTK and MRML alone, as a check on our own arithmetic."""
    toVolume = slicer.vtkMRMLTransformNode
    matrix = slicer.util.vtkMatrixFromArray(np.eye(4))
    toVolume.GetMatrixTransformBetweenNodes(None, volume.GetParentTransformNode(), matrix)
    local = matrix.MultiplyPoint([*ras, 1])
    rasToIjk = slicer.util.vtkMatrixFromArray(np.eye(4))
    volume.GetRASToIJKMatrix(rasToIjk)
    return np.array(rasToIjk.MultiplyPoint(local)[:3])


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_frame_of_a_view_holds_what_lies_under_its_pixels(placed, view, orientation):
    shown = view(placed, orientation)
    FrameLogic.turnToFrame(shown.node, placed)
    frame = FrameLogic.frameShownIn(shown.node, placed)
    pixels, voxels = FrameLogic.pixels(frame), slicer.util.arrayFromVolume(placed)
    for xy in ((3, 2), (5.4, 1.6), (0, pixels.shape[0] - 1)):
        ras = shown.rasOf(shown.pixelOf(FrameLogic.xyToRas(frame, *xy)))
        ijk = voxel_at(placed, ras)
        assert abs(ijk[frame.axis] - frame.index) < 1e-3
        x, y = FrameLogic.rasToXy(frame, ras)
        i, j, k = np.floor(ijk + 0.5).astype(int)
        inside = pixels[int(np.floor(y + 0.5)), int(np.floor(x + 0.5))]
        assert inside == voxels[k, j, i]


def test_frames_are_seen_as_they_are_stored_however_the_volume_lies(placed):
    """Row 0 is what the scanner stored first, as in training and on the command line: skin stays on top."""
    voxels = slicer.util.arrayFromVolume(placed)
    np.testing.assert_array_equal(FrameLogic.pixels(FrameLogic.frameOf(placed, 3)), voxels[3])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pixels_are_found_again_from_their_ras_position(placed, axis):
    frame = FrameLogic.frameOf(placed, 3, axis)
    voxels = slicer.util.arrayFromVolume(placed)
    x, y = 4, 6
    i, j, k = np.round(voxel_at(placed, FrameLogic.xyToRas(frame, x, y))).astype(int)
    assert (i, j, k)[axis] == 3
    assert FrameLogic.pixels(frame)[y, x] == voxels[k, j, i]
    np.testing.assert_allclose(FrameLogic.rasToXy(frame, FrameLogic.xyToRas(frame, 4.25, 6.5)), (4.25, 6.5))


def test_every_frame_is_reached_by_scrolling(view, placed):
    shown = view(placed)
    FrameLogic.turnToFrame(shown.node, placed)
    first = FrameLogic.frameShownIn(shown.node, placed)
    count = placed.GetImageData().GetDimensions()[first.axis]
    seen = []
    for index in range(count):
        shown.node.JumpSliceByOffsetting(*FrameLogic.xyToRas(Frame(placed.GetID(), first.axis, index), 5, 5))
        seen.append(FrameLogic.frameShownIn(shown.node, placed).index)
    assert seen == list(range(count))


def test_turning_a_view_keeps_it_near_and_lines_it_up(volume, view):
    shown = view(volume)
    volume.SetAndObserveTransformNodeID(volumes.transform().GetID())
    shown.logic.FitSliceToBackground()
    FrameLogic.turnToFrame(shown.node, volume)
    before = TransformLogic.arrayOf(shown.node.GetSliceToRAS())
    np.testing.assert_allclose(before[:3, :3].T @ before[:3, :3], np.eye(3), atol=1e-9)
    FrameLogic.turnToFrame(shown.node, volume)
    np.testing.assert_allclose(TransformLogic.arrayOf(shown.node.GetSliceToRAS()), before, atol=1e-6)


def test_a_view_off_the_axes_is_refused_in_words_and_can_be_turned(scene, view):
    volume = volumes.volume(geometry="oblique")
    shown = view(volume)
    with pytest.raises(Refusal, match="rotated off the axes of Scan"):
        FrameLogic.frameShownIn(shown.node, volume)
    FrameLogic.turnToFrame(shown.node, volume)
    assert FrameLogic.frameShownIn(shown.node, volume).axis in (0, 1, 2)


def test_a_view_beside_the_frames_is_refused(scene, view):
    volume = volumes.volume()
    shown = view(volume)
    shown.node.SetSliceOffset(shown.node.GetSliceOffset() + 100)
    with pytest.raises(Refusal, match="beside the frames of Scan"):
        FrameLogic.frameShownIn(shown.node, volume)


def test_the_first_and_last_half_voxel_still_belong_to_a_frame(scene, view):
    volume = volumes.volume()
    shown = view(volume)
    shown.node.SetSliceOffset(7.25 + 8 + 0.49)
    assert FrameLogic.frameShownIn(shown.node, volume).index == 8
    shown.node.SetSliceOffset(7.25 - 0.49)
    assert FrameLogic.frameShownIn(shown.node, volume).index == 0


def test_a_single_frame_is_shown_by_the_view_in_its_plane_only(scene, view):
    volume = volumes.volume(volumes.speckle(1, 20, 24))
    assert FrameLogic.frameShownIn(view(volume).node, volume) == Frame(volume.GetID(), 2, 0)
    sagittal = view(volume, "Sagittal")
    with pytest.raises(Refusal, match="edge-on"):
        FrameLogic.frameShownIn(sagittal.node, volume)
    FrameLogic.turnToFrame(sagittal.node, volume)
    assert FrameLogic.frameShownIn(sagittal.node, volume) == Frame(volume.GetID(), 2, 0)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_single_frame_may_lie_across_any_axis(scene, axis):
    shape = [9, 20, 24]
    shape[2 - axis] = 1
    volume = volumes.volume(volumes.speckle(*shape), "tilted")
    frame = FrameLogic.frameOf(volume, 0, axis)
    assert FrameLogic.pixels(frame).shape == FrameLogic.shape(frame) == tuple(s for s in shape if s > 1)


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_frames_keep_their_channels(scene, view, channels):
    voxels = volumes.speckle(3, 20, 24, channels)
    volume = volumes.volume(voxels)
    frame = FrameLogic.frameShownIn(view(volume).node, volume)
    np.testing.assert_array_equal(FrameLogic.pixels(frame), voxels[frame.index])
    assert FrameLogic.shape(frame) == (20, 24)
    assert FrameLogic.window(frame) is None


def test_a_frame_that_slicer_shows_in_false_colours_is_grey_again(scene):
    grey = volumes.speckle(2, 20, 24)
    neutral = np.full_like(grey, 128)
    frame = FrameLogic.frameOf(volumes.volume(np.stack([grey, neutral, neutral], axis=-1)), 1)
    np.testing.assert_array_equal(FrameLogic.pixels(frame), np.dstack([grey[1]] * 3))


def test_16_bit_frames_are_seen_through_window_and_level(scene):
    volume = volumes.volume(volumes.speckle(2, 20, 24, dtype=np.int16, high=4000))
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(1000, 700)
    frame = FrameLogic.frameOf(volume, 1)
    assert FrameLogic.window(frame) == (200, 1200)
    before = FrameLogic.cacheKey(frame)
    display.SetWindowLevel(900, 700)
    assert FrameLogic.cacheKey(frame) != before


def test_16_bit_frames_are_the_picture_that_files_are_where_nobody_set_a_window(scene):
    voxels = volumes.speckle(2, 20, 24, dtype=np.uint16, high=4000)
    voxels[1, 0, 0] = 65535
    frame = FrameLogic.frameOf(volumes.volume(voxels), 1)
    seen = as_rgb(FrameLogic.pixels(frame), FrameLogic.window(frame))
    np.testing.assert_array_equal(seen, as_rgb(voxels[1]))


def test_8_bit_frames_are_taken_as_they_are(scene):
    volume = volumes.volume()
    volume.GetDisplayNode().SetWindowLevel(10, 5)
    assert FrameLogic.window(FrameLogic.frameOf(volume, 0)) is None


def test_the_cache_key_knows_changed_voxels(scene):
    volume = volumes.volume()
    frame = FrameLogic.frameOf(volume, 2)
    before = FrameLogic.cacheKey(frame)
    assert FrameLogic.cacheKey(frame) == before
    slicer.util.updateVolumeFromArray(volume, volumes.speckle(*volumes.SIZE[::-1]) // 2)
    assert FrameLogic.cacheKey(frame) != before


def test_pixels_are_a_copy(scene):
    volume = volumes.volume()
    pixels = FrameLogic.pixels(FrameLogic.frameOf(volume, 2))
    pixels[:] = 7
    assert (slicer.util.arrayFromVolume(volume)[2] != 7).any()


def test_neighbours_are_the_frames_beside(scene):
    volume = volumes.volume()
    assert [f.index for f in FrameLogic.neighbours(FrameLogic.frameOf(volume, 4))] == [5, 3]
    assert [f.index for f in FrameLogic.neighbours(FrameLogic.frameOf(volume, 0))] == [1]
    assert [f.index for f in FrameLogic.neighbours(FrameLogic.frameOf(volume, 8))] == [7]


def test_frames_of_a_sequence_have_items_and_neighbours_of_their_own_pixels(scene):
    browser, volume = volumes.cine()
    frame = FrameLogic.frameOf(volume, 0)
    assert frame.item == "0.0"
    beside = FrameLogic.neighbours(frame)
    assert [f.item for f in beside] == ["0.1"]
    np.testing.assert_array_equal(FrameLogic.pixels(beside[0]), volumes.speckle(20, 24) // 2)
    SequenceLogic.showItem(browser, "0.1")
    assert FrameLogic.current(frame) == beside[0]
    np.testing.assert_array_equal(FrameLogic.pixels(frame), volumes.speckle(20, 24))


def test_an_item_keeps_its_cache_key_when_the_browser_comes_back(scene):
    browser, volume = volumes.cine()
    frame = FrameLogic.frameOf(volume, 0)
    before = FrameLogic.cacheKey(frame)
    SequenceLogic.showItem(browser, "0.2")
    SequenceLogic.showItem(browser, "0.0")
    assert FrameLogic.cacheKey(frame) == before


def test_missing_volumes_are_refused_in_words(scene, view):
    volume = volumes.volume()
    node = view(volume).node
    with pytest.raises(Refusal, match="no source volume"):
        FrameLogic.frameShownIn(node, None)
    frame = FrameLogic.frameOf(volume, 0)
    slicer.mrmlScene.RemoveNode(volume)
    with pytest.raises(Refusal, match="was deleted"):
        FrameLogic.pixels(frame)
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Nothing")
    with pytest.raises(Refusal, match="Nothing has no voxels"):
        FrameLogic.frameShownIn(node, empty)


def test_a_bent_volume_is_refused_in_words(scene):
    volume = volumes.volume()
    bent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    volume.SetAndObserveTransformNodeID(bent.GetID())
    with pytest.raises(Refusal, match="harden the transform"):
        FrameLogic.frameOf(volume, 0)


def test_a_frame_that_does_not_exist_is_refused(scene):
    with pytest.raises(Refusal, match="Frame 9 of Scan does not exist: it has 9, counted from 0"):
        FrameLogic.frameOf(volumes.volume(), 9)
