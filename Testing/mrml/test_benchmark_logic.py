"""Time from click to segment, measured through the effect's own logic."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from SAMCALib import BenchmarkLogic
from SAMCALib.BenchmarkLogic import PER_OBJECT, SETTINGS, Setting, Times, measure
from SAMCALib.Segments.SegmentLogic import maskOf

SMALL = [Setting("grey", (1, 64, 80), False), Setting("colour", (3, 64, 80, 3), True)]


@pytest.fixture
def edits(monkeypatch):
    """The EditLogic of every object that is measured."""
    edits, clicks = [], BenchmarkLogic._clicks
    monkeypatch.setattr(BenchmarkLogic, "_clicks", lambda *what: edits.append(what[0]) or clicks(*what))
    return edits


def test_every_image_is_measured_with_and_without_masks():
    assert {(s.shape, s.isMasked) for s in SETTINGS} == {
        (shape, masked)
        for shape in ((1, 400, 512), (1, 768, 1024, 3), (300, 512, 512))
        for masked in (False, True)
    }


def test_clicks_are_timed_and_the_scene_is_left_as_it_was(application, scene, disc_model, edits):
    nodes = scene_nodes()
    times = list(measure(disc_model, 2, SMALL))
    assert [setting for setting, _ in times] == SMALL
    for _, each in times:
        assert all(0 < seconds < 60 for seconds in each)
    assert len(edits) == 2 * 3, "one object warms up"
    assert scene_nodes() == nodes


def test_each_object_is_clicked_on_and_mended_by_the_same_way_as_in_the_effect(
    application, scene, disc_model, monkeypatch
):
    seen, timed = [], BenchmarkLogic._timed

    def click(edit, frame, click):
        times = timed(edit, frame, click)
        node = edit.host.parameterSetNode().GetSegmentationNode()
        (thing,) = edit.prompts.objects
        seen.append(
            (len(thing.prompts.clicks), maskOf(node, "Lesion", frame).sum() > 0, times[0] <= times[1])
        )
        return times

    monkeypatch.setattr(BenchmarkLogic, "_timed", click)
    list(measure(disc_model, 1, SMALL[:1]))
    assert seen[:PER_OBJECT] == [(number, True, True) for number in range(1, PER_OBJECT + 1)]
    assert len(seen) == 2 * PER_OBJECT


def test_an_outline_that_comes_in_two_steps_is_there_at_the_first(application, scene, disc_model):
    disc_model.config.zoom = 1.6
    ((_, times),) = measure(disc_model, 3, SMALL[:1])
    assert times.first < times.last or times.next < times.last


def test_an_outline_follows_images_that_change_and_none_is_counted_twice(
    application, scene, disc_model, monkeypatch
):
    nodes, followed, shown = scene_nodes(), [], []
    follow = BenchmarkLogic.EditLogic.follow
    monkeypatch.setattr(
        BenchmarkLogic.EditLogic, "follow", lambda edit, frame: followed.append(edit) or follow(edit, frame)
    )
    roll = np.roll
    monkeypatch.setattr(BenchmarkLogic.np, "roll", lambda *what, **how: shown.append(1) or roll(*what, **how))
    found = BenchmarkLogic.following(disc_model, SMALL[0], seconds=1.0)
    assert len(followed) == 1
    assert 0 < found.rate <= len(shown) <= BenchmarkLogic.RATE + 1
    assert 0 < found.gap < 10
    assert scene_nodes() == nodes


def test_a_model_that_fails_ends_it_in_words(application, scene, disc_model, monkeypatch):
    monkeypatch.setattr(disc_model, "predict", lambda *_: np.zeros(3)[5])
    monkeypatch.setattr(BenchmarkLogic, "MOST_SECONDS", 0.5)
    with pytest.raises(RuntimeError, match="out of bounds"):
        list(measure(disc_model, 1, SMALL[:1]))
    with pytest.raises(RuntimeError, match="out of bounds"):
        BenchmarkLogic.following(disc_model, SMALL[0], seconds=1.0)


def test_it_works_where_there_is_no_application(application, scene, disc_model, monkeypatch):
    monkeypatch.delattr(slicer, "modules")
    assert len(list(measure(disc_model, 1, SMALL))) == 2


def scene_nodes():
    nodes = [slicer.mrmlScene.GetNthNode(i) for i in range(slicer.mrmlScene.GetNumberOfNodes())]
    return {node.GetID() for node in nodes if not node.IsA("vtkMRMLSubjectHierarchyNode")}


def test_it_makes_a_scene_where_there_is_no_application(application, disc_model, monkeypatch):
    monkeypatch.delattr(slicer, "mrmlScene")
    ((_, times),) = measure(disc_model, 1, SMALL[:1])
    assert isinstance(times, Times)
    assert not hasattr(slicer, "mrmlScene")
