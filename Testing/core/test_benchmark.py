"""The benchmark: turns, warm-up, medians and ratios, with clocks and models that are known."""

import json

import pytest

from samca import benchmark
from samca.__main__ import main
from samca.benchmark import PLAIN, Contestant, Timing, ours, summary


@pytest.fixture
def steps(monkeypatch):
    """Two models that note their turns and take a known time."""
    now, turns = [0.0], []
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: now[0])

    def taking(name, seconds):
        def act(*features):
            turns.append((name, *features))
            now[0] += seconds
            return f"features of {name}"

        return act

    rows = [Contestant(n, 64, taking(n, s), taking(n, s / 4)) for n, s in ((PLAIN, 4.0), ("ours", 1.0))]
    return rows, turns


def test_models_take_turns_and_click_on_their_own_features(steps):
    rows, turns = steps
    timings = list(benchmark.benchmark(rows, repeats=2))
    once = [(PLAIN,), (PLAIN, f"features of {PLAIN}"), ("ours",), ("ours", "features of ours")]
    assert turns == once * 3  # the first round warms up
    assert len(timings) == 2 * 4
    assert timings[0] == Timing(PLAIN, 64, "encode", 4.0)
    assert timings[3] == Timing("ours", 64, "click", 0.25)


def test_a_summary_has_medians_and_ratios(steps):
    rows, _ = steps
    timings = [*benchmark.benchmark(rows, repeats=3), Timing("ours", 64, "click", 99.0)]  # one hiccup
    assert summary(timings)[1] == {
        "model": "ours",
        "image_size": 64,
        "encode_ms": 1000.0,
        "click_ms": 250.0,
        "encode_times_faster": 4.0,
        "click_times_faster": 4.0,
    }


def test_a_model_of_ours_encodes_and_clicks(tiny_model):
    row = ours("tiny", tiny_model())
    logits, _ = row.click(row.encode())
    assert logits.shape == (32, 32)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_prints_a_row_for_each_model(steps, monkeypatch, capsys, as_json):
    rows, _ = steps
    monkeypatch.setattr("samca.commands.benchmark.contestants", lambda sizes: rows)
    assert main(["benchmark", "--repeats", "2", *(["--json"] if as_json else [])]) == 0
    printed = capsys.readouterr().out
    if as_json:
        assert [row["model"] for row in json.loads(printed)["rows"]] == [PLAIN, "ours"]
    else:
        assert printed.splitlines()[2].split() == ["ours", "64", "1000.0", "250.0", "4.00", "4.00"]


@pytest.mark.parametrize(
    ("option", "number", "sentence"),
    [
        ("--repeats", "0", "repeats is 0: expected at least 1"),
        ("--threads", "-1", "threads is -1: expected 0 or more"),
    ],
)
def test_numbers_that_are_too_small_are_refused_before_a_model_is_built(
    monkeypatch, capsys, option, number, sentence
):
    monkeypatch.setattr(benchmark, "plain", lambda size: pytest.fail("a model was built"))
    assert main(["benchmark", option, number]) == 2
    assert sentence in capsys.readouterr().err
