"""No tick of the timer holds the interface for long, in a loop of a hundred frames."""

from __future__ import annotations

import gc
import time

import pytest
import slicer
import slicer.util
import volumes
from live_images import SeeingModel, picture
from slicer_scene import Editor

from SAMCALib.Editing.DoubtLogic import DoubtLogic
from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Segments.SegmentLogic import maskOf

LONGEST = 0.1  # seconds
LONGEST_OF_FOLLOW = 0.06
ITEMS, SIDE = 100, 20


@pytest.fixture
def loop(scene):
    return volumes.cine(ITEMS, (400, 512))


@pytest.fixture
def editor(loop):
    return Editor(loop[1])


class Timer:
    """What the effect's timer does, and the most processor time that it took at once."""

    def __init__(self, edit):
        self.edit, self.doubt, self.longest = edit, DoubtLogic(edit), 0.0

    def tick(self, act=lambda: None):
        start = time.thread_time()
        act()
        self.edit.poll()
        self.doubt.follow()
        self.longest = max(self.longest, time.thread_time() - start)

    def settle(self):
        while self.edit.sweep.isRunning or self.edit.engine.isBusy or self.edit.prompts.object.pending:
            self.edit.engine.wait(0.05)
            self.tick()


@pytest.fixture
def timer(editing, editor, loop):
    timer = Timer(editing(editor))
    timer.edit.setFrame(FrameLogic.frameOf(loop[1], 0))  # imports what the engine needs
    timer.settle()
    timer.longest = 0.0
    gc.freeze()  # a tick is not to wait until thousands of other tests are looked through for garbage
    yield timer
    gc.unfreeze()


def show(loop, number):
    browser, proxy = loop
    browser.SetSelectedItemNumber(number)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    return FrameLogic.frameOf(proxy, 0)


def filled(editor, frame):
    return sum(maskOf(editor.segmentation, "Lesion", each).any() for each in FrameLogic.items(frame))


def test_neighbours_are_read_computed_written_and_taken_back_in_slices(loop, editor, timer):
    frame, edit = show(loop, ITEMS // 2), timer.edit
    timer.tick(lambda: edit.setFrame(frame))
    timer.tick(lambda: edit.click(frame, 256, 200))
    timer.settle()
    for _ in range(2):  # the second time every frame has prompts that are read
        timer.tick(lambda: edit.segmentNeighbours(frame, SIDE))
        timer.settle()
        assert filled(editor, frame) == 2 * SIDE + 1
    editor.logic.Undo()
    for _ in range(2 * SIDE):
        timer.tick()
    editor.logic.Redo()
    for _ in range(2 * SIDE):
        timer.tick()
    timer.tick(edit.steps.takeBack)
    for _ in range(2 * SIDE):
        timer.tick()
    assert filled(editor, frame) == 2 * SIDE + 1  # of the first run
    timer.tick(edit.steps.takeBack)
    for _ in range(2 * SIDE):
        timer.tick()
    assert filled(editor, frame) == 1
    assert timer.longest < LONGEST


def test_neighbours_that_are_cancelled_while_they_are_written_are_written_in_slices(loop, editor, timer):
    frame, edit = show(loop, ITEMS // 2), timer.edit
    timer.tick(lambda: edit.setFrame(frame))
    timer.tick(lambda: edit.click(frame, 256, 200))
    timer.settle()
    timer.tick(lambda: edit.segmentNeighbours(frame, SIDE))
    while filled(editor, frame) < 2:
        edit.engine.wait(0.05)
        timer.tick()
    assert filled(editor, frame) < 2 * SIDE
    timer.tick(edit.cancel)
    timer.settle()
    assert filled(editor, frame) == 2 * SIDE + 1
    assert timer.longest < LONGEST


def test_while_a_loop_is_played_points_are_shown_and_nothing_is_encoded(loop, timer, disc_model):
    browser, edit = loop[0], timer.edit
    encoded = len(disc_model.embedded)
    browser.SetPlaybackActive(True)
    for number in range(1, 20):
        timer.tick(lambda number=number: edit.setFrame(show(loop, number)))
        assert edit.frame.item == SequenceLogic.itemsOf(browser)[number]
        assert not edit.engine.isBusy
    assert timer.longest < LONGEST
    assert len(disc_model.embedded) <= encoded
    browser.SetPlaybackActive(False)
    timer.settle()
    timer.tick()
    timer.settle()
    assert len(disc_model.embedded) == encoded + 3  # the one that stays, and those beside it


def test_a_frame_of_a_loop_that_is_played_can_be_clicked(loop, editor, timer):
    loop[0].SetPlaybackActive(True)
    frame = show(loop, 30)
    timer.tick(lambda: timer.edit.click(frame, 256, 200))
    timer.settle()
    assert maskOf(editor.segmentation, "Lesion", frame).any()


def test_a_loop_that_leaves_while_it_is_played_is_told_of_once(loop, editor, timer):
    loop[0].SetPlaybackActive(True)
    timer.tick(lambda: timer.edit.setFrame(show(loop, 30)))
    slicer.mrmlScene.RemoveNode(editor.volume)
    timer.tick()
    timer.edit.message = ""
    timer.tick()
    assert timer.edit.message == ""


def test_while_an_outline_follows_the_image_no_tick_is_long(scene, editing, engine):
    engine.setModel(SeeingModel(), "seeing")
    images = [picture(200 + 4 * number, 200, shape=(400, 512), radius=60) for number in range(12)]
    volume = volumes.volume(images[0])
    editor = Editor(volume)
    timer, frame = Timer(editing(editor)), FrameLogic.frameOf(volume, 0)
    timer.tick(lambda: timer.edit.setFrame(frame))
    timer.tick(lambda: timer.edit.click(frame, 200, 200))
    timer.settle()
    timer.edit.follow(frame)
    timer.tick()
    timer.longest = 0.0
    for image in images[1:]:
        slicer.util.arrayFromVolume(volume)[:] = image
        slicer.util.arrayFromVolumeModified(volume)
        for _ in range(3):
            timer.tick()
            engine.wait(30)
    timer.tick(timer.edit.endFollow)
    assert maskOf(editor.segmentation, "Lesion", frame)[200, 244]
    assert timer.longest < LONGEST_OF_FOLLOW
