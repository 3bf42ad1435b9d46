"""Cine loops as Sequences: one segmentation for each item, kept in step by the Sequence browser."""

from __future__ import annotations

import numpy as np
import pytest
import volumes
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Segments.SegmentLogic import maskOf


@pytest.fixture
def cine(scene):
    return volumes.cine(4, (60, 80))


@pytest.fixture
def editor(cine):
    return Editor(cine[1])


@pytest.fixture
def edit(editing, editor):
    return editing(editor)


def go_to(cine, item):
    SequenceLogic.showItem(cine[0], item)
    return FrameLogic.frameOf(cine[1], 0)


def mask(editor, frame, segmentId="Lesion"):
    return maskOf(editor.segmentation, segmentId, frame)


def points(edit):
    return edit.points.nodes["initial"].GetNumberOfControlPoints()


def test_each_item_has_its_own_segmentation_and_points(cine, editor, edit, settle):
    masks = {}
    for item, x in (("0.0", 20), ("0.2", 50)):
        frame = go_to(cine, item)
        edit.click(frame, x, 30)
        settle(edit)
        masks[item] = mask(editor, frame)
        assert masks[item][30, x]
    for item in ("0.1", "0.2", "0.3", "0.0"):
        frame = go_to(cine, item)
        edit.poll()
        np.testing.assert_array_equal(mask(editor, frame), masks.get(item, np.zeros((60, 80), bool)))
        assert points(edit) == (item in masks)
    assert SequenceLogic.browserOf(editor.segmentation) is cine[0]


def test_what_was_there_before_stays_with_the_item_that_was_shown(cine, editor, edit, settle):
    frame = go_to(cine, "0.1")
    edit.click(frame, 20, 30)
    settle(edit)
    edit.click(frame, 60, 30)
    settle(edit)
    sequence = cine[0].GetSequenceNode(editor.segmentation)
    assert sequence.GetNumberOfDataNodes() == 4
    go_to(cine, "0.2")
    assert not mask(editor, FrameLogic.frameOf(cine[1], 0)).any()
    assert mask(editor, go_to(cine, "0.1"))[30, 60]


def test_a_segment_made_later_is_there_in_every_item(cine, editor, edit, settle):
    edit.click(go_to(cine, "0.0"), 20, 30)
    settle(edit)
    editor.node.SetSelectedSegmentID(editor.segmentation.GetSegmentation().AddEmptySegment("Nerve", "Nerve"))
    edit.poll()
    edit.click(FrameLogic.frameOf(cine[1], 0), 60, 30)
    settle(edit)
    frame = go_to(cine, "0.3")
    assert list(editor.segmentation.GetSegmentation().GetSegmentIDs()) == ["Lesion", "Nerve"]
    edit.poll()
    editor.node.SetSelectedSegmentID("Nerve")
    edit.click(frame, 40, 30)
    settle(edit)
    assert mask(editor, frame, "Nerve")[30, 40]
    assert not mask(editor, frame).any()


def test_undo_in_one_item_does_not_touch_another(cine, editor, edit, settle):
    first = go_to(cine, "0.0")
    edit.click(first, 20, 30)
    settle(edit)
    second = go_to(cine, "0.1")
    edit.poll()
    edit.click(second, 50, 30)
    settle(edit)
    editor.logic.Undo()
    settle(edit)
    assert not mask(editor, second).any()
    assert mask(editor, go_to(cine, "0.0"))[30, 20]


def test_an_answer_does_not_land_in_the_item_shown_next(cine, editor, edit, settle):
    edit.click(go_to(cine, "0.0"), 20, 30)
    other = go_to(cine, "0.1")
    settle(edit)
    assert not mask(editor, other).any()
    frame = go_to(cine, "0.0")
    settle(edit)
    settle(edit)
    assert mask(editor, frame)[30, 20]  # asked again on coming back


def test_neighbouring_items_are_encoded_ahead(cine, edit, settle, engine, disc_model):
    edit.setFrame(go_to(cine, "0.1"))
    settle(edit)
    assert engine.cachedFrames == 3
    go_to(cine, "0.2")
    settle(edit)
    assert engine.cachedFrames == 4
    assert len(disc_model.embedded) == 4


def test_a_loop_as_one_volume_keeps_frames_apart_too(scene, editing, settle):
    editor = Editor(volumes.volume(volumes.speckle(30, 60, 80)))
    edit = editing(editor)
    for index in (0, 17, 29):
        edit.click(FrameLogic.frameOf(editor.volume, index), 20 + index, 30)
        settle(edit)
    voxels = editor.voxels()
    assert np.flatnonzero(voxels.any((1, 2))).tolist() == [0, 17, 29]
    assert all(voxels[index, 30, 20 + index] for index in (0, 17, 29))
