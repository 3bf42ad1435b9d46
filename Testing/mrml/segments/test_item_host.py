"""What is written into an item of a loop that is not shown is what would be written if it were shown."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Segments.SegmentLogic import EditorHost, maskOf, replaceObject

LOOPS = {
    "master": lambda: volumes.cine(3, (60, 80)),
    "beside a tracker": lambda: volumes.tracked(3, (60, 80)),
    "of several sizes": lambda: volumes.clip(volumes.speckle(1, 50, 60), volumes.speckle(1, 60, 80)),
}
Segmentation = slicer.vtkMRMLSegmentationNode


def nothing(node):
    """Segments may overlap, nothing is masked."""


def overwrites(node):
    node.SetOverwriteMode(node.OverwriteAllSegments)


def inside_another(node):
    node.SetMaskMode(Segmentation.EditAllowedInsideSingleSegment)
    node.SetMaskSegmentID("Vessel")


def outside_all(node):
    node.SetMaskMode(Segmentation.EditAllowedOutsideAllSegments)


def outside_those_seen(node):
    node.SetMaskMode(Segmentation.EditAllowedOutsideVisibleSegments)


def overwrites_those_seen(node):
    node.SetOverwriteMode(node.OverwriteVisibleSegments)


def hides_another(node):
    """Masks and overwrites only what is seen, and that is nothing."""
    outside_those_seen(node)
    overwrites_those_seen(node)
    node.GetSegmentationNode().GetDisplayNode().SetSegmentVisibility("Vessel", False)


def by_brightness(node):
    node.SetSourceVolumeIntensityMask(True)
    node.SetSourceVolumeIntensityMaskRange(20, 60)


MASKS = (
    nothing,
    overwrites,
    overwrites_those_seen,
    inside_another,
    outside_all,
    outside_those_seen,
    hides_another,
    by_brightness,
)


@pytest.fixture(params=LOOPS)
def make(scene, request):
    """`make(moves)` -> (browser, proxy, editor) with something in each item of its second segment.

    moves: whether the segmentation is under the transforms of the images.
    """

    def made(moves=True):
        browser, proxy = LOOPS[request.param]()
        editor = Editor(proxy, ("Lesion", "Vessel"))
        if not moves:
            editor.segmentation.SetAndObserveTransformNodeID(None)
            editor.segmentation.SetReferenceImageGeometryParameterFromVolumeNode(proxy)
        SequenceLogic.synchronise(editor.segmentation, proxy)
        for item in SequenceLogic.itemsOf(browser):
            SequenceLogic.showItem(browser, item)
            voxels = np.zeros(slicer.util.arrayFromVolume(proxy).shape, np.uint8)
            voxels[0, 20:40, 25:45] = 1
            slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, editor.segmentation, "Vessel", proxy)
        SequenceLogic.showItem(browser, SequenceLogic.itemsOf(browser)[0])
        return browser, proxy, editor

    return made


def disc(frame, x, y, radius):
    height, width = FrameLogic.shape(frame)
    return np.hypot(np.arange(width)[None] - x, np.arange(height)[:, None] - y) < radius


def written(editor, frame):
    """Both segments of the frame after an object was put there, and made smaller."""
    host, target = EditorHost(editor.logic), (editor.segmentation, "Lesion", frame)
    replaceObject(host, *target, None, disc(frame, 40, 30, 14))
    replaceObject(host, *target, disc(frame, 40, 30, 14), disc(frame, 44, 30, 9))
    return {segment: maskOf(editor.segmentation, segment, frame) for segment in ("Lesion", "Vessel")}


@pytest.mark.parametrize("moves", [True, False], ids=["with the images", "by itself"])
@pytest.mark.parametrize("masks", MASKS)
def test_masks_and_overwriting_are_those_of_the_item(make, masks, moves):
    told = []
    for is_shown in (True, False):
        browser, proxy, editor = make(moves)
        masks(editor.node)
        frame = FrameLogic.items(FrameLogic.frameOf(proxy, 0))[1]
        if is_shown:
            SequenceLogic.showItem(browser, frame.item)
        told.append(written(editor, frame))
        SequenceLogic.showItem(browser, frame.item)
        there = {segment: maskOf(editor.segmentation, segment, frame) for segment in told[-1]}
        np.testing.assert_equal(there, told[-1])
    np.testing.assert_equal(told[1], told[0])
    assert told[0]["Lesion"].any() or masks is inside_another


def test_the_other_items_and_the_history_of_the_shown_one_stay(make):
    _browser, proxy, editor = make()
    first, second, *_others = FrameLogic.items(FrameLogic.frameOf(proxy, 0))
    editor.logic.SaveStateForUndo()
    before = written(editor, first)
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    written(editor, second)
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    assert SequenceLogic.itemOf(proxy) == first.item
    np.testing.assert_equal(maskOf(editor.segmentation, "Lesion", first), before["Lesion"])
    assert editor.logic.CanUndo()
    editor.logic.Undo()
    assert not maskOf(editor.segmentation, "Lesion", first).any()
    assert maskOf(editor.segmentation, "Lesion", second).any()


def test_slicer_offers_to_save_what_was_written(make, tmp_path):
    browser, proxy, editor = make()
    sequence = browser.GetSequenceNode(editor.segmentation)
    sequence.AddDefaultStorageNode()
    sequence.GetStorageNode().SetFileName(str(tmp_path / "loop.seq.mrb"))
    assert sequence.GetStorageNode().WriteData(sequence)
    assert not sequence.GetModifiedSinceRead()
    written(editor, FrameLogic.items(FrameLogic.frameOf(proxy, 0))[1])
    assert sequence.GetModifiedSinceRead()
