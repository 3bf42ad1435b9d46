"""Dice by seconds of a user's work."""

from dataclasses import replace

import numpy as np
import pytest

from samca.__main__ import main
from samca.datasets import checked
from samca.evaluation.evaluate import Trial
from samca.evaluation.users import Interaction
from samca.prompts import Click
from samca.studies import effort

EMPTY = np.zeros((60, 150), bool)  # 1 cm of the screen is 10 px
TRUTH = EMPTY.copy()
TRUTH[10:20, 10:20] = True


CLICK = Click(12, 12)


def step(mask=EMPTY, clicks=(CLICK,), **more):
    return Interaction(tuple(clicks), mask, 0.5, **more)


def test_work_takes_what_the_keystroke_level_model_says():
    click = 1.35 + 1.1 + 0.2
    assert effort.seconds_of(step()) == pytest.approx(click)
    assert effort.seconds_of(step(clicks=[Click(1, 1), Click(2, 2, False)])) == pytest.approx(2 * click)
    stroke = step(clicks=[Click(10, 10, True, ((40, 10), (40, 50)))])  # 7 cm
    assert effort.seconds_of(stroke) == pytest.approx(1.35 + 1.1 + 0.9 + 7 * 0.16)
    lasso = step(clicks=(), lasso=((10, 10), (20, 10), (20, 20), (10, 20)))  # 4 cm
    assert effort.seconds_of(lasso) == pytest.approx(1.35 + 1.1 + 4 * 0.9 + 4 * 0.16)
    assert effort.seconds_of(step(looked=2)) == pytest.approx(click + 2 * (1.35 + 0.28))


def test_what_counts_is_what_is_there_at_that_time():
    half = TRUTH.copy()
    half[10:15] = False
    steps = [step(half), step(TRUTH, clicks=[Click(12, 12), Click(13, 13)])]
    trial = Trial(None, 0, TRUTH, steps)
    reached = [effort.dice_at(trial, seconds) for seconds in (1, 2.65, 5, 5.3, 100)]
    assert reached == pytest.approx([0, 200 / 3, 200 / 3, 100, 100])


def test_a_table_has_each_user_on_each_data_set_and_on_all():
    def of(mask):
        return {user: [Trial(None, 0, TRUTH, [step(mask)])] for user in effort.USERS}

    rows = effort.table({"a": of(TRUTH), "b": of(EMPTY)}, [1, 3])
    assert rows[0] == ["data", "user", "1 s", "3 s"]
    assert len(rows) == 1 + 3 * 4
    assert rows[1] == ["a", "clicks", "0.0", "100.0"]
    assert rows[-1] == ["all", "lasso", "0.0", "50.0"]


def test_how_often_another_outline_is_good_where_the_first_is_not():
    poor, good = [step()], [step(TRUTH)]
    clicks = [Trial(None, 0, TRUTH, steps) for steps in (good, poor, poor, poor)]
    outline = [Trial(None, 0, TRUTH, steps) for steps in (good, [*poor, step(TRUTH, looked=1)], poor, poor)]
    rows = effort.outlines_table({"a": {"clicks": clicks, "outline": outline}})
    assert rows[1:] == [["a", "25.0", "33.3"]]


@pytest.fixture
def dataset(discs):
    return checked(discs)


def test_every_user_works_on_the_same_targets_and_who_looks_around_has_the_first_outline_meanwhile(
    dataset, tiny_model
):
    few = replace(dataset, cases=dataset.cases[:2])
    found = effort.work(tiny_model({"tidy": True}), few, 2, 1)
    assert {user: len(trials) for user, trials in found.items()} == dict.fromkeys(effort.USERS, 2)
    for plain, looking in zip(found["clicks"], found["outline"], strict=True):
        assert looking.interactions[0] is plain.interactions[0]
        assert len(looking.interactions) == 3
        assert effort.dice_at(looking, 2.65) == effort.dice_at(plain, 2.65)


def test_one_command_prints_and_writes_both_tables(discs, tmp_path, monkeypatch, tiny_model, capsys):
    from samca.commands import effort as command
    from samca.evaluation.contestants import Contestant

    monkeypatch.setattr(command, "load_contestants", lambda *words: [Contestant("tiny", tiny_model(), {})])
    words = ["--data", str(discs), "--images", "2", "--prompts", "2", "--seconds", "3", "9"]
    assert main(["effort", *words, "--out", str(tmp_path / "out")]) == 0
    printed, written = capsys.readouterr().out, (tmp_path / "out" / "effort.md").read_text()
    for text in ("3 s", "stroke", "else another one"):
        assert text in printed
        assert text in written
    for wrong in (["--prompts", "0"], ["--images", "0"]):
        assert main(["effort", *words, *wrong, "--out", str(tmp_path / "out")]) == 2
        assert "are at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("count", "places"), [(10, range(10)), (4, [0, 2, 5, 7]), (30, range(10)), (None, range(10))]
)
def test_images_are_evenly_spread_over_a_data_set(count, places):
    from samca.commands.effort import _spread

    assert _spread(range(10), count) == tuple(places)
    assert max(_spread(range(49), 25)) == 47
