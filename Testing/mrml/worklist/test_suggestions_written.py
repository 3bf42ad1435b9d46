"""A suggestion that is being written as Slicer is killed, something else is wanted, or the list is closed."""

from __future__ import annotations

import pytest
from suggesting_model import BrightModel, PickyModel

from samca.images import nrrd
from samca.worklist.journal import Journal
from SAMCALib.Worklist import OutlineFile

FIRST = "case1.png"


@pytest.fixture
def disc_model():
    return PickyModel()


def entry(logic, name=FIRST):
    return logic.cases.entries[name]


def being_written(logic):
    """Go on until a suggestion is being written, and is."""
    logic.run.isOn = True
    for _turn in range(2000):
        logic.run.poll()
        if logic.run._work is not None and logic.run._work.writing is not None:
            break
        logic.run.wait(30)
    logic.run._work.writing.result(30)


def test_what_a_kill_leaves_behind_is_a_suggestion_and_nobodys_outline(worklist, folder):
    logic = worklist(folder)
    being_written(logic)
    assert (folder / "case1.seg.nrrd").is_file()
    logic.cases.journal.close()  # killed here
    logic.cases = None
    again = worklist(folder)
    assert entry(again).state == "suggested"
    assert again.cases.told == []


def test_a_kill_before_the_file_is_there_is_no_loss_to_be_told_of(worklist, folder, suggested):
    logic = worklist(folder)
    being_written(logic)
    logic.cases.journal.close()
    logic.cases = None
    (folder / "case1.seg.nrrd").unlink()
    again = worklist(folder)
    assert entry(again).state == "untouched"
    assert again.cases.told == []
    suggested(again)
    assert entry(again).state == "suggested"


@pytest.mark.parametrize("change", ["class", "model"])
def test_what_is_being_written_is_kept_and_suggested_anew_where_something_else_is_wanted(
    worklist, folder, suggested, engine, change
):
    logic = worklist(folder)
    being_written(logic)
    if change == "class":
        logic.run.kind = 1
    else:
        engine.setModel(BrightModel(level=190.0, iou=0.97), "trained")
    assert logic.run.poll()
    assert entry(logic).sha256 == OutlineFile.sha256Of(folder / "case1.seg.nrrd")
    before = entry(logic).model
    suggested(logic)
    assert logic.run.problems == {}
    assert logic.run.left == 0
    assert entry(logic).model not in ("", before)


def test_a_suggestion_has_the_name_of_the_class_that_was_looked_for(worklist, folder, monkeypatch):
    logic, sha256Of = worklist(folder), OutlineFile.sha256Of

    def chosenMeanwhile(path):
        logic.run.kind = 1
        return sha256Of(path)

    monkeypatch.setattr(OutlineFile, "sha256Of", chosenMeanwhile)
    being_written(logic)
    assert nrrd.texts(folder / "case1.seg.nrrd")["Segment0_Name"] == "lesion"


def test_closing_the_list_waits_for_what_is_being_written(worklist, folder):
    logic = worklist(folder)
    being_written(logic)
    logic.close()
    assert Journal(folder).entries[FIRST].sha256
