"""Runs whose data changes while they rest: nobody who has trained validates, or the other way round."""

import json
from pathlib import Path

import pytest

from samca import datasets
from samca.config import TrainConfig
from samca.training import parts
from samca.training.run_folder import RunFolder
from samca.training.starting_point import cases_of
from training_runs import config_of, events, run, write_case

pytestmark = pytest.mark.usefixtures("drawn")


def ids(cases) -> set[str]:
    return {case.id for case in cases}


def fill(folder: Path, *names: str, table: str = "") -> None:
    for number, name in enumerate(names):
        write_case(folder, name, number)
    if table:
        (folder / "cases.csv").write_text(table)


def remove(folder: Path, name: str) -> None:
    for kind in ("images", "masks"):
        (folder / kind / f"{name}.png").unlink()


def config(tmp_path: Path, **changes) -> TrainConfig:
    return config_of({"data": [str(tmp_path / "d")], "out": str(tmp_path / "run"), "seed": 5, **changes})


def begin(config: TrainConfig) -> tuple[set[str], set[str]]:
    """Draw the parts of a new run and write them down."""
    training, validation, _ = cases_of(config)
    assert parts.keep(config, training, validation) == ""
    return ids(training), ids(validation)


@pytest.mark.parametrize("changes", [{"validation_share": 0.4}, {"folds": 3, "fold": 2}])
def test_whatever_is_added_and_taken_away_nobody_changes_sides(tmp_path, changes):
    names = [f"case{n}" for n in range(9)]
    fill(tmp_path / "d", *names)
    run_config = config(tmp_path, **changes)
    trained, validated = begin(run_config)
    for step in range(12):
        fill(tmp_path / "d", f"a{step}", f"z{step}")
        if step == 5:
            remove(tmp_path / "d", min(trained))
        training, validation, _ = cases_of(run_config)
        assert not trained & ids(validation)
        assert not validated & ids(training)
        assert validated == ids(validation)
        assert {f"a{step}", f"z{step}"} <= ids(training)
    fresh = config(tmp_path, **changes, out=str(tmp_path / "other"))
    assert ids(cases_of(fresh)[1]) != validated, "a new run draws anew"


def test_a_new_case_goes_where_its_group_is_and_else_where_the_data_says(tmp_path):
    table = "id,group,split\na,p1,train\nb,p2,val\nc,p1,train\n"
    fill(tmp_path / "d", "a", "b", "c", table=table)
    run_config = config(tmp_path)
    assert begin(run_config) == ({"a", "c"}, {"b"})
    fill(tmp_path / "d", *"defgh", table=table + "d,p2,val\ne,p3,val\nf,p4,\ng,p5,test\nh,p6,train\n")
    training, validation, _ = cases_of(run_config)
    assert (ids(training), ids(validation)) == ({"a", "c", "f", "h"}, {"b", "d", "e"})


def test_a_table_that_turns_the_parts_round_turns_nobody_round_but_tests_rest(tmp_path):
    fill(tmp_path / "d", *"abcd", table="id,split\na,train\nb,val\nc,val\nd,train\n")
    run_config = config(tmp_path)
    begin(run_config)
    (tmp_path / "d" / "cases.csv").write_text("id,split\na,val\nb,train\nc,val\nd,test\n")
    training, validation, _ = cases_of(run_config)
    assert (ids(training), ids(validation)) == ({"a"}, {"b", "c"})
    assert "1 image to train gone or set aside (d)" in parts.keep(run_config, training, validation)


