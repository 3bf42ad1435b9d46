"""Run folders and adapter files of any origin: a state or a sentence, and nothing is written elsewhere."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from any_json import TEXTS, damaged
from samca import tensor_header
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.Texts import Refusal
from SAMCATrainingLib.AdapterFile import AdapterFile
from SAMCATrainingLib.Estimation import Estimate, estimateOf
from SAMCATrainingLib.RunLogic import RunLogic
from SAMCATrainingLib.RunState import RunState
from SAMCATrainingLib.TrainingLogic import TrainingLogic

SETTINGS = {"data": ["nowhere"], "out": "run", "name": "Nerve", "epochs": 4, "model": {"image_size": 64}}
EPOCH = {"event": "epoch", "epoch": 1, "of": 4, "loss": 0.5, "initial": 0.5, "guided": 0.5, "seconds": 1.0}
EPOCH |= {"dice": {"1": 80.0}, "time": 1.7e9}
LOG = [
    {"event": "start", "device": "Toy", "training": 6, "validation": 2, "time": 1.7e9},
    {"event": "step", "epoch": 1, "step": 2, "of": 9, "loss": 0.5, "time": 1.7e9},
    EPOCH,
    {"event": "resume", "device": "Toy", "epoch": 2, "time": 1.7e9},
    {"event": "stopped", "epoch": 2, "step": 3, "time": 1.7e9},
    {"event": "failed", "says": "the disk is full", "time": 1.7e9},
    {"event": "finish", "best": 80.0, "time": 1.7e9},
]
KEEPS_FOLDER = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
pytestmark = pytest.mark.usefixtures("application")


def shown(run):
    """What the panel shows of a run folder, every part of the type that Qt's widgets take."""
    state = RunLogic().state(run)
    for name, value in vars(state).items():
        kind = RunState.__annotations__[name].split("[")[0].split(" ")[0]
        if kind in ("str", "int", "bool"):
            assert type(value).__name__ == kind, name
    assert 0 <= state.progress <= 1
    assert all(isinstance(line, str) for line in state.log)
    assert all(isinstance(dice, float | int) for epoch in state.epochRecords for dice in epoch.dice.values())
    return state


def write(path, text):
    path.write_text(text, "utf-8", "surrogatepass")


@KEEPS_FOLDER
@given(st.lists(st.sampled_from(LOG).flatmap(damaged) | st.sampled_from(LOG).map(json.dumps), max_size=5))
def test_whatever_the_log_holds_the_run_is_shown(tmp_path, lines):
    write(tmp_path / "run.json", json.dumps(SETTINGS))
    write(tmp_path / "log.jsonl", "\n".join(lines) + "\n")
    assert shown(tmp_path).name == "Nerve"


@KEEPS_FOLDER
@given(damaged(SETTINGS), damaged({"time": 1.7e9}))
def test_whatever_its_settings_and_its_launch_hold_the_run_is_shown(tmp_path, run, launch):
    write(tmp_path / "run.json", run)
    write(tmp_path / "launch.json", launch)
    write(tmp_path / "log.jsonl", "".join(json.dumps(record) + "\n" for record in LOG))
    shown(tmp_path)
    try:
        assert TrainingLogic(tmp_path).settingsOf(tmp_path)["data"]
    except Refusal as refusal:
        assert "run.json is missing or damaged" in str(refusal)  # noqa: PT017


@pytest.mark.parametrize("launch", [1e300, -5, "now", None, [1], {"a": 1}, True])
def test_a_launch_of_another_type_was_never(tmp_path, launch):
    write(tmp_path / "run.json", json.dumps(SETTINGS))
    write(tmp_path / "launch.json", json.dumps({"time": launch}))
    assert shown(tmp_path).status == "new"
    write(tmp_path / "launch.json", json.dumps({"time": time.time()}))
    assert shown(tmp_path).status == "starting"


