"""The few-shot curve and Sam2Rad's tables: what runs share, and each as one command on tiny data."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from samca.__main__ import main
from samca.datasets import read
from samca.evaluation.summary import Result
from samca.studies import few_shot, prompt_sources
from samca.training import train
from samca.training.starting_point import cases_of
from training_runs import config_of

PREDICTED = {"predictor": {"name": "single_block", "tokens": 4}}


@pytest.fixture
def common(settings):
    schedule = {"schedule": {"name": "prompt_sampling"}, "validation_clicks": [0, 1]}
    return settings(**schedule, model=PREDICTED, epochs=1)


def test_all_runs_take_as_many_steps_on_frames_that_are_among_more(common):
    config = config_of({**common, "epochs": 3})
    runs = few_shot.settings_of(config, [1, 2, 4, 0])
    assert [run.frames for run in runs] == [1, 2, 4, 0]
    assert {(run.epochs, run.samples_per_epoch, run.batch) for run in runs} == {(3, 6, 3)}
    assert len({run.out for run in runs}) == 4
    ids = [{case.id for case in cases_of(run)[0]} for run in runs]
    assert ids[0] < ids[1] < ids[2] < ids[3]


def test_each_draw_is_another_choice_of_frames_and_another_seed(common):
    runs = few_shot.settings_of(config_of(common), [2, 0], 3)
    assert [Path(run.out).name for run in runs[:3]] == ["2 frames #1", "2 frames #2", "2 frames #3"]
    assert [run.seed for run in runs] == [0, 1, 2] * 2
    assert len({tuple(case.id for case in cases_of(run)[0]) for run in runs[:3]}) == 3


def result(name, dice):
    return Result(name, "data", {"clicks": {"1": {"dice": {"mean": dice, "std": 9.0}}}})


def test_the_share_of_the_gap_is_from_the_untouched_model_to_the_mean_of_all_frames():
    dice = {"0 frames": 40, "10 frames #1": 50, "10 frames #2": 54, "all frames #1": 58, "all frames #2": 62}
    found = few_shot.reached([result(name, value) for name, value in dice.items()])
    assert [row.name for row in found] == ["0 frames", "10 frames", "all frames"]
    assert [row.closed for row in found] == [
        pytest.approx(each) for each in [(0.0,), (50.0, 70.0), (90.0, 110.0)]
    ]
    assert few_shot.table(found)[2] == ["10 frames", "1", "2", "52.00±2.00", "60±10 %"]
    assert few_shot.as_objects(found)[1]["gap_closed"] == {"mean": 60.0, "std": 10.0, "each": [50.0, 70.0]}


@pytest.mark.parametrize("dice", [{"10 frames": 50, "all frames": 60}, {"0 frames": 60, "all frames": 60}])
def test_without_a_gap_no_share_of_it_is_told(dice):
    found = few_shot.reached([result(name, value) for name, value in dice.items()])
    assert [row.closed for row in found] == [(), ()]
    assert [row[-1] for row in few_shot.table(found)] == ["gap closed", "", ""]
    assert few_shot.as_objects(found)[0]["gap_closed"] is None


@pytest.mark.parametrize(
    ("frames", "draws", "message"),
    [
        ([], 1, "numbers from 1"),
        ([2, 2], 1, "none of them twice"),
        ([7], 1, "there are 6 images"),
        ([2], 0, "draws is 0"),
    ],
)
def test_wrong_numbers_are_refused(common, frames, draws, message):
    with pytest.raises(ValueError, match=message):
        few_shot.settings_of(config_of(common), frames, draws)


def test_the_curve_is_one_command_that_goes_on_where_it_was(common, tmp_path, capsys):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**common, "out": str(tmp_path / "out")}))
    words = ["few-shot", str(path), "--frames", "2", "all", "--seeds", "1", "--draws", "2", "--clicks", "1"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    trained = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    runs = ["2 frames #1", "2 frames #2", "all frames #1", "all frames #2"]
    assert [r["variant"] for r in trained if r["event"] == "finish"] == runs
    assert [r["training"] for r in trained if r["event"] == "start"] == [2, 2, 6, 6]
    out = tmp_path / "out"
    table = (out / "table.md").read_text()
    assert first_cells(table) == ["0 frames", *runs]
    assert first_cells((out / "frames.md").read_text()) == ["0 frames", "2 frames", "all frames"]
    shares = [row["gap_closed"] for row in json.loads((out / "frames.json").read_text())]
    assert shares == [None] * 3 or [shares[0]["mean"], round(shares[2]["mean"], 6)] == [0, 100]
    assert (out / "frames.png").stat().st_size > 5000
    assert main(words) == 0
    again = capsys.readouterr().out
    assert '"event": "epoch"' not in again
    assert table == (out / "table.md").read_text()


def test_runs_from_a_base_that_lies_elsewhere_are_loaded(common, base, tmp_path):
    config = config_of({**common, "base": str(base), "out": str(tmp_path / "out")})
    for run in few_shot.settings_of(config, [2]):
        list(train.train(run))
    assert [contestant.name for contestant in few_shot.load_runs(config, [2])] == ["0 frames", "2 frames"]


def first_cells(table):
    return [line.split("|")[1].strip() for line in table.splitlines()[2:]]


def test_a_word_that_is_no_number_of_frames_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["few-shot", "run.json", "--frames", "some"])
    assert "'some' is not all, or a number from 1" in capsys.readouterr().err


def test_the_tables_of_prompts_are_one_command(discs, base, tmp_path, capsys):
    settings = tmp_path / "settings.json"
    fast = {"augment": "none", "precision": "float32", "validation_share": 0.3, "validation_clicks": [1]}
    settings.write_text(json.dumps({**fast, "model": {"predictor.tokens": 3}}))
    words = ["ablate", "prompts", "--data", discs, "--base", base, "--out", tmp_path / "out", "--epochs", 1]
    assert main([str(word) for word in [*words, "--settings", settings, "--json"]]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = json.loads(lines[-1])["rows"]
    assert [row["prompts"] for row in rows] == [row.name for row in prompt_sources.ROWS]
    starts = [json.loads(line) for line in lines if '"start"' in line]
    assert starts[0]["trainable"] < starts[1]["trainable"]
    assert (tmp_path / "out/table.md").read_text().count("\n") == 2 + len(rows)


def test_both_runs_differ_in_the_decoder_alone(common, base):
    config = replace(config_of(common), base=str(base), learning_rates={"mask_decoder": 1e-5})
    frozen, tuned = (prompt_sources.settings_of(name, config) for name in prompt_sources.RUNS)
    assert (frozen.model["tuned"], frozen.learning_rates) == ([], {})
    assert (tuned.model["tuned"], tuned.learning_rates) == (["mask_decoder"], {"mask_decoder": 1e-5})
    same = {"out": "same", "model": {}, "learning_rates": {}}
    assert replace(frozen, **same) == replace(tuned, **same)


def test_rows_ask_with_what_they_say(discs, tiny_model, monkeypatch):
    model, asked = tiny_model(PREDICTED), []
    monkeypatch.setattr(
        model, "predict", lambda f, prompts, previous=None: (asked.append(prompts), (np.ones((8, 8)), 0.5))[1]
    )
    cases = read(discs).cases[:1]
    for box, learned in [(True, False), (False, True), (True, True)]:
        ((dice, iou),) = prompt_sources.overlaps(model, cases, box, learned)
        assert 0 < iou < dice < 100
    assert [(p.box is not None, p.suggestion) for p in asked] == [(True, None), (False, 0), (True, 0)]
