"""This frame and its neighbours, from the console: volumes and Sequences, prompts on several frames, undo."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from slicer_scene import Editor

from SAMCALib.Editing import NeighbourLogic, NeighbourRun
from SAMCALib.Editing.Carrying import Carrying
from SAMCALib.Editing.LeadLogic import Lead, Leads
from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments import GridLogic
from SAMCALib.Segments.MaskLogic import MaskOptions
from SAMCALib.Segments.SegmentLogic import EditorHost, maskOf
from SAMCALib.Texts import Refusal


@pytest.fixture
def volume(scene):
    return volumes.volume(volumes.speckle(9, 60, 80), "oblique")


def at(volume, index, x, y):
    return FrameLogic.xyToRas(FrameLogic.frameOf(volume, index), x, y)


def filled(node, segmentId, volume) -> list[int]:
    count = len(FrameLogic.loopOf(FrameLogic.frameOf(volume, 0)))
    return [i for i in range(count) if maskOf(node, segmentId, FrameLogic.frameOf(volume, i)).any()]


def segmentation():
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")


def test_neighbours_to_each_side_get_the_object(logic, volume):
    seen = []
    segmentId = logic.segment(
        volume, [at(volume, 4, 30, 20)], neighbours=2, progress=lambda *done: seen.append(done)
    )
    assert filled(segmentation(), segmentId, volume) == [2, 3, 4, 5, 6]
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]
    for index in (2, 6):
        frame = FrameLogic.frameOf(volume, index)
        assert maskOf(segmentation(), segmentId, frame)[20, 30]
        (thing,) = PromptLogic.framePrompts(segmentation(), segmentId, frame).objects
        assert thing.prompts.mask is not None
        assert len(thing.prompts.clicks) == 1


def test_a_range_is_taken_as_it_is_and_a_second_run_replaces_the_first(logic, volume):
    editor = Editor(volume)
    given = {"segmentationNode": editor.segmentation, "segmentId": "Lesion", "frames": (3, 8)}
    for _ in range(2):
        logic.segment(volume, [at(volume, 5, 30, 20)], **given)
        assert filled(editor.segmentation, "Lesion", volume) == [3, 4, 5, 6, 7, 8]
        for index in range(3, 9):
            there = PromptLogic.framePrompts(editor.segmentation, "Lesion", FrameLogic.frameOf(volume, index))
            assert len(there.objects) == 1


def test_points_on_several_frames_each_lead_their_own_part(logic, volume):
    segmentId = logic.segment(volume, [at(volume, 1, 20, 20), at(volume, 7, 60, 40)], frames=(0, 8), frame=1)
    near = [maskOf(segmentation(), segmentId, FrameLogic.frameOf(volume, i)) for i in range(9)]
    assert [bool(mask[20, 20]) for mask in near] == [True] * 5 + [False] * 4
    assert [bool(mask[40, 60]) for mask in near] == [False] * 5 + [True] * 4


def test_all_frames_are_one_undo_step(engine, volume):
    editor = Editor(volume)
    loop = FrameLogic.loopOf(FrameLogic.frameOf(volume, 0))
    host = EditorHost(editor.logic)
    saved = []
    save = host.saveStateForUndo
    host.saveStateForUndo = lambda: (saved.append(1), save())
    prompts = NeighbourLogic.promptsOf(loop, loop[4], ([at(volume, 4, 30, 20)], None, None))
    carrying = Carrying(engine, loop, Leads({4: Lead(prompts[4])}), (2, 6))
    assert NeighbourLogic.carry(engine, carrying, MaskOptions())
    NeighbourLogic.write(host, (editor.segmentation, "Lesion"), carrying.things)
    assert filled(editor.segmentation, "Lesion", volume) == [2, 3, 4, 5, 6]
    assert saved == [1]
    editor.logic.Undo()
    assert not editor.voxels().any()
    assert PromptLogic.framePrompts(editor.segmentation, "Lesion", loop[3]).objects == ()
    editor.logic.Redo()
    assert filled(editor.segmentation, "Lesion", volume) == [2, 3, 4, 5, 6]


def test_cancelling_writes_nothing(logic, volume):
    editor = Editor(volume)
    nodes = {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")}
    answer = logic.segment(
        volume, [at(volume, 4, 30, 20)], neighbours=3, segmentationNode=editor.segmentation,
        segmentId="Lesion", progress=lambda done, count: done < 3,
    )  # fmt: skip
    assert answer == ""
    assert logic.segment(volume, [at(volume, 4, 30, 20)], neighbours=3, progress=lambda *_: False) == ""
    assert {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")} == nodes
    assert not editor.voxels().any()


def test_items_of_a_sequence_are_neighbours(logic, scene):
    browser, proxy = volumes.cine(5, (60, 80))
    items = SequenceLogic.itemsOf(browser)
    SequenceLogic.showItem(browser, items[2])
    points = [FrameLogic.xyToRas(FrameLogic.frameOf(proxy, 0), 30, 20)]
    segmentId = logic.segment(browser.GetMasterSequenceNode(), points, neighbours=1)
    assert SequenceLogic.itemOf(proxy) == items[2]
    found = []
    for item in items:
        SequenceLogic.showItem(browser, item)
        found.append(bool(maskOf(segmentation(), segmentId, FrameLogic.frameOf(proxy, 0)).any()))
    assert found == [False, True, True, True, False]


def test_what_was_clicked_in_other_items_leads_the_items_around_it(scene, editing, settle):
    browser, proxy = volumes.tracked(6, (60, 80))
    editor = Editor(proxy)
    edit, items = editing(editor), SequenceLogic.itemsOf(browser)
    for item, x in ((items[4], 60), (items[1], 20)):
        SequenceLogic.showItem(browser, item)
        edit.poll()
        edit.click(FrameLogic.frameOf(proxy, 0), x, 30)
        settle(edit)
    edit.segmentNeighbours(FrameLogic.frameOf(proxy, 0), 5)
    while edit.sweep.isRunning:
        settle(edit)
    loop = FrameLogic.loopOf(FrameLogic.frameOf(proxy, 0))
    masks = [maskOf(editor.segmentation, "Lesion", frame) for frame in loop]
    assert [bool(mask[30, 20]) for mask in masks] == [True] * 3 + [False] * 3
    assert [bool(mask[30, 60]) for mask in masks] == [False] * 3 + [True] * 3


@pytest.mark.parametrize("seconds_shape", [(40, 60), (90, 120), (60, 80)])
def test_an_object_is_carried_to_its_place_in_frames_of_other_sizes(scene, editing, settle, seconds_shape):
    browser, proxy = volumes.clip(
        volumes.speckle(1, 60, 80), volumes.speckle(1, *seconds_shape), volumes.speckle(1, 60, 80)
    )
    half = browser.GetMasterSequenceNode().GetNthDataNode(1)
    half.SetSpacing(0.5, 0.5, 1.0)  # twice as near
    editor = Editor(proxy)
    edit, first = editing(editor), FrameLogic.frameOf(proxy, 0)
    edit.click(first, 14, 12)
    settle(edit)
    edit.segmentNeighbours(first, 2)
    while edit.sweep.isRunning:
        settle(edit)
    frames = FrameLogic.loopOf(first)
    masks = [maskOf(editor.segmentation, "Lesion", frame) for frame in frames]
    assert [mask.shape for mask in masks] == [(60, 80), seconds_shape, (60, 80)]
    assert masks[1][24, 28]
    assert masks[2][12, 14]
    for frame in frames:
        (thing,) = PromptLogic.framePrompts(editor.segmentation, "Lesion", frame).objects
        assert thing.prompts.mask is None or thing.prompts.mask.shape == FrameLogic.shape(frame)


def test_an_object_that_the_next_frame_does_not_reach_is_lost_there(scene, editing, settle):
    proxy = volumes.clip(volumes.speckle(1, 60, 80), volumes.speckle(1, 30, 40))[1]
    editor = Editor(proxy)
    edit, first = editing(editor), FrameLogic.frameOf(proxy, 0)
    edit.click(first, 70, 50)
    settle(edit)
    edit.segmentNeighbours(first, 1)
    while edit.sweep.isRunning:
        settle(edit)
    masks = [maskOf(editor.segmentation, "Lesion", frame) for frame in FrameLogic.loopOf(first)]
    assert [bool(mask.any()) for mask in masks] == [True, False]


def test_frames_of_several_sizes_are_refused_in_words_by_a_model_that_takes_them_together(
    scene, editing, settle, disc_model
):
    proxy = volumes.clip(volumes.speckle(1, 60, 80), volumes.speckle(1, 30, 40))[1]
    edit, first = editing(Editor(proxy)), FrameLogic.frameOf(proxy, 0)
    edit.click(first, 20, 20)
    settle(edit)
    disc_model.config.depth = 2
    with pytest.raises(Refusal, match="This loop"):
        edit.segmentNeighbours(first, 1)
    assert not edit.sweep.isRunning


def test_a_model_of_several_frames_gets_them_together(logic, volume, disc_model):
    disc_model.config.depth = 3
    together = []
    disc_model.embed_frames = lambda frames: (together.append(len(frames)), [(f,) for f in frames])[1]
    logic.segment(volume, [at(volume, 0, 30, 20)], frames=(0, 2))
    assert together == [3, 3, 3]
    assert disc_model.embedded == []


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"neighbours": -1}, "neighbours is -1: expected at least 1"),
        ({"frames": (2, 9)}, "frames 2 to 9: expected a part of 0 to 8"),
        ({"frames": (6, 8)}, "expected at least one frame, all from 6 to 8"),
    ],
)
def test_a_wrong_range_is_said_and_leaves_the_scene(logic, volume, how, message):
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    with pytest.raises(ValueError, match=message):
        logic.segment(volume, [at(volume, 4, 30, 20)], **how)
    with pytest.raises(Refusal, match="No initial point lies on"):
        logic.segment(volume, [np.array((900.0, 900.0, 900.0))], frame=2, neighbours=1)
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


# In the effect


@pytest.fixture
def edited(volume, editing, settle):
    """An editor, its EditLogic after a click on frame 4, that frame, and what the timer does."""
    editor = Editor(volume)
    edit, frame = editing(editor), FrameLogic.frameOf(volume, 4)
    edit.click(frame, 30, 20)
    settle(edit)

    def run(steps=40):
        for _ in range(steps):
            assert edit.engine.wait(30)
            edit.poll()

    return editor, edit, frame, run


def test_the_effect_carries_the_current_object_without_waiting_and_in_one_undo_step(edited, volume):
    editor, edit, frame, run = edited
    edit.segmentNeighbours(frame, 2)
    assert "0 of 5" in edit.status
    with pytest.raises(Refusal, match="wait, or press Cancel"):
        edit.click(frame, 50, 40)
    assert filled(editor.segmentation, "Lesion", volume) == [4]
    run()
    assert "carried through 5 frames" in edit.status
    assert filled(editor.segmentation, "Lesion", volume) == [2, 3, 4, 5, 6]
    assert len(edit.prompts.objects) == 1
    editor.logic.Undo()
    run(2)
    assert filled(editor.segmentation, "Lesion", volume) == [4]


def test_points_of_another_frame_lead_the_frames_around_it(edited, volume):
    editor, edit, frame, run = edited
    edit.click(FrameLogic.frameOf(volume, 7), 60, 40)
    run(3)
    edit.setFrame(frame)
    edit.segmentNeighbours(frame, 3)
    run()
    masks = [maskOf(editor.segmentation, "Lesion", FrameLogic.frameOf(volume, i)) for i in range(9)]
    assert [bool(mask[20, 30]) for mask in masks] == [i in range(1, 6) for i in range(9)]
    assert [bool(mask[40, 60]) for mask in masks] == [i in (6, 7) for i in range(9)]


def test_cancel_in_the_effect_writes_nothing(edited, volume):
    editor, edit, frame, run = edited
    edit.segmentNeighbours(frame, 4)
    edit.engine.wait(30)
    edit.poll()
    edit.cancel()
    run()
    assert "Cancelled." in edit.status
    assert filled(editor.segmentation, "Lesion", volume) == [4]


@pytest.fixture
def half_written(edited, volume, monkeypatch):
    """The same, with all masks of five frames there, and two of them in the segment."""
    editor, edit, frame, run = edited
    monkeypatch.setattr(NeighbourRun, "SLICE_SECONDS", 0)  # a frame at each tick
    edit.segmentNeighbours(frame, 2)
    while len(filled(editor.segmentation, "Lesion", volume)) < 2:
        run(1)
    assert edit.sweep.isRunning
    return editor, edit, run


def test_masks_go_into_the_segment_some_at_each_tick_and_are_one_step(half_written, volume):
    editor, edit, run = half_written
    with pytest.raises(Refusal, match="wait, or press Cancel"):
        edit.click(FrameLogic.frameOf(volume, 4), 50, 40)
    run(6)
    assert filled(editor.segmentation, "Lesion", volume) == [2, 3, 4, 5, 6]
    editor.logic.Undo()
    run(2)
    assert filled(editor.segmentation, "Lesion", volume) == [4]


def test_undo_while_masks_go_into_the_segment_takes_all_out_and_no_more_come(half_written, volume):
    editor, edit, run = half_written
    editor.logic.Undo()
    run(6)
    assert filled(editor.segmentation, "Lesion", volume) == [4]
    assert edit.status == "Undone: the frames beside stay as they are."


def test_cancelled_while_it_is_written_it_goes_on_with_a_frame_at_each_tick_to_its_end(half_written, volume):
    editor, edit, run = half_written
    edit.cancel()
    assert "Too late to cancel" in edit.status
    counts = [len(filled(editor.segmentation, "Lesion", volume))]
    while edit.sweep.isRunning:
        edit.cancel()  # as often as the user likes
        run(1)
        counts.append(len(filled(editor.segmentation, "Lesion", volume)))
    assert counts[0] == 2
    assert {later - before for before, later in itertools.pairwise(counts)} <= {0, 1}
    assert filled(editor.segmentation, "Lesion", volume) == [2, 3, 4, 5, 6]
    assert "carried through 5 frames" in edit.status
    editor.logic.Undo()
    run(2)
    assert filled(editor.segmentation, "Lesion", volume) == [4]


def test_nothing_is_left_half_written_when_the_effect_is_left(half_written, volume):
    editor, edit, _run = half_written
    edit.deactivate()
    assert filled(editor.segmentation, "Lesion", volume) == [2, 3, 4, 5, 6]
    assert not edit.sweep.isRunning


def test_a_segment_that_goes_while_it_is_written_ends_it(half_written):
    editor, edit, run = half_written
    editor.segmentation.GetSegmentation().RemoveSegment("Lesion")
    run(2)
    assert edit.sweep.message == "Segment or volume is gone: stopped."


def test_undo_of_the_click_it_started_from_ends_it(edited, volume):
    editor, edit, frame, run = edited
    edit.segmentNeighbours(frame, 4)
    editor.logic.Undo()
    run()
    assert not edit.sweep.isRunning
    assert edit.status == "Undone: the frames beside stay as they are."
    assert not editor.voxels().any()


def test_without_an_outline_the_effect_says_what_to_do_first(volume, editing):
    edit = editing(Editor(volume))
    with pytest.raises(Refusal, match="Click on the object first"):
        edit.segmentNeighbours(FrameLogic.frameOf(volume, 4), 2)


def test_a_failing_model_ends_it_with_its_sentence(edited, disc_model, volume):
    editor, edit, frame, run = edited
    disc_model.predict = None
    edit.segmentNeighbours(frame, 2)
    run()
    assert "not callable" in edit.status
    assert filled(editor.segmentation, "Lesion", volume) == [4]


def test_a_segmentation_that_cannot_grow_to_a_frame_ends_it_in_words_and_changes_nothing(
    edited, volume, monkeypatch
):
    editor, edit, frame, run = edited
    geometry = GridLogic.referenceGeometry(editor.segmentation)
    geometry.SetExtent(0, 79, 0, 59, 3, 5)
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    text = slicer.vtkSegmentationConverter.SerializeImageGeometry(geometry)
    editor.segmentation.GetSegmentation().SetConversionParameter(name, text)
    monkeypatch.setattr(GridLogic, "MOST_VOXELS", 3 * 60 * 80)
    edit.segmentNeighbours(frame, 2)
    run()
    assert not edit.sweep.isRunning
    assert "to reach this outline" in edit.status.lower()
    assert filled(editor.segmentation, "Lesion", volume) == [4]


def test_points_and_options_wait_until_all_frames_are_done(edited, volume, disc_model, monkeypatch):
    editor, edit, frame, run = edited
    go, predict = threading.Event(), disc_model.predict
    monkeypatch.setattr(disc_model, "predict", lambda *given: go.wait(30) and predict(*given))
    edit.segmentNeighbours(frame, 2)
    edit.points.nodes["initial"].SetNthControlPointPositionWorld(0, *at(volume, 4, 60, 40))
    edit.useOptions(MaskOptions(smoothingMm=1.0))
    edit.poll()
    (click,) = edit.prompts.object.prompts.clicks
    assert (click.x, click.y) == (30, 20)
    assert "wait, or press Cancel" in edit.message
    place = edit.points.nodes["initial"].GetNthControlPointPositionWorld(0)
    np.testing.assert_allclose(place, at(volume, 4, 30, 20), atol=1e-4)
    go.set()
    run()
    assert filled(editor.segmentation, "Lesion", volume) == [2, 3, 4, 5, 6]
