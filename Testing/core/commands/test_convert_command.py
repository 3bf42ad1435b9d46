"""`samca convert`: what is in the way is one sentence, and nothing is written."""

import errno
import os
from pathlib import Path

import pytest

from dataset_files import lesion, picture, save
from samca.__main__ import main


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder that the command line is in, with a dataset."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate("abc"):
        save(tmp_path / "data/images" / f"{name}.png", picture(number))
        save(tmp_path / "data/masks" / f"{name}.png", lesion())
    return tmp_path


def contents(folder):
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_says_what_it_has_written(place, capsys):
    assert main(["convert", "data", "--to", "coco", "--out", "new/coco"]) == 0
    assert capsys.readouterr().out == "new/coco: 3 cases of data as COCO, polygons.\n"
    assert main(["convert", "new/coco", "--to", "yolo", "--out", "yolo"]) == 0
    assert (place / "yolo" / "data.yaml").is_file()


def damaged(place, monkeypatch):
    (place / "data/masks/b.png").write_bytes(b"no picture")


def taken(place, monkeypatch):
    (place / "out").mkdir()


def full(place, monkeypatch):
    def fail(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_bytes", fail)


def locked(place, monkeypatch):
    def fail(*words, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(options["dir"]))

    monkeypatch.setattr("tempfile.mkdtemp", fail)


def fine(place, monkeypatch):
    """Nothing is in the way."""


WRONG = {
    "format": (fine, ["data", "--to", "voc"], "format 'voc' is not one of coco, coco-rle, yolo, nnunet, png"),
    "no data": (fine, ["nowhere", "--to", "coco"], "dataset folder nowhere does not exist"),
    "damaged": (damaged, ["data", "--to", "coco"], "has 1 problem(s), mend or remove the files"),
    "taken": (taken, ["data", "--to", "coco"], "out is there already: give the name of a folder"),
    "full": (full, ["data", "--to", "coco"], "cannot be written, its disk is full"),
    "locked": (locked, ["data", "--to", "coco"], "cannot be used (Permission denied): give another"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_a_sentence_and_nothing_is_written(place, capsys, monkeypatch, name):
    arrange, words, expected = WRONG[name]
    arrange(place, monkeypatch)
    before = contents(place)
    assert main(["convert", *words, "--out", "out"]) == 2
    assert expected in capsys.readouterr().err
    monkeypatch.undo()
    assert contents(place) == before
    assert not any(path.name.startswith(".samca") for path in place.iterdir())
