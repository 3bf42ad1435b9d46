"""Runs and datasets that are removed from the disk: what is asked, what has to wait, what stays."""

from __future__ import annotations

import json
import re
import shutil
import time

import pytest

from samca.training import run_lock
from samca.words import size_text
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.Models.StoredData import sizeOf
from SAMCALib.Texts import Refusal
from SAMCATrainingLib import Launch
from SAMCATrainingLib.TrainingLogic import TrainingLogic
from training_runs import write_case


@pytest.fixture
def logic(application, tmp_path):
    return TrainingLogic(tmp_path / "Training", ModelLogic(tmp_path / "Models"))


@pytest.fixture
def dataset(logic):
    folder = logic.newDataset("Nerves")
    write_case(folder, "one", 1)
    return folder


def write_run(logic, name, **settings):
    """A run that was stopped in its first epoch."""
    run = logic.folder / "Runs" / name
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"name": name, "epochs": 4, **settings}))
    say(run, event="start", device="Toy", training=6, validation=2)
    say(run, event="stopped", epoch=1, step=3)
    return run


def say(run, **record):
    with (run / "log.jsonl").open("a") as log:
        log.write(json.dumps({"time": time.time(), **record}) + "\n")


@pytest.mark.parametrize("kind", ["training", "dataset"])
def test_the_question_has_name_size_and_place(logic, dataset, kind):
    path = dataset if kind == "dataset" else write_run(logic, "Thyroid")
    question = logic.removalQuestion(path)
    for words in (kind, path.name, size_text(sizeOf(path)), str(path), "deleted"):
        assert words in question
    assert path.is_dir(), "asking removes nothing"


def test_a_removed_run_is_gone_and_its_name_is_free_for_another(logic, dataset):
    run = write_run(logic, "Thyroid", data=[str(dataset)])
    other = write_run(logic, "Other")
    assert logic.state(run).status == "stopped"
    logic.remove(run)
    assert [state.folder for state in logic.runs()] == [other]
    assert dataset.is_dir(), "it is nobody's property"
    assert logic.settings([dataset], "Thyroid")["out"] == str(run)
    run.mkdir()
    (run / "run.json").write_text("{}")
    assert (logic.state(run).status, logic.state(run).log) == ("new", ())


def test_a_removed_dataset_is_gone(logic, dataset):
    logic.remove(dataset)
    assert logic.datasets() == []
    assert not dataset.exists()


@pytest.mark.parametrize("part", ["", "evaluation"])
def test_a_run_that_is_going_on_stays_with_what_it_uses(logic, dataset, part):
    first = write_run(logic, "First")
    run = write_run(logic, "Second", data=[str(dataset)], base=str(first / "best.safetensors"))
    (run / part).mkdir(exist_ok=True)
    with run_lock.holding(run / part):
        for path, words in {
            run: "Second is going on: stop it first",
            first: "First is in use by the training Second",
            dataset: "Nerves is in use by the training Second",
        }.items():
            for action in (logic.removalQuestion, logic.remove):
                with pytest.raises(Refusal, match=words):
                    action(path)
            assert path.is_dir()
    for path in (run, first, dataset):
        logic.remove(path)
    assert logic.runs() == []


def test_what_was_given_another_name_is_told_by_that(logic, dataset):
    logic.renameDataset(dataset, "Nerves of the arm")
    run = write_run(logic, "Second", data=[str(dataset)])
    settings = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**settings, "name": "Thyroid, right"}))
    assert "Remove the training Thyroid, right (" in logic.removalQuestion(run)
    with run_lock.holding(run):
        for path, words in {
            run: "Thyroid, right is going on",
            dataset: "Nerves of the arm is in use",
        }.items():
            with pytest.raises(Refusal, match=words):
                logic.remove(path)


def test_a_run_that_has_only_just_been_started_stays(logic):
    run = write_run(logic, "Thyroid")
    Launch.note(run)
    with pytest.raises(Refusal, match="stop it first"):
        logic.remove(run)


def test_the_question_names_the_runs_that_hang_on_it(logic, dataset):
    first = write_run(logic, "First", data=[str(dataset)])
    write_run(logic, "Second", data=[str(dataset)], base=str(first / "best.safetensors"))
    assert re.search(r"without it: First, Second\.", logic.removalQuestion(dataset))
    assert re.search(r"without it: Second\.", logic.removalQuestion(first))
    assert "without it" not in logic.removalQuestion(logic.folder / "Runs" / "Second")


def test_nothing_but_runs_and_datasets_of_ours_is_removed(logic, dataset, tmp_path):
    write_case(tmp_path / "others", "one", 1)
    (tmp_path / "others" / "run.json").write_text("{}")
    run = write_run(logic, "Thyroid")
    (logic.folder / "Runs" / "notes").mkdir()
    for path in (
        tmp_path / "others",
        run / ".." / ".." / ".." / "others",
        logic.folder,
        logic.folder / "Runs",
        logic.folder / "Data",
        dataset / "images",
        logic.folder / "Runs" / "notes",
        logic.folder / "Data" / "no such",
    ):
        with pytest.raises(Refusal, match="is no training and no dataset"):
            logic.remove(path)
    assert (tmp_path / "others" / "images" / "one.png").is_file()
    assert (dataset / "images" / "one.png").is_file()


def test_of_a_dataset_that_is_a_link_the_link_is_removed(logic, dataset, tmp_path):
    shutil.move(dataset, tmp_path / "elsewhere")
    dataset.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert "is a link" in logic.removalQuestion(dataset)
    logic.remove(dataset)
    assert logic.datasets() == []
    assert (tmp_path / "elsewhere" / "images" / "one.png").is_file()
