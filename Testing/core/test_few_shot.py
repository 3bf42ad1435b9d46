"""The few-shot curve and Sam2Rad's tables: what runs share, and each as one command on tiny data."""

import json
from dataclasses import replace

import numpy as np
import pytest

from samca import few_shot, prompt_sources
from samca.__main__ import main
from samca.checkpoint import Provenance, save_base
from samca.config import with_settings
from samca.datasets import read
from samca.model import build_base
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
    steps = [run.epochs * -(-(run.frames or 6) // run.batch) for run in runs]
    assert steps == [6, 6, 6, 6]
    assert len({run.out for run in runs}) == 4


@pytest.mark.parametrize(
    ("frames", "message"),
    [([], "numbers from 1"), ([2, 2], "none of them twice"), ([7], "there are 6 images")],
)
def test_wrong_numbers_of_frames_are_refused(common, frames, message):
    with pytest.raises(ValueError, match=message):
        few_shot.settings_of(config_of(common), frames)


def test_the_curve_is_one_command_that_goes_on_where_it_was(common, tmp_path, capsys):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**common, "out": str(tmp_path / "out")}))
    words = ["few-shot", str(path), "--frames", "2", "all", "--seeds", "1"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    trained = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert [r["variant"] for r in trained if r["event"] == "finish"] == ["2 frames", "all frames"]
    assert [r["training"] for r in trained if r["event"] == "start"] == [2, 6]
    table = (tmp_path / "out/table.md").read_text()
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == ["2 frames"] * 2 + [
        "all frames"
    ] * 2
    assert (tmp_path / "out/frames.png").stat().st_size > 5000
    assert main(words) == 0
    again = capsys.readouterr().out
    assert '"event": "epoch"' not in again
    assert table == (tmp_path / "out/table.md").read_text()


def test_a_word_that_is_no_number_of_frames_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["few-shot", "run.json", "--frames", "some"])
    assert "'some' is not all, or a number from 1" in capsys.readouterr().err


@pytest.fixture
def base(tiny_config, tmp_path):
    config = with_settings(tiny_config, "model", {"adapter": "none", "fusion": "single"})
    save_base(build_base(config), tmp_path / "base.safetensors", Provenance())
    return tmp_path / "base.safetensors"


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
