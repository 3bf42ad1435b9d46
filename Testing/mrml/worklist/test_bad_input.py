"""Whatever becomes of folder, files and disk: told in a sentence, and nothing is lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
import slicer
from cases import nodes, picture
from PIL import Image

import SAMCALib
from samca.worklist import journal
from SAMCALib.Prompts.TagLogic import TAG, tagText
from SAMCALib.Texts import Refusal
from SAMCALib.Worklist import OutlineFile

FIRST = "case1.png"


def test_no_folder_is_refused(worklist, tmp_path):
    with pytest.raises(Refusal, match="is not a folder: choose one"):
        worklist(tmp_path / "none")


def test_an_empty_folder_has_no_cases(worklist, tmp_path):
    logic = worklist(tmp_path)
    with pytest.raises(Refusal, match="no cases: choose a folder with images"):
        logic.next()


def test_a_folder_that_changes_is_looked_at_anew(worklist, folder, outlined):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    (folder / "case2.png").unlink()
    Image.fromarray(picture(6)).save(folder / "case6.png")
    with pytest.raises(Refusal, match=r"case2\.png has gone: look anew"):
        logic.show("case2.png")
    assert logic.name == FIRST, "it stays"
    logic.next()
    assert logic.name == "case3.png"
    assert "case2.png has gone" in logic.said
    logic.refresh()
    assert logic.listed == ["case1.png", "case3.png", "case4.png", "case5.png", "case6.png"]


def test_the_shown_case_is_saved_though_its_image_has_gone(worklist, folder, outlined):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    (folder / FIRST).unlink()
    logic.refresh()
    assert FIRST not in logic.listed
    logic.next()
    assert (folder / "case1.seg.nrrd").is_file()
    assert logic.cases.journal.entries[FIRST].state == "outlined"


def test_an_unreadable_image_is_told_and_what_is_shown_stays(worklist, folder):
    (folder / "case2.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    logic = worklist(folder)
    logic.next()
    before = nodes()
    with pytest.raises(Refusal, match=r"case2\.png cannot be read"):
        logic.show("case2.png")
    assert logic.name == FIRST
    assert nodes() == before
    logic.accept()
    assert logic.name == "case3.png"
    assert "case2.png cannot be read" in logic.said
    logic.previous()
    assert logic.name == FIRST
    for number in (3, 4, 5):
        (folder / f"case{number}.png").unlink()
    with pytest.raises(Refusal, match=r"case2\.png cannot be read"):
        logic.next()
    assert logic.name == FIRST


@pytest.mark.parametrize("damage", ["cut off", "no header", "text"])
def test_a_damaged_outline_is_told_and_stays(worklist, folder, outlined, damage):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    logic.leave()
    path = folder / "case1.seg.nrrd"
    content = {"cut off": path.read_bytes()[:-20], "no header": b"NRRD0004\n", "text": b"hello"}[damage]
    path.write_bytes(content)
    before = nodes()
    with pytest.raises(Refusal, match=r"case1\.seg\.nrrd cannot be read .*: it stays, move it away"):
        logic.show(FIRST)
    assert path.read_bytes() == content
    assert nodes() == before


def test_images_of_one_name_do_not_share_an_outline(worklist, folder, outlined):
    Image.fromarray(picture(7)).save(folder / "case1.bmp")
    logic = worklist(folder)
    with pytest.raises(Refusal, match=r"case1\.png: its mask would be .* rename one of them"):
        logic.show(FIRST)
    logic.show("case1.bmp")
    outlined(logic)
    with pytest.raises(Refusal, match=r"the outline of case1\.bmp: rename case1\.png"):
        logic.show(FIRST)
    assert logic.name == "case1.bmp"


def test_an_image_that_takes_the_name_later_does_not_take_the_outline(worklist, folder, outlined):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    logic.leave()
    Image.fromarray(picture(7)).save(folder / "case1.bmp")  # first in the order of names
    logic.refresh()
    logic.show(FIRST)
    with pytest.raises(Refusal, match=r"the outline of case1\.png"):
        logic.show("case1.bmp")


def full(*_words, **_options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_slicer_cannot_write_is_said_in_the_users_language(worklist, folder, outlined, monkeypatch):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    storage = types.SimpleNamespace(SetFileName=lambda name: None, WriteData=lambda node: 0)
    with monkeypatch.context() as patch:
        patch.setattr(OutlineFile, "_", lambda text: f"<{text}>")
        patch.setattr(slicer, "vtkMRMLSegmentationStorageNode", lambda: storage)
        with pytest.raises(Refusal, match=r"case1\.png is not saved: <Slicer could not write .*seg\.nrrd>\."):
            logic.keep()


def test_frames_of_different_sizes_are_refused_in_the_users_language(worklist, folder, monkeypatch):
    pages = [Image.fromarray(picture(1)), Image.fromarray(picture(2)[:-8])]
    pages[0].save(folder / "loop.tif", save_all=True, append_images=pages[1:])
    logic = worklist(folder)
    monkeypatch.setattr("SAMCALib.Frames.FileVolume._", lambda text: f"<{text}>", raising=False)
    with pytest.raises(Refusal, match=r"cannot be read: <.*loop\.tif has frames of different sizes: .*>"):
        logic.show("loop.tif")


def test_on_a_full_disk_the_case_stays_open_until_there_is_room(worklist, folder, outlined, monkeypatch):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    logic.keep()
    before = (folder / "case1.seg.nrrd").read_bytes()
    outlined(logic, 5, 40)
    with monkeypatch.context() as patch:
        patch.setattr("samca.files.place", full)
        for leave in (logic.next, logic.accept, logic.markUnsure, logic.close):
            with pytest.raises(Refusal, match=r"case1\.png is not saved: .*disk is full.*It stays open"):
                leave()
    assert logic.name == FIRST
    assert (folder / "case1.seg.nrrd").read_bytes() == before
    logic.next()
    assert (folder / "case1.seg.nrrd").read_bytes() != before


def test_where_the_journal_cannot_be_written_the_case_stays_open(worklist, folder, outlined, monkeypatch):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "append", full)
        with pytest.raises(Refusal, match="The worklist cannot be written"):
            logic.next()
    assert logic.name == FIRST
    logic.next()
    assert logic.cases.entries[FIRST].state == "outlined"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions bind no administrator")
def test_a_read_only_folder_asks_for_another_one(worklist, folder, tmp_path):
    folder.chmod(0o500)
    with pytest.raises(Refusal, match=r"cannot be written to .*: choose another folder to save to"):
        worklist(folder)
    assert worklist(folder, tmp_path / "out").listed
    folder.chmod(0o700)


def test_a_folder_to_save_to_that_is_none_asks_for_another_one(worklist, folder):
    with pytest.raises(Refusal, match=r"cannot be written to .*: choose another folder to save to"):
        worklist(folder, folder / FIRST)


def test_two_slicers_do_not_work_on_one_folder_but_may_save_to_two(worklist, folder, outlined, tmp_path):
    first = worklist(folder, rater="AB")
    with pytest.raises(Refusal, match="in use as a worklist by AB on"):
        worklist(folder, rater="CD")
    second = worklist(folder, tmp_path / "CD", rater="CD")
    for logic in (first, second):
        logic.show(FIRST)
        outlined(logic)
        logic.next()
    assert (folder / "case1.seg.nrrd").is_file()
    assert (tmp_path / "CD" / "case1.seg.nrrd").is_file()


def test_an_outline_that_another_program_has_changed_is_not_written_over(worklist, folder, outlined):
    logic = worklist(folder)
    for name in (FIRST, "case2.png"):
        logic.show(name)
        outlined(logic)
    logic.leave()
    theirs = (folder / "case2.seg.nrrd").read_bytes()
    logic.show(FIRST)
    outlined(logic, 5, 40)
    (folder / "case1.seg.nrrd").write_bytes(theirs)
    logic.leave()
    assert (folder / "case1.seg.nrrd").read_bytes() == theirs
    assert "was changed by another program: yours is saved as case1 (2).seg.nrrd" in logic.said
    logic.show(FIRST)
    assert logic.current.path.name == "case1 (2).seg.nrrd", "and is gone on with"
    logic.close()
    assert worklist(folder).cases.entries[FIRST].file == "case1 (2).seg.nrrd"


def test_outlines_that_were_taken_away_count_no_more(worklist, folder, outlined):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    logic.accept()
    logic.close()
    (folder / "case1.seg.nrrd").unlink()
    again = worklist(folder)
    assert again.counts["untouched"] == 5
    assert "as that of case1.png" in again.cases.told[0]
    again.show(FIRST)
    outlined(again)
    again.leave()
    assert (folder / "case1.seg.nrrd").is_file()


def test_outlines_from_elsewhere_are_found(worklist, folder, outlined):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    logic.close()
    (folder / journal.NAME).unlink()
    assert worklist(folder).cases.entries[FIRST].state == "outlined"


def test_prompts_of_a_newer_version_are_shown_saved_and_kept(worklist, folder, outlined, suggested):
    logic = worklist(folder)
    logic.show(FIRST)
    outlined(logic)
    newer = '{"version": 99, "strokes": []}'
    segmentation = logic.current.segmentation.GetSegmentation()
    segmentation.GetNthSegment(0).SetTag(TAG, newer)
    logic.next()
    logic.show(FIRST)
    segment = logic.current.segmentation.GetSegmentation().GetNthSegment(0)
    assert tagText(segment) == newer
    segment.SetName("Renamed")
    logic.leave()
    suggested(logic)
    logic.show(FIRST)
    assert tagText(logic.current.segmentation.GetSegmentation().GetNthSegment(0)) == newer


def test_a_journal_of_a_newer_version_is_left_alone(worklist, folder):
    (folder / journal.NAME).write_bytes(b'{"version": 2}\n')
    with pytest.raises(Refusal, match="newer SAMCA"):
        worklist(folder)
    assert (folder / journal.NAME).read_bytes() == b'{"version": 2}\n'


def test_damaged_lines_of_the_journal_are_told(worklist, folder):
    (folder / journal.NAME).write_bytes(b'{"case": "case1.png", "state": 7}\n')
    logic = worklist(folder)
    assert "line 1" in logic.cases.told[0]
    assert logic.counts["untouched"] == 5


def test_prompts_of_a_long_loop_are_read_again(scene, tmp_path):
    """They are in the header, which may be larger than the voxels."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.GetSegmentation().AddEmptySegment("x", "x")
    text = '{"version": 1, "frames": {"2:0": [' + ", ".join(["{}"] * 500_000) + "]}}"
    node.GetSegmentation().GetSegment("x").SetTag(TAG, text)
    OutlineFile.write(node, tmp_path / "loop.seg.nrrd")
    again = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    OutlineFile.readInto(again, tmp_path / "loop.seg.nrrd")
    assert len(tagText(again.GetSegmentation().GetSegment("x"))) == len(text)


