"""Whatever lies in the models folder: what is no model is named as damaged, and the rest goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_files import adapter

from any_json import TEXTS, damaged
from SAMCALib.Models import ModelLogic as module
from SAMCALib.Models.ModelLogic import ModelLogic, checkpoints, diceText, sizeText
from SAMCALib.Texts import Refusal

PROVENANCE = {"name": "Nerve", "data": "40 frames", "licence": "CC BY 4.0", "figures": {"dice": 0.8}}
KEEPS_FOLDER = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def logic(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "shipped" / "samca.safetensors")
    logic = ModelLogic(tmp_path / "models")
    adapter(logic.folder / "good.safetensors", name="Good")
    return logic


def raw(path, metadata):
    """A file without tensors with this as __metadata__."""
    text = json.dumps({"__metadata__": metadata}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)


def saying(path, provenance):
    """A file whose provenance is this text."""
    raw(path, {"kind": "adapter", "format": "1", "provenance": provenance})


BAD = {
    "dead link": lambda path: path.symlink_to(path.parent / "nothing"),
    "link to itself": lambda path: path.symlink_to(path),
    "folder": lambda path: path.mkdir(),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes((9999).to_bytes(8, "little") + b"{"),
    "header list": lambda path: path.write_bytes((2).to_bytes(8, "little") + b"[]"),
    "metadata list": lambda path: raw(path, ["kind", "adapter"]),
    "metadata null": lambda path: raw(path, None),
    "metadata of numbers": lambda path: raw(path, {"kind": 7}),
    "provenance list": lambda path: saying(path, "[1, 2]"),
    "provenance null": lambda path: saying(path, "null"),
    "provenance number": lambda path: saying(path, "3.5"),
    "provenance deep": lambda path: saying(path, "[" * 20_000),
    "provenance no JSON": lambda path: saying(path, "{'name': 'x'}"),
    "name of another type": lambda path: saying(path, '{"name": {"en": "x"}}'),
    "name without end": lambda path: saying(path, json.dumps({"name": "x" * 100_000})),
    "figures list": lambda path: saying(path, '{"figures": [1, 2]}'),
    "figures without end": lambda path: saying(path, '{"figures": {"dice": Infinity}}'),
    "half a character": lambda path: saying(path, r'{"name": "\ud83d"}'),
}

if hasattr(os, "mkfifo"):  # not on Windows
    BAD["pipe"] = os.mkfifo


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_one_bad_entry_is_named_as_damaged_and_the_rest_goes_on(logic, make):
    make(logic.folder / "bad.safetensors")
    bad, good = logic.models()
    assert (bad.name, bad.damaged, good.name, good.damaged) == ("bad.safetensors", True, "Good", False)
    assert "damaged" in bad.origin
    assert float(sizeText(bad.size).split()[0]) >= 0
    with pytest.raises(Refusal, match=r"bad\.safetensors"):
        logic.add(logic.folder / "bad.safetensors")


@pytest.mark.parametrize("make", [BAD["dead link"], BAD["link to itself"], BAD["empty"], BAD["cut off"]])
def test_a_bad_entry_can_be_removed(logic, make):
    make(logic.folder / "bad.safetensors")
    logic.remove(logic.models()[0].source)
    assert [model.name for model in logic.models()] == ["Good"]


def test_a_folder_under_the_name_of_a_model_is_not_deleted_with_what_it_holds(logic):
    folder = logic.folder / "bad.safetensors"
    folder.mkdir()
    (folder / "thesis.txt").touch()
    with pytest.raises(Refusal, match="cannot be removed here: it is a folder"):
        logic.remove(str(folder))
    assert (folder / "thesis.txt").exists()


def test_a_file_that_may_not_be_read_is_damaged(logic, monkeypatch):
    adapter(logic.folder / "bad.safetensors", name="Bad")
    opened = Path.open

    def refused(path, *arguments, **options):
        if path.name == "bad.safetensors":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refused)
    assert [(m.name, m.damaged) for m in logic.models()] == [("bad.safetensors", True), ("Good", False)]


def test_a_checkpoint_of_a_dead_link_is_damaged_too(logic):
    (logic.folder / checkpoints()[0].file).symlink_to(logic.folder / "nothing")
    assert [model.damaged for model in logic.models()] == [False, True]


def test_hidden_files_are_no_models(logic):
    (logic.folder / "._good.safetensors").write_bytes(b"what macOS leaves on other disks")
    (logic.folder / ".4711.new.safetensors").write_bytes(b"what a killed process leaves")
    assert [model.name for model in logic.models()] == ["Good"]


def test_a_models_folder_that_is_a_file_is_an_empty_one(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "nothing")
    (tmp_path / "models").touch()
    assert ModelLogic(tmp_path / "models").models() == []


def test_the_base_of_an_adapter_beside_it_is_offered_with_that(logic):
    adapter(logic.folder / "base.safetensors", kind="base", name="Base")
    assert logic.add(logic.folder / "base.safetensors").name == "Base"
    metadata = {"kind": "adapter", "format": "1", "base": "base.safetensors", "provenance": "{}"}
    raw(logic.folder / "on_it.safetensors", metadata)
    with pytest.raises(Refusal, match="is a base: it is offered with the adapters beside it"):
        logic.add(logic.folder / "base.safetensors")


# The list of added files


def test_a_file_on_the_list_that_is_gone_is_named_and_can_be_taken_off(logic, tmp_path):
    path = adapter(tmp_path / "elsewhere" / "usb.safetensors", name="Stick")
    other = adapter(tmp_path / "elsewhere" / "other.safetensors", name="Other")
    logic.add(path)
    path.unlink()
    logic.add(other)
    good, gone, there = logic.models()
    assert (good.name, gone.name, gone.damaged, there.name) == ("Good", "usb.safetensors", True, "Other")
    logic.remove(gone.source)
    assert [model.name for model in logic.models()] == ["Good", "Other"]


@pytest.mark.parametrize("line", ["x" * 5000, "x" * 300, "\0", ""])
def test_a_path_that_no_disk_takes_is_named(logic, line):
    (logic.folder / "added.json").write_text(json.dumps([line]))
    good, bad = logic.models()
    assert (good.name, bad.damaged) == ("Good", True)
    assert len(bad.name) < 300
    logic.remove(bad.source)
    assert [model.name for model in logic.models()] == ["Good"]


def test_a_folder_on_the_list_is_named_and_not_walked_through(logic, tmp_path, monkeypatch):
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (logic.folder / "added.json").write_text(json.dumps([str(tmp_path / "deep")]))
    monkeypatch.setattr(os, "scandir", lambda *_: pytest.fail("its size was asked for"))
    assert [(model.name, model.damaged) for model in logic.models()] == [("Good", False), ("deep", True)]


@pytest.mark.parametrize("text", ['["/a', "null", "{}", "7", "[[1]]", "[" * 100_000])
def test_a_damaged_list_is_named_and_removed_like_a_model(logic, text):
    (logic.folder / "added.json").write_text(text)
    good, bad = logic.models()
    assert (good.name, bad.name, bad.damaged) == ("Good", "added.json", True)
    logic.remove(bad.source)
    assert [model.name for model in logic.models()] == ["Good"]


def test_a_list_with_one_bad_line_keeps_the_others(logic, tmp_path):
    path = adapter(tmp_path / "b.safetensors", name="B")
    (logic.folder / "added.json").write_text(json.dumps([str(path), 7]))
    assert [model.name for model in logic.models()] == ["Good", "B", "added.json"]


@KEEPS_FOLDER
@given(TEXTS | damaged(["/a", "/b"]))
def test_whatever_the_list_holds_the_models_are_listed(logic, text):
    (logic.folder / "added.json").write_text(text, "utf-8", "surrogatepass")
    models = logic.models()
    assert models[0].name == "Good"
    assert all(model.damaged for model in models[1:])


@KEEPS_FOLDER
@given(damaged(PROVENANCE) | st.text(max_size=30))
def test_whatever_a_file_says_about_itself_it_is_listed(logic, text):
    saying(logic.folder / "zebra.safetensors", text)
    good, model = logic.models()
    assert good.name == "Good"
    assert all(isinstance(value, str) for value in (model.name, model.data, model.licence, model.origin))
    assert isinstance(diceText(model.figures), str)


def test_damaged_weights_json_offers_nothing_and_stops_nothing(logic, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RESOURCES", tmp_path)
    for text in ("{", "[1]", json.dumps([{"name": "x", "file": "../x.pth"}])):
        (tmp_path / "weights.json").write_text(text)
        assert checkpoints() == []
        assert [model.name for model in logic.models()] == ["Good"]
