"""What happens while the model computes, with two editors, and what is left when all is over."""

from __future__ import annotations

import gc
import threading
import types
import weakref

import numpy as np
import pytest
import slicer
import volumes
from slicer_scene import Editor

from SAMCALib.Editing.EditLogic import EditLogic
from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Prompts import TagLogic
from SAMCALib.Segments.SegmentLogic import EditorHost, maskOf


@pytest.fixture
def editor(scene):
    return Editor(volumes.volume(volumes.speckle(9, 60, 80)))


@pytest.fixture
def edit(editing, editor):
    return editing(editor)


@pytest.fixture
def frame(editor):
    return FrameLogic.frameOf(editor.volume, 4)


EVENTS = (
    "ModifiedEvent", "DeleteEvent", "AnyEvent", slicer.vtkMRMLMarkupsNode.PointStartInteractionEvent,
    slicer.vtkMRMLMarkupsNode.PointEndInteractionEvent, slicer.vtkMRMLMarkupsNode.PointModifiedEvent,
    slicer.vtkMRMLScene.NodeAddedEvent, slicer.vtkMRMLScene.StartCloseEvent,
    slicer.vtkSegmentation.SegmentModified, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
)  # fmt: skip


def observers(*objects) -> list:
    """(object, event) for everything that is observed; MRML nodes tell no numbers."""
    return [(i, event) for i, thing in enumerate(objects) for event in EVENTS if thing.HasObserver(event)]


def nodes():
    scene = slicer.mrmlScene
    return sorted(scene.GetNthNode(i).GetID() for i in range(scene.GetNumberOfNodes()))


def mask(editor, frame, segmentId="Lesion"):
    return maskOf(editor.segmentation, segmentId, frame)


def test_nothing_is_left_of_an_editor_that_was_used(editor, frame, view, engine, settle):
    shown = view(editor.volume)
    watched = (
        slicer.mrmlScene, editor.volume, editor.segmentation, editor.segmentation.GetSegmentation(),
        editor.node, shown.node, editor.volume.GetImageData(),
        editor.segmentation.GetSegmentation().GetSegment("Lesion"),
    )  # fmt: skip
    before = (nodes(), threading.active_count(), observers(*watched))
    edit, used = EditLogic(EditorHost(editor.logic), engine), []
    for _ in range(3):
        edit.activate()
        edit.setFrame(frame)
        edit.click(frame, 30, 20)
        settle(edit)
        edit.click(frame, 40, 20, False)
        edit.hover(frame, 50, 50)
        settle(edit)
        used += edit.points.nodes.values()
        assert len(observers(used[-1])) >= 2
        edit.deactivate()
        assert [point.GetScene() for point in used[-3:]] == [None] * 3
    engine.stop()
    gone = weakref.ref(edit), weakref.ref(edit.points)
    del edit
    gc.collect()
    assert [reference() for reference in gone] == [None, None]  # an observation of `used` would keep them
    used.clear()
    assert (nodes(), threading.active_count(), observers(*watched)) == before


def test_an_editor_that_was_only_opened_adds_nothing(editor, edit, frame, engine):
    before, threads = nodes(), threading.active_count()
    seen = observers(slicer.mrmlScene, editor.volume, editor.segmentation, editor.node)
    edit.poll()
    edit.poll()
    assert nodes() == before
    assert threading.active_count() == threads
    assert observers(slicer.mrmlScene, editor.volume, editor.segmentation, editor.node) == seen


def test_prompts_stay_in_the_segment_when_the_effect_is_left(editor, edit, frame, settle):
    edit.click(frame, 30, 20)
    settle(edit)
    edit.deactivate()
    assert mask(editor, frame).any()
    edit.activate()
    edit.setFrame(frame)
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 1


def test_switched_off_while_encoding(editor, edit, frame, engine, gated, settle):
    edit.click(frame, 30, 20)
    assert gated.started.wait(10)
    edit.deactivate()
    gated.gate.set()
    settle(edit)
    assert not mask(editor, frame).any()
    edit.activate()
    edit.setFrame(frame)
    settle(edit)
    assert mask(editor, frame)[20, 30]  # the click was not lost


