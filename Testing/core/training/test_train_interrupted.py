"""Training runs that end before their end: stopped, killed, out of memory, out of numbers, out of disk."""

import json
import math
import os
import signal
import time

import pytest
import torch

from samca.training import train
from samca.training.learner import Learner
from samca.training.losses import HybridLoss
from samca.training.run_folder import RunFolder
from samca.weights import checkpoint
from training_runs import child, config_of, events, learned, run, same

pytestmark = pytest.mark.usefixtures("drawn")


# Stopped and killed


def test_a_stop_file_ends_the_run_and_it_goes_on_to_the_same_weights(settings, tmp_path):
    whole, halved = settings(out=str(tmp_path / "whole")), settings(out=str(tmp_path / "halved"))
    run(whole)
    RunFolder(halved["out"]).stop.touch()
    assert events(run(halved)) == ["start", "base", "stopped"]
    assert not RunFolder(halved["out"]).stop.exists()
    assert events(run(halved)) == ["resume", "epoch", "epoch", "finish"]
    assert same(learned(whole), learned(halved))


def test_a_finished_run_takes_no_more_steps(settings):
    run(settings())
    before = learned(settings())
    assert events(run(settings())) == ["resume", "finish"]
    assert same(before, learned(settings()))


@pytest.mark.parametrize(
    ("name", "value"), [("seed", 3), ("learning_rate", 0.1), ("model", {"feedback": "last"})]
)
def test_a_run_of_other_settings_is_refused(settings, name, value):
    next(iter(train.train(config_of(settings()))))
    with pytest.raises(ValueError, match=f"another {name} "):
        run(settings(**{name: value}))


KILLED = {
    "augment": "samus",
    "average": 0.9,
    "share": 0.5,
    "learning_rate_curve": "one_cycle",
    "epochs": 3,
    "batch": 2,
}


def test_a_run_killed_at_several_moments_ends_with_the_weights_of_one_that_was_not(settings, tmp_path):
    whole, killed = (settings(out=str(tmp_path / name), **KILLED) for name in ("whole", "killed"))
    run(whole)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(killed))
    for event, delay in (("start", 0.1), ("epoch", 0.05)):
        process = child(path)
        while json.loads(process.stdout.readline())["event"] != event:
            pass
        time.sleep(delay)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    last = events(run(killed))
    assert (last[0], last[-1]) == ("resume", "finish")
    folders = RunFolder(whole["out"]), RunFolder(killed["out"])
    assert same(*(folder.load_state()["tuned"] for folder in folders))
    assert same(*(checkpoint.read(folder.best)[0] for folder in folders))
    first, second = (folder.epochs() for folder in folders)
    assert [r["loss"] for r in first] == [r["loss"] for r in second]
    assert [r["dice"] for r in first] == [r["dice"] for r in second]


def test_a_kill_in_the_middle_of_an_epoch_changes_nothing(settings, tmp_path, monkeypatch):
    whole, killed = (settings(out=str(tmp_path / name), **KILLED) for name in ("whole", "killed"))
    run(whole)
    monkeypatch.setattr(train, "SAVE_EVERY_SECONDS", -1)
    monkeypatch.setattr(train, "REPORT_EVERY_SECONDS", -1)
    for count in (3, 2, 3):  # records until the run is dropped, always between two steps
        records = train.train(config_of(killed))
        for _ in range(count):
            last = next(records)
        records.close()
    assert last["event"] == "step"
    assert RunFolder(killed["out"]).load_state()["next_step"] > 0
    assert events(run(killed))[-1] == "finish"
    assert same(learned(whole), learned(killed))


# Memory, numbers, disk


def with_room_for(images, monkeypatch):
    forward = Learner._forward

    def limited(self, chosen, moment):
        if len(chosen) > images:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, chosen, moment)

    monkeypatch.setattr(Learner, "_forward", limited)


def test_out_of_memory_halves_the_batch_says_so_and_learns_the_same(settings, tmp_path, monkeypatch):
    roomy, tight = (settings(out=str(tmp_path / name), batch=6, epochs=1) for name in ("roomy", "tight"))
    (expected,) = (r for r in run(roomy) if r["event"] == "epoch")
    with_room_for(2, monkeypatch)
    records = run(tight)
    assert events(records) == ["start", "base", "out_of_memory", "out_of_memory", "epoch", "finish"]
    assert [r["batch"] for r in records if r["event"] == "out_of_memory"] == [3, 2]
    assert "2 images at a time" in records[3]["says"]
    assert records[4]["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    state = RunFolder(tight["out"]).load_state()
    assert state["parts"] == 4
    names = [name for name in learned(roomy) if "fusion" not in name]
    first, second = (torch.cat([learned(each)[n].flatten() for n in names]) for each in (roomy, tight))
    assert (first - second).abs().mean() < 2e-5  # one step of Adam moves a weight by 1e-3


def test_no_room_for_one_image_ends_the_run_with_a_sentence(settings, monkeypatch):
    with_room_for(0, monkeypatch)
    with pytest.raises(RuntimeError, match="out of memory with one image at a time on CPU: choose a smaller"):
        run(settings())
    assert RunFolder(settings()["out"]).load_state()["next_step"] == 0


def test_other_errors_are_not_taken_for_memory(settings, monkeypatch):
    def broken(*_):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(Learner, "_forward", broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        run(settings())


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_it_whole(settings, tmp_path, monkeypatch):
    good, bad = (settings(out=str(tmp_path / name)) for name in ("good", "bad"))
    plain, calls, healthy = HybridLoss.__call__, [], math.inf

    def spoiled(self, *arguments):
        calls.append(1)
        return plain(self, *arguments) * (float("nan") if len(calls) > healthy else 1)

    with monkeypatch.context() as patch:
        patch.setattr(HybridLoss, "__call__", spoiled)
        run(good)
        healthy = len(calls) // 2  # the first of two epochs
        calls.clear()
    with monkeypatch.context() as patch:
        patch.setattr(HybridLoss, "__call__", spoiled)
        with pytest.raises(RuntimeError, match=r"loss nan.* in epoch 2, step 1: .*learning_rate") as caught:
            run(bad)
    assert "\n" not in str(caught.value)
    folder = RunFolder(bad["out"])
    assert folder.records()[-1]["event"] == "failed"
    assert folder.records()[-1]["says"] == str(caught.value)
    assert all(tensor.isfinite().all() for n, tensor in learned(bad).items() if "last_loss" not in n)
    run(bad)
    assert same(learned(good), learned(bad))


def test_a_full_disk_ends_the_run_with_a_sentence_and_it_goes_on_later(settings, tmp_path, monkeypatch):
    good, bad = (settings(out=str(tmp_path / name)) for name in ("good", "bad"))
    run(good)
    fsync = os.fsync

    def full(number):
        if RunFolder(bad["out"]).log.exists():
            raise OSError(28, "No space left on device")
        fsync(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        says = r"cannot be written, its disk is full .* Started again, it goes on from epoch 1, step 0"
        with pytest.raises(RuntimeError, match=says):
            run(bad)
    assert RunFolder(bad["out"]).load_state() is not None
    assert events(run(bad))[-1] == "finish"
    assert same(learned(good), learned(bad))
