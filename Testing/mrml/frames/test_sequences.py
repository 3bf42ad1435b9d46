"""Cine loops as Sequences: one segmentation for each item, kept in step by the Sequence browser."""

from __future__ import annotations

import types

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
import vtk
from slicer_scene import Editor

from SAMCALib.Editing import StartLogic
from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Segments import GridLogic
from SAMCALib.Segments.SegmentLogic import maskOf
from SAMCALib.Texts import Refusal
from SAMCATrainingLib.DatasetLogic import addCase


@pytest.fixture
def cine(scene):
    return volumes.cine(4, (60, 80))


@pytest.fixture
def editor(cine):
    return Editor(cine[1])


@pytest.fixture
def edit(editing, editor):
    return editing(editor)


def go_to(cine, item):
    SequenceLogic.showItem(cine[0], item)
    return FrameLogic.frameOf(cine[1], 0)


def mask(editor, frame, segmentId="Lesion"):
    return maskOf(editor.segmentation, segmentId, frame)


def points(edit):
    return edit.points.nodes["initial"].GetNumberOfControlPoints()


def test_each_item_has_its_own_segmentation_and_points(cine, editor, edit, settle):
    masks = {}
    for item, x in (("0.0", 20), ("0.2", 50)):
        frame = go_to(cine, item)
        edit.click(frame, x, 30)
        settle(edit)
        masks[item] = mask(editor, frame)
        assert masks[item][30, x]
    for item in ("0.1", "0.2", "0.3", "0.0"):
        frame = go_to(cine, item)
        edit.poll()
        np.testing.assert_array_equal(mask(editor, frame), masks.get(item, np.zeros((60, 80), bool)))
        assert points(edit) == (item in masks)
    assert SequenceLogic.browserOf(editor.segmentation) is cine[0]


def test_what_was_there_before_stays_with_the_item_that_was_shown(cine, editor, edit, settle):
    frame = go_to(cine, "0.1")
    edit.click(frame, 20, 30)
    settle(edit)
    edit.click(frame, 60, 30)
    settle(edit)
    sequence = cine[0].GetSequenceNode(editor.segmentation)
    assert sequence.GetNumberOfDataNodes() == 4
    go_to(cine, "0.2")
    assert not mask(editor, FrameLogic.frameOf(cine[1], 0)).any()
    assert mask(editor, go_to(cine, "0.1"))[30, 60]


def test_a_segment_made_later_is_there_in_every_item(cine, editor, edit, settle):
    edit.click(go_to(cine, "0.0"), 20, 30)
    settle(edit)
    editor.node.SetSelectedSegmentID(editor.segmentation.GetSegmentation().AddEmptySegment("Nerve", "Nerve"))
    edit.poll()
    edit.click(FrameLogic.frameOf(cine[1], 0), 60, 30)
    settle(edit)
    frame = go_to(cine, "0.3")
    assert list(editor.segmentation.GetSegmentation().GetSegmentIDs()) == ["Lesion", "Nerve"]
    edit.poll()
    editor.node.SetSelectedSegmentID("Nerve")
    edit.click(frame, 40, 30)
    settle(edit)
    assert mask(editor, frame, "Nerve")[30, 40]
    assert not mask(editor, frame).any()


def test_undo_in_one_item_does_not_touch_another(cine, editor, edit, settle):
    first = go_to(cine, "0.0")
    edit.click(first, 20, 30)
    settle(edit)
    second = go_to(cine, "0.1")
    edit.poll()
    edit.click(second, 50, 30)
    settle(edit)
    editor.logic.Undo()
    settle(edit)
    assert not mask(editor, second).any()
    assert mask(editor, go_to(cine, "0.0"))[30, 20]


def test_an_answer_does_not_land_in_the_item_shown_next(cine, editor, edit, settle):
    edit.click(go_to(cine, "0.0"), 20, 30)
    other = go_to(cine, "0.1")
    settle(edit)
    assert not mask(editor, other).any()
    frame = go_to(cine, "0.0")
    settle(edit)
    settle(edit)
    assert mask(editor, frame)[30, 20]  # asked again on coming back


