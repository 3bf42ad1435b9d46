"""Masks of frames into segments, through the real segment editor: places, masks, overwriting, undo."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic
from SAMCALib.Segments import GridLogic, SegmentLogic
from SAMCALib.Segments.SegmentLogic import EditorHost, maskOf, replaceObject
from SAMCALib.Texts import Refusal


def a_mask(shape):
    """A lopsided shape that no flip, shift or transposition gives again."""
    mask = np.zeros(shape, bool)
    mask[1:5, 2:6] = True
    mask[1, 2] = mask[4, 3] = False
    mask[-1, -1] = True
    return mask


def write(editor, frame, new, old=None, segmentId="Lesion", keep=None):
    replaceObject(EditorHost(editor.logic), editor.segmentation, segmentId, frame, old, new, keep)


def expected(volume, frame, mask):
    """(K, J, I) bool: the mask in its slice of the volume, nothing elsewhere."""
    voxels = np.zeros(volume.GetImageData().GetDimensions()[::-1], bool)
    np.moveaxis(voxels, 2 - frame.axis, 0)[frame.index] = mask
    return voxels


@pytest.fixture(params=volumes.GEOMETRIES)
def volume(request, scene):
    return volumes.volume(geometry=request.param)


@pytest.fixture
def plain(scene):
    return volumes.volume()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("transformed", [False, True])
def test_a_mask_fills_its_own_voxels_and_no_others(volume, axis, transformed):
    if transformed:
        volume.SetAndObserveTransformNodeID(volumes.transform().GetID())
    editor = Editor(volume)
    frame = FrameLogic.frameOf(volume, 4, axis)
    mask = a_mask(FrameLogic.shape(frame))
    write(editor, frame, mask)
    np.testing.assert_array_equal(editor.voxels(), expected(volume, frame, mask))
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_volume_under_a_transform_and_a_segmentation_that_is_not(scene, axis):
    volume = volumes.volume(geometry="tilted")
    volume.SetAndObserveTransformNodeID(volumes.transform().GetID())
    editor = Editor(volume)
    editor.segmentation.SetAndObserveTransformNodeID(None)
    editor.segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    frame = FrameLogic.frameOf(volume, 3, axis)
    mask = a_mask(FrameLogic.shape(frame))
    write(editor, frame, mask)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask)
    assert not maskOf(editor.segmentation, "Lesion", FrameLogic.frameOf(volume, 5, axis)).any()


def set_geometry(editor, directions, spacing, dimensions, middle):
    """A grid of the segmentation's own, around a middle in RAS mm."""
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(dimensions)
    matrix = volumes.ijkToRas(directions, spacing)
    matrix[:3, 3] = middle - matrix[:3, :3] @ ((np.array(dimensions) - 1) / 2)
    image.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(matrix))
    text = slicer.vtkSegmentationConverter.SerializeImageGeometry(image)
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    editor.segmentation.GetSegmentation().SetConversionParameter(name, text)
    return matrix


def middle_of(volume):
    ijk = (np.array(volume.GetImageData().GetDimensions()) - 1) / 2
    return (FrameLogic._ijkToRas(volume) @ [*ijk, 1])[:3]


def test_a_finer_segmentation_is_filled_through_the_whole_frame(plain):
    editor = Editor(plain)
    set_geometry(editor, np.diag([-1.0, -1.0, 1.0]), (0.5, 0.5, 0.5), (48, 40, 18), middle_of(plain))
    frame = FrameLogic.frameOf(plain, 4)
    mask = a_mask((20, 24))
    write(editor, frame, mask)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask)
    voxels = slicer.util.arrayFromSegmentInternalBinaryLabelmap(editor.segmentation, "Lesion")
    assert voxels.sum() == mask.sum() * 8


def test_a_segmentation_with_thicker_voxels_is_filled_where_the_frame_cuts_it(plain):
    editor = Editor(plain)
    set_geometry(editor, np.diag([-1.0, -1.0, 1.0]), (1, 1, 3), (24, 20, 3), middle_of(plain))
    mask = a_mask((20, 24))
    for index in range(9):
        frame = FrameLogic.frameOf(plain, index)
        write(editor, frame, mask)
        np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask)
        voxels = slicer.util.arrayFromSegmentInternalBinaryLabelmap(editor.segmentation, "Lesion")
        assert voxels.sum() == mask.sum()
        write(editor, frame, None, old=mask)


