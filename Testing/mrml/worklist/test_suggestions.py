"""What the model finds in the background: suggested cases, the least sure first, anew with another model."""

from __future__ import annotations

import hashlib
import json
import os
import threading

import numpy as np
import pytest
import slicer.util
from cases import picture
from disc_model import DiscModel
from PIL import Image
from suggesting_model import BrightModel, PickyModel

from samca import model_files
from samca.batch import cases as batch
from samca.batch import table
from samca.images import frames, masks
from samca.images.masks import Outlined
from samca.prompts import Click, Prompts
from samca.worklist.journal import Journal
from SAMCALib.Frames import FrameLogic
from SAMCALib.Prompts import PromptLogic
from SAMCALib.Texts import Refusal

FIRST, POINT = "case1.png", Prompts((Click(30, 20),))


@pytest.fixture
def disc_model():
    return PickyModel()


def entry(logic, name=FIRST):
    return logic.cases.entries[name]


def test_every_case_is_suggested_and_the_least_sure_comes_first(worklist, folder, suggested):
    logic = worklist(folder)
    suggested(logic)
    assert logic.run.problems == {}
    assert logic.counts["suggested"] == 5
    assert all((folder / f"case{number}.seg.nrrd").is_file() for number in range(1, 6))
    logic.order = "unsure"
    sureness = [entry(logic, name).sureness for name in logic.listed]
    assert sureness == sorted(sureness)
    assert len(set(sureness)) == 5
    assert logic.listed != logic.cases.names or sureness[0] != sureness[-1]
    assert 0 < sureness[0] < sureness[-1] <= 1


def test_a_suggestion_is_shown_as_the_effect_would_have_made_it(worklist, folder, suggested, outlined):
    logic = worklist(folder)
    suggested(logic)
    logic.show(FIRST)
    opened = logic.current
    segment = opened.segmentation.GetSegmentation().GetNthSegment(0)
    segmentId = opened.segmentation.GetSegmentation().GetNthSegmentID(0)
    assert segment.GetName() == "lesion"
    mask = slicer.util.arrayFromSegmentBinaryLabelmap(opened.segmentation, segmentId, opened.volume)[0]
    overlap = (mask > 0) & (picture(1) == 200)
    assert overlap.sum() > 0.9 * (picture(1) == 200).sum()
    frame = FrameLogic.frameOf(opened.volume, 0)
    (thing,) = PromptLogic.framePrompts(opened.segmentation, segmentId, frame).objects
    assert thing.prompts.suggestion == 0
    logic.next()
    assert entry(logic).state == "suggested", "it was looked at only"
    logic.show(FIRST)
    outlined(logic, 5, 40)
    logic.next()
    assert entry(logic).state == "outlined"


def test_what_is_kept_of_a_suggestion_is_there_the_next_day(worklist, folder, suggested):
    logic = worklist(folder)
    suggested(logic)
    before = entry(logic)
    logic.close()
    again = worklist(folder)
    assert entry(again) == before
    assert again.run.left == 0


def test_what_somebody_has_worked_on_is_left_alone(worklist, folder, suggested, outlined):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    logic.accept()
    outlined(logic)
    logic.markUnsure()
    files = [folder / f"case{number}.seg.nrrd" for number in (1, 2)]
    before = [file.read_bytes() for file in files]
    suggested(logic)
    assert [file.read_bytes() for file in files] == before
    assert logic.counts == {"untouched": 0, "suggested": 3, "outlined": 0, "accepted": 1, "unsure": 1}


def test_the_case_that_is_shown_waits_until_it_is_left(worklist, folder, suggested):
    logic = worklist(folder)
    logic.show(FIRST)
    suggested(logic, shown=FIRST)
    assert entry(logic).state == "untouched"
    assert not (folder / "case1.seg.nrrd").exists()
    logic.next()
    suggested(logic, shown=logic.name)
    assert entry(logic).state == "suggested"


def test_another_model_suggests_the_open_cases_anew(worklist, folder, suggested, outlined, engine):
    logic = worklist(folder)
    suggested(logic)
    logic.show(FIRST)
    logic.accept()
    logic.leave()
    before = {name: (folder / name).with_suffix(".seg.nrrd").read_bytes() for name in logic.cases.names}
    trained = BrightModel(level=190.0, iou=0.97)
    engine.setModel(trained, "trained")
    assert logic.run.left == 4
    suggested(logic)
    assert logic.counts["accepted"] == 1
    assert {entry(logic, name).iou for name in logic.cases.names[1:]} == {0.97}
    after = {name: (folder / name).with_suffix(".seg.nrrd").read_bytes() for name in logic.cases.names}
    assert after[FIRST] == before[FIRST]
    assert logic.run.left == 0


