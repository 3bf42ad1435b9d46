"""What has become of the cases: written at once, read again after a kill, by one program at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import samca
from samca.files import DiskFullError
from samca.worklist import journal
from samca.worklist.entries import Entry, from_line, to_line
from samca.worklist.journal import Journal

FULL = Entry(
    "sub/ä (1).png",
    "accepted",
    "AB",
    "sub/ä (1).seg.nrrd",
    "0f",
    0.9,
    0.75,
    "shipped",
    "/data",
    ("a", "b"),
    12.5,
)


@pytest.fixture
def opened(tmp_path):
    """`opened(rater)` -> the journal of a folder; closed after the test."""
    made = []

    def make(rater="AB"):
        made.append(Journal(tmp_path / "out", rater))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_an_entry_travels_as_a_line():
    assert from_line(to_line(FULL)) == FULL
    assert to_line(Entry("a.png")) == b'{"case": "a.png"}\n'
    nothing = Entry("a.png", "suggested", iou=0.0, agreement=0.0)
    assert from_line(to_line(nothing)) == nothing
    assert from_line(b'{"case": "a.png"}') == Entry("a.png")


def test_the_lower_figure_says_how_sure_the_model_is():
    assert FULL.sureness == 0.75
    assert Entry("a", agreement=0.4, iou=0.8).sureness == 0.4
    assert Entry("a").sureness is None


@pytest.mark.parametrize(
    "line",
    [
        b'{"state": "accepted"}',
        b'{"case": 7}',
        b'{"case": "a", "state": "done"}',
        b'{"case": "a", "iou": 1.5}',
        b'{"case": "a", "added": "b"}',
        b'{"case": "a", "time": NaN}',
        b'{"case": "a"',
        b'{"case": "a", "file": "../b.seg.nrrd"}',
        b'{"case": "a", "file": "/elsewhere/b.seg.nrrd"}',
        b'{"case": "a", "file": "c:\\\\b.seg.nrrd"}',
        b"[]",
    ],
)
def test_what_is_no_entry_is_refused(line):
    with pytest.raises(ValueError, match=r"expected|cannot be read"):
        from_line(line)


def test_the_last_line_of_a_case_counts_and_is_there_the_next_day(opened):
    first = opened()
    first.put(Entry("a.png", "outlined"))
    first.put(Entry("b.png", "suggested", iou=0.5))
    first.put(Entry("a.png", "accepted", rater="AB"))
    first.close()
    again = opened("CD")
    assert [again.entries[name].state for name in ("a.png", "b.png")] == ["accepted", "suggested"]
    assert again.entries["a.png"].rater == "AB"
    assert again.problems == []


def test_an_entry_is_on_the_disk_once_put_has_returned(opened, tmp_path):
    opened().put(Entry("a.png", "accepted"))
    lines = (tmp_path / "out" / journal.NAME).read_bytes().splitlines()
    assert from_line(lines[-1]).state == "accepted"


KILLED = """
import os, sys
from samca.worklist.entries import Entry
from samca.worklist.journal import Journal
journal = Journal(sys.argv[1], "AB")
for number in range(50):
    journal.put(Entry(f"{number}.png", "outlined"))
os._exit(9)
"""


def test_after_a_kill_all_is_there_and_the_folder_is_free(opened, tmp_path):
    source = Path(samca.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "out")], cwd=source, check=False)
    assert done.returncode == 9
    assert len(opened().entries) == 50


def test_a_second_program_is_told_who_has_the_folder(opened):
    first = opened("AB")
    with pytest.raises(
        ValueError, match=r"in use as a worklist by AB on .+: close it there, or save to another"
    ):
        opened("CD")
    first.put(Entry("a.png", "outlined"))
    first.close()
    assert opened("CD").entries["a.png"].state == "outlined"


def test_what_a_newer_program_has_written_is_left_alone(opened, tmp_path):
    first = opened()
    first.put(Entry("a.png", "outlined"))
    first.close()
    path = tmp_path / "out" / journal.NAME
    path.write_bytes(b'{"version": 2}\n{"case": "a.png", "state": "reviewed twice"}\n')
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"newer SAMCA.*update it, or save to another folder"):
        opened()
    assert path.read_bytes() == before
    path.write_bytes(b"")
    opened()  # the one that was refused holds no lock


def test_damaged_lines_are_named_and_stay_and_the_others_count(opened, tmp_path):
    first = opened()
    first.put(Entry("a.png", "outlined"))
    first.close()
    path = tmp_path / "out" / journal.NAME
    path.write_bytes(path.read_bytes() + b'{"case": "b.png", "sta')  # a power cut
    again = opened()
    assert len(again.problems) == 1
    assert "line 3" in again.problems[0]
    again.put(Entry("c.png", "unsure"))
    again.close()
    third = opened()
    assert sorted(third.entries) == ["a.png", "c.png"]
    assert len(third.problems) == 1


def test_a_long_history_is_written_anew_without_what_does_not_count(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "SLACK", 20)
    first = opened()
    for number in range(60):
        first.put(Entry("a.png", "outlined", rater=str(number)))
    first.close()
    opened().close()
    assert len((tmp_path / "out" / journal.NAME).read_bytes().splitlines()) == 2
    assert opened().entries["a.png"].rater == "59"


def test_on_a_full_disk_the_entry_stays_as_it_was(opened, monkeypatch):
    there = opened()
    there.put(Entry("a.png", "outlined"))

    def full(path, line):
        raise DiskFullError(f"{path} cannot be written, its disk is full")

    monkeypatch.setattr(journal, "append", full)
    with pytest.raises(DiskFullError):
        there.put(Entry("a.png", "accepted"))
    assert there.entries["a.png"].state == "outlined"


def test_a_folder_that_cannot_be_written_to_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        Journal(tmp_path / "file")


def test_ten_thousand_cases_are_read_in_seconds(tmp_path):
    lines = [to_line(Entry(f"sub/{number}.png", "suggested", iou=0.5)) for number in range(10_000)]
    (tmp_path / journal.NAME).write_bytes(b"".join(lines))
    done = []
    reading = threading.Thread(target=lambda: done.append(Journal(tmp_path)))
    reading.start()
    reading.join(20)
    assert len(done[0].entries) == 10_000
    done[0].close()