def test_neighbouring_items_are_encoded_ahead(cine, edit, settle, engine, disc_model):
    edit.setFrame(go_to(cine, "0.1"))
    settle(edit)
    assert engine.cachedFrames == 3
    go_to(cine, "0.2")
    settle(edit)
    assert engine.cachedFrames == 4
    assert len(disc_model.embedded) == 4


ABOUT = {"TerminologyEntry": "Anatomy~SCT^1^Breast", "Segmentation.Status": "completed", "Reader": "B"}


def about(segment):
    """Tags, label value, name and colour."""
    values = {name: vtk.mutable("") for name in ABOUT}
    told = {name: str(value) for name, value in values.items() if segment.GetTag(name, value)}
    return told, segment.GetLabelValue(), segment.GetName(), segment.GetColor()


def test_what_is_known_of_a_segment_is_known_in_every_item(cine, editor, edit, settle):
    segmentation = editor.segmentation.GetSegmentation()
    expected = {}
    for number, name in enumerate(("Lesion", "Nerve"), start=3):
        if name == "Nerve":  # made when every item has a segmentation already
            editor.node.SetSelectedSegmentID(segmentation.AddEmptySegment(name, "Median", (0.2, 0.4, 1)))
        segment = segmentation.GetSegment(name)
        for tag, value in ABOUT.items():
            segment.SetTag(tag, value)
        segment.SetLabelValue(number)
        expected[name] = about(segment)
        edit.poll()
        edit.click(FrameLogic.frameOf(cine[1], 0), 20 * number - 40, 30)
        settle(edit)
        segmentation = editor.segmentation.GetSegmentation()
    for item in SequenceLogic.itemsOf(cine[0]):
        go_to(cine, item)
        segmentation = editor.segmentation.GetSegmentation()
        assert {name: about(segmentation.GetSegment(name)) for name in expected} == expected
    frame = go_to(cine, "0.2")
    for name, x in (("Lesion", 25), ("Nerve", 60)):
        editor.node.SetSelectedSegmentID(name)
        edit.poll()
        edit.click(frame, x, 30)
        settle(edit)
        assert mask(editor, frame, name)[30, x]
    assert not (mask(editor, frame, "Lesion") & mask(editor, frame, "Nerve")).any()


def test_what_becomes_of_a_segment_in_one_item_becomes_of_it_in_all(cine, editor, edit, settle):
    edit.click(go_to(cine, "0.1"), 20, 30)
    settle(edit)
    special = FrameLogic.nodeAt(FrameLogic.loopOf(edit.frame)[3], editor.segmentation)
    special.GetSegmentation().GetSegment("Lesion").SetName("Of this frame")
    segment = editor.segmentation.GetSegmentation().GetSegment("Lesion")
    segment.SetName("Cyst")
    edit.poll()
    segment.SetColor(0.1, 0.2, 0.3)
    segment.SetTag("TerminologyEntry", ABOUT["TerminologyEntry"])
    segment.SetTag("Segmentation.Status", "flagged")
    go_to(cine, "0.2")  # before the next tick
    edit.poll()
    names = []
    for item in SequenceLogic.itemsOf(cine[0]):
        go_to(cine, item)
        tags, _value, name, colour = about(editor.segmentation.GetSegmentation().GetSegment("Lesion"))
        names.append(name)
        assert tags["TerminologyEntry"] == ABOUT["TerminologyEntry"]
        assert tags.get("Segmentation.Status") == ("flagged" if item == "0.1" else None)
        assert colour == (0.1, 0.2, 0.3)
    assert names == ["Cyst", "Cyst", "Cyst", "Of this frame"]


