"""Runs from before there was an epoch 0: their folders are taken as they are, finished or not."""

from __future__ import annotations

import json

import pytest

from samca import model_files
from samca.training import train
from samca.training.run_folder import RunFolder
from training_runs import config_of, events, learned, run, same, without_steps

pytestmark = pytest.mark.usefixtures("drawn")

NEW = ("kept", "gain", "error")  # in the records of epochs


def until(settings, epoch: int, step: int) -> None:
    """A run that was dropped there, as it would have been left then."""
    records, saved = train.train(config_of(settings)), None
    for record in records:
        saved = RunFolder(settings["out"]).load_state()
        if record["event"] in ("step", "finish") and (saved["epoch"], saved["next_step"]) == (epoch, step):
            break
    records.close()
    make_old(RunFolder(settings["out"]))


def make_old(folder: RunFolder) -> None:
    """Take out of a run folder what was not written then."""
    state = folder.load_state()
    choice = state.pop("choice")
    for name in ("share", "sampling", "grow"):
        state["settings"].pop(name)
    best = choice["best"] if choice["kept"] > 0 else -1.0
    folder.save_state({**state, "best": best})
    lines = [
        {name: value for name, value in record.items() if name not in NEW}
        for record in folder.records()
        if record["event"] != "base"
    ]
    folder.log.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def often(monkeypatch):
    """Saved and told after each step."""
    monkeypatch.setattr(train, "SAVE_EVERY_SECONDS", -1)
    monkeypatch.setattr(train, "REPORT_EVERY_SECONDS", -1)


@pytest.mark.usefixtures("often")
def test_a_finished_one_stays_finished_with_its_weights(settings):
    until(settings(), 2, 0)
    folder = RunFolder(settings()["out"])
    before = folder.best.read_bytes()
    resumed, finish = run(settings())
    assert (resumed["event"], finish["event"]) == ("resume", "finish")
    assert finish["kept"] == model_files.describe_file(folder.best)[1].figures["epoch"]
    assert folder.best.read_bytes() == before


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize(("epoch", "step"), [(0, 1), (1, 0), (1, 1)])
def test_an_unfinished_one_goes_on_to_the_same_weights_and_calls_no_trained_model_epoch_0(
    settings, tmp_path, epoch, step
):
    whole, old = settings(out=str(tmp_path / "whole")), settings(out=str(tmp_path / "old"))
    run(whole)
    until(old, epoch, step)
    records = run(old)
    assert events(records) == ["resume", *["epoch"] * (2 - epoch), "finish"]
    assert not any("gain" in record for record in records)
    assert same(learned(whole), learned(old))
    dice = [record["dice"] for record in without_steps(RunFolder(whole["out"]).epochs())]
    assert [record["dice"] for record in RunFolder(old["out"]).epochs()] == dice
    assert records[-1]["kept"] == 1 + max(range(2), key=lambda number: sum(dice[number].values()))


def test_one_that_has_just_begun_has_its_epoch_0_now(settings):
    records = train.train(config_of(settings()))
    next(records)
    records.close()
    make_old(RunFolder(settings()["out"]))
    assert events(run(settings())) == ["resume", "base", "epoch", "epoch", "finish"]


@pytest.mark.parametrize("changes", [{"share": 0.5}, {"sampling": "root"}, {"grow": True}])
def test_none_had_settings_that_came_later(tmp_path, changes):
    folder, (name,) = RunFolder(tmp_path), changes
    folder.save_state({"epoch": 1, "settings": {"seed": 0}})
    with pytest.raises(ValueError, match=f"another {name} "):
        folder.check_settings({"seed": 0, **changes}, folder.load_state())
