"""A training run beside what it started from."""

import csv
import sys

import pytest

from samca.__main__ import main
from samca.studies import run_contest
from samca.training import run_lock
from samca.training.run_folder import RunFolder
from training_runs import run


@pytest.fixture
def trained(settings, drawn):
    """The folder of a finished run."""
    run(settings(name="mine"))
    return RunFolder(settings()["out"])


def test_the_command_compares_on_the_validation_images_of_the_run(trained):
    assert main(["evaluate", "--run", str(trained.path), "--clicks", "1", "3", "--seeds", "1"]) == 0
    folder = trained.path / "evaluation"
    with (folder / "evaluation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], row["clicks"], row["images"]) for row in rows] == [
        (name, clicks, "2") for name in ("untouched base", "mine") for clicks in ("1", "3")
    ]
    assert rows[0]["dice_mean"] != rows[2]["dice_mean"]
    names = {path.name for path in folder.glob("*.png")}
    sheets = {f"{name}_validation.png" for name in ("untouched-base", "mine")}
    assert names == {f"{kind}_{sheet}" for kind in ("cases", "worst") for sheet in sheets}


def test_no_matplotlib_is_needed(trained, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["evaluate", "--run", str(trained.path), "--clicks", "1", "--seeds", "1"]) == 0


def test_the_cases_are_those_that_the_run_did_not_train_on(trained):
    models, dataset, _ = run_contest.contest_of(trained.path, "cpu")
    assert [model.name for model in models] == ["untouched base", "mine"]
    start = next(record for record in trained.records() if record["event"] == "start")
    assert len(dataset.cases) == start["validation"]


def test_what_does_not_go_is_said(trained, tmp_path, capsys, monkeypatch):
    def said(*words):
        assert main(["evaluate", *map(str, words)]) == 2
        return capsys.readouterr().err

    assert "give the folder of a run with one whole epoch" in said("--run", tmp_path)
    assert "--run and --data: a run says itself" in said("--run", trained.path, "--data", tmp_path)
    assert "--data and --out are needed, or --run" in said("--model", "shipped")
    monkeypatch.setattr(run_lock, "PATIENCE", 0.0)
    (trained.path / "evaluation").mkdir()
    with run_lock.holding(trained.path / "evaluation"):
        assert "is working in" in said("--run", trained.path)