def test_what_the_new_model_does_not_find_is_suggested_no_more(worklist, folder, suggested, engine):
    logic = worklist(folder)
    suggested(logic)
    engine.setModel(BrightModel(level=250.0), "blind")
    suggested(logic)
    assert logic.counts["untouched"] == 5
    assert not list(folder.glob("*.seg.nrrd"))
    assert entry(logic).sureness == 0.0, "to be looked at first"


def test_another_class_is_another_suggestion(worklist, folder, suggested):
    logic = worklist(folder)
    suggested(logic)
    logic.run.kind = 1
    assert logic.run.left == 5
    suggested(logic)
    logic.show(FIRST)
    assert logic.current.segmentation.GetSegmentation().GetNthSegment(0).GetName() == "vessel"


def test_a_file_that_somebody_else_has_put_there_stays(worklist, folder, suggested, outlined, tmp_path):
    logic = worklist(folder)
    suggested(logic)
    theirs = (folder / "case2.seg.nrrd").read_bytes()
    (folder / "case1.seg.nrrd").write_bytes(theirs)
    logic.run.kind = 1
    suggested(logic)
    assert (folder / "case1.seg.nrrd").read_bytes() == theirs
    assert "case1.seg.nrrd was made by somebody else" in logic.run.problems[FIRST]


def test_the_file_of_a_model_is_looked_through_once_and_beside_the_application(
    worklist, folder, suggested, engine, tmp_path, monkeypatch
):
    weights, threads, sha256 = tmp_path / "trained.safetensors", [], model_files.sha256

    def watched(path):
        if path == weights:
            threads.append(threading.current_thread())
        return sha256(path)

    monkeypatch.setattr(model_files, "sha256", watched)
    weights.write_bytes(b"one")
    engine.setModel(PickyModel(), str(weights))
    logic = worklist(folder)
    suggested(logic)
    assert entry(logic).model == f"{hashlib.sha256(b'one').hexdigest()[:16]} lesion"
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
    weights.write_bytes(b"other")
    os.utime(weights, ns=(0, 0))
    suggested(logic)
    assert entry(logic).model == f"{hashlib.sha256(b'other').hexdigest()[:16]} lesion"
    assert logic.run.left == 0


def test_a_model_that_suggests_nothing_says_so_and_does_nothing(worklist, folder, engine):
    logic = worklist(folder)
    engine.setModel(DiscModel(), "clicks only")
    logic.run.isOn = True
    assert not logic.run.poll()
    assert "makes no suggestions" in logic.run.status
    assert logic.run.left == 0


