"""Prompts in the segment's tag: round trips through the tag, .seg.nrrd, .mrb, undo and redo."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
import slicer
import slicerio
import volumes
from slicer_scene import Editor

from samca.prompts import Box, Click, Prompts
from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic, TagLogic
from SAMCALib.Prompts.PromptLogic import FramePrompts
from SAMCALib.Prompts.TagLogic import PromptObject
from SAMCALib.Texts import Refusal


def an_object(shape=(20, 24)):
    mask = np.zeros(shape, bool)
    mask[3:9, 4:17] = True
    mask[5, 6] = False
    clicks = (Click(5.25, 4.5), Click(1.0, 2.0, False), Click(9.125, 3.0))
    return PromptObject(Prompts(clicks, Box(1, 2, 13, 14), ~mask), mask, True)


def same(a, b):
    assert TagLogic.samePrompts(a.prompts, b.prompts)
    np.testing.assert_array_equal(a.mask, b.mask)
    assert a.pending == b.pending
    return True


@pytest.fixture
def editor(scene):
    return Editor(volumes.volume())


@pytest.fixture
def frame(editor):
    return FrameLogic.frameOf(editor.volume, 4)


def store(editor, frame, *objects):
    PromptLogic.setFramePrompts(editor.segmentation, "Lesion", frame, FramePrompts(objects))


def read(editor, frame):
    return PromptLogic.framePrompts(editor.segmentation, "Lesion", frame)


def test_everything_comes_back_from_the_tag(editor, frame):
    simple = PromptObject(Prompts((Click(3, 4),)))
    store(editor, frame, an_object(), simple)
    prompts = read(editor, frame)
    assert prompts.current == 1
    assert same(prompts.objects[0], an_object())
    assert prompts.objects[1] == simple


def test_frames_do_not_mix(editor, frame):
    other = FrameLogic.frameOf(editor.volume, 5)
    store(editor, frame, an_object())
    store(editor, other, PromptObject(Prompts((Click(3, 4),))))
    assert len(read(editor, frame).objects[0].prompts.clicks) == 3
    assert len(read(editor, other).objects[0].prompts.clicks) == 1
    store(editor, frame)
    assert read(editor, frame) == FramePrompts()
    store(editor, other)
    assert TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion")) == ""


def test_the_tag_is_the_documented_json(editor, frame):
    store(
        editor,
        frame,
        PromptObject(Prompts((Click(3, 4), Click(5, 6.5, False)), Box(1, 2, 3, 4)), pending=True),
    )
    text = TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion"))
    entry = {"clicks": [[3, 4, 1], [5, 6.5, 0]], "box": [1, 2, 3, 4], "pending": True}
    (role,) = [role for role in roles(editor.segmentation) if role.startswith("SAMCA.image.")]
    assert editor.segmentation.GetNodeReference(role) is editor.volume
    entry.update(node=role.removeprefix("SAMCA.image."), sha256=FrameLogic.digest(frame))
    assert json.loads(text) == {"version": 1, "frames": {"2:4": [entry]}}


def test_a_stroke_comes_back_with_its_path(editor, frame):
    strokes = Click(3, 4.25, True, ((5, 6), (7.5, 6))), Click(1, 1), Click(9, 9, False, ((9, 12),))
    store(editor, frame, PromptObject(Prompts(strokes)))
    assert read(editor, frame).objects[0].prompts.clicks == strokes
    text = TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion"))
    (entry,) = json.loads(text)["frames"]["2:4"]
    assert entry["clicks"] == [[3, 4.25, 1, [[5, 6], [7.5, 6]]], [1, 1, 1], [9, 9, 0, [[9, 12]]]]


def test_a_lasso_and_the_outline_that_was_chosen_come_back(editor, frame):
    lasso = PromptObject(Prompts(lasso=((3, 4.25), (9, 4), (6, 12))))
    other = PromptObject(Prompts((Click(1, 1),), alternative=2))
    store(editor, frame, lasso, other)
    assert [thing.prompts for thing in read(editor, frame).objects] == [lasso.prompts, other.prompts]


def test_points_of_two_volumes_do_not_mix(editor, frame):
    other = FrameLogic.frameOf(volumes.volume(name="Doppler"), 4)
    store(editor, frame, an_object())
    assert read(editor, other) == FramePrompts()
    store(editor, other, PromptObject(Prompts((Click(1, 1),))))
    assert same(read(editor, frame).objects[0], an_object())
    store(editor, other)
    assert same(read(editor, frame).objects[0], an_object())
    store(editor, frame)
    assert TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion")) == ""


def roles(node):
    return [node.GetNthNodeReferenceRole(i) for i in range(node.GetNumberOfNodeReferenceRoles())]


@pytest.mark.parametrize("likeness", ["other pixels", "the same pixels"])
def test_volumes_of_one_name_have_points_of_their_own(editor, frame, likeness):
    pixels = slicer.util.arrayFromVolume(editor.volume).copy()
    pixels[frame.index, 0, 0] += likeness == "other pixels"
    other = FrameLogic.frameOf(volumes.volume(pixels, name="Scan"), frame.index)
    store(editor, frame, an_object())
    assert read(editor, other) == FramePrompts()
    store(editor, other, PromptObject(Prompts((Click(1, 1),))), PromptObject(Prompts((Click(9, 9),))))
    assert len(read(editor, frame).objects) == 1
    assert len(read(editor, other).objects) == 2


def test_a_volume_whose_pixels_change_keeps_its_points(editor, frame):
    store(editor, frame, an_object())
    slicer.util.arrayFromVolume(editor.volume)[:] = 7
    slicer.util.arrayFromVolumeModified(editor.volume)
    assert same(read(editor, frame).objects[0], an_object())


def test_a_volume_that_is_loaded_anew_is_known_by_its_pixels(editor, frame):
    store(editor, frame, an_object())
    pixels = slicer.util.arrayFromVolume(editor.volume).copy()
    slicer.mrmlScene.RemoveNode(editor.volume)
    anew = FrameLogic.frameOf(volumes.volume(pixels, name="Scan 2"), frame.index)
    pixels[frame.index] //= 2
    namesake = FrameLogic.frameOf(volumes.volume(pixels, name="Scan"), frame.index)
    assert same(read(editor, anew).objects[0], an_object())
    assert read(editor, namesake) == FramePrompts()
    store(editor, anew, an_object(), an_object())
    assert len(read(editor, anew).objects) == 2


def test_a_scene_that_is_imported_beside_others_knows_which_image_has_which_points(editor, frame, tmp_path):
    store(editor, frame, an_object())
    slicer.mrmlScene.SetURL(str(tmp_path / "scene.mrml"))
    assert slicer.mrmlScene.Commit()
    slicer.mrmlScene.Clear(0)
    volumes.volume(name="Another one with the same id")
    slicer.mrmlScene.SetURL(str(tmp_path / "scene.mrml"))
    slicer.mrmlScene.Import()
    loaded = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    (role,) = [role for role in roles(loaded) if role.startswith("SAMCA.image.")]
    assert loaded.GetNodeReference(role).GetName() == "Scan"


def test_images_of_a_loop_are_one_image_whatever_browses_them(scene, editing, settle):
    browser, proxy = volumes.tracked(3, (60, 80))
    editor = Editor(proxy)
    edit = editing(editor)
    edit.click(FrameLogic.frameOf(proxy, 0), 20, 30)
    settle(edit)
    sequence = browser.GetSequenceNode(proxy)
    browser.RemoveProxyNode(proxy.GetID())
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    assert read(editor, FrameLogic.frameOf(browser.GetProxyNode(sequence), 0)).objects


def test_tags_with_names_are_read_on_and_rewritten_at_the_next_edit(editor, frame):
    segment = editor.segmentation.GetSegmentation().GetSegment("Lesion")
    entries = [{"of": name, "clicks": [[3, 4, 1]]} for name in ("Scan", "Doppler", "Gone")]
    stored = {"2:4": entries, "2:5": entries[:1]}
    segment.SetTag(TagLogic.TAG, json.dumps({"version": 1, "frames": stored}))
    other = FrameLogic.frameOf(volumes.volume(volumes.speckle(9, 20, 24) // 2, name="Scan"), 4)
    doppler = FrameLogic.frameOf(volumes.volume(name="Doppler"), 4)
    assert [len(read(editor, each).objects) for each in (frame, other, doppler)] == [2, 2, 2]
    store(editor, frame, *read(editor, frame).objects, an_object())
    assert [len(read(editor, each).objects) for each in (frame, other, doppler)] == [3, 0, 1]
    assert json.loads(TagLogic.tagText(segment))["frames"]["2:5"] == entries[:1]


def test_a_volume_under_another_name_keeps_its_points(editor, frame):
    store(editor, frame, an_object())
    editor.volume.SetName("Renamed")
    assert same(read(editor, frame).objects[0], an_object())
    store(editor, frame, an_object(), an_object())
    assert len(read(editor, frame).objects) == 2


def test_tags_from_before_volumes_had_names_are_read(editor, frame):
    text = '{"version": 1, "frames": {"2:4": [{"clicks": [[3, 4, 1]]}]}}'
    editor.segmentation.GetSegmentation().GetSegment("Lesion").SetTag(TagLogic.TAG, text)
    assert read(editor, frame).objects[0].prompts.clicks == (Click(3, 4),)


def test_a_mask_of_a_large_frame_is_a_small_text(scene):
    mask = np.hypot(*np.mgrid[-384:384, -512:512]) < 200
    editor = Editor(volumes.volume(np.zeros((1, 768, 1024), np.uint8)))
    store(editor, FrameLogic.frameOf(editor.volume, 0), PromptObject(Prompts((Click(512, 384),)), mask))
    assert len(TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion"))) < 6000


def test_seg_nrrd_keeps_the_prompts(editor, frame, tmp_path):
    store(editor, frame, an_object())
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(tmp_path / "prompts.seg.nrrd"))
    assert storage.WriteData(editor.segmentation)
    loaded = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert storage.ReadData(loaded)
    prompts = PromptLogic.framePrompts(loaded, "Lesion", frame)
    assert same(prompts.objects[0], an_object())


def test_slicerio_finds_the_prompts_in_the_file_too(editor, frame, tmp_path):
    store(editor, frame, an_object())
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(tmp_path / "prompts.seg.nrrd"))
    assert storage.WriteData(editor.segmentation)
    segmentation = slicerio.read_segmentation(str(tmp_path / "prompts.seg.nrrd"), skip_voxels=True)
    (segment,) = segmentation["segments"]
    text = TagLogic.tagText(editor.segmentation.GetSegmentation().GetSegment("Lesion"))
    assert segment["tags"][TagLogic.TAG] == text


def test_mrb_keeps_the_prompts(editor, frame, tmp_path):
    store(editor, frame, an_object())
    scene = slicer.mrmlScene
    assert scene.WriteToMRB(str(tmp_path / "scene.mrb"))
    with zipfile.ZipFile(tmp_path / "scene.mrb") as archive:
        archive.extractall(tmp_path / "scene")
    scene.Clear(0)
    scene.SetURL(str(next((tmp_path / "scene").rglob("*.mrml"))))
    assert scene.Connect()
    segmentation = scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    volume = scene.GetFirstNodeByName("Scan")
    prompts = PromptLogic.framePrompts(segmentation, "Lesion", FrameLogic.frameOf(volume, 4))
    assert same(prompts.objects[0], an_object())


def test_undo_and_redo_carry_the_prompts(editor, frame):
    editor.logic.SaveStateForUndo()
    store(editor, frame, PromptObject(Prompts((Click(3, 4),))))
    editor.logic.SaveStateForUndo()
    store(editor, frame, an_object())
    editor.logic.Undo()
    assert len(read(editor, frame).objects[0].prompts.clicks) == 1
    editor.logic.Undo()
    assert read(editor, frame) == FramePrompts()
    editor.logic.Redo()
    editor.logic.Redo()
    assert same(read(editor, frame).objects[0], an_object())


def test_roles_follow_from_the_order():
    clicks = (Click(1, 1, False), Click(2, 2), Click(3, 3), Click(2, 2))
    roles = [PromptObject(Prompts(clicks)).roleOf(i) for i in range(4)]
    assert roles == ["guidedNegative", "initial", "guidedPositive", "guidedPositive"]
    boxed = PromptObject(Prompts(clicks, Box(0, 0, 5, 5)))
    assert [boxed.roleOf(i) for i in range(4)] == ["guidedNegative"] + ["guidedPositive"] * 3


def test_existing_fiducials_become_prompts_of_the_frame_they_lie_on(scene):
    volume = volumes.volume(geometry="oblique")
    frame = FrameLogic.frameOf(volume, 4)
    lists = [scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode") for _ in range(3)]
    for node, places in zip(lists, ([(5, 6)], [(7, 8), (1, 2)], [(3, 3)]), strict=True):
        for x, y in places:
            node.AddControlPointWorld(*FrameLogic.xyToRas(frame, x, y))
    lists[1].AddControlPointWorld(*FrameLogic.xyToRas(FrameLogic.frameOf(volume, 6), 4, 4))
    prompts = PromptLogic.promptsFromFiducials(frame, *lists)
    places = [(round(c.x, 6), round(c.y, 6), c.positive) for c in prompts.clicks]
    assert places == [(5, 6, True), (7, 8, True), (1, 2, True), (3, 3, False)]
    positions = [FrameLogic.xyToRas(frame, 5, 6)]
    assert PromptLogic.promptsFromFiducials(frame, positions).clicks[0].x == pytest.approx(5)
    with pytest.raises(Refusal, match="No initial point lies on Scan, frame 6"):
        PromptLogic.promptsFromFiducials(FrameLogic.frameOf(volume, 5), *lists)