def test_a_log_without_end_is_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("SAMCATrainingLib.LogTail.MOST_AT_ONCE", 100)
    write(tmp_path / "run.json", json.dumps(SETTINGS))
    write(tmp_path / "log.jsonl", "".join(json.dumps({**EPOCH, "epoch": n}) + "\n" for n in range(1, 4)))
    logic = RunLogic()
    for _ in range(20):
        state = logic.state(tmp_path)
    assert [record.epoch for record in state.epochRecords] == [1, 2, 3]


@given(damaged({"seconds": 70.0, "device": "Toy", "memory": 2e9, "memory_of": 1.6e10}))
def test_whatever_a_trial_answers_is_an_estimate_or_damaged(text):
    from samca import typed_json

    try:
        estimate = estimateOf(typed_json.parse(text.encode("utf-8", "surrogatepass"), "it"))
    except ValueError as error:
        assert str(error).startswith("it")  # noqa: PT017
    else:
        assert isinstance(estimate, Estimate)


# Adapter files on their way


def adapter(path, **metadata):
    metadata = {"kind": "adapter", "format": "1", "base": "b.safetensors", "base_sha256": "0" * 64} | metadata
    text = json.dumps({"__metadata__": metadata}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return path


@pytest.mark.parametrize(
    "base",
    ["../outside/x", "/etc/passwd", "..", "a\\b.safetensors", "C:b.safetensors", "nul", "b\0", "", "x" * 300],
)
def test_a_base_whose_name_leads_elsewhere_is_damage_and_nothing_is_written(tmp_path, base):
    (tmp_path / "outside").mkdir()
    path = adapter(tmp_path / "in" / "a.safetensors", base=base)
    with pytest.raises(Refusal, match=r"a\.safetensors is damaged: base is .* without any folder"):
        AdapterFile(path).put(tmp_path / "models", "A", [tmp_path / "in"])
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.safetensors", "in", "outside"]


def test_a_base_of_no_sha256_is_not_found(tmp_path):
    path = adapter(tmp_path / "a.safetensors", base_sha256="")
    (tmp_path / "b.safetensors").touch()
    with pytest.raises(Refusal, match="was not found"):
        AdapterFile(path).put(tmp_path / "models", "A", [tmp_path])


def test_another_name_and_base_leave_all_else_as_it_was(tmp_path):
    told = {"name": "A", "data": "40 frames", "note": ["kept"]}
    path = adapter(tmp_path / "a.safetensors", provenance=json.dumps(told), other="kept")
    AdapterFile(path).write(tmp_path / "b.safetensors", "B", "c.safetensors")
    metadata = tensor_header.read(tmp_path / "b.safetensors").metadata
    assert json.loads(metadata.pop("provenance")) == {**told, "name": "B"}
    expected = {**tensor_header.read(path).metadata, "base": "c.safetensors"}
    expected.pop("provenance")
    assert metadata == expected


@KEEPS_FOLDER
@given(damaged({"name": "A", "figures": {"dice": 0.8}}) | TEXTS)
def test_whatever_a_file_says_about_itself_it_is_named_or_refused(tmp_path, text):
    path = adapter(tmp_path / "a.safetensors", provenance=text, base="base.safetensors")
    try:
        file = AdapterFile(path)
    except Refusal as refusal:
        assert "a.safetensors" in str(refusal)  # noqa: PT017
    else:
        file.write(tmp_path / "b.safetensors", file.name, file.baseName)
        assert AdapterFile(tmp_path / "b.safetensors").name == file.name


@KEEPS_FOLDER
@given(damaged({"method": "samca", "adapter": {"name": "shared_weight", "rank": 4}, "image_size": 64}))
def test_whatever_settings_a_base_holds_training_is_set_up_or_refused(tmp_path, text):
    path = adapter(tmp_path / "a.safetensors", config=text)
    logic = TrainingLogic(tmp_path, ModelLogic(tmp_path / "Models"))
    try:
        assert logic.settings("data", "Nerve", base=str(path))["base"] == str(path)
    except Refusal as refusal:
        assert str(refusal)  # noqa: PT017