def test_each_item_has_the_grid_of_its_image(scene, editing, settle):
    browser, proxy = volumes.clip(
        volumes.speckle(1, 60, 80), volumes.speckle(1, 50, 130), volumes.speckle(1, 60, 80)
    )
    editor = Editor(proxy)
    edit = editing(editor)
    fine = GridLogic.geometryText(editor.segmentation).replace("0;79;0;59", "0;99;0;59")
    name = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    editor.segmentation.GetSegmentation().SetConversionParameter(name, fine)  # of the user's own choice
    edit.click(FrameLogic.frameOf(proxy, 0), 20, 30)
    settle(edit)
    extents = []
    for item, x in (("1", 120), ("2", 70)):
        SequenceLogic.showItem(browser, item)
        edit.poll()
        frame = FrameLogic.frameOf(proxy, 0)
        extents.append(GridLogic.referenceGeometry(editor.segmentation).GetExtent()[:4])
        edit.click(frame, x, 30)
        settle(edit)
        np.testing.assert_array_equal(mask(editor, frame), edit.prompts.objects[0].mask)
    assert extents == [(0, 129, 0, 49), (0, 99, 0, 59)]


def test_a_loop_under_a_tracker_gives_all_items_one_grid_or_each_its_own(scene):
    for follows in (True, False):
        proxy = volumes.tracked(3)[1]
        editor = Editor(proxy)
        editor.segmentation.SetAndObserveTransformNodeID(proxy.GetTransformNodeID() if follows else None)
        editor.segmentation.SetReferenceImageGeometryParameterFromVolumeNode(proxy)
        SequenceLogic.synchronise(editor.segmentation, proxy)
        for frame in FrameLogic.loopOf(FrameLogic.frameOf(proxy, 0)):
            item = FrameLogic.nodeAt(frame, editor.segmentation)
            toWorld = FrameLogic.toWorld(frame, editor.segmentation) @ GridLogic.gridToNode(item)
            np.testing.assert_allclose(toWorld, FrameLogic.pictureToRas(frame), atol=1e-6)
        stored = [FrameLogic.nodeAt(frame, editor.segmentation) for frame in FrameLogic.items(frame)]
        assert len({GridLogic.geometryText(node) for node in stored}) == (1 if follows else 3)


@pytest.mark.parametrize("other", ["loop", "volume"])
def test_a_segmentation_of_one_loop_is_not_taken_for_another_image(
    cine, editor, edit, settle, tmp_path, other
):
    edit.click(go_to(cine, "0.1"), 20, 30)
    settle(edit)
    before = [mask(editor, frame).sum() for frame in FrameLogic.loopOf(edit.frame)]
    pixels = volumes.speckle(1, 60, 80)
    volume = volumes.clip(pixels, pixels)[1] if other == "loop" else volumes.volume(pixels)
    frame = FrameLogic.frameOf(volume, 0)
    editor.node.SetAndObserveSourceVolumeNode(volume)
    edit.poll()
    for action in (
        lambda: edit.click(frame, 60, 30),
        lambda: edit.box(frame, 10, 10, 30, 30),
        lambda: edit.suggestAll(frame, finder=types.SimpleNamespace(look=None)),
        lambda: SegmentationLogic(edit.engine).segment(
            volume, [FrameLogic.xyToRas(frame, 9, 9)], segmentationNode=editor.segmentation
        ),
        lambda: addCase(volume, editor.segmentation, tmp_path / "data"),
    ):
        with pytest.raises(Refusal, match="Segmentation belongs to Cine: choose or create another"):
            action()
    assert [mask(editor, frame).sum() for frame in FrameLogic.loopOf(go_to(cine, "0.1"))] == before


