"""Undo in loops: Slicer's own takes all items back, what Slicer has dropped is taken back by us."""

from __future__ import annotations

import math

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from slicer_scene import Editor

from SAMCALib.Editing import StepLogic
from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Prompts import TagLogic
from SAMCALib.Segments.SegmentLogic import EditorHost, maskOf, replaceObject
from SAMCALib.Texts import Refusal


class Loop:
    """Four items, a segmentation of each, and the steps of an editor on them."""

    def __init__(self):
        self.browser, self.proxy = volumes.tracked(4, (60, 80))
        self.editor = Editor(self.proxy, ("Lesion", "Vessel"))
        SequenceLogic.synchronise(self.editor.segmentation, self.proxy)
        self.frames = FrameLogic.items(FrameLogic.frameOf(self.proxy, 0))
        self.steps = StepLogic.StepLogic(EditorHost(self.editor.logic))
        self.slicer = self.editor.logic

    def show(self, number):
        SequenceLogic.showItem(self.browser, self.frames[number].item)

    def do(self, x, *numbers, segment="Lesion"):
        """One step: a square in each of these items."""
        self.steps.begin(self.editor.segmentation, segment)
        for number in numbers:
            self.put(x, number, segment)

    def put(self, x, number, segment="Lesion"):
        frame, mask = self.frames[number], np.zeros((60, 80), bool)
        mask[20:30, x : x + 5] = True
        with self.steps.changing(self.editor.segmentation, frame) as host:
            replaceObject(host, self.editor.segmentation, segment, frame, None, mask)
            node = FrameLogic.nodeAt(frame, self.editor.segmentation)
            there = node.GetSegmentation().GetSegment(segment)
            there.SetTag(TagLogic.TAG, f"{TagLogic.tagText(there)},{x}")

    def paint(self, row):
        """By hand, in the item that is shown."""
        voxels = self.editor.voxels().astype(np.uint8)
        voxels[0, row] = 1
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            voxels, self.editor.segmentation, "Lesion", self.proxy
        )

    def seen(self, segment="Lesion"):
        """By item: where the squares are, and what the tag says."""
        told = []
        for frame in self.frames:
            row = maskOf(self.editor.segmentation, segment, frame)[25]
            node = FrameLogic.nodeAt(frame, self.editor.segmentation)
            text = TagLogic.tagText(node.GetSegmentation().GetSegment(segment))
            places = [int(x) for x in np.flatnonzero(np.diff(row.astype(int)) == 1) + 1]
            told.append((places, text))
        return told

    def squares(self, segment="Lesion"):
        """By item: where the squares are; the tags say the same."""
        told = self.seen(segment)
        assert [sorted(map(int, filter(None, text.split(",")))) for _, text in told] == [
            places for places, _text in told
        ]
        return [places for places, _text in told]


@pytest.fixture
def loop(scene, monkeypatch):
    monkeypatch.setattr(
        StepLogic, "SLICE_SECONDS", math.inf
    )  # all items follow at once on a busy machine, too
    return Loop()


NOTHING = [[], [], [], []]


@pytest.mark.parametrize("number", [0, 2])
def test_slicers_undo_and_redo_take_all_items_of_a_step_with_them(loop, number):
    loop.show(number)
    loop.do(10, 0, 1, 2, 3)
    loop.do(30, 1, 3)
    for _ in range(2):
        loop.slicer.Undo()
        assert loop.steps.follow()
        assert loop.squares() == [[10], [10], [10], [10]]
        loop.slicer.Undo()
        assert loop.steps.follow()
        assert loop.squares() == NOTHING
        assert not loop.slicer.CanUndo()
        loop.slicer.Redo()
        loop.slicer.Redo()
        assert loop.steps.follow()
        assert loop.squares() == [[10], [10, 30], [10], [10, 30]]
    assert not loop.steps.follow()


def test_a_burst_of_undos_is_seen_as_what_it_is_at_the_next_look_or_step(loop):
    for x in (10, 20, 30, 40):
        loop.do(x, 1, 2)
    for _ in range(3):
        loop.slicer.Undo()
    loop.slicer.Redo()
    loop.do(60, 0, 1)
    assert loop.squares() == [[60], [10, 20, 60], [10, 20], []]


def test_what_slicer_has_dropped_is_taken_back_step_by_step(loop):
    loop.do(10, 0, 1)
    loop.show(1)
    loop.do(30, 1, 2, 3)
    loop.do(50, 3, segment="Vessel")
    loop.show(0)
    assert not loop.slicer.CanUndo()
    assert loop.steps.takeBack() == "Taken back on 2 frames."  # the mark in the one that was shown is an item
    assert loop.squares("Vessel") == NOTHING
    assert loop.squares() == [[10], [10, 30], [30], [30]]
    assert loop.steps.takeBack() == "Taken back on 3 frames."
    assert loop.squares() == [[10], [10], [], []]
    assert loop.steps.takeBack() == "Taken back on 2 frames."
    assert loop.squares() == NOTHING
    assert not loop.steps.canTakeBack
    with pytest.raises(Refusal, match="nothing to take back"):
        loop.steps.takeBack()


