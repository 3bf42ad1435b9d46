"""Cross-validation: every case is evaluated once, by a model that has not seen its group."""

import csv
import json

import pytest

from samca.__main__ import main
from samca.config import TrainConfig, from_json
from samca.evaluation.evaluation_folder import Protocol
from samca.studies import cross_validation
from samca.training.starting_point import cases_of
from training_runs import config_of, write_case


@pytest.fixture
def stages(settings, tmp_path):
    """Two stages, the second from the first one's weights."""
    first = settings(epochs=1, validation_clicks=[1], out=str(tmp_path / "first"))
    return [config_of(first), config_of({**first, "out": str(tmp_path / "second"), "seed": 5})]


def ids(cases):
    return {case.id for case in cases}


def test_every_case_is_held_out_once_and_never_trained_on(stages):
    runs = cross_validation.runs_of(stages, 3)
    held_out = []
    for chain in runs:
        for stage in chain:
            training, validation, _ = cases_of(stage)
            assert not ids(training) & ids(validation)
            assert len(training) + len(validation) == 8
        held_out += [case.id for case in validation]
        assert ids(cases_of(chain[0])[1]) == ids(validation)  # whatever the seed of the stage
    assert sorted(held_out) == [f"disc{number}" for number in range(8)]


def test_a_stage_goes_on_from_the_one_before_it_of_its_fold(stages):
    (first, second), *_ = cross_validation.runs_of(stages, 2)
    assert (first.base, second.base) == ("random", f"{first.out}/best.safetensors")
    assert (first.out, second.out) == (f"{stages[0].out}/fold 1", f"{stages[1].out}/fold 1")
    assert {first.keep, second.keep} == {"last"}  # the best would be chosen on what is reported


def test_data_named_twice_count_once_where_they_validate(settings, discs):
    config = config_of({**settings(), "data": [str(discs)] * 2, "folds": 4, "fold": 2})
    training, validation, _ = cases_of(config)
    assert (len(training), len(validation)) == (12, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"folds": 3, "fold": 4},
        {"fold": 2},
        {"folds": 3, "validation": ["elsewhere"]},
        {"folds": 3, "fold": 0},
    ],
)
def test_wrong_folds_are_refused(settings, wrong):
    with pytest.raises(ValueError, match=r"run\.fold"):
        from_json(TrainConfig, {**settings(), **wrong}, "run")


def test_one_fold_is_refused(stages):
    with pytest.raises(ValueError, match="1 folds: at least 2"):
        cross_validation.runs_of(stages, 1)


def more(folder, name, count):
    for number in range(count):
        write_case(folder / name, f"{name}{number}", 50 + number)
    return str(folder / name)


def test_a_stage_that_would_learn_from_what_is_held_out_is_refused(settings, stages, tmp_path):
    cysts = more(tmp_path, "cysts", 7)
    first = config_of({**settings(out=str(tmp_path / "wide")), "data": [cysts, *stages[0].data]})
    with pytest.raises(ValueError, match=r"wide/fold \d would learn from group disc\d of discs"):
        cross_validation.runs_of([first, stages[1]], 3)


def test_a_source_of_fewer_groups_than_folds_is_refused(settings, discs, tmp_path):
    config = config_of({**settings(), "data": [str(discs), more(tmp_path, "few", 2)]})
    with pytest.raises(ValueError, match=r"fold \d would hold out nothing of few"):
        cross_validation.runs_of([config], 3)


def test_stages_that_share_a_folder_are_refused(stages):
    with pytest.raises(ValueError, match="give each stage its own folder"):
        cross_validation.runs_of([stages[0], stages[0]], 2)


def test_all_folds_together_have_the_records_of_each(stages):
    runs = cross_validation.runs_of(stages[:1], 2)
    list(cross_validation.cross_validate(runs))
    evaluation = cross_validation.evaluate_held_out(runs, Protocol((1,), 2, 0))
    assert [dataset.name for dataset in evaluation.datasets] == ["discs"]
    *each, everything = evaluation.results()
    assert [result.model for result in (*each, everything)] == ["fold 1", "fold 2", "all folds"]
    dice = [result.summary["clicks"]["1"]["dice"]["mean"] for result in each]
    assert everything.summary["clicks"]["1"]["dice"]["mean"] == pytest.approx(sum(dice) / 2)
    assert len(evaluation.records["all folds"]) == 8 * 2


def test_it_is_one_command_that_goes_on_where_it_was(settings, tmp_path, capsys):
    for name in ("first", "second"):
        run = settings(epochs=1, validation_clicks=[1], out=str(tmp_path / name))
        (tmp_path / f"{name}.json").write_text(json.dumps(run))
    paths = [str(tmp_path / "first.json"), str(tmp_path / "second.json")]
    words = ["cross-validate", *paths, "--folds", "2", "--clicks", "1", "3", "--seeds", "1"]
    words += ["--out", str(tmp_path / "results")]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert printed.count('"event": "finish"') == 4
    assert "all folds" in printed
    table = (tmp_path / "results/table.md").read_text()
    names = dict.fromkeys(line.split("|")[1].strip() for line in table.splitlines()[2:])
    assert list(names) == ["fold 1", "fold 2", "all folds"]
    with open(tmp_path / "results/records.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({(row["model"], row["case"]) for row in rows if row["model"] != "all folds"}) == 8
    assert main(words) == 0
    assert '"event": "epoch"' not in capsys.readouterr().out
    assert (tmp_path / "results/table.md").read_text() == table
