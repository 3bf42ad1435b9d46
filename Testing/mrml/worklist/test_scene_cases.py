"""What is loaded as a worklist: volumes, loops and items, with states that the scene keeps."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
import volumes
from cases import nodes, picture

from SAMCALib.Frames import FrameLogic, SequenceLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Texts import Refusal
from SAMCALib.Worklist.SceneCases import SceneCases
from SAMCALib.Worklist.SuggestRun import SuggestRun
from SAMCALib.Worklist.Thumbnails import Thumbnails
from SAMCALib.Worklist.WorklistLogic import WorklistLogic


@pytest.fixture
def loaded(scene):
    """A volume of two frames and a loop of three items."""
    still = volumes.volume(np.stack([picture(1), picture(2)]), name="Still")
    browser, _proxy = volumes.clip(*(picture(n)[None] for n in (3, 4, 5)), name="Clip")
    return still, browser


@pytest.fixture
def scene_list(loaded, training, engine):
    made = []

    def make(out=None, rater="AB"):
        logic = WorklistLogic(lambda: training)
        logic.open(SceneCases(out, rater))
        logic.run = SuggestRun(logic.cases, engine)
        made.append(logic)
        return logic

    yield make
    for logic in made:
        logic.close()


def titles(logic):
    return [logic.cases.titleOf(name) for name in logic.listed]


def named(logic, title):
    return next(name for name in logic.listed if logic.cases.titleOf(name) == title)


def click(logic, engine, frame=0):
    """The user outlines what is shown."""
    case = logic.current
    shown = FrameLogic.frameOf(case.volume, frame)
    place = FrameLogic.xyToRas(shown, 30, 20)
    segment = case.segmentation.GetSegmentation().GetNthSegmentID(0)
    SegmentationLogic(engine).segment(case.volume, [place], None, None, case.segmentation, segment, shown)


def state(logic, title):
    return logic.cases.entries[named(logic, title)].state


def test_volumes_loops_and_items_are_cases(scene_list):
    assert titles(scene_list()) == ["Still", "Clip (loop)", "Clip, item 0", "Clip, item 1", "Clip, item 2"]


def test_looking_leaves_the_scene_as_it_was(scene_list, engine):
    logic = scene_list()
    before = nodes()
    for _case in logic.listed:
        logic.next()
    logic.leave()
    assert nodes() == before


def test_an_item_is_shown_outlined_and_accepted(scene_list, loaded, engine, training):
    logic = scene_list()
    logic.dataset = training.newDataset("Scene")
    logic.show(named(logic, "Clip, item 1"))
    assert SequenceLogic.itemOf(logic.current.volume) == "1"
    click(logic, engine)
    logic.accept()
    assert state(logic, "Clip, item 1") == "accepted"
    assert state(logic, "Clip, item 0") == "untouched"
    assert SequenceLogic.itemOf(logic.current.volume) == "2"
    assert len(list((logic.dataset / "images").iterdir())) == 1


def test_states_are_kept_with_the_images(scene_list, engine):
    logic = scene_list()
    logic.show(named(logic, "Still"))
    click(logic, engine)
    logic.next()
    logic.markUnsure()
    logic.close()
    again = scene_list()
    assert state(again, "Still") == "outlined"
    assert state(again, "Clip (loop)") == "unsure"
    assert again.cases.entryOf(named(again, "Still")).rater == "AB"


def test_with_a_folder_outlines_are_saved_and_taken_up_again(scene_list, loaded, engine, tmp_path):
    logic = scene_list(tmp_path / "out")
    for title in ("Still", "Clip, item 1"):
        logic.show(named(logic, title))
        click(logic, engine)
    logic.close()
    saved = sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.nrrd")
    )
    assert saved == ["Clip/1.seg.nrrd", "Still.seg.nrrd"]
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):  # a crash: the images are loaded anew
        slicer.mrmlScene.RemoveNode(node)
    again = scene_list(tmp_path / "out")
    again.show(named(again, "Still"))
    segmentation = again.current.segmentation
    segment = segmentation.GetSegmentation().GetNthSegmentID(0)
    assert slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segment, again.current.volume).any()


def test_a_volume_that_has_gone_is_told(scene_list, loaded):
    logic = scene_list()
    slicer.mrmlScene.RemoveNode(loaded[0])
    with pytest.raises(Refusal, match="Still has gone: look anew"):
        logic.show(logic.listed[0])
    logic.refresh()
    assert titles(logic)[0] == "Clip (loop)"


def test_the_model_says_how_sure_it_is_and_changes_nothing(scene_list, suggested):
    logic = scene_list()
    before = nodes()
    suggested(logic)
    assert logic.run.problems == {}
    assert all(logic.cases.entries[name].sureness is not None for name in logic.listed)
    assert logic.counts["untouched"] == 5
    assert nodes() == before


def test_a_volume_that_goes_meanwhile_is_named_and_the_others_are_looked_at(scene_list, loaded, suggested):
    logic = scene_list()
    slicer.mrmlScene.RemoveNode(loaded[0])
    gone, *others = logic.listed
    suggested(logic)
    assert list(logic.run.problems) == [gone]
    assert "Still has gone" in logic.run.problems[gone]
    assert all(logic.cases.entries[name].sureness is not None for name in others)


def test_a_volume_that_is_bent_has_no_picture_and_the_others_have(scene_list, loaded):
    logic = scene_list()
    bent = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    loaded[0].SetAndObserveTransformNodeID(bent.GetID())
    thumbnails = Thumbnails(logic.cases)
    thumbnails.want(logic.listed)
    for _case in range(2 * len(logic.listed)):
        thumbnails.poll()
        thumbnails.wait(30)
    assert list(thumbnails.problems) == logic.listed[:1]
    assert all(thumbnails.of(name) is not None for name in logic.listed[1:])
    thumbnails.stop()


def test_an_attribute_of_any_content_is_no_entry(scene_list, loaded):
    loaded[0].SetAttribute("SAMCA.worklist", '{"case": 7}\n[]\n{"case": ".", "state": "accepted"}')
    assert state(scene_list(), "Still") == "accepted"


def test_images_of_one_name_do_not_share_a_file(scene_list, loaded, tmp_path):
    other = volumes.volume(picture(9)[None], name="Still")
    logic = scene_list(tmp_path)
    with pytest.raises(Refusal, match="Several images are called Still"):
        logic.show(other.GetID())
    logic.close()
    logic = scene_list()
    logic.show(other.GetID())
    assert logic.current.volume is other


def test_what_somebody_else_has_saved_under_the_name_stays(scene_list, engine, tmp_path):
    logic = scene_list(tmp_path)
    logic.show(named(logic, "Still"))
    click(logic, engine)
    theirs = tmp_path / "Still.seg.nrrd"
    theirs.write_bytes(b"theirs")
    for frame in (0, 1, 0):
        logic.keep()
        click(logic, engine, frame)
    logic.close()
    assert theirs.read_bytes() == b"theirs"
    assert [path.name for path in tmp_path.glob("*.nrrd") if path != theirs] == ["Still (2).seg.nrrd"]
    assert "yours is saved as Still (2).seg.nrrd" in logic.said
    again = scene_list(tmp_path)
    again.show(named(again, "Still"))
    assert again.current.path is not None


def test_two_slicers_do_not_save_to_one_folder(scene_list, tmp_path):
    scene_list(tmp_path, "AB")
    with pytest.raises(Refusal, match="in use as a worklist by AB"):
        scene_list(tmp_path, "CD")
