"""Runs and evaluations whose clock is set, whose Slicer or process was ended, and whose folder was moved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from told_child import SETTINGS, until

from samca.files import write_atomically
from SAMCALib import ChildProcess
from SAMCALib.Texts import Refusal
from SAMCATrainingLib import Launch
from SAMCATrainingLib.RunLogic import RunLogic


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_a_clock_that_is_set_while_a_run_works_changes_nothing(logic, settings, deed, monkeypatch, ahead):
    deed += ["end", "end"]
    monkeypatch.setattr(Launch, "time", SimpleNamespace(time=lambda: time.time() + ahead))
    run = logic.start(settings)
    until(logic, run, "stopped")
    assert RunLogic().state(run).status == "stopped"
    logic.resume(run)
    assert logic.state(run).status in ("starting", "running", "stopped")
    until(logic, run, "stopped")
    for _ in range(2):
        assert RunLogic().state(run).status == "stopped"


def test_what_an_earlier_process_said_is_not_said_by_the_next(logic, settings, deed):
    deed += ["crash", "fail"]
    run = logic.start(settings)
    assert until(logic, run, "failed").text.startswith("out of memory")
    logic.resume(run)
    assert "No module named 'monai'" in until(logic, run, "failed").text


def evaluated(folder, seconds=0.0):
    """Files as an evaluation leaves them, perhaps with a time of another day."""
    write_atomically(folder / "evaluation.csv", b"model,data,clicks\n")
    if seconds:
        os.utime(folder / "evaluation.csv", (time.time() + seconds,) * 2)


@pytest.mark.parametrize("seconds", [-7200, 0, 7200])
def test_an_evaluation_is_done_when_its_table_is_another_whatever_the_clock_says(
    logic, settings, deed, tmp_path, seconds
):
    run = tmp_path / "run"
    write_atomically(run / "best.safetensors", b"weights")
    deed += ["crash", "crash"]
    logic.evaluate(run)
    until_evaluated(logic, run, "failed")
    evaluated(run / "evaluation", seconds)
    assert logic.state(run).evaluation.status == "finished"
    logic.evaluate(run)
    until_evaluated(logic, run, "failed")


def test_an_evaluation_is_found_again_by_another_slicer_which_can_end_it(logic, deed, tmp_path):
    run = tmp_path / "run"
    write_atomically(run / "best.safetensors", b"weights")
    deed.append("work")
    logic.evaluate(run)
    until(logic, run / "evaluation", "running")
    other = RunLogic()
    assert other.state(run).evaluation.status == "running"
    with pytest.raises(Refusal, match="being evaluated already"):
        other.evaluate(run)
    other.stopEvaluation(run)
    until_evaluated(other, run, "stopped")
    assert until_evaluated(logic, run, "stopped").text == "The evaluation was stopped."
    deed.append("crash")
    logic.evaluate(run)
    until_evaluated(logic, run, "failed")


def until_evaluated(logic, run, status):
    give_up = time.monotonic() + 60
    while (state := logic.state(run).evaluation).status != status:
        assert time.monotonic() < give_up, state
        time.sleep(0.02)
    return state


def test_a_moved_run_is_resumed_where_it_lies(logic, settings, deed, tmp_path):
    deed += ["end", "end"]
    run = logic.start(settings)
    until(logic, run, "stopped")
    logic._children[run].wait()
    moved = run.rename(tmp_path / "moved")
    assert RunLogic().state(moved).status == "stopped"
    logic.resume(moved)
    until(logic, moved, "stopped")
    assert not run.exists()
    assert json.loads((moved / "run.json").read_text())["out"] == str(moved)


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from samca.files import replacing
with replacing(Path(sys.argv[2]) / "resume.pt") as temporary:
    temporary.write_bytes(b"half of it")
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_run_was_writing_is_gone_as_soon_as_it_is_seen_to_be_dead(logic, tmp_path):
    run = tmp_path / "run"
    write_atomically(run / "run.json", json.dumps({**SETTINGS, "out": str(run)}).encode())
    words = [sys.executable, "-c", WRITER, str(ChildProcess.CODE), str(run)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout.readline().strip() == b"writing"
        logic.state(run)
        assert len(list(run.glob(".*"))) == 1, "what a living process writes stays"
        child.kill()
    RunLogic().state(run)
    assert list(run.glob(".*")) == []
