"""Time from click to segment, measured through the effect's own logic."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from samca.prompts import Click, Prompts
from SAMCALib import BenchmarkLogic
from SAMCALib.BenchmarkLogic import SETTINGS, InstantModel, Setting, measure
from SAMCALib.Segments.SegmentLogic import maskOf

SMALL = [Setting("grey", (1, 60, 80), False), Setting("colour", (1, 60, 80, 3), True)]


def test_every_image_is_measured_with_and_without_masks():
    assert {(s.shape, s.isMasked) for s in SETTINGS} == {
        (shape, masked)
        for shape in ((1, 512, 512), (1, 768, 1024, 3), (300, 512, 512))
        for masked in (False, True)
    }


def test_clicks_are_timed_and_the_scene_is_left_as_it_was(application, scene, monkeypatch):
    counted = []
    clicks = BenchmarkLogic._clicks
    monkeypatch.setattr(BenchmarkLogic, "_clicks", lambda *what: counted.append(what) or clicks(*what))
    nodes = scene_nodes()
    times = list(measure(2, SMALL))
    assert [setting for setting, _ in times] == SMALL
    assert all(0 < seconds < 60 for _, seconds in times)
    assert [count for *_, count in counted] == [3, 3], "one warms up"
    assert scene_nodes() == nodes


def test_it_works_where_there_is_no_application(application, scene, monkeypatch):
    monkeypatch.delattr(slicer, "modules")
    assert len(list(measure(1, SMALL))) == 2


def scene_nodes():
    nodes = [slicer.mrmlScene.GetNthNode(i) for i in range(slicer.mrmlScene.GetNumberOfNodes())]
    return {node.GetID() for node in nodes if not node.IsA("vtkMRMLSubjectHierarchyNode")}


def test_clicks_reach_the_voxels(application, scene, monkeypatch):
    seen = []
    original = BenchmarkLogic._clicks

    def clicks(edit, frame, count):
        times = original(edit, frame, count)
        segmentation = edit.host.parameterSetNode().GetSegmentationNode()
        seen.append(maskOf(segmentation, "Lesion", frame).sum())
        return times

    monkeypatch.setattr(BenchmarkLogic, "_clicks", clicks)
    list(measure(1, SMALL[:1]))
    assert seen[0] > 50


def test_it_makes_a_scene_where_there_is_no_application(application, monkeypatch):
    monkeypatch.delattr(slicer, "mrmlScene")
    ((_, seconds),) = measure(1, SMALL[:1])
    assert seconds > 0
    assert not hasattr(slicer, "mrmlScene")


@pytest.mark.parametrize("place", [(0, 0), (255, 255), (100, 31)])
def test_the_stand_in_answers_with_a_disc_around_the_last_click(place):
    logits, _ = InstantModel().predict((), Prompts((Click(5, 5), Click(*place))), None)
    assert logits.shape == (256, 256)
    x, y = place
    assert logits[y, x] == logits.max() == 30
    assert np.hypot(*(np.argwhere(logits > 0) - (y, x)).T).max() < 30
