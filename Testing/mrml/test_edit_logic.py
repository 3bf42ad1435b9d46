"""Clicks to voxels with real MRML and the segment editor's own undo: the effect without its widgets."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import volumes
from slicer_scene import Editor

from samca.geometry import Geometry
from samca.prompts import Click, Prompts
from samca.session import Session
from SAMCALib import FrameLogic, TagLogic
from SAMCALib.MaskLogic import MaskOptions
from SAMCALib.PromptPoints import ROLES
from SAMCALib.SegmentLogic import EditorHost, maskOf, replaceObject
from SAMCALib.Texts import Refusal


@pytest.fixture
def editor(scene):
    return Editor(volumes.volume(volumes.speckle(9, 60, 80)))


@pytest.fixture
def edit(editing, editor):
    edit = editing(editor)
    edit.maskOptions = MaskOptions(largestComponent=False, fillHoles=False)
    return edit


@pytest.fixture
def frame(editor):
    return FrameLogic.frameOf(editor.volume, 4)


def shown(edit):
    """role -> [(x, y)] of the control points."""
    frame = edit.frame
    return {
        role: [
            tuple(round(c, 2) for c in FrameLogic.rasToXy(frame, node.GetNthControlPointPositionWorld(i)))
            for i in range(node.GetNumberOfControlPoints())
        ]
        for role, node in edit.points.nodes.items()
    }


def predicted(model, frame, prompts):
    """What a session of samca gives for these prompts."""
    session = Session(model)
    height, width = FrameLogic.shape(frame)
    session.use_embedding((), Geometry(height, width, model.config.image_size))
    return session.predict(prompts).mask


def segment(editor, frame, segmentId="Lesion"):
    return maskOf(editor.segmentation, segmentId, frame)


def test_a_click_outlines_what_the_model_says_on_its_frame_only(editor, edit, frame, settle, disc_model):
    edit.click(frame, 30, 20)
    settle(edit)
    mask = predicted(disc_model, frame, Prompts((Click(30, 20),)))
    np.testing.assert_array_equal(segment(editor, frame), mask)
    assert editor.voxels().sum() == mask.sum() > 50
    assert shown(edit) == {"initial": [(30, 20)], "guidedPositive": [], "guidedNegative": []}


def test_guided_clicks_mend_the_outline(editor, edit, frame, settle, disc_model):
    clicks = (Click(30, 20), Click(40, 22), Click(28, 18, False))
    for click in clicks:
        edit.click(frame, click.x, click.y, click.positive)
        settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), predicted(disc_model, frame, Prompts(clicks)))
    assert shown(edit) == {"initial": [(30, 20)], "guidedPositive": [(40, 22)], "guidedNegative": [(28, 18)]}


def test_undo_and_redo_go_click_by_click_and_bring_the_points_back(editor, edit, frame, settle):
    masks = [segment(editor, frame)]
    for x, y, positive in ((30, 20, True), (40, 22, True), (28, 18, False)):
        edit.click(frame, x, y, positive)
        settle(edit)
        masks.append(segment(editor, frame))
    everything = shown(edit)
    for left in (2, 1, 0):
        editor.logic.Undo()
        settle(edit)
        np.testing.assert_array_equal(segment(editor, frame), masks[left])
        assert sum(map(len, shown(edit).values())) == left
    for there in (1, 2, 3):
        editor.logic.Redo()
        settle(edit)
        np.testing.assert_array_equal(segment(editor, frame), masks[there])
    assert shown(edit) == everything


def test_undo_while_the_model_computes_drops_its_answer(editor, edit, frame, settle, engine):
    edit.click(frame, 30, 20)
    settle(edit)
    before = segment(editor, frame)
    edit.click(frame, 60, 40)
    assert engine.wait(30)
    editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), before)
    assert shown(edit)["guidedPositive"] == []


def test_clicks_made_while_the_frame_is_encoded_are_undone_one_by_one(
    editor, edit, frame, settle, disc_model
):
    clicks = (Click(30, 20), Click(40, 22), Click(28, 18, False))
    for click in clicks:
        edit.click(frame, click.x, click.y, click.positive)
    settle(edit)
    for count in (3, 2, 1):
        expected = predicted(disc_model, frame, Prompts(clicks[:count]))
        np.testing.assert_array_equal(segment(editor, frame), expected)
        editor.logic.Undo()
        settle(edit)
    assert not segment(editor, frame).any()


def test_a_second_object_leaves_the_first_and_is_mended_alone(editor, edit, frame, settle):
    edit.click(frame, 20, 20)
    settle(edit)
    first = segment(editor, frame)
    edit.newObject(frame)
    edit.click(frame, 60, 40)
    settle(edit)
    both = segment(editor, frame)
    assert (both & first).sum() == first.sum()
    assert both[40, 60]
    assert both.sum() == pytest.approx(2 * first.sum(), rel=0.1)
    edit.click(frame, 60, 40, False)
    settle(edit)
    mended = segment(editor, frame)
    np.testing.assert_array_equal(mended & first, first)
    assert first.sum() < mended.sum() < both.sum()
    assert shown(edit)["initial"] == [(20, 20), (60, 40)]


def test_overlapping_objects_do_not_eat_each_other(editor, edit, frame, settle):
    edit.click(frame, 30, 20)
    settle(edit)
    first = segment(editor, frame)
    edit.newObject(frame)
    edit.click(frame, 34, 20)
    settle(edit)
    edit.removeClick(1, 0)
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), first)


def test_painted_voxels_survive_moves_and_clear(editor, edit, frame, settle):
    painted = np.zeros((60, 80), bool)
    painted[50:55, 10:20] = True
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Lesion", frame, None, painted)
    edit.click(frame, 30, 20)
    settle(edit)
    edit.moveClick(0, 0, 50, 20)
    settle(edit)
    assert not segment(editor, frame)[20, 30]
    edit.clear(frame)
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), painted)
    assert sum(map(len, shown(edit).values())) == 0
    editor.logic.Undo()
    settle(edit)
    assert segment(editor, frame)[20, 50]
    assert shown(edit)["initial"] == [(50, 20)]


def test_each_frame_keeps_its_prompts_and_coming_back_shows_them(editor, edit, frame, settle):
    other = FrameLogic.frameOf(editor.volume, 6)
    across = FrameLogic.frameOf(editor.volume, 33, axis=0)
    for where, x in ((frame, 30), (other, 40), (across, 5)):
        edit.click(where, x, 4)
        settle(edit)
        assert shown(edit)["initial"] == [(x, 4)]
    edit.setFrame(FrameLogic.frameOf(editor.volume, 2))
    assert shown(edit)["initial"] == []
    edit.setFrame(frame)
    assert shown(edit)["initial"] == [(30, 4)]


def test_an_answer_for_a_frame_left_behind_still_arrives(editor, edit, frame, settle):
    edit.click(frame, 30, 20)
    edit.setFrame(FrameLogic.frameOf(editor.volume, 7))
    settle(edit)
    assert segment(editor, frame).any()
    assert shown(edit)["initial"] == []


def test_a_box_gives_a_mask_and_later_clicks_mend_it(editor, edit, frame, settle):
    edit.box(frame, 50.0, 40.0, 20.0, 10.0)
    settle(edit)
    boxed = segment(editor, frame)
    rows, columns = np.flatnonzero(boxed.any(1)), np.flatnonzero(boxed.any(0))
    assert abs(rows - np.arange(10, 41)).max() <= 1 if len(rows) == 31 else len(rows) in (30, 32)
    assert columns[0] in (20, 21)
    edit.click(frame, 30, 20, positive=False)
    settle(edit)
    assert 0 < segment(editor, frame).sum() < boxed.sum()
    assert shown(edit)["guidedNegative"] == [(30, 20)]


def test_the_segments_present_mask_is_a_prompt_and_may_shrink(editor, edit, frame, settle):
    painted = np.zeros((60, 80), bool)
    painted[20:40, 20:50] = True
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Lesion", frame, None, painted)
    edit.useMask(frame)
    settle(edit)
    used = segment(editor, frame)
    assert (used ^ painted).sum() < 0.1 * painted.sum()
    edit.click(frame, 35, 30, positive=False)
    settle(edit)
    assert not segment(editor, frame)[30, 35]
    editor.logic.Undo()
    editor.logic.Undo()
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame), painted)


def test_deleting_the_initial_click_lets_the_next_positive_one_start(editor, edit, frame, settle, disc_model):
    for x, y, positive in ((20, 20, True), (24, 20, False), (50, 40, True)):
        edit.click(frame, x, y, positive)
    settle(edit)
    edit.removeClick(0, 0)
    settle(edit)
    clicks = (Click(24, 20, False), Click(50, 40))
    assert shown(edit) == {"initial": [(50, 40)], "guidedPositive": [], "guidedNegative": [(24, 20)]}
    np.testing.assert_array_equal(segment(editor, frame), predicted(disc_model, frame, Prompts(clicks)))
    edit.removeClick(0, 1)
    settle(edit)
    assert not segment(editor, frame).any()
    edit.removeClick(0, 0)
    settle(edit)
    assert TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion")) == ""


def test_existing_fiducials_are_taken_as_prompts(editor, edit, frame, settle, scene):
    points = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "Mine")
    for x, y in ((30, 20), (40, 22)):
        points.AddControlPointWorld(*FrameLogic.xyToRas(frame, x, y))
    edit.takeFiducials(frame, points)
    settle(edit)
    assert shown(edit)["initial"] == [(30, 20)]
    assert shown(edit)["guidedPositive"] == [(40, 22)]
    assert segment(editor, frame).any()
    assert points.GetNumberOfControlPoints() == 2


def test_the_first_click_makes_a_segment_where_there_is_none(scene, editing, settle):
    editor = Editor(volumes.volume(), ())
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 4)
    edit.click(frame, 12, 10)
    settle(edit)
    segmentId = editor.node.GetSelectedSegmentID()
    assert segment(editor, frame, segmentId).any()


def test_options_decide_what_becomes_of_the_mask(editor, edit, frame, settle, disc_model):
    edit.maskOptions = MaskOptions(largestComponent=True)
    edit.click(frame, 20, 20)
    edit.click(frame, 22, 20, positive=False)  # leaves a sickle with a hole or a gap
    settle(edit)
    tidy = segment(editor, frame)
    edit.clear(frame)
    edit.maskOptions = MaskOptions(False, False)
    edit.click(frame, 20, 20)
    edit.click(frame, 22, 20, positive=False)
    settle(edit)
    raw = segment(editor, frame)
    np.testing.assert_array_equal(
        raw, predicted(disc_model, frame, Prompts((Click(20, 20), Click(22, 20, False))))
    )
    assert tidy.sum() > raw.sum()


def test_hovering_previews_without_changing_anything(editor, edit, frame, settle, disc_model):
    edit.hover(frame, 30, 20)
    settle(edit)
    where, mask = edit.preview
    assert where == frame
    np.testing.assert_array_equal(mask, predicted(disc_model, frame, Prompts((Click(30, 20),))))
    assert not segment(editor, frame).any()
    assert not editor.logic.CanUndo()
    edit.hover(frame, -50, 20)
    settle(edit)
    assert edit.preview is None
    edit.hover(frame, 30, 20)
    edit.click(frame, 30, 20)
    settle(edit)
    assert edit.preview is None


def test_masking_and_other_segments_are_honoured(scene, editing, settle):
    editor = Editor(volumes.volume(volumes.speckle(9, 60, 80)), ("Lesion", "Nerve"))
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 4)
    nerve = np.zeros((60, 80), bool)
    nerve[:, :30] = True
    replaceObject(EditorHost(editor.logic), editor.segmentation, "Nerve", frame, None, nerve)
    editor.node.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments)
    edit.click(frame, 30, 20)
    settle(edit)
    assert segment(editor, frame).any()
    assert not (segment(editor, frame) & nerve).any()
    edit.moveClick(0, 0, 45, 20)
    settle(edit)
    np.testing.assert_array_equal(segment(editor, frame, "Nerve"), nerve)
    assert not segment(editor, frame)[20, 31]


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


def test_neighbours_are_encoded_ahead_unless_switched_off(editor, edit, frame, settle, engine):
    edit.setFrame(frame)
    settle(edit)
    assert engine.cachedFrames == 3
    edit.encodeAhead = False
    edit.setFrame(FrameLogic.frameOf(editor.volume, 0))
    settle(edit)
    assert engine.cachedFrames == 4


def test_all_roles_differ_in_glyph_and_colour():
    assert len({glyph for _name, glyph, _colour in ROLES.values()}) == 3
    assert len({colour for _name, _glyph, colour in ROLES.values()}) == 3
