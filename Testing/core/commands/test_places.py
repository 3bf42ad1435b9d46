"""No command writes over what it reads."""

import argparse
import json
import os

import numpy as np
import pytest
from PIL import Image

from samca.__main__ import COMMANDS, main, parser_for
from samca.commands.places import check_output

RUN = "run.json"
ONTO_ITSELF = {  # command: words with an output that is an input
    "segment": ["frame.png", "--click", "3,3", "--out", "frame.png"],
    "demo": ["--image", "left/mask.png", "--click", "3,3", "--out", "left"],
    "average": ["a.safetensors", "b.safetensors", "--out", "b.safetensors"],
    "estimate": [RUN, "--out", RUN],
    "evaluate": ["--data", "data", "--out", "data"],
    "effort": ["--data", "other", "--data", "data", "--out", "data"],
    "follow": ["frame.png", "--frame", "0", "--click", "3,3", "--out", "frame.png"],
    "robustness": ["--data", "other", "--data", "data", "--out", "data"],
    "head-circumference": ["--data", "other", "--data", "data", "--out", "data"],
    "ablate": ["fusion", "--data", "other", "--validation", "data", "--out", "data"],
    "compare": ["--data", "other", "--validation", "data", "--out", "data"],
    "cross-validate": [RUN, "--out", "data"],
    "train-memory": [
        "--base",
        "a.safetensors",
        "--data",
        "data",
        "--start",
        "b.safetensors",
        "--out",
        "b.safetensors",
    ],
    "train": [RUN, "--set", "out=data"],
    "dicom-seg": ["left/mask.png", "frame.png", "--out", "frame.png"],
    "export": ["a.safetensors", "--out", "a.safetensors"],
    "convert": ["data", "--to", "png", "--out", "data"],
    "patchwork": ["--data", "other", "--data", "data", "--out", "data"],
    "few-shot": [RUN, "--set", "out=data"],
    "raters": ["data/masks", "other/masks", "--out", "other/masks"],
}
WRITES_NEW_ONLY = {"phantoms"}  # it reads nothing


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with files and folders to read, which is where the command line is."""
    monkeypatch.chdir(tmp_path)
    for folder in ("data/images", "data/masks", "other/images", "other/masks", "left"):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(np.full((9, 9), 40, np.uint8)).save(tmp_path / folder / "mask.png")
    Image.fromarray(np.full((9, 9), 40, np.uint8)).save("frame.png")
    for name in ("a.safetensors", "b.safetensors"):
        (tmp_path / name).write_bytes(b"weights")
    (tmp_path / RUN).write_text(json.dumps({"data": ["data"], "out": "runs", "base": "random"}))
    return tmp_path


def contents(folder):
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def names_of(command):
    parser = parser_for([command])
    subparsers = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return {word for action in subparsers.choices[command]._actions for word in action.option_strings}


def test_every_command_that_is_told_where_to_write_is_tried():
    assert {name for name in COMMANDS if "--out" in names_of(name)} <= ONTO_ITSELF.keys() | WRITES_NEW_ONLY


@pytest.mark.parametrize("command", ONTO_ITSELF)
def test_an_output_that_is_an_input_is_refused_and_nothing_is_written(place, capfd, command):
    before = contents(place)
    assert main([command, *ONTO_ITSELF[command]]) == 2
    said = capfd.readouterr()
    assert said.err.startswith(f"samca {command}: out ")
    assert "is what is read as" in said.err
    assert said.err.count("\n") == 1
    assert contents(place) == before


def linked(place):
    (place / "link.png").symlink_to(place / "frame.png")
    return "link.png"


def twin(place):
    os.link(place / "frame.png", place / "twin.png")
    return "twin.png"


def by_linked_folder(place):
    (place / "linked").symlink_to(place)
    return "linked/frame.png"


SPELLINGS = {
    "dot": lambda place: "./frame.png",
    "up and down": lambda place: f"../{place.name}/frame.png",
    "whole": lambda place: str(place / "frame.png"),
    "capitals": lambda place: "FRAME.png",
    "link": linked,
    "second name": twin,
    "linked folder": by_linked_folder,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_another_name_for_the_input_is_the_input(place, capfd, spelling):
    try:
        before, out = (place / "frame.png").read_bytes(), SPELLINGS[spelling](place)
    except OSError as error:  # Windows makes links for few
        pytest.skip(f"no link can be made: {error}")
    assert main(["segment", "frame.png", "--click", "3,3", "--out", out]) == 2
    assert "is what is read as frame.png" in capfd.readouterr().err
    assert (place / "frame.png").read_bytes() == before


def test_a_folder_of_images_within_the_data_is_the_data(place):
    (place / "data/val/images").mkdir(parents=True)
    for out in ("data/images", "data/masks/new", "data/val"):
        with pytest.raises(ValueError, match="is what is read as data"):
            check_output(out, ["shipped", None, ["other", "data"]])
    check_output("data/results", ["data"])
    check_output(".", ["data", "frame.png"])
    check_output("shipped", ["shipped", None, []])
