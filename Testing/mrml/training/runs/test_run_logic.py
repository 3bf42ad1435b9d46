"""Runs as the panel sees them: from their folders alone, whatever happened to the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
import slicer
from told_child import CHILD, SETTINGS, until

from samca.files import write_atomically
from samca.training import run_lock
from SAMCALib import ChildProcess
from SAMCALib.Texts import Refusal
from SAMCATrainingLib import Advice
from SAMCATrainingLib.LogTail import LogTail
from SAMCATrainingLib.RunLogic import RunLogic
from SAMCATrainingLib.RunState import History, durationText


def record(run, **content):
    run.mkdir(exist_ok=True)
    with (run / "log.jsonl").open("a") as file:
        file.write(json.dumps({"time": time.time(), **content}) + "\n")


# From start to end


def test_a_run_is_started_stopped_and_resumed(logic, settings, deed):
    deed += ["work", "work"]
    run = logic.start(settings)
    assert logic.state(run).status == "starting"
    state = until(logic, run, "running")
    assert (state.name, state.epochs, state.device) == ("Nerve", 4, "Toy")
    assert "Epoch 1 of 4 on Toy" in state.text
    logic.stop(run)
    assert logic.state(run).status in ("stopping", "stopped")
    state = until(logic, run, "stopped")
    assert (state.isAlive, state.canResume) == (False, True)
    logic.resume(run)
    until(logic, run, "running")
    assert not (run / "stop").exists()


def test_a_run_that_the_user_ends_at_once_is_stopped_and_can_be_resumed(logic, settings, deed):
    deed += ["work", "work"]
    run = logic.start(settings)
    until(logic, run, "running")
    logic.kill(run)
    state = until(logic, run, "stopped")
    assert (state.isAlive, state.canResume) == (False, True)
    assert "Stopped at once in epoch 1 of 4: Resume goes on from the last save" in state.text
    assert RunLogic().state(run).text == state.text, "another session says the same"
    logic.resume(run)
    until(logic, run, "running")


def test_a_run_that_is_ended_from_outside_can_be_resumed_and_says_so(logic, settings, deed):
    deed += ["work", "work"]
    run = logic.start(settings)
    until(logic, run, "running")
    ChildProcess.kill(run_lock.owner(run))
    state = until(logic, run, "killed")
    assert (state.isAlive, state.canResume) == (False, True)
    assert "Resume goes on from the last save" in state.advice


def test_another_session_sees_the_same_run_and_can_stop_it(logic, settings, deed):
    deed.append("work")
    run = logic.start(settings)
    until(logic, run, "running")
    other = RunLogic()
    assert other.state(run).status == "running"
    with pytest.raises(Refusal, match="stop it first"):
        other.resume(run)
    other.stop(run)
    until(other, run, "stopped")
    until(logic, run, "stopped")


def test_a_process_that_has_not_come_to_its_folder_yet_is_found_by_another_session(tmp_path):
    run = tmp_path / "run"
    write_atomically(run / "run.json", json.dumps({**SETTINGS, "out": str(run)}).encode())
    write_atomically(run / "launch.json", json.dumps({"time": time.time() - 5}).encode())
    assert RunLogic().state(run).status == "starting"
    write_atomically(run / "launch.json", json.dumps({"time": time.time() - 1000}).encode())
    assert RunLogic().state(run).status == "killed"


# What goes wrong, in one sentence, and what to do


def test_memory_that_is_out_is_said(logic, settings, deed):
    deed.append("fail")
    state = until(logic, logic.start(settings), "failed")
    assert state.text.startswith("out of memory with one image")
    assert "smaller image size" in state.advice
    assert state.canResume


def test_a_missing_package_is_said(logic, settings, deed):
    deed.append("crash")
    state = until(logic, logic.start(settings), "failed")
    assert state.text == "ModuleNotFoundError: No module named 'monai'"
    assert "Press Install" in state.advice


def test_every_problem_of_the_data_is_said(logic, settings, deed):
    deed.append("refuse")
    state = until(logic, logic.start(settings), "failed")
    assert state.text == "data has 2 problem(s), mend or remove the files: one.png: bad two.png: empty"
    assert "Go back to the data" in state.advice


@pytest.mark.parametrize(
    ("says", "advice"),
    [
        ("CUDA out of memory. Tried to allocate 2 GiB", "smaller"),
        ("the run in x stopped: [Errno 28] No space left on device: 'x'", "Free some space"),
        ("device 'cuda' cannot be used here (The NVIDIA driver on your system is too old)", "update the"),
        ("device 'mps' cannot be used here: choose 'auto' or 'cpu' ()", "Choose auto or cpu"),
        ("training needs the package monai: install it with `pip install monai`", "Press Install"),
        ("loss nan, gradient nan in epoch 3, step 2: start a run with a smaller learning_rate", "ten times"),
        ("process 7 is working in /runs/a: wait for it, stop it, or take another folder", "Wait until it"),
        ("resume.pt is damaged: delete it to start the run again", "Delete the file"),
        ("[WinError 126] Error loading c10.dll", "install it again"),
        ("my.pth is no SAM checkpoint: expected image_encoder.pos_embed", "another base model"),
        ("k.png: cannot be read as an image ([Errno 2] No such file)", "Go back to the data"),
        ("[Errno 13] Permission denied: 'x'", "cannot be written"),
        ("my.safetensors needs its base base.safetensors: not found at x; give its path", "Add the base"),
    ],
)  # fmt: skip
def test_each_mishap_has_an_advice_of_its_own(says, advice):
    assert advice in Advice.adviceFor(says)
    assert advice not in Advice.adviceFor("something nobody has seen yet")


def test_a_driver_that_is_too_old_is_told_of_while_the_cpu_works(logic, settings, deed):
    deed.append("work")
    run = logic.start(settings)
    until(logic, run, "running")
    (run / "output.txt").write_text(
        "UserWarning: The NVIDIA driver on your system is too old (found 11040)\n"
    )
    assert "update the driver" in logic.state(run).advice


def test_a_disk_that_is_full_at_the_start_is_said(logic, settings, deed, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("SAMCATrainingLib.RunLogic.write_atomically", full)
    with pytest.raises(Refusal, match=r"No space left.*Free some space"):
        logic.start(settings)


def test_settings_that_do_not_fit_are_refused_before_anything_starts(logic, settings, tmp_path):
    with pytest.raises(Refusal, match=r"run\.epochs is 0"):
        logic.start({**settings, "epochs": 0})
    assert not (tmp_path / "run").exists()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "resume.pt").touch()
    with pytest.raises(Refusal, match="holds a training already"):
        logic.start(settings)
    with pytest.raises(Refusal, match=r"run\.json is missing or damaged"):
        logic.resume(tmp_path / "run")
    with pytest.raises(Refusal, match="no weights yet"):
        logic.evaluate(tmp_path / "run")


# The log


def test_the_log_is_read_on_from_where_it_was_and_never_half_a_line(tmp_path):
    path, tail = tmp_path / "log.jsonl", LogTail(tmp_path / "log.jsonl")
    assert tail.read() == ([], False)
    path.write_bytes(b'{"event": "start"}\n{"event": "fin')
    assert tail.read() == ([{"event": "start"}], False)
    with path.open("ab") as file:
        file.write(b'ish"}\nnot json\n{"event": "failed"}\n')
    assert tail.read() == ([{"event": "finish"}, {"event": "failed"}], False)
    path.write_bytes(b'{"event": "new"}\n')
    assert tail.read() == ([{"event": "new"}], True)


def test_time_left_follows_the_speed_of_this_process():
    history = History()
    history.add({"event": "start", "time": 1000.0, "device": "Toy"}, 10)
    assert history.secondsLeft(1000.0) is None
    losses = {"loss": 0.5, "initial": 0.5, "guided": 0.5}
    for number in (1, 2):
        history.add(
            {
                "event": "epoch",
                "time": 1000.0 + 60 * number,
                "epoch": number,
                "of": 10,
                "seconds": 60,
                **losses,
            },
            10,
        )
    assert history.secondsLeft(1120.0) == pytest.approx(480)
    assert history.secondsLeft(1150.0) == pytest.approx(450)
    history.add({"event": "resume", "time": 9000.0, "epoch": 3, "step": 0}, 10)
    assert history.secondsLeft(9000.0) is None
    history.add({"event": "step", "time": 9030.0, "epoch": 3, "step": 5, "of": 10, "loss": 0.4}, 10)
    assert history.secondsLeft(9030.0) == pytest.approx(30 / 0.05 * 0.75)
    assert history.curve == [(2.5, 0.4)]


def test_an_epoch_that_a_kill_made_repeat_counts_once(tmp_path, logic):
    run = tmp_path / "run"
    write_atomically(run / "run.json", json.dumps({**SETTINGS, "out": str(run)}).encode())
    losses = {"initial": 0.5, "guided": 0.5, "seconds": 1, "of": 4}
    record(run, event="start", device="Toy")
    record(run, event="epoch", epoch=1, loss=0.9, dice={"1": 50.0, "3": 60.0}, **losses)
    record(run, event="epoch", epoch=2, loss=0.8, dice={"1": 55.0, "3": 66.0}, **losses)
    record(run, event="resume", device="Toy", epoch=2, step=0)
    record(run, event="epoch", epoch=2, loss=0.8, dice={"1": 55.0, "3": 66.0}, **losses)
    state = logic.state(run)
    assert [epoch.epoch for epoch in state.epochRecords] == [1, 2]
    assert state.epochRecords[1].dice == {1: 55.0, 3: 66.0}
    assert (state.epoch, state.progress) == (2, 0.5)


def test_progress_never_falls_when_a_run_goes_on_from_its_last_save():
    history, seen = History(), []
    losses = {"loss": 0.5, "initial": 0.5, "guided": 0.5, "seconds": 1, "of": 4, "dice": {}}
    step = {"event": "step", "loss": 0.5, "of": 10}
    for record in (
        {"event": "start", "device": "Toy"},
        {"event": "epoch", "epoch": 1, **losses},
        {**step, "epoch": 2, "step": 8},
        {"event": "resume", "device": "Toy", "epoch": 2, "step": 0},
        {**step, "epoch": 2, "step": 2},
        {"event": "epoch", "epoch": 2, **losses},
    ):
        history.add(record, epochs=4)
        seen.append(history.progress)
    assert seen == [0, 0.25, 0.45, 0.45, 0.45, 0.5]
    history.add({"event": "start", "device": "Toy"}, epochs=4)
    assert history.progress == 0, "it has begun anew"


def test_durations_read_as_people_say_them():
    said = [durationText(s) for s in (10, 70, 1500, 3 * 3600, 40 * 3600, 100 * 3600)]
    assert said == ["less than a minute", "1 minute", "25 minutes", "3.0 hours", "40.0 hours", "4 days"]


# The process


def test_the_child_has_the_code_and_a_session_of_its_own(tmp_path, application):
    child = ChildProcess.launch(["describe", "--method", "nothing"], tmp_path / "output.txt")
    if os.name != "nt":
        assert os.getsid(child.pid) != os.getsid(0)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) >= ChildProcess.POLITENESS
    assert child.wait(120) == 2
    assert "model.method 'nothing' is not one of" in ChildProcess.lastWords(tmp_path / "output.txt")


SLICER = """
import os, signal, subprocess, sys
sys.path[:0] = sys.argv[1].split(os.pathsep)
from SAMCALib import ChildProcess
nowhere = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
ChildProcess._popen([sys.executable, "-c", sys.argv[2], sys.argv[3], sys.argv[4], "work"], nowhere)
os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
"""


def test_the_child_outlives_a_slicer_that_is_killed(tmp_path, logic):
    run = tmp_path / "run"
    write_atomically(run / "run.json", json.dumps({**SETTINGS, "out": str(run)}).encode())
    paths = os.pathsep.join(path for path in sys.path if path)
    ended = subprocess.run([sys.executable, "-c", SLICER, paths, CHILD, str(ChildProcess.CODE), str(run)])
    assert ended.returncode != 0, "it was killed"
    until(logic, run, "running")
    logic.stop(run)
    until(logic, run, "stopped")


def test_inside_slicer_the_child_is_python_slicer(tmp_path, monkeypatch, application):
    binaries = tmp_path / "bin"
    binaries.mkdir()
    program = binaries / ("PythonSlicer.exe" if os.name == "nt" else "PythonSlicer")
    monkeypatch.setattr(slicer, "app", type("App", (), {"slicerHome": str(tmp_path)}), raising=False)
    with pytest.raises(Refusal, match="PythonSlicer was not found"):
        ChildProcess.python()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert ChildProcess.python() == str(program)


DAMAGES = {
    "run.json": ('{"epochs": null}', '{"epochs": "many"}', "[]", ""),
    "launch.json": ('{"time": null}', "[]"),
    "log.jsonl": (
        '{"event": "step"}',
        '{"event": "step", "epoch": 1, "step": 1, "of": 0, "loss": 1}',
        '{"event": "epoch", "epoch": 1}',
        '{"event": "failed", "time": null}',
        '{"event": "finish"}',
        '{"event": "stopped"}',
    ),
}


@pytest.mark.parametrize(("name", "content"), [(n, text) for n, texts in DAMAGES.items() for text in texts])
def test_a_damaged_file_of_a_run_keeps_nobody_from_looking_at_it(tmp_path, logic, name, content):
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / name).write_text(content + "\n")
    state = logic.state(tmp_path)
    assert (state.name, state.isAlive) == (tmp_path.name, False)
    assert state.text


# With several panels, and a process that takes its time


def test_a_process_that_has_said_its_last_word_counts_as_ended_though_it_still_exists(logic, settings, deed):
    deed += ["work", "linger"]
    run = logic.start(settings)
    state = until(logic, run, "stopped")
    assert state.canResume
    logic.resume(run)
    until(logic, run, "running")


def test_a_run_that_another_panel_has_resumed_is_not_taken_for_dead(logic, settings, deed):
    deed += ["wait", "end"]
    run = logic.start(settings)
    until(logic, run, "stopped")
    logic._children[run].wait()
    os.utime(run / "run.lock", (0, 0))  # as if that were long ago
    other = RunLogic()
    other.resume(run)
    assert other.state(run).status == logic.state(run).status == "starting"
    with pytest.raises(Refusal, match="stop it first"):
        logic.resume(run)


def test_a_process_that_cannot_be_killed_is_not_waited_for(monkeypatch):
    """The system holds it, in a file of a network that has gone."""
    monkeypatch.setattr(ChildProcess, "PATIENCE", 0.01)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        with monkeypatch.context() as patch:
            patch.setattr(os, "killpg", lambda *words: None, raising=False)
            patch.setattr(subprocess, "run", lambda *words, **more: None)
            ChildProcess.killTree(child)
        assert child.poll() is None
        child.kill()