def test_a_segmentation_turned_against_the_volume_is_filled_without_gaps(plain):
    editor = Editor(plain)
    set_geometry(editor, volumes.OBLIQUE, (0.5, 0.5, 0.5), (80, 80, 80), middle_of(plain))
    frame = FrameLogic.frameOf(plain, 4)
    mask = np.zeros((20, 24), bool)
    mask[6:14, 8:18] = True
    write(editor, frame, mask)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask)
    assert not maskOf(editor.segmentation, "Lesion", FrameLogic.frameOf(plain, 6)).any()


def test_an_object_is_replaced_and_hand_painted_voxels_stay(plain):
    editor = Editor(plain)
    frame = FrameLogic.frameOf(plain, 4)
    painted, old, new = (np.zeros((20, 24), bool) for _ in range(3))
    painted[15:18, 15:20] = True
    old[2:6, 2:6] = True
    new[4:9, 4:9] = True
    for mask in (painted, old):
        write(editor, frame, mask)
    write(editor, FrameLogic.frameOf(plain, 5), old)
    write(editor, frame, new, old=old)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), painted | new)
    np.testing.assert_array_equal(editor.voxels()[5], old)


def test_only_the_changes_that_are_needed_are_made(plain):
    editor, frame = Editor(plain), FrameLogic.frameOf(plain, 4)
    large, small = (np.zeros((20, 24), bool) for _ in range(2))
    large[2:12, 2:12] = small[4:8, 4:8] = True
    host, modes = EditorHost(editor.logic), []
    modify = host.modifySegmentByLabelmap
    host.modifySegmentByLabelmap = lambda *what: (modes.append(int(what[3])), modify(*what))
    add, remove = (int(getattr(editor.logic, f"ModificationMode{kind}")) for kind in ("Add", "Remove"))
    steps = ((None, small, [add]), (small, large, [add]), (large, small, [remove]), (small, small, []))
    for old, new, expected_modes in steps:
        modes.clear()
        replaceObject(host, editor.segmentation, "Lesion", frame, old, new)
        assert modes == expected_modes
        np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), new)


def test_another_objects_part_is_kept_when_this_one_shrinks(plain):
    editor = Editor(plain)
    frame = FrameLogic.frameOf(plain, 4)
    one, other = (np.zeros((20, 24), bool) for _ in range(2))
    one[2:8, 2:8] = other[5:10, 5:10] = True
    write(editor, frame, one | other)
    write(editor, frame, None, old=one, keep=other)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), other)


def allow_only(editor, frame, area):
    """Editing inside this area only."""
    write(editor, frame, area, segmentId="Allowed")
    editor.node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment)
    editor.node.SetMaskSegmentID("Allowed")


def test_an_editable_area_holds_back_what_is_added(plain):
    editor = Editor(plain, ("Lesion", "Allowed"))
    frame = FrameLogic.frameOf(plain, 4)
    allowed, mask = (np.zeros((20, 24), bool) for _ in range(2))
    allowed[:, :6] = mask[4:10, 2:12] = True
    allow_only(editor, frame, allowed)
    write(editor, frame, mask)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask & allowed)
    write(editor, frame, None, old=mask)
    assert not maskOf(editor.segmentation, "Lesion", frame).any()
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Allowed", frame), allowed)


def test_voxels_that_may_not_be_edited_are_not_removed(plain):
    editor = Editor(plain, ("Lesion", "Other"))
    frame = FrameLogic.frameOf(plain, 4)
    other, mask = (np.zeros((20, 24), bool) for _ in range(2))
    other[:, :6] = mask[4:10, 2:12] = True
    write(editor, frame, other, segmentId="Other")
    write(editor, frame, mask)
    editor.node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments)
    write(editor, frame, None, old=mask)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask & other)


def test_an_intensity_range_limits_what_is_added(plain):
    editor = Editor(plain)
    editor.node.SourceVolumeIntensityMaskOn()
    editor.node.SetSourceVolumeIntensityMaskRange(100, 255)
    frame = FrameLogic.frameOf(plain, 4)
    mask = a_mask((20, 24))
    write(editor, frame, mask)
    bright = FrameLogic.pixels(frame) >= 100
    assert 0 < (mask & bright).sum() < mask.sum()
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), mask & bright)