def test_cancelled_while_encoding(editor, edit, frame, engine, gated, settle):
    edit.click(frame, 30, 20)
    assert gated.started.wait(10)
    edit.cancel()
    gated.gate.set()
    settle(edit)
    assert not mask(editor, frame).any()
    assert edit.status == "Cancelled."
    edit.click(frame, 40, 20)
    settle(edit)
    assert mask(editor, frame)[20, 30]
    assert mask(editor, frame)[20, 40]


def test_the_scene_closed_while_encoding(editor, edit, frame, engine, gated, scene):
    edit.click(frame, 30, 20)
    assert gated.started.wait(10)
    scene.Clear(0)
    edit.poll()
    gated.gate.set()
    assert engine.wait(10)
    edit.poll()
    assert engine.poll(edit) == []
    assert edit.frame is None
    other = Editor(volumes.volume(volumes.speckle(9, 60, 80)))
    assert not other.voxels().any()


def test_the_scene_closed_and_reused_ids_get_no_old_answer(
    editor, edit, frame, engine, gated, scene, editing, settle
):
    edit.click(frame, 30, 20)
    assert gated.started.wait(10)
    scene.Clear(0)
    other = Editor(volumes.volume(volumes.speckle(9, 60, 80)))
    edit.host = EditorHost(other.logic)
    edit.deactivate()
    second = editing(other)
    gated.gate.set()
    settle(second)
    settle(edit)
    assert not other.voxels().any()


def test_the_volume_deleted_while_encoding(editor, edit, frame, engine, gated, scene, settle):
    edit.click(frame, 30, 20)
    assert gated.started.wait(10)
    scene.RemoveNode(editor.volume)
    gated.gate.set()
    settle(edit)
    assert edit.frame is None
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 0


@pytest.mark.parametrize("what", ["segment", "segmentation"])
def test_the_segment_deleted_while_encoding(editor, edit, frame, engine, gated, scene, settle, what):
    edit.click(frame, 30, 20)
    assert gated.started.wait(10)
    if what == "segment":
        editor.segmentation.GetSegmentation().RemoveSegment("Lesion")
    else:
        scene.RemoveNode(editor.segmentation)
    gated.gate.set()
    settle(edit)
    settle(edit)
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 0
    if what == "segment":
        edit.click(frame, 40, 20)
        settle(edit)
        assert mask(editor, frame, editor.node.GetSelectedSegmentID())[20, 40]


def test_another_segment_chosen_while_encoding(scene, editing, engine, gated, settle):
    editor = Editor(volumes.volume(volumes.speckle(9, 60, 80)), ("Lesion", "Nerve"))
    edit, frame = editing(editor), FrameLogic.frameOf(editor.volume, 4)
    edit.click(frame, 30, 20)
    assert gated.started.wait(10)
    editor.node.SetSelectedSegmentID("Nerve")
    gated.gate.set()
    settle(edit)
    assert mask(editor, frame)[20, 30]
    assert not mask(editor, frame, "Nerve").any()
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 0
    editor.node.SetSelectedSegmentID("Lesion")
    settle(edit)
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 1


def test_undo_while_encoding_takes_the_last_click_back_and_keeps_those_before(
    editor, edit, frame, engine, gated, settle
):
    edit.click(frame, 30, 20)
    edit.click(frame, 60, 20)
    assert gated.started.wait(10)
    assert len(edit.prompts.objects[0].prompts.clicks) == 2
    editor.logic.Undo()
    edit.poll()
    assert len(edit.prompts.objects[0].prompts.clicks) == 1
    gated.gate.set()
    settle(edit)
    assert mask(editor, frame)[20, 30]
    assert not mask(editor, frame)[20, 60]
    editor.logic.Undo()
    settle(edit)
    assert not mask(editor, frame).any()


def test_points_of_clicks_are_there_before_the_model_answers(editor, edit, frame, gated):
    edit.click(frame, 30, 20)
    edit.click(frame, 60, 20)
    edit.click(frame, 50, 20, False)
    counts = {role: node.GetNumberOfControlPoints() for role, node in edit.points.nodes.items()}
    assert counts == {"initial": 1, "guidedPositive": 1, "guidedNegative": 1, "box": 0, "lasso": 0}


