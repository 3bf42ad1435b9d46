"""Run folders that are renamed or moved: a run goes on where it lies, and nothing is made where it was."""

import json

import pytest

from samca.__main__ import main
from samca.commands import train as command
from samca.training import train
from samca.training.run_folder import RunFolder
from training_runs import config_of, events, learned, run, same

pytestmark = pytest.mark.usefixtures("drawn")


def test_a_renamed_run_goes_on_in_its_new_place_to_the_same_weights(settings, tmp_path, capsys):
    whole, moved = settings(out=str(tmp_path / "whole")), settings(out=str(tmp_path / "old"))
    run(whole)
    RunFolder(moved["out"]).stop.touch()
    assert events(run(moved)) == ["start", "base", "stopped"]
    (tmp_path / "elsewhere").mkdir()
    new = (tmp_path / "old").rename(tmp_path / "elsewhere" / "new name")
    assert main(["train", str(new / "run.json")]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events(records) == ["resume", "epoch", "epoch", "finish"]
    assert not (tmp_path / "old").exists()
    assert (new / "best.safetensors").is_file()
    assert json.loads((new / "run.json").read_text())["out"] == str(new)
    assert same(learned(whole), learned({"out": str(new)}))
    assert main(["evaluate", "--run", str(new), "--seeds", "1", "--device", "cpu"]) == 0
    assert (new / "evaluation" / "evaluation.csv").is_file()


def test_settings_beside_no_run_go_where_they_say_and_a_word_goes_over_a_run_folder(settings, tmp_path):
    path = tmp_path / "run.json"
    path.write_text(json.dumps(settings(out="somewhere")))
    assert command.settings_of(path).out == "somewhere"
    (tmp_path / "run.lock").touch()
    assert command.settings_of(path).out == str(tmp_path)
    assert command.settings_of(path, ["out=other"]).out == "other"


def test_a_folder_that_is_moved_under_the_run_ends_it_and_is_not_made_anew(settings, tmp_path, monkeypatch):
    given = settings(out=str(tmp_path / "run"))
    monkeypatch.setattr(train, "SAVE_EVERY_SECONDS", -1)
    records = train.train(config_of(given))
    assert next(records)["event"] == "start"
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    with pytest.raises(RuntimeError, match="its folder was moved or removed while it ran"):
        list(records)
    assert not (tmp_path / "run").exists()
    assert events(run({**given, "out": str(moved)}))[-1] == "finish"
