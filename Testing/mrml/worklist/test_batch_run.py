"""Boxes from a table for all cases, in a process beside the worklist: followed, stopped, gone on with."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from samca.batch import table
from samca.batch.run import STOP
from samca.training import run_lock
from samca.worklist.entries import SUGGESTED, UNTOUCHED
from SAMCALib import ChildProcess
from SAMCALib.Texts import Refusal
from SAMCALib.Worklist.BatchRun import BatchRun

CORE = Path(__file__).parents[2] / "core"
CHILD = """
import sys, time
sys.path[:0] = {paths!r}
import samca
from dots import Dots
from samca.__main__ import main
from samca.batch.jobs import Answering

answer = Answering.answer

def slowly(self, job):
    while {slow} and job.name == "case3.png" and not (folder / "stop").exists():
        (folder / "waits").touch()
        time.sleep(0.02)
    return answer(self, job)

Answering.answer = slowly
samca.load = lambda *source, **options: Dots()
from pathlib import Path
folder = Path(sys.argv[-1])
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def launched(monkeypatch):
    """The child is the command itself, with a model that marks what is in the box; `launched.slow = True`
    makes it wait at the third image until it is stopped."""

    told = SimpleNamespace(slow=False)
    children = []

    def launch(words, output):
        code = CHILD.format(paths=[str(ChildProcess.CODE), str(CORE)], slow=told.slow)
        with output.open("wb") as file:
            words = [sys.executable, "-c", code, *map(str, words)]
            children.append(subprocess.Popen(words, stderr=file, stdout=subprocess.DEVNULL))
        return children[-1]

    monkeypatch.setattr(ChildProcess, "launch", launch)
    yield told
    for child in children:
        child.kill()
        child.wait()


@pytest.fixture
def boxes(tmp_path):
    path = tmp_path / "boxes.csv"
    rows = "".join(f"case{number},10,10,30,30\n" for number in range(1, 6))
    path.write_text("image,x0,y0,x1,y1\n" + rows)
    return path


def until(run, reached):
    """The first state for which this is true."""
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up:
        state = run.state()
        if reached(state):
            return state
        time.sleep(0.05)
    raise AssertionError(f"it did not come: {state}")


def test_a_run_is_followed_to_its_end(launched, folder, boxes, tmp_path):
    run = BatchRun(folder, tmp_path / "out")
    assert run.state().text == ""
    run.start("boxes", boxes)
    state = until(run, lambda state: not state.isAlive)
    assert (state.done, state.total, state.failed) == (5, 5, 0)
    assert state.text == "All 5 images are done."
    assert not run.hasChanged


def test_the_table_is_read_only_where_it_has_changed(launched, folder, boxes, tmp_path, monkeypatch):
    run, reads, read = BatchRun(folder, tmp_path / "out"), [], table.read
    run.start("boxes", boxes)
    state = until(run, lambda state: not state.isAlive)
    monkeypatch.setattr(table, "read", lambda path: reads.append(path) or read(path))
    assert [run.state() for _look in range(3)] == 3 * [state]
    assert reads == []
    rows = read(tmp_path / "out" / table.NAME)
    table.write(tmp_path / "out" / table.NAME, [row for of in list(rows.values())[:4] for row in of])
    assert run.hasChanged
    assert [run.state().done for _look in range(3)] == [4, 4, 4]
    assert len(reads) == 1


def test_a_run_is_stopped_and_the_same_start_goes_on(launched, folder, boxes, tmp_path):
    launched.slow, run = True, BatchRun(folder, tmp_path / "out")
    run.start("boxes", boxes)
    until(run, lambda state: (tmp_path / "out" / "waits").exists())
    assert run.state().done == 2
    with pytest.raises(Refusal, match="A process is working in"):
        BatchRun(folder, tmp_path / "out").start("boxes", boxes)
    BatchRun(folder, tmp_path / "out").stop()  # from another Slicer
    state = until(run, lambda state: not state.isAlive)
    assert state.text == "Stopped after 3 of 5 images: start it again to go on."
    launched.slow = False
    run.start("boxes", boxes)
    state = until(run, lambda state: not state.isAlive)
    assert (state.done, state.total) == (2, 2)
    assert len(table.read(tmp_path / "out" / table.NAME)) == 5


def test_what_goes_wrong_is_said_in_the_words_of_the_command(launched, folder, boxes, tmp_path):
    run = BatchRun(folder, tmp_path / "out")
    boxes.write_text("image,x\ncase1,3\n")
    run.start("boxes", boxes)
    state = until(run, lambda state: not state.isAlive)
    assert "has no column x0, y0, x1, y1" in state.text


def test_images_that_could_not_be_done_are_counted(launched, folder, boxes, tmp_path):
    (folder / "case2.png").write_bytes(b"nothing")
    run = BatchRun(folder, tmp_path / "out")
    run.start("boxes", boxes)
    state = until(run, lambda state: not state.isAlive)
    assert state.text == "5 images are done; 1 could not be, found.csv says why."


def test_a_folder_that_cannot_be_written_to_is_refused(launched, folder, boxes, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Refusal, match="cannot be written to"):
        BatchRun(folder, tmp_path / "file").start("boxes", boxes)


def test_a_stop_without_a_run_leaves_nothing_behind(folder, tmp_path):
    run = BatchRun(folder, tmp_path)
    run.stop()
    assert not (tmp_path / STOP).exists()
    assert not (tmp_path / run_lock.NAME).exists()


def test_the_worklist_shows_what_was_found_and_how_sure_the_model_was(launched, worklist, folder, boxes):
    logic = worklist(folder)
    run = BatchRun(folder)
    run.start("boxes", boxes)
    until(run, lambda state: not state.isAlive)
    assert {entry.state for entry in logic.cases.entries.values()} == {UNTOUCHED}
    logic.cases.takeIn()
    entries = logic.cases.entries
    assert {entry.state for entry in entries.values()} == {SUGGESTED}
    assert all(0 <= entry.sureness <= 1 for entry in entries.values())
    logic.show("case1.png")
    assert logic.current.segmentation.GetSegmentation().GetNumberOfSegments() == 1
    again = worklist(folder / ".." / "images", folder.parent / "elsewhere")
    assert {entry.state for entry in again.cases.entries.values()} == {UNTOUCHED}
    logic.close()
    assert worklist(folder).cases.entries["case2.png"].sureness is not None
