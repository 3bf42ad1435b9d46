"""What was changed by hand in an object's frame is kept, and what did not get into the segment is said."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
from effect_editors import click, prompts, settled, status

from SAMCALib.Editing.DrawnLogic import DrawnLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments.MaskLogic import MaskOptions

ROW, COLUMN = np.indices((60, 80))


def paint(editor, voxels, segment="Lesion"):
    """As another effect would leave the frames: (K, J, I) bool."""
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        voxels.astype(np.uint8), editor.segmentation, segment, editor.volume
    )


def on(frame, mask):
    """(K, J, I) bool with this mask on the frame."""
    voxels = np.zeros((9, 60, 80), bool)
    voxels[frame.index] = mask
    return voxels


@pytest.fixture
def clicked(edit, settle, editor, frame):
    """`clicked(x, y)` -> (60, 80) bool of the frame after the click was answered."""

    def click(x, y, positive=True):
        edit.click(frame, x, y, positive)
        settle(edit)
        return editor.voxels()[frame.index]

    return click


def test_what_was_erased_by_hand_stays_out_of_the_next_outlines(editor, frame, clicked):
    before = clicked(30, 30)
    erased = before & (COLUMN > 33)
    assert erased.any()
    paint(editor, on(frame, before & ~erased))
    after = clicked(22, 30)
    assert not (after & erased).any()
    assert (after & ~before).any()
    assert not (clicked(30, 22) & erased).any(), "nor of the one after that"


def test_a_click_into_what_was_erased_brings_that_part_back_and_no_other(editor, frame, clicked):
    before = clicked(30, 30)
    right, left = before & (COLUMN > 33), before & (COLUMN < 26)
    paint(editor, on(frame, before & ~right & ~left))
    after = clicked(35, 30)
    assert (after & right).sum() == right.sum()
    assert not (after & left & (COLUMN < 25)).any()


def test_erasing_survives_saving_undo_and_other_options(edit, settle, editor, frame, clicked):
    before = clicked(30, 30)
    erased = before & (COLUMN > 33)
    paint(editor, on(frame, before & ~erased))
    once = clicked(22, 30)
    stored = PromptLogic.framePrompts(editor.segmentation, "Lesion", frame).objects[0]
    assert (stored.erased == erased).all()
    edit.useOptions(MaskOptions(smoothingMm=0.1))
    settle(edit)
    assert not (editor.voxels()[frame.index] & erased).any()
    editor.logic.Undo()
    settle(edit)
    assert (editor.voxels()[frame.index] == once).all()


def test_what_was_painted_by_hand_stays_where_an_object_grows_and_shrinks(editor, frame, clicked):
    before = clicked(30, 30)
    painted = (abs(ROW - 30) < 3) & (abs(COLUMN - 60) < 3)
    paint(editor, on(frame, before | painted))
    assert (clicked(50, 30) & painted).sum() == painted.sum()
    assert (clicked(50, 30, positive=False) & painted).sum() == painted.sum()


def test_use_mask_keeps_the_islands_that_the_answer_leaves_out(edit, settle, editor, frame, disc_model):
    near, far = (np.hypot(ROW - 30, COLUMN - 30) < 6), (abs(ROW - 50) < 3) & (abs(COLUMN - 70) < 3)
    paint(editor, on(frame, near | far))
    disc_model.predict = lambda features, given, previous: (np.where(square(near), 8.0, -8.0), 0.9)
    edit.useMask(frame)
    settle(edit)
    now = editor.voxels()[frame.index]
    assert (now & far).sum() == far.sum()
    assert not edit.prompts.object.mask[far].any(), "it is the user's"


def square(mask):
    """A mask of the frame in the model's 64 x 64 px."""
    return mask[np.arange(64)[:, None] * 60 // 64, np.arange(64) * 80 // 64]


def other_segment(editor, frame, mask):
    editor.segmentation.GetSegmentation().AddEmptySegment("Other", "Other")
    paint(editor, on(frame, mask), "Other")


@pytest.mark.parametrize(
    ("kept_out", "words"),
    [
        (COLUMN >= 0, "Nothing of this outline is in the segment"),
        (COLUMN > 30, "% of this outline is in the segment: the rest was erased, or masking"),
        (COLUMN > 70, ""),
    ],
)
def test_an_outline_that_masking_cuts_is_not_passed_over(edit, editor, frame, clicked, kept_out, words):
    other_segment(editor, frame, kept_out)
    editor.node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments)
    clicked(30, 30)
    text = DrawnLogic(edit).text
    assert words in text
    assert bool(text) == bool(words)


@pytest.fixture
def sure(open_editor, disc_model):
    """An effect whose model is sure of every outline."""
    disc_model.config.mirror = True
    return open_editor()


@pytest.mark.parametrize(("left", "says"), [(0, "Nothing"), (38, "Only"), (80, "The model is sure")])
def test_the_model_is_not_said_to_be_sure_of_what_is_not_there(sure, left, says):
    sure.slicer.segmentation.GetSegmentation().AddEmptySegment("Other", "Other")
    other = np.broadcast_to(left <= COLUMN, (1, 60, 80))
    paint(sure.slicer, other, "Other")
    sure.node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments)
    click(sure, 40, 30)
    now = [0.0]
    sure.effect.status._clock = lambda: now[0]
    now[0] = 100.0  # whatever was said of the click has given way
    settled(sure)
    assert says in status(sure)
    assert ("sure" in status(sure)) == (left == 80)


def test_a_segment_that_comes_over_an_outline_is_seen_when_that_is_looked_at_again(sure):
    click(sure, 40, 30)
    assert "The model is sure" in status(sure)
    sure.slicer.segmentation.GetSegmentation().AddEmptySegment("Other", "Other")
    sure.node.SetOverwriteMode(sure.node.OverwriteAllSegments)
    sure.node.SetSelectedSegmentID("Other")
    settled(sure)
    click(sure, 44, 30)
    sure.node.SetSelectedSegmentID("Lesion")
    settled(sure)
    assert "Only" in status(sure)
    assert "sure" not in status(sure)
    assert len(prompts(sure).objects) == 1


def test_an_outline_that_the_grid_cuts_is_told(sure, monkeypatch):
    monkeypatch.setattr("SAMCALib.Segments.GridLogic.grow", lambda node, extent: None)  # an editor keeps it
    modify = sure.host.modifySegmentByLabelmap

    def cut(node, segment, image, mode):
        half = slicer.vtkOrientedImageData()
        half.DeepCopy(image)
        extent = list(image.GetExtent())
        slicer.vtkOrientedImageDataResample.CopyImage(
            image, half, [*extent[:1], min(extent[1], 39), *extent[2:]]
        )
        modify(node, segment, half, mode)

    monkeypatch.setattr(sure.host, "modifySegmentByLabelmap", cut)
    click(sure, 40, 30)
    assert "Only" in status(sure)
    assert "sure" not in status(sure)


def test_of_a_segmentation_that_is_squeezed_flat_the_status_says_so(sure, scene):
    click(sure, 40, 30)
    transform = scene.AddNewNodeByClass("vtkMRMLTransformNode")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(np.diag([0.0, 1.0, 1.0, 1.0])))
    sure.slicer.segmentation.SetAndObserveTransformNodeID(transform.GetID())
    sure.deactivate()
    sure.effect.activate()
    sure.effect.status._drawn._seen = None  # as in an editor that is opened now
    sure.tick()
    assert "Segmentation has no extent in a direction" in status(sure)
