"""Every kind of frame is answered, and what cannot be done is a sentence; nothing changes then."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import volumes
from edit_views import segment
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import TagLogic
from SAMCALib.Texts import Refusal

REFUSALS = {
    "no volume": (
        lambda editor, edit, frame: editor.node.SetAndObserveSourceVolumeNode(None),
        "no source volume",
    ),
    "no segmentation": (
        lambda editor, edit, frame: editor.node.SetAndObserveSegmentationNode(None),
        "no segmentation",
    ),
    "another volume": (
        lambda editor, edit, frame: editor.node.SetAndObserveSourceVolumeNode(volumes.volume(name="Other")),
        "another volume than Other",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_missing_is_said_and_nothing_changes(editor, edit, frame, case):
    change, words = REFUSALS[case]
    change(editor, edit, frame)
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    for action in (
        lambda: edit.click(frame, 9, 9),
        lambda: edit.box(frame, 1, 1, 9, 9),
        lambda: edit.useMask(frame),
    ):
        with pytest.raises(Refusal, match=words):
            action()
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    assert not editor.logic.CanUndo()


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda edit, frame: edit.click(frame, 80, 3), "outside the image"),
        (lambda edit, frame: edit.click(frame, 3, -1), "outside the image"),
        (lambda edit, frame: edit.click(frame, 3, 3, positive=False), "click without Ctrl"),
        (lambda edit, frame: edit.box(frame, 5, 5, 5.2, 30), "thinner than a pixel"),
        (lambda edit, frame: edit.useMask(frame), "empty on this frame"),
        (lambda edit, frame: edit.takeFiducials(frame, []), "No initial point"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_changes(editor, edit, frame, action, words):
    with pytest.raises(Refusal, match=words):
        action(edit, frame)
    assert TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion")) == ""
    assert not editor.logic.CanUndo()


def test_a_frame_without_values_is_refused_in_the_status(scene, editing, settle):
    editor = Editor(volumes.volume(np.full((2, 20, 24), np.nan, np.float32)))
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 0)
    edit.click(frame, 5, 5)
    settle(edit)
    assert "without one finite value" in edit.status
    assert not segment(editor, frame).any()


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_volumes(scene, editing, settle, channels, disc_model):
    editor = Editor(volumes.volume(volumes.speckle(3, 60, 80, channels)))
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 1)
    edit.click(frame, 30, 20)
    settle(edit)
    assert segment(editor, frame)[20, 30]
    seen = disc_model.embedded[0]
    assert seen.shape == (64, 64, 3)
    assert np.ptp(seen, axis=2).max() > 10


def test_window_and_level_decide_what_the_model_sees(scene, editing, settle, disc_model):
    editor = Editor(volumes.volume(volumes.speckle(2, 60, 80, dtype=np.uint16, high=4000)))
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 0)
    display = editor.volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    for level in (1, 9000):
        display.SetWindowLevel(1, level)
        edit.click(frame, 30, 20)
        settle(edit)
    white, black = disc_model.embedded[0], disc_model.embedded[-1]
    assert white.mean() > 250
    assert black.mean() < 5
    assert segment(editor, frame)[20, 30]


@pytest.mark.parametrize("shape", [(8, 8), (8192, 40)])
def test_tiny_and_huge_frames(scene, editing, settle, shape):
    editor = Editor(volumes.volume(volumes.speckle(1, *shape)))
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 0)
    edit.click(frame, 4, 5)
    settle(edit)
    assert segment(editor, frame)[5, 4]