def test_items_follow_some_at_a_time_and_all_of_them_before_anything_else(loop, monkeypatch):
    monkeypatch.setattr(StepLogic, "SLICE_SECONDS", 0.0)  # an item at each look
    loop.do(10, 0, 1, 2, 3)
    loop.slicer.Undo()
    left = []
    while loop.steps.follow():
        left.append(sum(map(len, loop.squares())))
    assert left == [2, 1, 0]
    loop.slicer.Redo()
    loop.steps.follow()
    loop.show(3)
    loop.steps.follow()
    assert loop.squares() == [[10]] * 4
    assert loop.steps.takeBack() == "Taken back on 4 frames."
    assert loop.squares() == [[10], [10], [10], []]
    loop.do(30, 0)
    assert loop.squares() == [[30], [], [], []]


def test_one_item_is_named(loop):
    loop.do(10, 0)
    loop.show(2)
    assert loop.steps.takeBack() == "Taken back on frame 0.0."


def test_slicers_history_and_ours_take_turns(loop):
    loop.do(10, 0, 1)
    loop.show(1)
    loop.do(30, 0, 1)
    loop.slicer.Undo()
    loop.steps.follow()
    assert loop.squares() == [[10], [10], [], []]
    assert not loop.slicer.CanUndo()
    loop.steps.takeBack()
    assert loop.squares() == NOTHING
    loop.do(50, 1, 2)
    loop.show(3)
    loop.show(1)
    loop.steps.takeBack()
    assert loop.squares() == NOTHING


def test_undo_is_seen_even_if_another_item_is_shown_before_the_next_look(loop):
    loop.do(10, 0, 1, 2)
    loop.slicer.Undo()
    loop.show(2)
    loop.steps.follow()
    assert loop.squares() == NOTHING


def test_what_was_painted_by_hand_since_stays(loop):
    loop.do(10, 0, 1)
    loop.show(1)
    loop.paint(5)
    loop.paint(25)
    loop.show(0)
    loop.steps.takeBack()
    masks = [maskOf(loop.editor.segmentation, "Lesion", frame) for frame in loop.frames]
    assert not masks[0].any()
    assert masks[1][5].all()
    assert masks[1][25, :10].all()
    assert masks[1].sum() == 2 * 80 - 5


def test_what_was_overwritten_in_other_segments_comes_back(loop):
    loop.do(10, 0, 1, segment="Vessel")
    loop.editor.node.SetOverwriteMode(loop.editor.node.OverwriteAllSegments)
    loop.do(12, 0, 1)
    assert not maskOf(loop.editor.segmentation, "Vessel", loop.frames[1])[25, 12]
    loop.slicer.Undo()
    loop.steps.follow()
    assert loop.squares() == NOTHING
    assert loop.squares("Vessel") == [[10], [10], [], []]
    assert maskOf(loop.editor.segmentation, "Vessel", loop.frames[1])[25, 12]


def test_a_step_of_another_editor_after_it_is_left_alone(loop):
    loop.do(10, 0, 1, 2)
    other = StepLogic.StepLogic(EditorHost(loop.editor.logic))
    loop.steps, mine = other, loop.steps
    loop.do(30, 1)
    loop.show(3)
    assert mine.takeBack() == "Taken back on 2 frames."
    assert [places for places, _text in loop.seen()] == [[], [10, 30], [], []]


def test_the_memory_is_bounded_and_the_oldest_go_first(loop, monkeypatch):
    monkeypatch.setattr(StepLogic, "MOST_BYTES", 22_000)
    for x in range(5, 70, 6):
        loop.do(x, 0, 1, 2, 3)
    assert 3 < len(loop.steps._steps) < 11
    assert sum(step.bytes for step in loop.steps._steps) <= 22_000
    for _ in range(3):
        loop.slicer.Undo()
        loop.steps.follow()
    left = list(range(5, 52, 6))
    assert loop.squares() == [left] * 4


def test_a_volume_needs_no_steps(scene):
    editor = Editor(volumes.volume())
    steps = StepLogic.StepLogic(EditorHost(editor.logic))
    steps.begin(editor.segmentation, "Lesion")
    frame = FrameLogic.frameOf(editor.volume, 4)
    with steps.changing(editor.segmentation, frame) as host:
        replaceObject(host, editor.segmentation, "Lesion", frame, None, np.ones((20, 24), bool))
    assert not steps.canTakeBack
    assert editor.logic.CanUndo()


@pytest.mark.parametrize("gone", ["segment", "item", "segmentation", "browser"])
def test_what_is_gone_is_not_brought_back(loop, gone):
    loop.do(10, 0, 1, 2)
    loop.show(3)
    if gone == "segment":
        for frame in loop.frames:
            node = FrameLogic.nodeAt(frame, loop.editor.segmentation)
            node.GetSegmentation().RemoveSegment("Lesion")
    elif gone == "item":
        loop.browser.GetMasterSequenceNode().RemoveDataNodeAtValue("0.2")
        assert loop.steps.takeBack() == "Taken back on 2 frames."
        return
    else:
        slicer.mrmlScene.RemoveNode(loop.browser if gone == "browser" else loop.editor.segmentation)
    with pytest.raises(Refusal, match="nothing to take back"):
        loop.steps.takeBack()