@pytest.mark.parametrize(
    ("overwrite", "survives"), [("OverwriteAllSegments", False), ("OverwriteNone", True)]
)
def test_the_overwrite_mode_decides_about_other_segments(plain, overwrite, survives):
    editor = Editor(plain, ("Lesion", "Nerve"))
    editor.node.SetOverwriteMode(getattr(editor.node, overwrite))
    frame = FrameLogic.frameOf(plain, 4)
    nerve, lesion = (np.zeros((20, 24), bool) for _ in range(2))
    nerve[2:10, 2:10] = lesion[6:14, 6:14] = True
    write(editor, frame, nerve, segmentId="Nerve")
    write(editor, frame, lesion)
    left = nerve if survives else nerve & ~lesion
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Nerve", frame), left)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), lesion)


def test_only_visible_segments_are_overwritten_in_that_mode(plain):
    editor = Editor(plain, ("Lesion", "Hidden"))
    editor.node.SetOverwriteMode(editor.node.OverwriteVisibleSegments)
    frame = FrameLogic.frameOf(plain, 4)
    mask = a_mask((20, 24))
    write(editor, frame, mask, segmentId="Hidden")
    editor.segmentation.GetDisplayNode().SetSegmentVisibility("Hidden", False)
    write(editor, frame, mask)
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Hidden", frame), mask)


def test_remove_and_add_are_one_step_of_undo_and_redo(plain):
    editor = Editor(plain)
    host, frame = EditorHost(editor.logic), FrameLogic.frameOf(plain, 4)
    old, new = (np.zeros((20, 24), bool) for _ in range(2))
    old[2:6, 2:6] = new[4:9, 4:9] = True
    host.saveStateForUndo()
    write(editor, frame, old)
    host.saveStateForUndo()
    write(editor, frame, new, old=old)
    editor.logic.Undo()
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), old)
    editor.logic.Redo()
    np.testing.assert_array_equal(maskOf(editor.segmentation, "Lesion", frame), new)


def test_a_new_segmentation_takes_geometry_and_place_from_the_volume(plain):
    plain.SetAndObserveTransformNodeID(volumes.transform().GetID())
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    SegmentLogic.prepareSegmentation(segmentation, plain)
    assert segmentation.GetTransformNodeID() == plain.GetTransformNodeID()
    assert GridLogic.referenceGeometry(segmentation).GetDimensions() == volumes.SIZE


def test_a_segmentation_that_cannot_be_edited_by_voxels_is_refused(plain):
    editor = Editor(plain)
    bent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    editor.segmentation.SetAndObserveTransformNodeID(bent.GetID())
    with pytest.raises(Refusal, match="Segmentation is under a transform that bends it"):
        SegmentLogic.prepareSegmentation(editor.segmentation, plain)
    editor.segmentation.SetAndObserveTransformNodeID(None)
    SegmentLogic.prepareSegmentation(editor.segmentation, plain)
    editor.segmentation.GetSegmentation().SetSourceRepresentationName("Closed surface")
    with pytest.raises(Refusal, match="Segmentation is made of surfaces"):
        SegmentLogic.prepareSegmentation(editor.segmentation, plain)


def test_a_segmentation_without_geometry_is_refused(plain):
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    with pytest.raises(Refusal, match="no geometry"):
        GridLogic.referenceGeometry(segmentation)


def test_an_unknown_segment_is_named_with_the_known_ones(plain):
    editor = Editor(plain, ("Lesion", "Nerve"))
    assert SegmentLogic.ensureSegment(editor.segmentation, "Nerve") == "Nerve"
    with pytest.raises(ValueError, match="segment 'Cyst' is not in Segmentation: it has Lesion, Nerve"):
        SegmentLogic.ensureSegment(editor.segmentation, "Cyst")
    new = SegmentLogic.ensureSegment(editor.segmentation)
    assert editor.segmentation.GetSegmentation().GetNumberOfSegments() == 3
    assert not maskOf(editor.segmentation, new, FrameLogic.frameOf(plain, 0)).any()
