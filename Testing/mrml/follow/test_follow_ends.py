"""Follow: images without the object, of other sizes, or none; what ends it, and what is left then."""

from __future__ import annotations

import time

import numpy as np
import pytest
import slicer
import slicer.util
from live_images import Live, SeeingModel
from slicer_scene import Editor

from SAMCALib.Prompts import TagLogic
from SAMCALib.Segments.SegmentLogic import EditorHost, maskOf, replaceObject
from SAMCALib.Texts import Refusal


def test_an_object_that_is_not_in_the_first_image_cannot_be_followed(live):
    live.show(None)
    live.edit.click(live.frame, 20, 32)
    live.settle()
    with pytest.raises(Refusal, match="Click on the object first"):
        live.edit.follow(live.frame)


def test_a_segment_that_is_completed_is_refused_in_words(live):
    live.edit.click(live.frame, 20, 32)
    live.settle()
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetSegmentStatus(live.editor.segmentation.GetSegmentation().GetSegment("Lesion"), logic.Completed)
    with pytest.raises(Refusal, match="marked as completed"):
        live.edit.follow(live.frame)
    assert not live.edit.isFollowing


def test_a_stream_that_stops_is_waited_for_and_said(live):
    live.start()
    live.edit.sweep._clock = lambda: time.monotonic() + 10
    live.tick()
    assert live.edit.status == "Follow waits: no new image comes."
    live.edit.sweep._clock = time.monotonic
    truth = live.show(30)
    live.settle()
    assert (live.mask() == truth).all()


def test_an_image_that_goes_and_comes_back_is_waited_for(live):
    live.start()
    image = live.volume.GetImageData()
    live.volume.SetAndObserveImageData(None)
    live.edit.poll()
    assert "has no voxels" in live.edit.status
    live.volume.SetAndObserveImageData(image)
    truth = live.show(30)
    live.settle()
    assert (live.mask() == truth).all()


def test_an_image_of_another_size_is_followed_where_the_object_lies_in_it(live):
    live.start()
    live.edit.sweep.engine._worker.inUse.model.config.image_size = 96  # no pixel of it is lost
    for x in (20, 30):
        truth = live.show(x, shape=(96, 96))
        live.settle()
        assert (live.mask() == truth).all()
        assert len(live.objects()) == 1
    live.stop()
    assert live.editor.voxels().sum() == truth.sum()


def test_pixels_of_another_size_in_mm_are_followed(live):
    live.start()
    live.volume.SetSpacing(0.5, 0.5, 1)
    truth = live.show(30, radius=12)
    live.settle()
    assert (live.mask() == truth).mean() > 0.98  # the segmentation keeps its voxels
    assert len(live.objects()) == 1


def test_another_model_goes_on_from_the_last_outline(live, engine):
    class Modest(SeeingModel):
        def predict(self, *given):
            return super().predict(*given)[0], 0.4

    live.start()
    engine.setModel(Modest(), "modest")
    for x in (24, 30):
        truth = live.show(x)
        live.settle()
        assert (live.mask() == truth).all()


def test_a_model_that_fails_ends_it_with_its_sentence_and_the_outline_stays(live, model):
    live.start()
    before, model.predict = live.mask(), None
    live.show(30)
    live.settle()
    assert not live.edit.isFollowing
    assert "not callable" in live.edit.status
    assert (live.mask() == before).all()


def test_a_volume_that_is_deleted_ends_it_in_words_and_the_outline_stays(live):
    live.start()
    live.show(30)
    live.tick()
    slicer.mrmlScene.RemoveNode(live.volume)
    live.edit.poll()
    assert not live.edit.isFollowing
    assert "removed" in live.edit.message or "gone" in live.edit.message
    segment = live.editor.segmentation.GetSegmentation().GetSegment("Lesion")
    assert segment.GetRepresentation("Binary labelmap").GetNumberOfPoints()


def test_another_segment_ends_it_in_words_and_is_not_changed(live):
    live.editor.segmentation.GetSegmentation().AddEmptySegment("Other", "Other")
    live.start()
    live.editor.node.SetSelectedSegmentID("Other")
    live.show(30)
    live.settle()
    assert not live.edit.isFollowing
    assert live.edit.status == "Another segment or volume was chosen: Follow has ended."
    assert not maskOf(live.editor.segmentation, "Other", live.frame).any()
    assert live.mask().any()


def test_leaving_the_effect_ends_it_as_switching_it_off_does(live):
    live.start()
    live.show(24)
    live.settle()
    truth = live.show(30)
    live.edit.deactivate()
    assert not live.edit.isFollowing
    assert (live.mask() == truth).all()
    live.editor.logic.Undo()
    assert live.mask()[32, 20]


def test_started_and_stopped_again_and_again_it_leaves_one_object(live):
    live.start()
    for x in (24, 28, 32):
        truth = live.show(x)
        live.settle()
        live.stop()
        assert (live.mask() == truth).all()
        live.edit.follow(live.frame)
        live.settle()
    assert len(live.objects()) == 1


def test_two_editors_follow_each_its_own_segment(live, editing):
    live.editor.segmentation.GetSegmentation().AddEmptySegment("Other", "Other")
    second = Editor(live.volume, ())
    second.node.SetAndObserveSegmentationNode(live.editor.segmentation)
    second.node.SetSelectedSegmentID("Other")
    other = Live(live.volume, editing(second), second)
    other.start()
    live.start()
    for x in (24, 30):
        truth = live.show(x)
        for _ in range(3):
            live.settle()
            other.settle()
        assert (live.mask() == truth).all()
        assert (maskOf(live.editor.segmentation, "Other", live.frame) == truth).all()


def test_another_editor_that_changes_the_outline_ends_it_in_words(live, editing):
    live.start()
    second = Editor(live.volume, ())
    second.node.SetAndObserveSegmentationNode(live.editor.segmentation)
    second.node.SetSelectedSegmentID("Lesion")
    editing(second).click(live.frame, 50, 50)
    live.settle()
    assert not live.edit.isFollowing
    assert "changed elsewhere" in live.edit.status


def test_what_is_saved_meanwhile_is_whole(live, tmp_path):
    live.start()
    truth = live.show(30)
    live.settle()
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(tmp_path / "now.seg.nrrd"))
    assert storage.WriteData(live.editor.segmentation)
    live.show(44)
    live.settle()
    loaded = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert storage.ReadData(loaded)
    assert (maskOf(loaded, "Lesion", live.frame) == truth).all()
    assert '"carried":true' in TagLogic.tagText(loaded.GetSegmentation().GetSegment("Lesion"))


def test_what_was_painted_by_hand_stays_where_the_outline_passes_over_it(live):
    live.edit.click(live.frame, 20, 32)
    live.settle()
    brush = np.zeros((64, 64), bool)
    brush[30:34, 36:42] = True
    replaceObject(EditorHost(live.editor.logic), live.editor.segmentation, "Lesion", live.frame, None, brush)
    live.edit.follow(live.frame)
    live.settle()
    for x in (30, 40, 50, 54):
        truth = live.show(x)
        live.settle()
        assert (live.mask() == (truth | brush)).all()


def test_a_closed_scene_ends_it(scene, live):
    live.start()
    scene.Clear(0)
    live.edit.poll()
    assert not live.edit.isFollowing