def test_two_images_of_one_loop_share_a_segmentation(scene, editing, settle):
    browser, proxy = volumes.tracked(3, (60, 80), lag=0.0)
    second = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Elastography")
    image = browser.GetSequenceNode(proxy)
    for number in range(3):
        second.SetDataNodeAtValue(image.GetNthDataNode(number), image.GetNthIndexValue(number))
    browser.AddSynchronizedSequenceNode(second)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    other = browser.GetProxyNode(second)
    other.SetAndObserveTransformNodeID(proxy.GetTransformNodeID())
    editor = Editor(proxy)
    edit = editing(editor)
    for volume, x in ((proxy, 20), (other, 60)):
        editor.node.SetAndObserveSourceVolumeNode(volume)
        edit.poll()
        edit.click(FrameLogic.frameOf(volume, 0), x, 30)
        settle(edit)
    both = mask(editor, FrameLogic.frameOf(proxy, 0))
    assert both[30, 20]
    assert both[30, 60]


def test_changes_are_kept_in_a_segmentation_that_the_user_has_put_into_the_loop(cine, editor, edit, settle):
    browser = cine[0]
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Mine")
    sequence.SetIndexName("time")
    sequence.SetIndexUnit("s")
    sequence.SetDataNodeAtValue(editor.segmentation, "0.0")
    browser.AddSynchronizedSequenceNode(sequence)
    browser.AddProxyNode(editor.segmentation, sequence, False)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    frame = go_to(cine, "0.0")
    edit.click(frame, 20, 30)
    settle(edit)
    assert browser.GetSaveChanges(sequence)
    go_to(cine, "0.1")
    assert mask(editor, go_to(cine, "0.0"))[30, 20]
    assert sequence.GetNumberOfDataNodes() == 2  # Slicer's own rule: a copy of the item before


def test_images_beside_a_tracker_are_encoded_ahead_as_they_are(scene, editing, settle, disc_model):
    browser, proxy = volumes.tracked(5, (60, 80))
    edit = editing(Editor(proxy))
    means = []
    for item in SequenceLogic.itemsOf(browser):
        SequenceLogic.showItem(browser, item)
        means.append(slicer.util.arrayFromVolume(proxy).mean())
    SequenceLogic.showItem(browser, "0.2")
    edit.setFrame(FrameLogic.frameOf(proxy, 0))
    settle(edit)
    seen = sorted(float(np.asarray(pixels).mean()) for pixels in disc_model.embedded)
    assert len(seen) == 3
    assert np.corrcoef(seen, means[1:4])[0, 1] > 0.999
    SequenceLogic.showItem(browser, "0.3")
    settle(edit)
    assert len(disc_model.embedded) == 4, "the one that is shown was there already"


def test_a_new_segment_has_no_voxels_of_one_that_was_deleted_in_the_shown_item_only(
    cine, editor, edit, settle
):
    for item in ("0.0", "0.1"):
        edit.click(go_to(cine, item), 20, 30)
        settle(edit)
    editor.segmentation.GetSegmentation().RemoveSegment("Lesion")
    edit.click(go_to(cine, "0.1"), 60, 30)
    settle(edit)
    new = editor.node.GetSelectedSegmentID()
    assert mask(editor, go_to(cine, "0.1"), new)[30, 60]
    frame = go_to(cine, "0.0")
    assert mask(editor, frame)[30, 20]
    assert not mask(editor, frame, new).any()


def test_a_loop_as_one_volume_keeps_frames_apart_too(scene, editing, settle):
    editor = Editor(volumes.volume(volumes.speckle(30, 60, 80)))
    edit = editing(editor)
    for index in (0, 17, 29):
        edit.click(FrameLogic.frameOf(editor.volume, index), 20 + index, 30)
        settle(edit)
    voxels = editor.voxels()
    assert np.flatnonzero(voxels.any((1, 2))).tolist() == [0, 17, 29]
    assert all(voxels[index, 30, 20 + index] for index in (0, 17, 29))


def test_a_segmentation_that_follows_a_loop_is_the_only_one_in_the_scene(scene):
    _browser, proxy = volumes.cine()
    segmentation = StartLogic.segmentationFor(proxy)
    SequenceLogic.synchronise(segmentation, proxy)
    assert slicer.util.getNodesByClass("vtkMRMLSegmentationNode") == [segmentation]