def test_an_unreadable_image_is_named_and_the_others_are_suggested(worklist, folder, suggested):
    (folder / "case2.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    logic = worklist(folder)
    suggested(logic)
    assert logic.counts["suggested"] == 4
    assert "case2.png" in logic.run.problems["case2.png"]


def test_an_image_that_goes_meanwhile_is_named(worklist, folder, suggested):
    logic = worklist(folder)
    (folder / "case2.png").unlink()
    suggested(logic)
    assert logic.counts["suggested"] == 4
    assert "case2.png" in logic.run.problems


def test_a_case_whose_outline_has_no_place_is_named_and_the_others_are_looked_at(
    worklist, folder, suggested, outlined, monkeypatch
):
    logic = worklist(folder)
    for name in (FIRST, "case2.png"):
        logic.show(name)
        outlined(logic)
    logic.leave()
    place = logic.cases.placeOf

    def refusing(name):
        if name == FIRST:
            raise Refusal("taken")
        return place(name)

    monkeypatch.setattr(logic.cases, "placeOf", refusing)
    suggested(logic)
    assert logic.run.problems == {FIRST: "taken"}
    assert entry(logic, "case2.png").sureness is not None


def test_every_frame_of_a_loop_is_looked_at_and_the_least_sure_one_counts(worklist, tmp_path, suggested):
    place = tmp_path / "loops"
    place.mkdir()
    pages = [Image.fromarray(picture(number)) for number in (1, 2, 3)]
    pages[0].save(place / "loop.tif", save_all=True, append_images=pages[1:])
    logic = worklist(place)
    suggested(logic)
    logic.show("loop.tif")
    voxels = slicer.util.arrayFromSegmentBinaryLabelmap(
        logic.current.segmentation, logic.current.segmentation.GetSegmentation().GetNthSegmentID(0),
        logic.current.volume,
    )  # fmt: skip
    assert (voxels.sum((1, 2)) > 0).tolist() == [True] * 3
    assert len({array.tobytes() for array in np.asarray(voxels)}) == 3
    for index in range(3):
        frame = FrameLogic.frameOf(logic.current.volume, index)
        segment = logic.current.segmentation.GetSegmentation().GetNthSegmentID(0)
        assert PromptLogic.framePrompts(logic.current.segmentation, segment, frame).objects


def test_the_users_case_is_given_way_to_while_it_is_being_suggested(worklist, folder, engine):
    logic = worklist(folder)
    logic.run.isOn = True
    for _turn in range(2000):
        logic.run.poll()
        logic.run.wait(30) if logic.run._work.writing is None else None
        if logic.run._work is not None and logic.run._work.writing is not None:
            break
    logic.show(FIRST)
    assert entry(logic).state == "suggested", "it was just being written"
    assert logic.current.content == entry(logic).sha256
    logic.close()
    assert Journal(folder).entries[FIRST].state == "suggested"


def test_a_run_that_is_stopped_looks_at_nothing_more(worklist, folder, suggested, engine):
    logic = worklist(folder)
    logic.run.isOn = True
    logic.run.poll()
    logic.run.stop()
    assert engine.wait(30)
    assert not logic.run.poll()
    assert logic.counts["untouched"] == 5
    suggested(logic)
    assert logic.counts["suggested"] == 5


def test_a_model_that_suggests_nothing_says_how_sure_it_is_of_what_was_clicked(
    worklist, folder, suggested, outlined, engine
):
    engine.setModel(DiscModel(), "clicks only")
    logic = worklist(folder)
    logic.run.kind = None
    for name in ("case1.png", "case3.png"):
        logic.show(name)
        outlined(logic)
    logic.leave()
    before = (folder / "case1.seg.nrrd").read_bytes()
    suggested(logic)
    assert logic.run.problems == {}
    sureness = [entry(logic, name).sureness for name in logic.cases.names]
    assert [figure is not None for figure in sureness] == [True, False, True, False, False]
    assert logic.counts["outlined"] == 2
    assert (folder / "case1.seg.nrrd").read_bytes() == before
    logic.order = "unsure"
    assert set(logic.listed[:2]) == {"case1.png", "case3.png"}
    logic.show("case1.png")
    outlined(logic, 50, 40)
    logic.leave()
    assert entry(logic).sureness is None, "it was said of another outline"
    assert logic.run.left == 1


def test_what_samca_segment_has_made_is_suggested_with_its_figures(worklist, folder, tmp_path):
    out = tmp_path / "masks"
    out.mkdir()
    rows = [table.Row("case3.png", table.NOTHING, area_px=0)]
    for number, iou in ((1, 0.8), (2, 0.6)):
        image, mask = folder / f"case{number}.png", picture(number) == 200
        masks.write_mask(out / f"case{number}.seg.nrrd", mask, frames.read(image), [Outlined(POINT, mask)])
        figures = {"frame": 0, "area_px": int(mask.sum()), "predicted_iou": iou, "agreement": 0.7}
        rows.append(table.Row(image.name, table.FOUND, mask=f"case{number}.seg.nrrd", **figures))
    table.write(out / table.NAME, rows)
    (out / batch.STATE).write_text(json.dumps({"what": "clicks", "sha256": 64 * "0"}))
    logic = worklist(folder, out)
    assert logic.cases.told == []
    assert logic.counts == {"untouched": 3, "suggested": 2, "outlined": 0, "accepted": 0, "unsure": 0}
    assert [entry(logic, f"case{number}.png").sureness for number in (1, 2)] == [0.7, 0.6]
    logic.show(FIRST)
    logic.accept()
    assert entry(logic).file == "case1.seg.nrrd"
    assert logic.name == "case2.png"
