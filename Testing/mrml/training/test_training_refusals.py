"""Bad data and bad base models, with real child processes: named in a sentence, and nothing runs."""

from __future__ import annotations

import os
import pickle
import shutil
import time

import numpy as np
import pytest
from PIL import Image

from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.Texts import Refusal
from SAMCATrainingLib.DatasetCheck import together
from SAMCATrainingLib.TrainingLogic import TrainingLogic

pytestmark = pytest.mark.usefixtures("application")


class Evil:
    """Unpickling it makes a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def logic(tmp_path):
    return TrainingLogic(tmp_path / "Training", ModelLogic(tmp_path / "Models"))


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def sound(tmp_path):
    """A dataset folder of four discs."""
    y, x = np.mgrid[:64, :64]
    for number in range(4):
        disc = np.hypot(x - 30, y - 25 - number) < 12
        write(tmp_path / "sound" / "images" / f"{number}.png", (100 * disc).astype(np.uint8))
        write(tmp_path / "sound" / "masks" / f"{number}.png", (255 * disc).astype(np.uint8))
    return tmp_path / "sound"


@pytest.fixture
def damaged(sound):
    """The same with every kind of damage, and how each is told."""
    images, masks = sound / "images", sound / "masks"
    write(images / "lonely.png", np.zeros((8, 8), np.uint8))
    write(masks / "orphan.png", np.zeros((8, 8), np.uint8))
    write(images / "empty.png", np.zeros((8, 8), np.uint8))
    write(masks / "empty.png", np.zeros((8, 8), np.uint8))
    write(images / "large.png", np.zeros((8, 8), np.uint8))
    write(masks / "large.png", np.full((9, 8), 255, np.uint8))
    (images / "torn.png").write_bytes((images / "0.png").read_bytes()[:40])
    write(masks / "torn.png", np.full((8, 8), 255, np.uint8))
    write(images / "1.jpg", np.zeros((64, 64), np.uint8))
    return sound, ("lonely", "orphan", "empty mask", "large.png", "torn.png", "duplicate id '1'")


def ended(logic, run):
    give_up = time.monotonic() + 240
    while (state := logic.state(run)).isAlive:
        assert time.monotonic() < give_up, state
        time.sleep(0.1)
    return state


def test_every_damage_is_listed_and_a_run_ends_before_it_begins(logic, damaged):
    folder, told = damaged
    summary = logic.check(folder)
    assert len(summary.problems) == len(told)
    assert {row.id for row in summary.rows} == {"0", "1", "2", "3"}, "what is sound is shown"
    state = ended(logic, logic.start(folder, name="bad", preset="quick"))
    assert state.status == "failed"
    for words in told:
        assert any(words in problem for problem in summary.problems), words
        assert words in state.text
    assert "Go back to the data" in state.advice
    assert state.weights is None


def test_one_case_one_group_and_no_data_are_told_of(logic, sound, tmp_path):
    (sound / "cases.csv").write_text("id,group\n" + "".join(f"{n},loop 1\n" for n in range(4)))
    alone = logic.check(sound)
    assert alone.problems == ()
    assert alone.text == alone.tooFew
    assert "4 cases with a mask in 1 group;" in alone.tooFew
    assert "add a second volume" in alone.tooFew
    shutil.copytree(sound, tmp_path / "other")
    both = together([alone, logic.check(tmp_path / "other")])
    assert (both.tooFew, both.counts.training, both.counts.validation) == ("", 4, 4)
    assert both.counts.validated == 4
    assert "Only 4 structures validate" in both.text, "before anything is trained"
    (problem,) = logic.check(tmp_path / "nowhere").problems
    assert "nowhere does not exist" in problem
    (tmp_path / "holiday").mkdir()
    (problem,) = logic.check(tmp_path / "holiday").problems
    assert "layout of no known dataset" in problem


def test_a_base_with_code_in_it_runs_no_code(logic, sound, tmp_path):
    (tmp_path / "base.pth").write_bytes(pickle.dumps(Evil(tmp_path / "evil")))
    state = ended(logic, logic.start(sound, name="evil", base=str(tmp_path / "base.pth")))
    assert state.status == "failed"
    assert "base.pth" in state.text
    assert not (tmp_path / "evil").exists()


def test_a_check_goes_file_by_file_and_can_be_left(logic, sound):
    *before, last = logic.checking(sound)
    assert [(looked.done, looked.of) for looked in before] == [(done, 8) for done in range(1, 9)]
    assert all(looked.summary is None for looked in before)
    assert last.summary.counts == logic.check(sound).counts
    checking = logic.checking(sound)
    next(checking)
    checking.close()
    assert next(checking, None) is None


def test_what_is_no_dataset_and_no_name_is_told_before_anything_starts(logic, sound, tmp_path):
    for given in (None, 3, tmp_path / "nowhere", logic.newDataset("New")):
        with pytest.raises(Refusal, match="There is no dataset at"):
            logic.start(given)
    with pytest.raises(Refusal, match="There is no dataset at"):
        logic.start(logic.settings(sound, "moved") | {"data": [str(tmp_path / "nowhere")]})
    for name in (None, 3, tmp_path):
        with pytest.raises(Refusal, match="is no name: give one in quotation marks"):
            logic.newDataset(name)
    assert logic.runs() == []
