"""This frame and its neighbours stops where the model is not sure, and leaves alone what was mended."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import slicer
import volumes
from disc_model import DiscModel
from effect_editors import click as click_in
from effect_editors import settled, status
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Segments.SegmentLogic import EditorHost, maskOf, replaceObject
from SAMCALib.Texts import Refusal

STEP = 3  # grey values from a frame to the next: by them the model knows which one it sees
HERE = 30, 20
Status = slicer.vtkSlicerSegmentationsModuleLogic


class Doubting(DiscModel):
    """Not sure of the frames `unsure`; sees nothing in the frames `gone`, whatever is clicked there."""

    def __init__(self, unsure=(), gone=()):
        super().__init__()
        self.unsure, self.gone = set(unsure), set(gone)

    def predict(self, features, prompts, previous):
        number = round(float(features[0].mean()) / STEP)
        logits, iou = super().predict(features, prompts, previous)
        if number in self.gone:
            return np.full_like(logits, -8), 0.1
        return logits, 0.3 if number in self.unsure else iou


def numbered(count):
    """(K, J, I) frames that are each as bright as their number says."""
    return np.ones((count, 60, 80), np.uint8) * np.arange(0, STEP * count, STEP, np.uint8)[:, None, None]


def numbers(loop, *places):
    return [loop.loop[place].number for place in places]


@pytest.fixture
def model(engine):
    model = Doubting()
    engine.setModel(model, "doubting")
    return model


class Carried:
    """An editor on a loop, in volume or Sequence; what the user does there, and what the timer does."""

    def __init__(self, volume, edit, editor, settle, browser=None):
        self.volume, self.edit, self.editor, self.settle, self.browser = volume, edit, editor, settle, browser
        edit.maskOptions = MaskOptions(largestComponent=False, fillHoles=False)

    def frame(self, place):
        if self.browser is None:
            return FrameLogic.frameOf(self.volume, place)
        SequenceLogic.showItem(self.browser, SequenceLogic.itemsOf(self.browser)[place])
        self.edit.poll()
        return FrameLogic.frameOf(self.volume, 0)

    @property
    def loop(self):
        return FrameLogic.loopOf(FrameLogic.frameOf(self.volume, 0))

    def click(self, place, x=HERE[0], y=HERE[1], positive=True):
        frame = self.frame(place)
        self.edit.setFrame(frame)
        self.edit.click(frame, x, y, positive)
        self.settle(self.edit)

    def carry(self, place, count=99):
        frame = self.frame(place)
        self.edit.setFrame(frame)
        self.edit.segmentNeighbours(frame, count)
        while self.edit.sweep.isRunning:
            self.settle(self.edit)
        return self.edit.message

    def mask(self, place):
        return maskOf(self.editor.segmentation, "Lesion", self.loop[place])

    def filled(self):
        return [place for place in range(len(self.loop)) if self.mask(place).any()]

    def objects(self, place):
        return PromptLogic.framePrompts(self.editor.segmentation, "Lesion", self.loop[place]).objects

    def paint(self, place, rows, columns, erase=False):
        brush = np.zeros((60, 80), bool)
        brush[rows, columns] = True
        masks = (brush, None) if erase else (None, brush)
        frame = self.loop[place]
        replaceObject(EditorHost(self.editor.logic), self.editor.segmentation, "Lesion", frame, *masks)


@pytest.fixture
def volume_loop(scene, editing, settle, model):
    volume = volumes.volume(numbered(9))
    editor = Editor(volume)
    return Carried(volume, editing(editor), editor, settle)


@pytest.fixture
def sequence_loop(scene, editing, settle, model):
    browser, proxy = volumes.clip(*numbered(9)[:, None])
    editor = Editor(proxy)
    return Carried(proxy, editing(editor), editor, settle, browser)


@pytest.fixture(params=["volume_loop", "sequence_loop"])
def loop(request):
    return request.getfixturevalue(request.param)


def test_it_stops_where_the_model_is_not_sure_and_says_from_which_frame_on(loop, model):
    model.unsure = {6}
    loop.click(2)
    says = loop.carry(2)
    expected = "Sure up to frame {}. Frame {} is not sure: press Shift+L to go there, and click."
    assert says == expected.format(*numbers(loop, 5, 6))
    assert loop.filled() == [0, 1, 2, 3, 4, 5]
    assert loop.edit.nextUnsure(loop.loop[2]) == loop.loop[6]


def test_it_stops_to_both_sides(loop, model):
    model.unsure = {1, 7}
    loop.click(4)
    says = loop.carry(4)
    expected = "Sure from frame {} to frame {}. Frames {}, {} are not sure: press Shift+L to go there"
    assert says.startswith(expected.format(*numbers(loop, 2, 6, 1, 7)))
    places = [loop.edit.nextUnsure(loop.loop[place]) for place in (4, 7, 1)]
    assert places == [loop.loop[7], loop.loop[1], loop.loop[7]]


def test_where_the_object_is_gone_it_stops_and_nothing_is_carried_over_the_gap(loop, model):
    model.gone = {3}
    loop.click(6)
    says = loop.carry(6)
    assert says.startswith(f"Sure from frame {loop.loop[4].number} to frame {loop.loop[8].number}.")
    assert loop.filled() == [4, 5, 6, 7, 8]


def test_what_lies_between_two_frames_that_were_clicked_follows_both(loop, model):
    model.unsure = {4}
    loop.click(0, 20, 20)
    loop.click(8, 60, 40)
    says = loop.carry(8)
    assert says.startswith("Sure in 8 of 9 frames.")
    assert [bool(loop.mask(place)[20, 20]) for place in range(9)] == [True] * 4 + [False] * 5
    assert [bool(loop.mask(place)[40, 60]) for place in range(9)] == [False] * 5 + [True] * 4


def test_a_way_that_ended_is_met_from_the_other_side(loop, model):
    model.unsure = {2}
    loop.click(1)
    loop.click(8)
    assert loop.carry(8).startswith("Sure in")
    assert loop.filled() == [0, 1, 3, 4, 5, 6, 7, 8]


def test_an_outline_that_was_carried_and_mended_by_a_click_stays_and_leads(loop):
    loop.click(4)
    loop.carry(4)
    loop.click(7, 45, 20)
    mended, prompts = loop.mask(7), loop.objects(7)[0].prompts
    loop.carry(4)
    assert (loop.mask(7) == mended).all()
    assert loop.objects(7)[0].prompts == prompts
    assert [bool(loop.mask(place)[20, 45]) for place in (4, 5, 6, 8)] == [False, False, True, True]


@pytest.mark.parametrize("erase", [False, True])
def test_an_outline_that_was_carried_and_mended_by_hand_stays_and_leads(loop, erase):
    loop.click(4)
    loop.carry(4)
    loop.frame(7)
    rows, columns = (slice(18, 22), slice(34, 46)) if not erase else (slice(10, 20), slice(20, 40))
    loop.paint(7, rows, columns, erase)
    mended = loop.mask(7)
    loop.carry(4)
    assert (loop.mask(7) == mended).all()
    assert bool(loop.mask(8)[20, 44]) is not erase
    assert len(loop.objects(7)) == 1


def test_where_an_outline_was_erased_nothing_is_carried_again(loop):
    loop.click(4)
    loop.carry(4)
    loop.frame(7)
    loop.paint(7, slice(0, 60), slice(0, 80), erase=True)
    says = loop.carry(4)
    assert loop.filled() == [0, 1, 2, 3, 4, 5, 6, 8]
    assert "is not sure" in says


def test_options_that_change_a_carried_outline_do_not_make_it_the_users(loop, settle):
    loop.click(4)
    loop.carry(4)
    loop.edit.setFrame(loop.frame(7))
    loop.edit.useOptions(MaskOptions(smoothingMm=1.0))
    settle(loop.edit)
    assert loop.objects(7)[0].carried
    assert not loop.objects(4)[0].carried


def test_of_two_objects_of_another_frame_the_one_leads_that_lies_where_it_is_carried_from(loop):
    loop.click(4, 15, 15)
    loop.edit.newObject(loop.edit.frame)
    loop.click(4, 60, 40)
    loop.click(7, 15, 15)
    loop.edit.newObject(loop.edit.frame)
    loop.click(7, 64, 40)
    loop.carry(4)  # the second one, which is current
    assert [bool(loop.mask(place)[15, 15]) for place in (5, 6, 8)] == [False] * 3
    assert [bool(loop.mask(place)[40, 66]) for place in (6, 8)] == [True, True]
    assert len(loop.objects(7)) == 2


def test_an_item_that_is_completed_is_left_alone_and_leads(sequence_loop):
    loop = sequence_loop
    loop.click(4)
    loop.carry(4)
    own = PromptLogic.segmentOf(loop.editor.segmentation, "Lesion", loop.loop[7])
    Status.SetSegmentStatus(own, Status.Completed)
    before = loop.mask(7)
    loop.click(4, 45, 20)
    loop.carry(4)
    assert (loop.mask(7) == before).all()
    assert [bool(loop.mask(place)[20, 45]) for place in (5, 8)] == [True, False]


def test_an_item_that_is_completed_without_an_outline_stays_empty(sequence_loop):
    loop = sequence_loop
    loop.click(4)
    own = SequenceLogic.ownNode(loop.editor.segmentation, loop.loop[6].item)
    Status.SetSegmentStatus(own.GetSegmentation().GetSegment("Lesion"), Status.Completed)
    says = loop.carry(4)
    assert loop.filled() == [0, 1, 2, 3, 4, 5]
    assert says.startswith("Sure up to frame {}. Frame {} is not sure".format(*numbers(loop, 5, 7)))


def test_a_segment_that_is_completed_is_refused_in_words(volume_loop):
    volume_loop.click(4)
    segment = volume_loop.editor.segmentation.GetSegmentation().GetSegment("Lesion")
    Status.SetSegmentStatus(segment, Status.Completed)
    with pytest.raises(Refusal, match="marked as completed"):
        volume_loop.carry(4)
    assert volume_loop.filled() == [4]


def test_over_sixty_frames_forward_and_back(scene, editing, settle, model):
    volume = volumes.volume(numbered(64))
    editor = Editor(volume)
    loop = Carried(volume, editing(editor), editor, settle)
    loop.click(62)
    assert loop.carry(62, 62) == "The object was carried through 64 frames."
    assert len(loop.filled()) == 64
    loop.editor.logic.Undo()
    settle(loop.edit)
    assert loop.filled() == [62]


def test_prompts_on_a_frame_without_the_object_are_refused_in_words(loop, model):
    model.gone = {4}
    loop.click(4)
    with pytest.raises(Refusal, match="Click on the object first"):
        loop.carry(4)


def test_without_a_run_there_is_no_frame_to_go_to(loop):
    with pytest.raises(Refusal, match="No frame is known to be unsure"):
        loop.edit.nextUnsure(loop.frame(0))


def test_the_console_says_it_too(logic, scene, model, caplog):
    model.unsure = {6}
    volume = volumes.volume(numbered(9))
    points = [FrameLogic.xyToRas(FrameLogic.frameOf(volume, 2), *HERE)]
    with caplog.at_level(logging.WARNING):
        segmentId = logic.segment(volume, points, neighbours=8)
    assert logic.message.startswith("Sure up to frame 6. Frame 7 is not sure")
    assert logic.message in caplog.text
    node = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    masks = [maskOf(node, segmentId, FrameLogic.frameOf(volume, place)) for place in range(9)]
    assert [bool(mask.any()) for mask in masks] == [True] * 6 + [False] * 3


def test_the_console_leaves_alone_what_was_mended(logic, volume_loop):
    loop = volume_loop
    loop.click(4)
    loop.carry(4)
    loop.click(7, 45, 20)
    mended = loop.mask(7)
    points = [FrameLogic.xyToRas(loop.loop[2], *HERE)]
    logic.segment(loop.volume, points, None, None, loop.editor.segmentation, "Lesion", frames=(0, 8))
    assert (loop.mask(7) == mended).all()


# The key


def test_the_key_shows_the_next_frame_that_is_not_sure(open_editor, model, qt):
    model.unsure = {6, 1}
    editor = open_editor(volumes.volume(numbered(9)))
    click_in(editor, *HERE)
    start = editor.effect.edit.frame.index
    editor.effect.panel.ui.neighboursSpinBox.value = 8
    editor.effect.panel.store()
    editor.neighboursButton.click()
    while editor.effect.edit.sweep.isRunning:
        settled(editor)
    assert "press Shift+L" in status(editor)
    shown = []
    for _ in range(3):
        editor.effect.keys._actions["nextUnsure"]()
        settled(editor)
        shown.append(editor.effect.edit.frame.index)
    assert start == 4
    assert shown == [6, 1, 6]


def test_the_key_shows_the_item_of_a_sequence(open_editor, model):
    model.unsure = {5}
    browser, proxy = volumes.clip(*numbered(7)[:, None])
    editor = open_editor(proxy)
    click_in(editor, *HERE)
    editor.effect.edit.segmentNeighbours(editor.effect.edit.frame, 9)
    while editor.effect.edit.sweep.isRunning:
        settled(editor)
    editor.effect.keys._actions["nextUnsure"]()
    settled(editor)
    assert SequenceLogic.itemOf(proxy) == SequenceLogic.itemsOf(browser)[5]
    assert editor.effect.edit.frame.item == SequenceLogic.itemsOf(browser)[5]
