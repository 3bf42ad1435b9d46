"""Head circumferences by a fitted ellipse, of a model's outlines beside the truth."""

import math

import numpy as np
import pytest

from known_shapes import ellipse
from samca import spreadsheets
from samca.__main__ import main
from samca.datasets import checked
from samca.evaluation.evaluate import trials
from samca.studies.head_circumference import Answer, ask, circumference, table
from training_runs import write_case


@pytest.fixture
def heads(tmp_path):
    """A dataset of two discs with known spacing."""
    for number in range(2):
        write_case(tmp_path / "heads", f"disc{number}", number)
    (tmp_path / "heads/cases.csv").write_text("id,spacing_x_mm,spacing_y_mm\ndisc0,0.5,0.5\ndisc1,0.25,0.5\n")
    return tmp_path / "heads"


def test_the_circumference_is_in_mm(heads):
    case = checked(heads).cases[0]
    mask = ellipse((200, 300), (0.5, 0.5), (70, 50), (60, 40), 20)
    exact = math.pi * (3 * 100 - math.sqrt((3 * 60 + 40) * (60 + 3 * 40)))
    assert circumference(mask, case) == pytest.approx(exact, rel=0.003)
    assert circumference(np.zeros((9, 9), bool), case) is None


def test_each_head_is_asked_after_each_number_of_clicks(heads, tiny_model):
    model, cases = tiny_model(), checked(heads).cases
    answers = list(ask(model, cases, (1, 3), 2))
    assert [answer[:4] for answer in answers[:4]] == [
        ("disc0", 0, 0, 1),
        ("disc0", 0, 0, 3),
        ("disc1", 0, 0, 1),
        ("disc1", 0, 0, 3),
    ]
    assert len(answers) == 8
    first = next(iter(trials(model, cases, 3, 0)))
    assert answers[1].found == circumference(first.masks[3], cases[0])
    assert answers[1].truth == circumference(cases[0].mask(), cases[0])


def test_the_table_has_the_difference_and_its_size():
    answers = [
        Answer("a", 0, 0, 1, 100, 104),
        Answer("b", 0, 0, 1, 200, 198),
        Answer("c", 0, 0, 1, 300, None),
    ]
    _heading, row = table(answers, (1,))
    assert row == ["1", "3", "200.0", "1.00", f"{math.sqrt(18):.2f}", "3.00", f"{math.sqrt(2):.2f}", "1"]


def test_without_spacing_there_is_no_circumference(discs, tiny_model):
    with pytest.raises(ValueError, match="the size of its pixels is not known"):
        list(ask(tiny_model(), checked(discs).cases, (1,), 1))


def test_the_command_leaves_the_table_and_every_trial(heads, tmp_path, capsys):
    words = ["--data", str(heads), "--clicks", "1", "2", "--out", str(tmp_path / "out")]
    assert main(["head-circumference", *words]) == 0
    assert "absolute, mm" in capsys.readouterr().out
    rows = spreadsheets.read(tmp_path / "out/head_circumference.csv")[1]
    assert [(row["case"], row["clicks"]) for row in rows] == [
        ("disc0", "1"),
        ("disc0", "2"),
        ("disc1", "1"),
        ("disc1", "2"),
    ]
    assert "| 2 | 2 |" in (tmp_path / "out/head_circumference.md").read_text()
