"""The files of a run: whole whatever happens, and refused where they belong to other settings."""

import json
import os

import pytest
import torch

from samca.files import DiskFullError
from samca.training.run_folder import RunFolder

STEP = {"event": "step", "epoch": 1, "of": 9, "loss": 0.5}
EPOCH = {"of": 9, "loss": 0.5, "initial": 0.5, "guided": 0.5, "seconds": 1.0, "dice": {"1": 80.0}}
SETTINGS = {"seed": 0, "schedule": {"name": "double_click"}}


def full_disk(*_):
    raise OSError(28, "No space left on device")


def test_a_new_folder_is_made_and_holds_the_settings(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "first")
    assert folder.load_state() is None
    folder.check_settings(SETTINGS, None)
    assert json.loads((tmp_path / "runs" / "first" / "run.json").read_text()) == SETTINGS


def test_other_settings_than_those_of_the_resume_point_are_refused(tmp_path):
    folder = RunFolder(tmp_path)
    folder.check_settings(SETTINGS, None)
    folder.save_state({"epoch": 1, "settings": SETTINGS})
    folder.check_settings(SETTINGS, folder.load_state())
    changed = {**SETTINGS, "seed": 1}
    folder.settings.write_text(json.dumps(changed))  # a user who edits the file in place
    with pytest.raises(ValueError, match=r"another seed \(0, now 1\).*another folder, or delete resume.pt"):
        folder.check_settings(changed, folder.load_state())


def test_a_state_comes_back(tmp_path):
    folder = RunFolder(tmp_path)
    state = {"epoch": 3, "tuned": {"a": torch.arange(3.0)}, "settings": SETTINGS}
    folder.save_state(state)
    found = folder.load_state()
    assert torch.equal(found.pop("tuned")["a"], torch.arange(3.0))
    assert found == {"epoch": 3, "settings": SETTINGS}


def test_a_full_disk_leaves_the_earlier_state_whole(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    folder.save_state({"epoch": 1})
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(DiskFullError, match=r"resume\.pt cannot be written, its disk is full"):
        folder.save_state({"epoch": 2})
    assert folder.load_state() == {"epoch": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["resume.pt"]


def test_a_damaged_state_is_named(tmp_path):
    folder = RunFolder(tmp_path)
    folder.save_state({"epoch": 1})
    folder.resume.write_bytes(folder.resume.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"resume.pt is damaged: delete it"):
        folder.load_state()


def test_the_log_holds_each_record_with_its_time(tmp_path):
    folder = RunFolder(tmp_path)
    returned = [folder.append({**STEP, "step": step}) for step in (1, 2)]
    assert folder.records() == returned
    assert [record["step"] for record in returned] == [1, 2]
    assert returned[1]["time"] >= returned[0]["time"] > 1e9


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path):
    folder = RunFolder(tmp_path)
    folder.append({"event": "start"})
    with folder.log.open("a") as file:
        file.write('{"event": "ep')
    folder.append({"event": "resume", "epoch": 1})
    assert [record["event"] for record in folder.records()] == ["start", "resume"]


def test_epochs_are_those_of_the_newest_run_each_once(tmp_path):
    folder = RunFolder(tmp_path)
    events = [
        ("start", 0),
        ("epoch", 1),
        ("start", 0),
        ("epoch", 1),
        ("epoch", 2),
        ("resume", 0),
        ("epoch", 2),
    ]
    for number, (event, epoch) in enumerate(events):
        folder.append({**EPOCH, "event": event, "epoch": epoch, "number": number})
    assert [(r["epoch"], r["number"]) for r in folder.epochs()] == [(1, 3), (2, 6)]


def test_a_failure_is_logged_where_that_is_possible(tmp_path):
    folder = RunFolder(tmp_path)
    assert folder.failed("the disk is full") == "the disk is full"
    assert folder.records()[-1]["says"] == "the disk is full"
    folder.log = tmp_path / "missing" / "log.jsonl"
    assert folder.failed("again") == "again"


def test_a_run_that_is_older_than_folds_has_none(tmp_path):
    folder = RunFolder(tmp_path)
    folder.save_state({"settings": SETTINGS})
    folder.check_settings({**SETTINGS, "folds": 0, "fold": 1}, folder.load_state())
    with pytest.raises(ValueError, match=r"another folds \(0, now 4\)"):
        folder.check_settings({**SETTINGS, "folds": 4, "fold": 1}, folder.load_state())


def test_a_run_that_is_older_than_a_setting_goes_on(tmp_path):
    folder = RunFolder(tmp_path)
    folder.check_settings({**SETTINGS, "model": {"fit": "pad"}}, None)
    folder.save_state({"settings": {**SETTINGS, "model": {"fit": "pad"}}})
    newer = {**SETTINGS, "model": {"fit": "pad", "zoom": 0.0}, "patience": 3}
    folder.check_settings(newer, folder.load_state())
    with pytest.raises(ValueError, match="another model"):
        folder.check_settings({**newer, "model": {"fit": "squash", "zoom": 0.0}}, folder.load_state())
