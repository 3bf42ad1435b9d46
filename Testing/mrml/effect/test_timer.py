"""The effect's timer runs while something is asked for, and no longer; whatever happens wakes it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from disc_model import DiscModel
from effect_editors import at, click, count, prompts, status
from live_images import SeeingModel, picture

from SAMCALib.Editing import FollowRun
from SAMCALib.Frames import FrameLogic

MOST_TICKS = 20  # until it rests, once nothing is asked for any more


def isAwake(editor):
    return editor.effect.timer.isAwake


def rested(editor):
    """Let the timer run until it stops by itself."""
    for _ in range(MOST_TICKS):
        if not isAwake(editor):
            return editor
        editor.tick()
        assert editor.effect.edit.engine.wait(30)
    raise AssertionError("the timer never rests")


@pytest.fixture
def editor(open_editor):
    """One that has answered a click and rests."""
    return rested(click(open_editor(volumes.volume(volumes.speckle(3, 60, 80))), 40, 30))


def undo(editor):
    editor.logic.Undo()


def paint(editor):
    voxels = np.zeros((3, 60, 80), np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        voxels, editor.slicer.segmentation, "Lesion", editor.volume
    )


def movePoint(editor):
    node = editor.effect.edit.points.nodes["initial"]
    node.SetNthControlPointPositionWorld(0, *FrameLogic.xyToRas(editor.effect.edit.frame, 50, 30))


def deletePoint(editor):
    editor.effect.edit.points.nodes["initial"].RemoveNthControlPoint(0)


def transform(editor):
    editor.volume.SetAndObserveTransformNodeID(volumes.transform(np.eye(4)).GetID())


def moveTransform(editor):
    transform(editor)
    rested(editor)
    matrix = slicer.util.vtkMatrixFromArray(volumes.ijkToRas(np.eye(3), (1, 1, 1)))
    slicer.mrmlScene.GetNodeByID(editor.volume.GetTransformNodeID()).SetMatrixTransformToParent(matrix)


def scroll(editor):
    editor.view.logic.SetSliceOffset(editor.view.logic.GetSliceOffset() + 1)


EVENTS = {
    "undo": undo,
    "paint": paint,
    "a point is moved": movePoint,
    "a point is deleted": deletePoint,
    "the image gets a transform": transform,
    "the image's transform moves": moveTransform,
    "scroll": scroll,
    "a segment is renamed": lambda editor: (
        editor.slicer.segmentation.GetSegmentation().GetSegment("Lesion").SetName("Cyst")
    ),
    "no segment is selected": lambda editor: editor.node.SetSelectedSegmentID(""),
    "the segmentation goes": lambda editor: slicer.mrmlScene.RemoveNode(editor.slicer.segmentation),
    "the image goes": lambda editor: slicer.mrmlScene.RemoveNode(editor.volume),
    "the image has other pixels": lambda editor: slicer.util.updateVolumeFromArray(
        editor.volume, volumes.speckle(3, 60, 80)
    ),
    "an option by a script": lambda editor: editor.host.setParameter("LargestComponent", 0),
    "a button": lambda editor: editor.newObjectButton.click(),
    "a key": lambda editor: slicer.util.mainWindow().press("N"),
    "a refusal": lambda editor: editor.effect.takeBack(),
    "a press": lambda editor: editor.view.send("LeftButtonPressEvent", at(editor, 10, 10)),
    "another model": lambda editor: editor.effect.edit.engine.setModel(DiscModel(radius=2.0), "small"),
    "a model is asked for elsewhere": lambda editor: editor.effect.edit.engine.useModel("shipped"),
    "another layout": lambda editor: editor.effect.layoutChanged(),
}


def test_it_stops_once_everything_is_answered_and_nothing_is_left_to_see(editor):
    assert not isAwake(editor)
    assert not editor.effect.timer.timer.isRunning
    assert count(editor) > 0
    assert editor.effect.doubt.isWaiting is False


@pytest.mark.parametrize("happen", EVENTS.values(), ids=EVENTS)
def test_what_happens_wakes_it_and_it_rests_again(editor, happen):
    happen(editor)
    assert isAwake(editor)
    rested(editor)


def test_the_mouse_alone_wakes_it_for_a_preview_only(editor):
    editor.view.send("MouseMoveEvent", at(editor, 20, 20))
    rested(editor)
    editor.view.send("MouseMoveEvent", at(editor, 22, 20))
    assert not isAwake(editor)
    editor.hoverCheckBox.click()
    rested(editor)
    editor.view.send("MouseMoveEvent", at(editor, 24, 20))
    assert isAwake(editor)
    assert rested(editor).effect.edit.preview is not None
    editor.view.send("LeaveEvent", at(editor, 24, 20))
    assert rested(editor).effect.edit.preview is None


def test_undo_is_followed_by_the_points(editor):
    undo(editor)
    rested(editor)
    assert prompts(editor).objects == ()
    assert editor.effect.edit.points.nodes["initial"].GetNumberOfControlPoints() == 0
    editor.logic.Redo()
    rested(editor)
    assert editor.effect.edit.points.nodes["initial"].GetNumberOfControlPoints() == 1


def test_a_moved_point_is_followed_by_the_outline(editor):
    movePoint(editor)
    rested(editor)
    assert prompts(editor).objects[0].prompts.clicks[0].x == pytest.approx(50)
    assert editor.slicer.voxels()[editor.effect.edit.frame.index, 30].nonzero()[0].mean() > 45


def test_what_another_editor_asks_is_seen_here(open_editor, gated):
    one, two = open_editor(start=False), open_editor(start=False)
    gated.gate.set()
    for editor in (one, two):
        editor.activate()
        rested(editor)
    gated.close()
    one.view.click(at(one, 40, 30))
    assert isAwake(two)
    for _ in range(MOST_TICKS):
        two.tick()
    assert isAwake(two), "as long as the engine works, it has to be given time"
    gated.gate.set()
    rested(two)
    rested(one)


def test_what_is_said_for_a_while_brings_it_back_once(editor):
    now = [0.0]
    editor.effect.status._clock = lambda: now[0]
    editor.effect.tell("Look here.")
    rested(editor)
    timer = editor.effect.timer.timer
    assert timer.isRunning
    assert 7000 < timer.interval < 9000
    now[0] = 9.0
    timer.fire()
    rested(editor)
    assert "Look here." not in status(editor)
    assert not timer.isRunning


def test_a_loop_that_is_played_wakes_it_with_each_frame_and_when_it_stops(open_editor):
    browser, proxy = volumes.cine(5, (60, 80))
    editor = rested(open_editor(proxy))
    browser.SetPlaybackActive(True)
    assert isAwake(editor)
    for number in (1, 2, 3):
        browser.SetSelectedItemNumber(number)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
        assert isAwake(editor)
        rested(editor)
        assert editor.effect.edit.frame.item == f"{number / 10}"
    browser.SetPlaybackActive(False)
    assert isAwake(editor)
    rested(editor)


def test_a_left_editor_is_woken_by_nothing(editor):
    editor.deactivate()
    paint(editor)
    editor.effect.edit.engine.useModel("shipped")
    editor.effect.wake()
    assert not isAwake(editor)
    assert not editor.effect.timer.timer.isRunning
    editor.activate()
    rested(editor)
    undo(editor)
    assert isAwake(editor)


def test_a_thread_that_asks_starts_no_timer_of_qt(editor):
    thread = threading.Thread(target=editor.effect.wake)
    thread.start()
    thread.join()
    assert not isAwake(editor)


def test_it_rests_while_an_outline_waits_for_the_next_image_which_wakes_it(open_editor, engine, monkeypatch):
    engine.setModel(SeeingModel(), "seeing")
    editor = click(open_editor(volumes.volume(picture(20))), 20, 32)
    editor.followButton.click()
    editor.tick()
    assert isAwake(editor)
    monkeypatch.setattr(FollowRun, "QUIET_SECONDS", 0)
    rested(editor)
    assert "no new image comes" in status(editor)
    assert editor.cancelButton.visible
    slicer.util.arrayFromVolume(editor.volume)[:] = picture(30)
    slicer.util.arrayFromVolumeModified(editor.volume)
    assert isAwake(editor)
    rested(editor)
    truth = picture(30) > 100
    assert (editor.slicer.voxels() == truth).all()
