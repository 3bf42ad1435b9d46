"""The effect on a case of the worklist: what is clicked is saved with its points and comes back with them."""

from __future__ import annotations

import pytest
import slicer
import slicer.util
from effect_editors import click, settled
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Prompts.TagLogic import TAG, tagText
from SAMCALib.Texts import Refusal


@pytest.fixture
def on_case(open_editor):
    """`on_case(logic)` -> the effect, active on what the worklist shows."""

    def make(logic):
        case = logic.current
        editor = Editor(case.volume)
        slicer.mrmlScene.RemoveNode(editor.segmentation)
        editor.segmentation = case.segmentation
        editor.node.SetAndObserveSegmentationNode(case.segmentation)
        editor.node.SetSelectedSegmentID(case.segmentation.GetSegmentation().GetNthSegmentID(0))
        return open_editor(case.volume, editor=editor)

    return make


def points(logic):
    """The clicks that the shown case has."""
    case = logic.current
    segment = case.segmentation.GetSegmentation().GetNthSegmentID(0)
    frame = FrameLogic.frameOf(case.volume, 0)
    objects = PromptLogic.framePrompts(case.segmentation, segment, frame).objects
    return [[(round(c.x), round(c.y), c.positive) for c in thing.prompts.clicks] for thing in objects]


def test_clicks_are_saved_and_can_be_mended_another_day(panel, folder, on_case):
    worklist = panel.worklist
    worklist.openFolder(str(folder))
    worklist.next()
    effect = click(on_case(worklist.logic), 20, 20)
    click(effect, 40, 30)
    effect.deactivate()
    worklist.next()
    assert worklist.logic.cases.entries["case1.png"].state == "outlined"
    worklist.close()
    worklist.openFolder(str(folder))
    worklist.next()
    assert points(worklist.logic) == [[(20, 20, True), (40, 30, True)]]
    again = on_case(worklist.logic)
    settled(again)
    click(again, 10, 40)
    again.deactivate()
    worklist.next()
    worklist.previous()
    assert points(worklist.logic) == [[(20, 20, True), (40, 30, True), (10, 40, True)]]


def test_a_case_whose_outline_is_not_there_yet_is_not_accepted(worklist, folder, outlined):
    logic = worklist(folder)
    logic.next()
    outlined(logic)
    segment = logic.current.segmentation.GetSegmentation().GetNthSegment(0)
    text = tagText(segment)
    segment.SetTag(TAG, text.replace('"clicks"', '"pending":true,"clicks"', 1))
    assert not logic.isSettled
    with pytest.raises(Refusal, match="still being computed: accept it when it is there"):
        logic.accept()
    logic._settle = lambda: segment.SetTag(TAG, text)  # the effect's timer, while one waits
    logic.accept()
    assert logic.cases.entries["case1.png"].state == "accepted"