def test_two_editors_on_one_segmentation_follow_each_other(editor, editing, frame, settle, scene):
    one, two = editing(editor), editing(editor)
    for edit in (one, two):
        edit.setFrame(frame)
    one.click(frame, 30, 20)
    settle(one)
    settle(two)
    assert two.points.nodes["initial"].GetNumberOfControlPoints() == 1
    assert two.points.nodes["initial"] is not one.points.nodes["initial"]
    two.click(frame, 60, 20)
    settle(two)
    settle(one)
    assert one.points.nodes["guidedPositive"].GetNumberOfControlPoints() == 1
    assert mask(editor, frame)[20, 60]
    two.deactivate()
    assert one.points.nodes["initial"].GetNumberOfControlPoints() == 1


def test_two_editors_on_two_volumes_do_not_mix(editing, scene, settle, engine):
    editors = [
        Editor(volumes.volume(volumes.speckle(2, 60, 80) // (n + 1), name=f"Scan{n}")) for n in range(2)
    ]
    edits = [editing(editor) for editor in editors]
    frames = [FrameLogic.frameOf(editor.volume, 1) for editor in editors]
    for x, edit, frame in zip((20, 60), edits, frames, strict=True):
        edit.click(frame, x, 30)
    for edit in edits:
        settle(edit)
    for x, editor, frame in zip((20, 60), editors, frames, strict=True):
        assert mask(editor, frame)[30, x]
        assert mask(editor, frame).sum() == editor.voxels().sum()
        assert not mask(editor, frame)[30, 80 - x]
    assert engine.cachedFrames == 4  # the neighbours too


def test_a_click_of_another_model_is_not_lost_when_the_first_cannot_answer(
    editor, edit, frame, settle, engine
):
    engine.setModel(types.SimpleNamespace(config=None), "broken")
    edit.click(frame, 30, 20)
    settle(edit)
    assert edit.status != ""
    assert not mask(editor, frame).any()
    assert "pending" in TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion"))


def test_points_are_not_saved_with_the_scene(editor, edit, frame, settle, scene, tmp_path):
    edit.click(frame, 30, 20)
    settle(edit)
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    import zipfile

    with zipfile.ZipFile(tmp_path / "scene.mrb") as archive:
        names = archive.namelist()
        text = next(archive.read(name).decode() for name in names if name.endswith(".mrml"))
    assert not [name for name in names if name.endswith(".mrk.json")]
    assert "SAMCA initial" not in text


def test_a_scene_loaded_again_shows_the_points_and_goes_on(
    editor, edit, frame, settle, scene, tmp_path, editing
):
    edit.click(frame, 30, 20)
    settle(edit)
    before = mask(editor, frame)
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(tmp_path / "lesion.seg.nrrd"))
    assert storage.WriteData(editor.segmentation)
    edit.deactivate()
    scene.Clear(0)
    again = Editor(volumes.volume(volumes.speckle(9, 60, 80)), ())
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(tmp_path / "lesion.seg.nrrd"))
    assert storage.ReadData(again.segmentation)
    again.node.SetSelectedSegmentID("Lesion")
    second, frame = editing(again), FrameLogic.frameOf(again.volume, 4)
    second.setFrame(frame)
    assert second.points.nodes["initial"].GetNumberOfControlPoints() == 1
    np.testing.assert_array_equal(mask(again, frame), before)
    second.moveClick(0, 0, 60, 40)
    settle(second)
    assert not mask(again, frame)[20, 30]
    assert mask(again, frame)[40, 60]


def test_leaving_a_sequence_leaves_no_proxy_of_ours(scene, editing, settle):
    browser, volume = volumes.cine(3, (60, 80))
    editor = Editor(volume)
    edit = editing(editor)
    edit.click(FrameLogic.frameOf(volume, 0), 20, 30)
    settle(edit)
    edit.deactivate()
    after = nodes()
    for item in SequenceLogic.itemsOf(browser):
        SequenceLogic.showItem(browser, item)
    assert nodes() == after


def test_redo_after_an_undo_that_overtook_the_model_brings_the_click_and_its_mask(
    editor, edit, frame, gated, settle
):
    edit.click(frame, 30, 20)
    assert gated.started.wait(30)
    editor.logic.Undo()
    edit.poll()
    assert not edit.prompts.objects
    editor.logic.Redo()
    edit.poll()
    assert len(edit.prompts.objects) == 1
    gated.gate.set()
    settle(edit)
    assert maskOf(editor.segmentation, "Lesion", frame)[20, 30]
    assert not edit.prompts.object.pending
