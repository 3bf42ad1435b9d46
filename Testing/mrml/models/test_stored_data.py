"""What lies on the disk: its size, and a removal that touches nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from SAMCALib.Models import StoredData
from SAMCALib.Texts import Refusal


@pytest.fixture
def folder(tmp_path):
    """A folder of ours with one run in it, beside somebody else's files."""
    write(tmp_path / "ours" / "run" / "weights", 1000)
    write(tmp_path / "ours" / "run" / "samples" / "epoch", 500)
    write(tmp_path / "others" / "image", 70_000)
    return tmp_path / "ours"


def write(path, size):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_the_size_of_a_folder_is_that_of_its_own_files(folder):
    (folder / "run" / "data").symlink_to(folder.parent / "others", target_is_directory=True)
    (folder / "run" / "image").symlink_to(folder.parent / "others" / "image")
    links = sum((folder / "run" / name).lstat().st_size for name in ("data", "image"))
    assert StoredData.sizeOf(folder / "run") == 1500 + links
    assert StoredData.sizeOf(folder / "run" / "weights") == 1000


def test_what_goes_while_it_is_counted_does_not_count(folder, monkeypatch):
    shut = lambda path: [path / "weights", path / "temporary file"]  # noqa: E731
    monkeypatch.setattr(StoredData.os, "scandir", shut)
    assert StoredData.sizeOf(folder / "run") == 1000


def test_a_folder_goes_with_all_in_it_and_nothing_else(folder):
    write(folder / "other run" / "weights", 10)
    (folder / "run" / "data").symlink_to(folder.parent / "others", target_is_directory=True)
    StoredData.remove(folder / "run", folder)
    assert everything(folder) == ["other run", "other run/weights"]
    assert (folder.parent / "others" / "image").stat().st_size == 70_000


def test_of_a_link_to_a_folder_the_link_goes(folder):
    (folder / "link").symlink_to(folder.parent / "others", target_is_directory=True)
    StoredData.remove(folder / "link", folder)
    assert not (folder / "link").exists()
    assert everything(folder.parent / "others") == ["image"]


@pytest.mark.parametrize("path", ["others", "ours", "ours/run/samples", "ours/run/../../others", "ours/.."])
def test_what_is_not_right_inside_of_our_folder_stays(folder, path):
    before = everything(folder.parent)
    with pytest.raises(Refusal, match="it stays"):
        StoredData.remove(folder.parent / path, folder)
    assert everything(folder.parent) == before


def test_what_another_program_holds_stays_as_it_was(folder, monkeypatch):
    def refuse(self, target):
        raise PermissionError(13, "The process cannot access the file")

    monkeypatch.setattr(Path, "rename", refuse)
    before = everything(folder)
    with pytest.raises(Refusal, match=r"cannot access the file\. Close what uses it"):
        StoredData.remove(folder / "run", folder)
    assert everything(folder) == before


def test_what_is_left_after_a_failure_keeps_its_name(folder, monkeypatch):
    def fail(path, **_):
        (path / "weights").unlink()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "rmtree", fail)
    with pytest.raises(Refusal, match="Input/output error"):
        StoredData.remove(folder / "run", folder)
    assert everything(folder) == ["run", "run/samples", "run/samples/epoch"]


@pytest.mark.parametrize(
    ("settings", "isUser"),
    [
        ({"data": ["{data}"]}, True),
        ({"data": ["elsewhere"], "validation": ["{data}/val"]}, True),
        ({"data": ["elsewhere"], "empty": ["{data}"]}, True),
        ({"data": ["elsewhere"], "base": "{data}/base.safetensors"}, True),
        ({"data": ["{data} 2"], "base": "shipped"}, False),
        ({"data": None, "base": None}, False),
        ({"data": 3}, False),
        ([], False),
    ],
)
def test_the_runs_that_name_a_folder_are_found(folder, settings, isUser):
    text = json.dumps(settings).replace("{data}", str(folder / "data"))
    (folder / "run" / "run.json").write_text(text)
    assert StoredData.runsWith(folder / "data", folder.glob("*")) == [folder / "run"] * isUser
    assert StoredData.runsWith(folder / "run", folder.glob("*")) == []
