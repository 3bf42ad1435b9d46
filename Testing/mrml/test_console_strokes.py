"""The console's segment() with strokes, lassos and other outlines: curves of the scene, or positions."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import volumes

from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments.SegmentLogic import maskOf
from SAMCALib.Texts import Refusal

ACROSS = (20, 30), (40, 30), (55, 30)
AROUND = (20, 15), (50, 15), (50, 40), (20, 40)


@pytest.fixture
def volume(scene):
    return volumes.volume(volumes.speckle(9, 60, 80), "oblique")


@pytest.fixture
def frame(volume):
    return FrameLogic.frameOf(volume, 5)


def positions(frame, places):
    return [tuple(FrameLogic.xyToRas(frame, x, y)) for x, y in places]


def curve(frame, places, kind="vtkMRMLMarkupsCurveNode"):
    node = slicer.mrmlScene.AddNewNodeByClass(kind)
    for ras in positions(frame, places):
        node.AddControlPointWorld(*ras)
    return node


def found(frame, segmentId):
    """(mask, prompts of its objects)."""
    node = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    objects = PromptLogic.framePrompts(node, segmentId, frame).objects
    return maskOf(node, segmentId, frame), [thing.prompts for thing in objects]


@pytest.mark.parametrize("kind", [curve, positions])
def test_a_stroke_starts_an_object_where_it_lies_and_is_kept(logic, volume, frame, kind):
    mask, (prompts,) = found(frame, logic.segment(volume, strokes=[kind(frame, ACROSS)]))
    (stroke,) = prompts.clicks
    assert stroke.places[0] == pytest.approx(ACROSS[0], abs=0.01)
    assert stroke.places[-1] == pytest.approx(ACROSS[-1], abs=0.01)
    assert all(mask[pixel] for pixel in stroke.pixels)


def test_a_stroke_along_what_does_not_belong_is_a_pair(logic, volume, frame):
    outside = positions(frame, ((42, 32), (46, 32))), False
    segmentId = logic.segment(volume, positions(frame, [(40, 30)]), strokes=[outside], frame=5)
    mask, (prompts,) = found(frame, segmentId)
    assert [click.positive for click in prompts.clicks] == [True, False]
    assert not any(mask[pixel] for pixel in prompts.clicks[1].pixels)


@pytest.mark.parametrize("kind", ["vtkMRMLMarkupsClosedCurveNode", None])
def test_a_lasso_holds_what_is_in_it(logic, volume, frame, kind):
    lasso = curve(frame, AROUND, kind) if kind else positions(frame, AROUND)
    mask, (prompts,) = found(frame, logic.segment(volume, lasso=lasso))
    assert len(prompts.lasso) >= 4
    assert mask[30, 35]
    assert not mask[50, 60]


@pytest.mark.parametrize("number", [-1, 12])
def test_outlines_that_no_tag_holds_are_refused(logic, volume, frame, number):
    initial = positions(frame, [(40, 30)])
    with pytest.raises(Refusal, match=f"{number} outlines further: expected 0 to 11"):
        logic.segment(volume, initial, outline=number)
    assert slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode") is None


def test_guided_points_count_beside_a_lasso_without_an_initial_one(logic, volume, frame):
    outside = positions(frame, [(45, 35)])
    lasso = positions(frame, AROUND)
    mask, (prompts,) = found(frame, logic.segment(volume, lasso=lasso, guidedNegative=outside))
    assert [click.positive for click in prompts.clicks] == [False]
    assert not mask[35, 45]


def test_another_outline_of_the_initial_point_mends_the_object_it_started(logic, volume, frame):
    initial = positions(frame, [(40, 30)])
    segmentId = logic.segment(volume, initial)
    node = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    areas = [found(frame, segmentId)[0].sum()]
    for outline in (1, 2, 3):
        logic.segment(volume, initial, segmentationNode=node, segmentId=segmentId, outline=outline)
        mask, (prompts,) = found(frame, segmentId)
        areas.append(mask.sum())
        assert prompts.alternative == outline
    answer, surest, second, again = areas
    assert second < answer < surest
    assert again == answer


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({}, "nothing points at an object: give initial, strokes or a lasso"),
        ({"strokes": [[]]}, "initial has no point"),
        ({"strokes": [([(0, 0, 0), (1, 1, 1)], True)], "frame": 2}, "The curve does not lie on"),
        ({"outline": 1, "lasso": AROUND}, "are no points"),
        ({"strokes": ["stroke"]}, "'stroke' is a name: give the node"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_left(logic, volume, words, says):
    with pytest.raises(ValueError, match=says):
        logic.segment(volume, **words)
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_what_is_for_one_frame_is_not_carried(logic, volume, frame):
    with pytest.raises(ValueError, match="are for one frame: give that as frame"):
        logic.segment(volume, strokes=[positions(frame, ACROSS)], neighbours=2)
    with pytest.raises(Refusal, match="Other outlines are what one click may mean"):
        logic.segment(volume, strokes=[positions(frame, ACROSS)], outline=1)
    with pytest.raises(Refusal, match="Nothing says where the object is"):
        logic.segment(volume, strokes=[(np.array(positions(frame, ACROSS)), False)])