def test_what_is_new_and_what_is_gone_is_told_and_who_comes_back_has_its_place(tmp_path):
    fill(tmp_path / "d", *(f"case{n}" for n in range(6)))
    run_config = config(tmp_path, validation_share=0.5)
    trained, validated = begin(run_config)
    lost = min(validated)
    remove(tmp_path / "d", lost)
    fill(tmp_path / "d", "x1", "x2", "x3", "x4")
    training, validation, _ = cases_of(run_config)
    says = parts.keep(run_config, training, validation)
    assert says.startswith("the data has changed since the run began: ")
    assert "4 new images to train (x1, x2, x3, 1 more)" in says
    assert f"1 image to validate gone or set aside ({lost})" in says
    fill(tmp_path / "d", lost)
    assert ids(cases_of(run_config)[1]) == validated
    assert ids(cases_of(run_config)[0]) == trained | {"x1", "x2", "x3", "x4"}


def test_drawn_frames_stay_the_ones_that_were_drawn(tmp_path):
    fill(tmp_path / "d", *(f"case{n}" for n in range(10)))
    run_config = config(tmp_path, frames=3)
    trained, _ = begin(run_config)
    fill(tmp_path / "d", *(f"a{n}" for n in range(10)))
    assert ids(cases_of(run_config)[0]) == trained


@pytest.mark.parametrize("content", ["", "[]", '{"of": {}}', '{"of": 1, "training": 3}', "null"])
def test_a_damaged_list_is_as_none(tmp_path, content):
    fill(tmp_path / "d", *(f"case{n}" for n in range(6)))
    run_config = config(tmp_path)
    before = begin(run_config)
    (tmp_path / "run" / parts.NAME).write_text(content)
    training, validation, _ = cases_of(run_config)
    assert (ids(training), ids(validation)) == before


def test_other_settings_are_another_draw(tmp_path):
    fill(tmp_path / "d", *(f"case{n}" for n in range(12)))
    _, validated = begin(config(tmp_path))
    assert ids(cases_of(config(tmp_path, seed=6))[1]) != validated


def test_validation_folders_and_tests_are_never_trained_on(tmp_path):
    for split in ("training", "Validation", "TEST"):
        fill(tmp_path / "d" / split, f"{split} 1", f"{split} 2")
    fill(tmp_path / "other", "own")
    training, validation, _ = cases_of(config(tmp_path, validation=[str(tmp_path / "other")]))
    assert (ids(training), ids(validation)) == ({"training 1", "training 2"}, {"own"})
    for fold in (1, 2):
        training, validation, _ = cases_of(config(tmp_path, folds=2, fold=fold))
        assert not {"TEST 1", "TEST 2"} & (ids(training) | ids(validation))
    with pytest.raises(ValueError, match=r"0 training and 0 validation cases .*, 2 of the split test"):
        cases_of(config(tmp_path, data=[str(tmp_path / "d" / "TEST")]))


def test_a_run_that_goes_on_with_changed_data_says_so_and_keeps_its_parts(settings, tmp_path):
    fill(tmp_path / "d", *(f"case{n}" for n in range(7)))
    given = settings(data=[str(tmp_path / "d")], out=str(tmp_path / "run"), validation_share=0.3)
    RunFolder(given["out"]).stop.touch()
    assert events(run(given)) == ["start", "base", "stopped"]
    kept = parts.kept_of(config_of(given))
    fill(tmp_path / "d", "aa", "zz")
    records = run(given)
    assert events(records) == ["resume", "data_changed", "epoch", "epoch", "finish"]
    assert "2 new images to train (aa, zz)" in records[1]["says"]
    now = parts.kept_of(config_of(given))
    assert now.of["validation"] == kept.of["validation"]
    assert len(now.of["training"]) == len(kept.of["training"]) + 2
    assert records[0]["training"] == len(kept.of["training"]) + 2
    assert json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[-1])["event"] == "finish"
    assert events(run(given)) == ["resume", "finish"], "told once"


def test_the_draw_itself_hardly_moves_when_data_is_added(tmp_path):
    cases = [datasets.Case(str(n), Path(f"{n}.png"), f"g{n}", source="s") for n in range(40)]
    train, _ = datasets.split_by_group(cases[:38], 0.25, 1)
    _, val = datasets.split_by_group(cases, 0.25, 1)
    assert len(ids(train) & ids(val)) <= 1
