"""Masks that are computed where a labelmap lies allow the same voxels as those that Slicer computes."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic
from SAMCALib.Segments import GridLogic, Masking
from SAMCALib.Segments.GridLogic import Voxels
from SAMCALib.Segments.SegmentLogic import EditorHost, replaceObject

Node = slicer.vtkMRMLSegmentationNode
MODES = (
    Node.EditAllowedEverywhere,
    Node.EditAllowedInsideAllSegments,
    Node.EditAllowedInsideVisibleSegments,
    Node.EditAllowedOutsideAllSegments,
    Node.EditAllowedOutsideVisibleSegments,
    Node.EditAllowedInsideSingleSegment,
)
OVERWRITES = "OverwriteAllSegments", "OverwriteVisibleSegments", "OverwriteNone"
SEGMENTS = "Lesion", "Seen", "Hidden", "Empty"
RANGES = None, (60, 190)
GEOMETRIES = "as scanners store", "flipped along i", "oblique and left-handed"


def painted(seed):
    """(K, J, I) uint8: blobs of some voxels, others for each seed."""
    coarse = np.random.default_rng(seed).random((3, 5, 6)) < 0.4
    return np.kron(coarse, np.ones((3, 4, 4))).astype(np.uint8)


def editor_on(volume, mode, overwrite, intensities):
    """An editor with three painted segments, one of them hidden, and these masks."""
    editor = Editor(volume, SEGMENTS)
    for seed, name in enumerate(SEGMENTS[:3]):
        slicer.util.updateSegmentBinaryLabelmapFromArray(painted(seed), editor.segmentation, name, volume)
    editor.segmentation.GetDisplayNode().SetSegmentVisibility("Hidden", False)
    editor.node.SetMaskMode(mode)
    editor.node.SetMaskSegmentID("Seen")
    editor.node.SetOverwriteMode(getattr(editor.node, overwrite))
    if intensities:
        editor.node.SourceVolumeIntensityMaskOn()
        editor.node.SetSourceVolumeIntensityMaskRange(*intensities)
    return editor


def by_slicer(host, node, segmentId, image, kind):
    """A change as Slicer makes it."""
    mode = getattr(slicer.vtkSlicerSegmentEditorLogic, f"ModificationMode{kind}")
    host.modifySegmentByLabelmap(node, segmentId, image, mode)


def edited(editor, modify, voxels):
    """All segments after the voxels were added to one of them, and others, that it has, were removed."""
    grid, target = GridLogic.gridToNode(editor.segmentation), (editor.segmentation, "Lesion")
    modify(EditorHost(editor.logic), *target, GridLogic.imageOf(grid, voxels), "Add")
    segment = editor.segmentation.GetSegmentation().GetSegment("Lesion")
    labelmap = segment.GetRepresentation("Binary labelmap")
    there = GridLogic.present(segment, labelmap, grid, voxels.extent)
    gone = Voxels(voxels.extent, there & ~voxels.values)
    modify(EditorHost(editor.logic), *target, GridLogic.imageOf(grid, gone), "Remove")
    return {name: editor.voxels(name) for name in SEGMENTS}


def some(extent):
    """Voxels of an extent, half of them."""
    shape = [last - first + 1 for first, last in zip(extent[4::-2], extent[5::-2], strict=True)]
    return Voxels(extent, np.random.default_rng(9).random(shape) < 0.5)


def assert_alike(make, voxels):
    slicers, ours = make(), make()
    expected = edited(slicers, by_slicer, voxels)
    np.testing.assert_equal(edited(ours, Masking.modify, voxels), expected)
    return expected


@pytest.mark.parametrize("intensities", RANGES)
@pytest.mark.parametrize("overwrite", OVERWRITES)
@pytest.mark.parametrize("mode", MODES)
def test_every_mask_and_overwrite_mode_does_what_slicer_does(scene, mode, overwrite, intensities):
    volume = volumes.volume()
    for extent in ((3, 20, 2, 17, 4, 4), (0, 23, 0, 19, 2, 6)):
        after = assert_alike(lambda: editor_on(volume, mode, overwrite, intensities), some(extent))
        assert after["Lesion"].any()


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("moves", ["nothing", "both", "volume"])
@pytest.mark.parametrize("colour", [False, True])
def test_intensities_are_those_that_slicer_samples(scene, geometry, moves, colour):
    volume = volumes.volume(volumes.speckle(9, 20, 24, 3) if colour else None, geometry)
    nudge = volumes.ijkToRas(np.eye(3), (1, 1, 1), (0.3, -0.2, 0.4))
    transform = volumes.transform(nudge if moves == "volume" else None)

    def make():
        volume.SetAndObserveTransformNodeID(transform.GetID() if moves == "both" else None)
        editor = editor_on(volume, Node.EditAllowedOutsideVisibleSegments, "OverwriteNone", (90, 160))
        if moves == "volume":  # to beside the voxels of the segmentation
            volume.SetAndObserveTransformNodeID(transform.GetID())
        return editor

    after = assert_alike(make, some((3, 20, 2, 17, 4, 5)))
    assert 0 < after["Lesion"].sum() < after["Lesion"].size


def test_a_segmentation_beside_the_voxels_of_the_volume_is_masked_at_its_own(scene):
    volume, coarse = volumes.volume(), volumes.volume(volumes.speckle(9, 20, 24) // 2)
    matrix = volumes.ijkToRas(np.diag([-1.0, -1.0, 1.0]), (0.7, 0.7, 0.7), (10, -29, 8))
    coarse.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(matrix))

    def make():
        editor = editor_on(volume, Node.EditAllowedOutsideAllSegments, "OverwriteNone", (30, 90))
        editor.node.SetAndObserveSourceVolumeNode(coarse)
        return editor

    after = assert_alike(make, some((0, 23, 0, 19, 0, 8)))
    assert after["Lesion"].any()


def test_without_the_source_volume_nothing_is_edited_by_intensity(scene):
    volume = volumes.volume()

    def make():
        editor = editor_on(volume, Node.EditAllowedEverywhere, "OverwriteNone", (90, 160))
        editor.node.SetAndObserveSourceVolumeNode(None)
        return editor

    after = assert_alike(make, some((3, 20, 2, 17, 4, 4)))
    np.testing.assert_array_equal(after["Lesion"], painted(0))


def test_no_mask_is_computed_beside_the_labelmap(scene):
    """By what is asked of the segmentation."""
    volume, extent = volumes.volume(), (3, 20, 2, 17, 4, 4)
    editor = editor_on(volume, Node.EditAllowedOutsideAllSegments, "OverwriteNone", (60, 190))
    asked = []

    class Watched:
        def __getattr__(self, name):
            return getattr(editor.segmentation, name)

        def GenerateEditMask(self, mask, mode, image, edited, inside, intensities, ends):
            asked.append((image.GetExtent(), intensities.GetExtent()))
            return editor.segmentation.GenerateEditMask(mask, mode, image, edited, inside, intensities, ends)

    image = GridLogic.imageOf(GridLogic.gridToNode(editor.segmentation), some(extent))
    assert Masking._allowed(editor.node, Watched(), image).GetExtent() == extent
    assert asked == [(extent, extent)]


@pytest.mark.parametrize("mode", MODES)
def test_the_users_masks_stay_as_they_are_meanwhile(scene, mode):
    volume = volumes.volume()
    editor, told = editor_on(volume, mode, "OverwriteNone", (60, 190)), []
    editor.node.AddObserver("ModifiedEvent", lambda *_: told.append(1))
    frame, mask = FrameLogic.frameOf(volume, 4), some((0, 23, 0, 19, 4, 4)).values[0]
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Lesion", frame, None, mask)
    assert told == []


@pytest.mark.parametrize("mode", MODES)
def test_the_segmentation_comes_into_the_folder_of_the_volume(scene, mode):
    volume = volumes.volume()
    editor = editor_on(volume, mode, "OverwriteNone", (60, 190))
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "Study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(volume), study)
    image = GridLogic.imageOf(GridLogic.gridToNode(editor.segmentation), some((3, 20, 2, 17, 4, 4)))
    Masking.modify(EditorHost(editor.logic), editor.segmentation, "Lesion", image, "Add")
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(editor.segmentation)) == study


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mask", [None, "Gone", "Lesion"])
def test_a_mask_of_no_segment_or_of_the_edited_one_is_taken_as_slicer_does(scene, mode, mask):
    volume = volumes.volume()

    def make():
        editor = editor_on(volume, mode, "OverwriteNone", None)
        editor.node.SetMaskSegmentID(mask)
        return editor

    assert_alike(make, some((-3, 20, 2, 25, 4, 4)))
