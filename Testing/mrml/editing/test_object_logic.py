"""An object takes away only what it has put there: what others cover and what was painted by hand stays."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import slicer
import volumes
from edit_views import segment
from slicer_scene import Editor

from samca.prompts import Prompts
from SAMCALib.Editing import ObjectLogic
from SAMCALib.Editing.Carrying import Found
from SAMCALib.Editing.NeighbourLogic import write
from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic, TagLogic
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Segments.SegmentLogic import EditorHost, replaceObject


@pytest.fixture
def editor(scene):
    """On a volume of 40 x 48 x 44 voxels; another one of its geometry is `editor.other`."""
    editor = Editor(volumes.volume(volumes.speckle(44, 40, 48), "oblique"))
    editor.other = volumes.volume(volumes.speckle(44, 40, 48) // 2, "oblique", "Doppler")
    return editor


@pytest.fixture
def edit(editing, editor):
    edit = editing(editor)
    edit.maskOptions = MaskOptions(largestComponent=False, fillHoles=False)
    return edit


@pytest.fixture
def pointing(editor, edit, settle):
    """`pointing(name, remove=False)`: click in one of four planes that share voxels, or take that away."""
    frames = {
        "frame": (editor.volume, 22, 2, (20, 20)),
        "other volume": (editor.other, 22, 2, (22, 20)),
        "plane across": (editor.volume, 20, 0, (20, 21)),
        "plane along": (editor.other, 20, 1, (21, 22)),
    }

    def do(name, remove=False):
        volume, index, axis, place = frames[name]
        editor.node.SetAndObserveSourceVolumeNode(volume)
        edit.poll()
        frame = FrameLogic.frameOf(volume, index, axis)
        if remove:
            edit.setFrame(frame)
            edit.removeClick(0, 0)
        else:
            edit.click(frame, *place)
        settle(edit)
        return frame

    return do


def paint(editor, frame, rows, columns, erase=False):
    mask = np.zeros(FrameLogic.shape(frame), bool)
    mask[rows, columns] = True
    masks = (mask, None) if erase else (None, mask)
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Lesion", frame, *masks)


NAMES = ("frame", "other volume", "plane across", "plane along")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("names", list(itertools.combinations(NAMES, 3)))
def test_each_of_three_objects_that_share_voxels_goes_alone(editor, pointing, names, order):
    alone = {}
    for name in names:
        before = editor.voxels()
        pointing(name)
        pointing(name, remove=True)
        np.testing.assert_array_equal(editor.voxels(), before)
    for name in names:
        pointing(name)
        alone[name] = editor.voxels()
        pointing(name, remove=True)
    for name in names:
        pointing(name)
    left = list(names)
    for number in order:
        np.testing.assert_array_equal(editor.voxels(), np.logical_or.reduce([alone[n] for n in left]))
        left.remove(names[number])
        pointing(names[number], remove=True)
    assert not editor.voxels().any()


@pytest.mark.parametrize("names", list(itertools.permutations(NAMES, 2)))
def test_what_was_painted_under_objects_stays_until_it_is_erased(editor, pointing, names):
    frame = FrameLogic.frameOf(editor.volume, 22)
    paint(editor, frame, slice(16, 24), slice(14, 30))
    painted = editor.voxels()
    for name in names:
        pointing(name)
    for name in names:
        pointing(name, remove=True)
    np.testing.assert_array_equal(editor.voxels(), painted)
    for name in names:
        pointing(name)
    paint(editor, frame, slice(16, 24), slice(14, 22), erase=True)
    for name in names:
        pointing(name, remove=True)
    painted[22, 16:24, 14:22] = False
    np.testing.assert_array_equal(editor.voxels(), painted)


def test_what_was_painted_erased_and_outlined_again_is_not_painted_any_more(editor, pointing):
    frame = FrameLogic.frameOf(editor.volume, 22)
    paint(editor, frame, slice(18, 23), slice(18, 24))
    pointing("frame")
    paint(editor, frame, slice(0, 40), slice(0, 48), erase=True)
    for name in ("other volume", "plane across"):
        pointing(name)
    for name in ("frame", "other volume", "plane across"):
        pointing(name, remove=True)
    assert not editor.voxels().any()


def test_moved_over_what_is_painted_and_away_it_leaves_that(editor, edit, settle):
    frame = FrameLogic.frameOf(editor.volume, 22)
    paint(editor, frame, slice(25, 35), slice(25, 40))
    painted = editor.voxels()
    edit.click(frame, 10, 10)
    settle(edit)
    edit.moveClick(0, 0, 30, 28)
    settle(edit)
    edit.newObject(frame)
    edit.click(frame, 34, 30)
    settle(edit)
    edit.moveClick(0, 0, 10, 10)
    settle(edit)
    edit.removeClick(1, 0)
    settle(edit)
    edit.removeClick(0, 0)
    settle(edit)
    np.testing.assert_array_equal(editor.voxels(), painted)


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_mask_taken_over_the_object_of_another_plane_leaves_that(editor, edit, settle, pointing, name):
    pointing(name)
    there = editor.voxels()
    editor.node.SetAndObserveSourceVolumeNode(editor.volume)
    edit.poll()
    frame = FrameLogic.frameOf(editor.volume, 22)
    edit.useMask(frame)
    settle(edit)
    assert segment(editor, frame).any()
    edit.clear(frame)
    settle(edit)
    np.testing.assert_array_equal(editor.voxels(), there)


def test_a_mask_taken_over_another_object_of_the_frame_leaves_that(editor, edit, settle, pointing):
    frame = pointing("frame")
    alone = editor.voxels()
    paint(editor, frame, slice(15, 24), slice(22, 36))
    edit.newObject(frame)
    edit.useMask(frame)
    settle(edit)
    edit.click(frame, 34, 20)
    settle(edit)
    for _ in range(2):
        edit.removeClick(1, 0) if edit.prompts.objects[1].prompts.clicks else edit.clear(frame)
        settle(edit)
    assert not editor.voxels()[22].any()
    for _ in range(4):
        editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(editor.voxels() & alone, alone)


def test_a_mask_that_waits_for_the_model_brings_nothing_back_that_was_erased(editor):
    frame = FrameLogic.frameOf(editor.volume, 22)
    paint(editor, frame, slice(15, 20), slice(10, 20))
    before = editor.voxels()
    mask = np.zeros((40, 48), bool)
    mask[10:20, 10:20] = True
    waiting = TagLogic.PromptObject(Prompts(mask=mask), mask, True, "a")
    host, nothing = EditorHost(editor.logic), PromptLogic.FramePrompts()
    after = PromptLogic.FramePrompts((waiting,))
    ObjectLogic.write(host, editor.segmentation, "Lesion", frame, nothing, after)
    np.testing.assert_array_equal(editor.voxels(), before)
    taken = PromptLogic.framePrompts(editor.segmentation, "Lesion", frame)
    np.testing.assert_array_equal(taken.object.mask, before[22])
    ObjectLogic.write(host, editor.segmentation, "Lesion", frame, taken, nothing)
    assert not editor.voxels().any()


def test_what_belongs_to_a_volume_that_has_left_the_scene_is_kept(editor, edit, settle, pointing, scene):
    pointing("plane along")
    there = editor.voxels()
    pointing("frame")
    scene.RemoveNode(editor.other)
    pointing("frame", remove=True)
    np.testing.assert_array_equal(editor.voxels(), there)


def test_an_object_goes_from_where_it_was_put_when_its_volume_lies_elsewhere_now(
    editor, edit, settle, pointing
):
    frame = pointing("frame")
    editor.segmentation.SetAndObserveTransformNodeID(None)
    editor.volume.SetAndObserveTransformNodeID(volumes.transform().GetID())
    edit.removeClick(0, 0)
    settle(edit)
    assert frame == edit.frame
    labelmap = editor.segmentation.GetSegmentation().GetSegment("Lesion").GetRepresentation("Binary labelmap")
    assert labelmap.GetScalarRange()[1] == 0


def test_where_slicers_masking_let_nothing_in_painting_is_not_the_objects(editor, edit, settle):
    editor.segmentation.GetSegmentation().AddEmptySegment("Allowed", "Allowed")
    frame = FrameLogic.frameOf(editor.volume, 22)
    allowed = np.zeros((40, 48), bool)
    allowed[:, :20] = True
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Allowed", frame, None, allowed)
    editor.node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment)
    editor.node.SetMaskSegmentID("Allowed")
    edit.click(frame, 20, 20)
    settle(edit)
    assert not segment(editor, frame)[:, 20:].any()
    editor.node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere)
    paint(editor, frame, slice(18, 22), slice(20, 24))
    edit.removeClick(0, 0)
    settle(edit)
    expected = np.zeros((40, 48), bool)
    expected[18:22, 20:24] = True
    np.testing.assert_array_equal(segment(editor, frame), expected)


def test_a_tag_from_before_objects_had_names_and_places_is_taken_on(editor, edit, settle, pointing):
    frame = pointing("frame")
    kept = editor.voxels()
    there = PromptLogic.framePrompts(editor.segmentation, "Lesion", frame).objects[0]
    plain = TagLogic.PromptObject(there.prompts, there.mask)
    PromptLogic.setFramePrompts(editor.segmentation, "Lesion", frame, PromptLogic.FramePrompts((plain,)))
    edit.poll()
    edit.newObject(frame)
    edit.click(frame, 24, 20)
    settle(edit)
    edit.removeClick(1, 0)
    settle(edit)
    np.testing.assert_array_equal(editor.voxels(), kept)
    edit.moveClick(0, 0, 40, 30)
    settle(edit)
    edit.removeClick(0, 0)
    settle(edit)
    assert not editor.voxels().any()


def test_carried_outlines_leave_what_is_there_when_they_go(editor, edit, settle, pointing):
    paint(editor, FrameLogic.frameOf(editor.volume, 23), slice(18, 26), slice(16, 24))
    pointing("plane across")
    there = editor.voxels()
    frame = FrameLogic.frameOf(editor.volume, 22)
    loop = FrameLogic.loopOf(frame)
    mask = np.hypot(*(np.mgrid[:40, :48] - 20)) < 6
    prompts = PromptLogic.promptsFromFiducials(frame, [FrameLogic.xyToRas(frame, 20, 20)])
    things = [Found(loop[i], prompts, mask, i != 22) for i in (21, 22, 23)]
    write(EditorHost(editor.logic), (editor.segmentation, "Lesion"), things)
    assert (editor.voxels() & ~there).any()
    for thing in things:
        edit.clear(thing.frame)
        settle(edit)
    np.testing.assert_array_equal(editor.voxels(), there)
