"""`samca train`: settings from a file and over it, records as JSON lines, mistakes as one sentence."""

import json
from types import SimpleNamespace

import pytest

from samca import methods
from samca.__main__ import main
from samca.commands import train as command
from samca.config import Part, with_settings
from samca.network.model import build
from samca.weights import checkpoint


@pytest.fixture
def path(tmp_path):
    """A file of settings."""
    file = tmp_path / "run.json"
    file.write_text(
        json.dumps({"data": ["frames"], "out": "run", "schedule": {"name": "iterative", "iterations": 3}})
    )
    return file


def test_settings_come_from_the_file_and_the_command_line_goes_over_it(path):
    changes = ["learning_rate=1e-3", "schedule.iterations=5", "model.adapter.rank=8", "optimizer=adamw"]
    config = command.settings_of(path, changes)
    assert (config.data, config.learning_rate, config.optimizer) == (("frames",), 1e-3, "adamw")
    assert config.schedule.options == {"iterations": 5}
    assert config.model == {"adapter.rank": 8}


@pytest.fixture
def taught(monkeypatch):
    """A method "taught" with a model and settings of its own."""
    training = {
        "model": {"feedback": "none", "image_size": 128},
        "schedule": {"name": "iterative", "iterations": 1},
        "loss": {"dice": 1.0, "iou": 0.0},
        "learning_rate": 1e-5,
        "epochs": 7,
    }
    entry = SimpleNamespace(MODEL=methods.METHODS["sam"], TRAINING=training)
    monkeypatch.setitem(methods.FILES, "taught", entry)


@pytest.mark.parametrize(
    ("model", "changes"), [({"method": "taught"}, []), ({}, ["model.method=taught"])], ids=["file", "words"]
)
def test_a_method_brings_the_settings_that_it_is_trained_with(tmp_path, taught, model, changes):
    file = tmp_path / "run.json"
    file.write_text(json.dumps({"data": ["frames"], "out": "run", "model": model, "batch": 2}))
    config = command.settings_of(file, changes)
    assert (config.learning_rate, config.epochs, config.batch) == (1e-5, 7, 2)
    assert config.schedule == Part("iterative", {"iterations": 1})
    assert (config.loss.dice, config.loss.bce, config.loss.iou) == (1.0, 0.1, 0.0)
    assert config.model == {"method": "taught", "feedback": "none", "image_size": 128}


def test_what_a_run_says_goes_over_its_method(tmp_path, taught):
    file = tmp_path / "run.json"
    model = {"method": "taught", "image_size": 256}
    given = {"epochs": 3, "loss": {"iou": 0.5}, "schedule": "iterative", "model": model}
    file.write_text(json.dumps({"data": ["frames"], "out": "run", **given}))
    config = command.settings_of(file, ["model.feedback=last", "schedule.iterations=4"])
    assert (config.epochs, config.loss.dice, config.loss.iou) == (3, 1.0, 0.5)
    assert config.schedule == Part("iterative", {"iterations": 4})
    assert config.model == {"method": "taught", "feedback": "last", "image_size": 256}


def test_a_run_that_goes_on_from_a_file_has_the_settings_of_its_method(tmp_path, tiny_config):
    base, weights, file = (tmp_path / name for name in ("base.safetensors", "mine.safetensors", "run.json"))
    model = build(with_settings(tiny_config, "model", {"method": "click_sam", "adapter": "none"}))
    checkpoint.save_base(model, base, checkpoint.Provenance())
    checkpoint.save_adapter(model, weights, base, checkpoint.Provenance())
    for source, schedule in ((weights, "two_stage"), (base, "double_click"), ("shipped", "double_click")):
        file.write_text(json.dumps({"data": ["frames"], "out": "run", "base": str(source)}))
        config = command.settings_of(file)
        assert config.schedule.name == schedule
        assert config.model == {}  # those of the file hold


@pytest.mark.parametrize("name", methods.FILES)
def test_the_settings_of_each_method_are_settings(name):
    run = {"data": ["frames"], "out": "run", "model": {"method": name}}
    methods.configure(methods.configure_training(run).model)


RECORDS = [
    {"event": "start"},
    {"event": "step", "epoch": 2, "step": 25, "of": 100, "loss": 0.51234},
    {"event": "finish"},
]


def test_each_record_is_a_line_of_json(path, monkeypatch, capsys):
    monkeypatch.setattr(command, "train", lambda config: iter(RECORDS))
    assert main(["train", str(path)]) == 0
    printed = capsys.readouterr()
    assert [json.loads(line) for line in printed.out.splitlines()] == RECORDS
    assert printed.err == ""


def test_a_terminal_shows_a_bar(path, monkeypatch, capsys):
    monkeypatch.setattr(command, "train", lambda config: iter(RECORDS))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert main(["train", str(path)]) == 0
    printed = capsys.readouterr()
    assert "epoch 2 [######..................] 25/100 loss 0.512" in printed.err
    assert len(printed.out.splitlines()) == len(RECORDS)


@pytest.mark.parametrize(
    ("text", "words", "sentence"),
    [
        ("{", [], "cannot be read as JSON"),
        ("[]", [], "holds list: expected an object"),
        ('{"out": "run"}', [], "run.data"),
        ('{"data": ["frames"], "out": "run", "learningrate": 1}', [], "run.learningrate is unknown"),
        ('{"data": ["frames"], "out": "run"}', ["--set", "batch=0"], "run.batch is 0: expected at least 1"),
        ('{"data": ["frames"], "out": "run"}', ["--set", "batch"], "expected NAME=VALUE"),
        ('{"data": ["no such folder"], "out": "run"}', [], "no such folder"),
        ('{"data": ["frames"], "out": "run", "loss": 1}', [], "run.loss is 1: expected an object"),
        ('{"data": ["frames"], "out": "run"}', ["--set", "model.method=sum"], "'sum' is not one of"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(path, capsys, text, words, sentence):
    path.write_text(text)
    assert main(["train", str(path), *words]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("samca train: ")
    assert sentence in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_a_missing_file_says_what_it_needs(tmp_path, capsys):
    assert main(["train", str(tmp_path / "none.json")]) == 2
    assert "none.json: it needs at least data and out" in capsys.readouterr().err
