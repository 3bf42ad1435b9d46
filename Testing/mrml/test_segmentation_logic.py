"""The console's segment(): volumes, Sequences, folders; with no window."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from slicer_application import Modes
from slicer_scene import Editor

from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.Frames.FrameLogic import Frame
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Segments.SegmentLogic import maskOf
from SAMCALib.Texts import Refusal


@pytest.fixture
def volume(scene):
    return volumes.volume(volumes.speckle(9, 60, 80), "oblique")


def fiducials(frame, *places):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    for x, y in places:
        node.AddControlPointWorld(*FrameLogic.xyToRas(frame, x, y))
    return node


def segmentation():
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")


def test_it_works_beside_the_applications_own_enumeration(logic, volume, monkeypatch):
    monkeypatch.setattr(slicer, "qSlicerSegmentEditorAbstractEffect", Modes, raising=False)
    frame = FrameLogic.frameOf(volume, 5)
    segmentId = logic.segment(volume, initial=fiducials(frame, (30, 20)))
    assert maskOf(segmentation(), segmentId, frame)[20, 30]


def test_fiducials_become_a_segment_where_they_lie(logic, volume):
    frame = FrameLogic.frameOf(volume, 5)
    nodes = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentEditorNode")
    segmentId = logic.segment(
        volume,
        initial=fiducials(frame, (30, 20)),
        guidedPositive=fiducials(frame, (60, 20)),
        guidedNegative=fiducials(frame, (34, 20)),
    )
    mask = maskOf(segmentation(), segmentId, frame)
    assert mask[20, 28]
    assert mask[20, 60]
    assert not mask[20, 34]
    assert not maskOf(segmentation(), segmentId, FrameLogic.frameOf(volume, 4)).any()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentEditorNode") == nodes


def test_it_goes_where_it_is_told(logic, volume):
    editor, frame = Editor(volume, ("Nerve", "Lesion")), FrameLogic.frameOf(volume, 2)
    positions = [FrameLogic.xyToRas(frame, 30, 20)]
    given = {"segmentationNode": editor.segmentation, "segmentId": "Lesion"}
    assert logic.segment(volume, positions, frame=2, **given) == "Lesion"
    assert maskOf(editor.segmentation, "Lesion", frame)[20, 30]
    across = Frame(volume.GetID(), 0, 30)
    assert logic.segment(volume, [FrameLogic.xyToRas(across, 20, 4)], frame=across, **given) == "Lesion"
    assert maskOf(editor.segmentation, "Lesion", across)[4, 20]
    with pytest.raises(ValueError, match="segment 'Cyst' is not in Segmentation: it has Nerve, Lesion"):
        logic.segment(volume, positions, segmentationNode=editor.segmentation, segmentId="Cyst")


def test_the_same_initial_point_mends_its_object_and_another_starts_one(logic, volume):
    editor, frame = Editor(volume), FrameLogic.frameOf(volume, 2)
    given = {"segmentationNode": editor.segmentation, "segmentId": "Lesion"}
    first = fiducials(frame, (20, 20))
    logic.segment(volume, first, **given)
    logic.segment(volume, first, guidedNegative=fiducials(frame, (23, 20)), **given)
    assert not maskOf(editor.segmentation, "Lesion", frame)[20, 23]
    logic.segment(volume, fiducials(frame, (60, 40)), **given)
    assert len(PromptLogic.framePrompts(editor.segmentation, "Lesion", frame).objects) == 2
    assert maskOf(editor.segmentation, "Lesion", frame)[20, 18]


def test_the_effect_shows_the_points_afterwards(logic, volume, editing, settle):
    editor, frame = Editor(volume), FrameLogic.frameOf(volume, 2)
    logic.segment(
        volume, fiducials(frame, (20, 20)), segmentationNode=editor.segmentation, segmentId="Lesion"
    )
    edit = editing(editor)
    edit.setFrame(frame)
    assert edit.points.nodes["initial"].GetNumberOfControlPoints() == 1


def test_a_number_means_one_item_of_a_sequence(logic, scene):
    browser, proxy = volumes.cine(4, (60, 80))
    sequence, shown = browser.GetMasterSequenceNode(), FrameLogic.frameOf(proxy, 0)
    point = [FrameLogic.xyToRas(shown, 30, 20)]
    for number in (4, -1, 1.0, "1"):
        with pytest.raises(Refusal, match=f"Frame {number} of Cine does not exist: it has 4"):
            logic.segment(sequence, point, frame=number)
    assert segmentation() is None
    segmentId = logic.segment(sequence, point, frame=2)

    def filled():
        return [maskOf(segmentation(), segmentId, frame).any() for frame in FrameLogic.items(shown)]

    assert filled() == [False, False, True, False]
    target = {"segmentationNode": segmentation(), "segmentId": segmentId}
    logic.segment(sequence, point, frame=1, frames=(0, 1), **target)
    assert filled() == [True, True, True, False]


NOT_POINTS = {
    "two coordinates": [(1, 2)],
    "one position": (10.0, 20.0, 0.0),
    "an array of one": np.zeros(3),
    "words": [("a", "b", "c")],
    "nowhere": [(np.nan, 0, 0)],
    "a number": 3,
}


@pytest.mark.parametrize("points", NOT_POINTS.values(), ids=NOT_POINTS)
def test_what_are_no_points_is_told(logic, volume, points):
    inside = [FrameLogic.xyToRas(FrameLogic.frameOf(volume, 2), 30, 20)]
    for given in ((points,), (inside, points), (inside, None, points)):
        with pytest.raises(Refusal, match="are no points: give a fiducial list, or positions"):
            logic.segment(volume, *given)
    assert segmentation() is None


def test_what_is_no_such_node_is_told(logic, volume):
    other = Editor(volume).segmentation
    points = fiducials(FrameLogic.frameOf(volume, 2), (30, 20))
    points.SetName("Clicks")
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Empty")
    for images, says in {
        other: "Segmentation is a Segmentation: expected a volume or a Sequence",
        points: "Clicks is a MarkupsFiducial: expected a volume",
        empty: "Empty has no items",
        7: "7 is no node",
        "Scan": "Scan is not a folder: give a folder of pictures, or a node",
    }.items():
        for ask, words in {logic.segment: (images, points), logic.suggest: (images,)}.items():
            with pytest.raises((Refusal, FileNotFoundError), match=says):
                ask(*words)
    with pytest.raises(
        Refusal, match=r"'Clicks' is a name: give the node, as slicer.util.getNode\('Clicks'\)"
    ):
        logic.segment(volume, "Clicks")
    with pytest.raises(Refusal, match="Segmentation is a Segmentation: expected a fiducial list"):
        logic.segment(volume, other)
    with pytest.raises(Refusal, match="Scan is a Volume: expected a segmentation"):
        logic.segment(volume, points, segmentationNode=volume)
    with pytest.raises(ValueError, match="segment 3 is not in Segmentation"):
        logic.segment(volume, points, segmentationNode=other, segmentId=3)


def test_every_item_of_a_sequence_gets_a_segmentation_of_its_own(logic, scene):
    browser, proxy = volumes.cine(3, (60, 80))
    frame = FrameLogic.frameOf(proxy, 0)
    points = fiducials(frame, (30, 20))
    segmentId = logic.segment(browser.GetMasterSequenceNode(), points)
    node = segmentation()
    assert SequenceLogic.browserOf(node) is browser
    for item in SequenceLogic.itemsOf(browser):
        SequenceLogic.showItem(browser, item)
        assert maskOf(node, segmentId, FrameLogic.frameOf(proxy, 0))[20, 30]
        assert len(PromptLogic.framePrompts(node, segmentId, FrameLogic.frameOf(proxy, 0)).objects) == 1


def test_fiducials_that_move_with_the_sequence_are_followed(logic, scene):
    browser, proxy = volumes.cine(3, (60, 80))
    points = fiducials(FrameLogic.frameOf(proxy, 0), (30, 20))
    sequences = slicer.modules.sequences.logic()
    recorded = sequences.AddSynchronizedNode(None, points, browser)
    browser.SetSaveChanges(recorded, True)
    for number, item in enumerate(SequenceLogic.itemsOf(browser)):
        SequenceLogic.showItem(browser, item)
        place = FrameLogic.xyToRas(FrameLogic.frameOf(proxy, 0), 20 + 20 * number, 20)
        browser.GetProxyNode(recorded).SetNthControlPointPositionWorld(0, *place)
    segmentId = logic.segment(browser.GetMasterSequenceNode(), browser.GetProxyNode(recorded))
    for number, item in enumerate(SequenceLogic.itemsOf(browser)):
        SequenceLogic.showItem(browser, item)
        mask = maskOf(segmentation(), segmentId, FrameLogic.frameOf(proxy, 0))
        assert [bool(mask[20, x]) for x in (20, 40, 60)] == [x == number for x in range(3)]


def write_pictures(folder, *pictures):
    from PIL import Image

    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"frame{number}.png")


@pytest.mark.parametrize("colour", [False, True])
def test_the_pictures_of_a_folder_become_a_sequence(logic, scene, tmp_path, colour):
    pictures = [volumes.speckle(60, 80), volumes.speckle(50, 70)]
    if colour:
        pictures[1] = volumes.speckle(50, 70, 3)
    write_pictures(tmp_path, *pictures)
    (tmp_path / "notes.txt").write_text("not a picture")
    segmentId = logic.segment(tmp_path, [(-30, -20, 0)])
    browser = SequenceLogic.browserOf(segmentation())
    assert SequenceLogic.itemsOf(browser) == ["frame0.png", "frame1.png"]
    proxy = browser.GetProxyNode(browser.GetMasterSequenceNode())
    for item, pixels in zip(SequenceLogic.itemsOf(browser), pictures, strict=True):
        SequenceLogic.showItem(browser, item)
        frame = FrameLogic.frameOf(proxy, 0)
        assert FrameLogic.shape(frame) == pixels.shape[:2]
        shown = FrameLogic.pixels(frame)
        np.testing.assert_array_equal(shown if pixels.ndim == shown.ndim else shown[..., 0], pixels)
        assert maskOf(segmentation(), segmentId, frame)[20, 30]


def test_bad_folders_are_named_and_leave_the_scene(logic, scene, tmp_path):
    nodes = scene.GetNumberOfNodes()
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        logic.segment(tmp_path / "nothing", [(0, 0, 0)])
    with pytest.raises(ValueError, match="has no pictures"):
        logic.segment(tmp_path, [(0, 0, 0)])
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match=r"broken\.png cannot be read"):
        logic.segment(str(tmp_path), [(0, 0, 0)])
    assert scene.GetNumberOfNodes() == nodes


def test_bad_arguments_are_said_and_leave_the_scene(logic, volume):
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    with pytest.raises(ValueError, match="initial has no point"):
        logic.segment(volume, [])
    with pytest.raises(Refusal, match="beside the frames of Scan"):
        logic.segment(volume, [(900, 900, 900)])
    with pytest.raises(Refusal, match="No initial point lies on Scan, frame 4"):
        logic.segment(volume, [FrameLogic.xyToRas(FrameLogic.frameOf(volume, 7), 5, 5)], frame=3)
    with pytest.raises(Refusal, match="no source volume"):
        logic.segment(None, [(0, 0, 0)])
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_a_failing_model_leaves_the_segment_as_it_was(logic, volume, disc_model):
    editor, frame = Editor(volume), FrameLogic.frameOf(volume, 2)
    disc_model.predict = None
    with pytest.raises(RuntimeError, match="not callable"):
        logic.segment(
            volume, fiducials(frame, (20, 20)), segmentationNode=editor.segmentation, segmentId="Lesion"
        )
    assert not editor.voxels().any()
    assert PromptLogic.framePrompts(editor.segmentation, "Lesion", frame).objects == ()
    nodes = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    with pytest.raises(RuntimeError, match="not callable"):
        logic.segment(volume, fiducials(frame, (20, 20)))
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == nodes