KILLED = """
import os, sys
import numpy as np, slicer, slicer_scene
slicer_scene.start()
from disc_model import DiscModel
from SAMCALib.Engine.EngineLogic import EngineLogic
from SAMCALib.Frames import FrameLogic
from SAMCALib.SegmentationLogic import SegmentationLogic
from SAMCALib.Worklist.FolderCases import FolderCases
from SAMCALib.Worklist.WorklistLogic import WorklistLogic
engine = EngineLogic()
engine.setModel(DiscModel(), "discs")
logic = WorklistLogic()
logic.open(FolderCases(sys.argv[1], None, "AB"))
for name in logic.listed[:3]:
    logic.show(name)
    opened = logic.current
    place = FrameLogic.xyToRas(FrameLogic.frameOf(opened.volume, 0), 30, 20)
    target = {"segmentationNode": opened.segmentation, "segmentId": "SAMCA"}
    SegmentationLogic(engine).segment(opened.volume, [place], **target)
logic.keep()
os._exit(9)
"""


def test_a_kill_in_the_middle_loses_nothing_and_the_next_day_goes_on(worklist, folder, outlined):
    stand_ins = Path(sys.modules["cases"].__file__).parent
    paths = os.pathsep.join([str(Path(SAMCALib.__file__).parents[1]), str(stand_ins)])
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], env=environment, check=False)
    assert done.returncode == 9
    logic = worklist(folder)
    assert logic.counts["outlined"] == 3
    logic.show("case3.png")
    assert not OutlineFile.isEmpty(logic.current.left)
    logic.next()
    assert logic.name == "case4.png"


def test_a_disk_that_takes_no_files_asks_for_another_one(worklist, folder, monkeypatch):
    def refuse(path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(journal.locks, "opened", refuse)
    with pytest.raises(
        Refusal, match=r"cannot be written to \(Read-only file system\): choose another folder"
    ):
        worklist(folder)
