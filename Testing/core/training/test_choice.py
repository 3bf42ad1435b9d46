"""Which epoch a run keeps: by numbers done by hand, and by runs that make a model better or worse."""

import numpy as np
import pytest

from samca import model_files
from samca.datasets import Case
from samca.training import train
from samca.training.choice import Choice
from samca.training.run_folder import RunFolder
from samca.weights import checkpoint
from training_runs import config_of, run


def case(name, group):
    return Case(name, f"{name}.png", group, source="set")


FOUR = [case(name, name) for name in "abcd"]


def dice(*values):
    """One target in each of the cases, as good with one click as with three."""
    return {
        ("set", name, 0): {1: value - 1.0, 3: value + 1.0} for name, value in zip("abcd", values, strict=True)
    }


@pytest.fixture
def choice():
    found = Choice("best", FOUR)
    found.start(dice(60, 60, 60, 60))
    return found


def test_epoch_0_is_kept_until_an_epoch_is_ahead_of_it(choice):
    assert (choice.kept, choice.best) == (0, 60.0)
    assert not choice.takes(1, dice(55, 60, 58, 59))
    assert not choice.takes(2, dice(60, 60, 60, 60))
    assert choice.takes(3, dice(61, 62, 63, 62))
    assert (choice.kept, choice.best) == (3, 62.0)
    assert not choice.takes(4, dice(61, 61, 62, 62))
    assert choice.takes(5, dice(63, 62, 63, 62))
    assert choice.kept == 5


def test_a_gain_that_may_be_chance_does_not_take_its_place(choice):
    swings = dice(80, 50, 70, 52)  # 20, -10, 10, -8: 3 on average, with a standard error of 7.4
    gain = choice.gain(swings)
    assert (gain.mean, gain.groups) == (pytest.approx(3.0), 4)
    assert gain.standard_error == pytest.approx(np.std([20, -10, 10, -8], ddof=1) / 2)
    assert not choice.takes(1, swings)
    assert choice.kept == 0


def test_images_of_one_group_say_as_little_as_one():
    together = Choice("best", [case(name, "one patient") for name in "abcd"])
    together.start(dice(60, 60, 60, 60))
    assert np.isnan(together.gain(dice(61, 62, 63, 62)).standard_error)
    assert not together.takes(1, dice(59, 60, 60, 60))
    assert together.takes(2, dice(61, 62, 63, 62)), "no error is known, and it is ahead"


def test_the_last_epoch_is_kept_whatever_it_says_where_that_is_asked_for():
    last = Choice("last", FOUR)
    last.start(dice(60, 60, 60, 60))
    assert last.takes(1, dice(10, 10, 10, 10))
    assert (last.kept, last.best) == (1, 10.0)


def test_it_goes_on_where_it_was(choice):
    choice.takes(1, dice(70, 71, 70, 70))
    again = Choice("best", FOUR)
    again.load(choice.state())
    assert (again.kept, again.best, again.has_started) == (1, choice.best, True)
    assert again.gain(dice(70, 71, 70, 70)) == choice.gain(dice(70, 71, 70, 70))


def test_of_other_images_than_at_the_start_nothing_is_known(choice):
    other = {("set", "e", 0): {1: 50.0}}
    assert choice.gain(other) is None
    assert choice.takes(1, {("set", "e", 0): {1: 90.0}})


@pytest.mark.usefixtures("drawn")
def test_a_training_that_spoils_the_model_leaves_the_one_that_it_started_from(settings, base, tmp_path):
    good = settings(epochs=6, learning_rate=5e-3, base=str(base), out=str(tmp_path / "good"), keep="last")
    run(good)
    learned = RunFolder(good["out"]).best
    spoiled = settings(base=str(learned), learning_rate=1.0, out=str(tmp_path / "spoiled")) | {"model": {}}
    *_, last, finish = run(spoiled)
    assert last["gain"] < 0
    assert (last["kept"], finish["kept"]) == (0, 0)
    before, after = (checkpoint.read(path)[0] for path in (learned, RunFolder(spoiled["out"]).best))
    shared = [name for name in before if not name.startswith("fusion.")]
    assert all(np.array_equal(before[name], after[name]) for name in shared)
    assert model_files.describe_file(RunFolder(spoiled["out"]).best)[1].figures["epoch"] == 0


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize(("last", "then"), [("base", ["base"]), ("step", [])])
def test_a_run_killed_about_epoch_0_has_it_in_its_log_and_once_saved_not_again(
    settings, monkeypatch, last, then
):
    monkeypatch.setattr(train, "REPORT_EVERY_SECONDS", -1)
    records = train.train(config_of(settings()))
    found = {}
    while last not in found:
        record = next(records)
        found[record["event"]] = record
    records.close()
    assert [record["event"] for record in run(settings())] == ["resume", *then, "epoch", "epoch", "finish"]
    assert RunFolder(settings()["out"]).before() == found["base"]["dice"]
