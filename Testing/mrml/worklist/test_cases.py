"""From case to case: one in the scene, saved as it is left, gone on with another day, accepted."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import slicer.util
from cases import nodes, picture
from PIL import Image

from samca import datasets
from samca.worklist.journal import Journal
from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Texts import Refusal


def voxels(logic):
    """(K, J, I) bool of the first segment of what is shown."""
    opened = logic.current
    segment = opened.segmentation.GetSegmentation().GetNthSegmentID(0)
    return slicer.util.arrayFromSegmentBinaryLabelmap(opened.segmentation, segment, opened.volume).astype(
        bool
    )


def states(logic):
    return [logic.cases.entries[name].state for name in logic.cases.names]


def test_one_case_is_in_the_scene_and_nothing_of_it_stays(worklist, folder):
    logic = worklist(folder)
    empty = nodes()
    assert logic.listed == [f"case{number}.png" for number in range(1, 6)]
    logic.next()
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(logic.current.volume)[0], picture(1))
    one = nodes()
    for _case in range(4):
        logic.next()
        assert nodes() == one
    assert logic.name == "case5.png"
    with pytest.raises(Refusal, match="the last case"):
        logic.next()
    logic.previous()
    assert logic.name == "case4.png"
    logic.close()
    assert nodes() == empty


def test_looking_writes_nothing(worklist, folder):
    logic = worklist(folder)
    logic.next()
    logic.next()
    logic.close()
    assert not list(folder.glob("*.seg.nrrd"))
    assert not (folder / "worklist.jsonl").exists()


def test_a_case_is_saved_as_it_is_left_with_its_prompts_and_gone_on_with(worklist, folder, outlined):
    logic = worklist(folder)
    logic.next()
    outlined(logic)
    before = voxels(logic)
    assert before.any()
    logic.next()
    assert (folder / "case1.seg.nrrd").is_file()
    assert states(logic) == ["outlined", *["untouched"] * 4]
    logic.close()
    again = worklist(folder, rater="CD")
    assert states(again)[0] == "outlined"
    assert again.cases.entries["case1.png"].rater == "AB"
    again.show("case1.png")
    np.testing.assert_array_equal(voxels(again), before)
    frame = FrameLogic.frameOf(again.current.volume, 0)
    prompts = PromptLogic.framePrompts(again.current.segmentation, "SAMCA", frame).object.prompts
    assert [(click.x, click.y) for click in prompts.clicks] == [(30, 20)]
    outlined(again, 50, 40)
    again.close()
    assert Journal(folder).entries["case1.png"].rater == "CD"


def test_what_is_shown_is_kept_while_it_is_worked_on(worklist, folder, outlined):
    logic = worklist(folder)
    logic.next()
    logic.keep()
    assert not (folder / "case1.seg.nrrd").exists(), "nothing to keep"
    outlined(logic)
    logic.keep()
    assert (folder / "case1.seg.nrrd").is_file()
    assert logic.name == "case1.png"
    written = (folder / "case1.seg.nrrd").stat().st_mtime_ns
    logic.keep()
    assert (folder / "case1.seg.nrrd").stat().st_mtime_ns == written


def test_outlines_go_to_a_chosen_folder_and_the_images_folder_stays_as_it_is(
    worklist, folder, outlined, tmp_path
):
    (folder / "later").mkdir()
    Image.fromarray(picture(9)).save(folder / "later" / "case1.png")
    there = sorted(folder.rglob("*"))
    logic = worklist(folder, tmp_path / "AB")
    for name in ("case1.png", "later/case1.png"):
        logic.show(name)
        outlined(logic)
    logic.close()
    assert sorted(folder.rglob("*")) == there
    assert (tmp_path / "AB" / "case1.seg.nrrd").is_file()
    assert (tmp_path / "AB" / "later" / "case1.seg.nrrd").is_file()


def test_accepted_cases_go_into_the_dataset_and_the_next_open_one_comes(worklist, folder, outlined, training):
    logic = worklist(folder)
    logic.dataset = training.newDataset("Lesions")
    logic.next()
    outlined(logic)
    logic.accept()
    assert logic.name == "case2.png"
    assert states(logic)[0] == "accepted"
    (case,) = datasets.checked(logic.dataset).cases
    assert case.has_truth
    np.testing.assert_array_equal(case.pixels(), picture(1))
    outlined(logic)
    logic.accept()
    logic.show("case1.png")
    outlined(logic, 55, 40)
    logic.next()
    assert states(logic)[0] == "outlined", "changed since"
    logic.show("case1.png")
    logic.accept()
    assert len(datasets.checked(logic.dataset).cases) == 2, "the case was replaced"
    assert logic.name == "case3.png"


def test_a_case_that_somebody_is_unsure_of_leaves_the_dataset(worklist, folder, outlined, training):
    logic = worklist(folder)
    logic.dataset = training.newDataset("Lesions")
    for name in ("case1.png", "case2.png"):
        logic.show(name)
        outlined(logic)
        logic.accept()
    logic.show("case1.png")
    logic.markUnsure()
    assert states(logic)[:2] == ["unsure", "accepted"]
    assert len(datasets.checked(logic.dataset).cases) == 1
    assert logic.cases.entries["case1.png"].added == ()


def test_a_journal_from_elsewhere_takes_nothing_out_of_a_folder_that_is_none_of_ours(
    worklist, folder, outlined, training, tmp_path
):
    logic = worklist(folder)
    logic.dataset = training.newDataset("Lesions")
    logic.next()
    outlined(logic)
    logic.accept()
    foreign = tmp_path / "foreign"
    (logic.dataset).rename(foreign)
    entry = logic.cases.entries["case1.png"]
    logic.cases.put(type(entry)(**{**vars(entry), "dataset": str(foreign)}))
    logic.show("case1.png")
    logic.markUnsure()
    assert len(list((foreign / "images").iterdir())) == 1


def test_an_empty_case_can_be_accepted_and_adds_nothing(worklist, folder, training):
    logic = worklist(folder)
    logic.dataset = training.newDataset("Lesions")
    logic.next()
    logic.accept()
    assert states(logic)[0] == "accepted"
    assert not logic.dataset.exists()


def test_without_a_dataset_a_case_is_accepted_all_the_same(worklist, folder, outlined):
    logic = worklist(folder)
    logic.next()
    outlined(logic)
    logic.accept()
    assert states(logic)[0] == "accepted"


def test_after_the_last_open_case_it_stays_and_says_so(worklist, folder, outlined):
    logic = worklist(folder)
    for _case in range(5):
        logic.show(next(n for n in logic.listed if logic.cases.entries[n].state == "untouched"))
        outlined(logic)
        logic.accept()
    assert logic.name is not None
    assert "All other cases are accepted" in logic.said
    assert logic.counts["accepted"] == 5


def test_an_outline_that_is_cleared_makes_the_case_untouched(worklist, folder, outlined):
    logic = worklist(folder)
    logic.next()
    outlined(logic)
    logic.next()
    logic.previous()
    segmentation = logic.current.segmentation.GetSegmentation()
    segmentation.RemoveAllSegments()
    logic.next()
    assert states(logic)[0] == "untouched"


def test_a_dataset_that_cannot_take_the_case_leaves_it_open_and_saved(
    worklist, folder, outlined, training, monkeypatch
):
    def refuse(*words, **options):
        raise Refusal("the disk of the dataset is full")

    logic = worklist(folder)
    logic.dataset = training.newDataset("Lesions")
    logic.next()
    outlined(logic)
    with monkeypatch.context() as patch:
        patch.setattr(training, "addCase", refuse)
        with pytest.raises(Refusal, match="the disk of the dataset is full"):
            logic.accept()
    assert (logic.name, states(logic)[0]) == ("case1.png", "outlined")
    assert (folder / "case1.seg.nrrd").is_file()
    logic.accept()
    assert states(logic)[0] == "accepted"


def test_without_the_module_for_training_a_dataset_is_refused(worklist, folder, outlined, tmp_path):
    logic = worklist(folder)
    logic._training, logic.dataset = (lambda: None), tmp_path / "data"
    logic.next()
    outlined(logic)
    with pytest.raises(Refusal, match="SAMCA Training is not there"):
        logic.accept()
    assert states(logic)[0] == "outlined"
