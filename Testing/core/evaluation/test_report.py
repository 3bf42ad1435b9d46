"""Tables, files and pictures of an evaluation, and the command that makes them."""

import csv
import hashlib
import io
import json
import math
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from samca import Session
from samca.__main__ import main
from samca.commands import evaluate as evaluate_command
from samca.config import Part
from samca.evaluation import metrics, report
from samca.evaluation.evaluate import Record
from samca.evaluation.report_pictures import extremes
from samca.evaluation.summary import Result
from samca.network.model import build, build_base
from samca.prompts import Click, Prompts
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance


def values(dice: float, empty: int = 0, **more: float) -> dict:
    return {**{name: {"mean": v, "std": 1.0} for name, v in {"dice": dice, **more}.items()}, "empty": empty}


def result(model: str, data: str, *dice: float, **more: float) -> Result:
    clicks = {str(2 * n + 1): values(d, **more) for n, d in enumerate(dice)}
    return Result(model, data, {"clicks": clicks, "targets": 3, "images": 2, "without_target": 1, "seeds": 5})


def test_the_table_of_one_dataset_has_a_row_for_each_model_and_number_of_clicks():
    rows = report.table(
        [result("one", "busi", 84.284, 87.6, hd=41.5), result("two", "busi", 80.0, 81.0, hd=50.0)]
    )
    assert rows == [
        ["model", "clicks", "DSC", "HD px", "empty"],
        ["one", "1", "84.28±1.00", "41.50±1.00", "0"],
        ["one", "3", "87.60±1.00", "41.50±1.00", "0"],
        ["two", "1", "80.00±1.00", "50.00±1.00", "0"],
        ["two", "3", "81.00±1.00", "50.00±1.00", "0"],
    ]


def test_the_table_of_several_datasets_has_them_side_by_side_with_the_drop():
    rows = report.table(
        [result("one", "seen", 84.0), result("one", "unseen", 74.5), result("one", "other", 90.0)]
    )
    assert rows == [
        ["model", "clicks", "", "seen", "unseen", "drop", "other", "drop"],
        ["one", "1", "DSC", "84.00±1.00", "74.50±1.00", "9.50", "90.00±1.00", "-6.00"],
        ["one", "1", "empty", "0", "0", "", "0", ""],
    ]


def test_a_measure_that_a_dataset_lacks_is_an_empty_cell():
    rows = report.table([result("one", "seen", 84.0, hd_mm=2.0), result("one", "unseen", 74.0)])
    assert ["one", "1", "HD mm", "2.00±1.00", "", ""] in rows


def test_a_sentence_says_what_the_numbers_stand_for():
    (sentence,) = report.sentences_of([result("one", "busi", 84.0), result("two", "busi", 80.0)])
    assert sentence.startswith(
        "busi: 3 targets in 2 images, 1 image without target left out; mean over 5 trials"
    )


def test_columns_line_up_and_markdown_has_the_same_cells():
    rows = [["a", "long heading"], ["longer", "b"]]
    assert report.aligned(rows) == "a       long heading\nlonger  b"
    assert report.markdown(rows) == "| a | long heading |\n| --- | --- |\n| longer | b |\n"


def test_the_csv_has_means_deviations_and_drops_in_full():
    text = report.results_csv([result("one", "seen", 84.123456), result("one", "unseen", 74.0)])
    seen, unseen = csv.DictReader(io.StringIO(text))
    assert float(seen["dice_mean"]) == 84.123456
    assert (seen["clicks"], seen["targets"], seen["dice_std"], seen["dice_drop"]) == ("1", "3", "1.0", "")
    assert float(unseen["dice_drop"]) == pytest.approx(10.123456)


FORMULAS = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1")


@pytest.mark.parametrize("name", FORMULAS)
def test_no_name_from_elsewhere_is_a_formula_in_any_table(name):
    record = Record(name, name, 0, 0, 1, (Click(-1.5, 2.0),), False, {"dice": 50.0})
    found = result(name, name, -84.5)
    kind = {**found.summary, "by": {"class": {name: found.summary}}}
    tables = (
        report.results_csv([found]),
        report.kinds_csv([Result(name, name, kind)]),
        report.records_csv({name: [record]}),
    )
    for table in tables:
        cells = [cell for row in csv.reader(io.StringIO(table, newline="")) for cell in row]
        assert f"'{name}" in cells
        assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell and not cell[1:2].isdigit()]
    assert "-1.5" in tables[2], "a number of ours stays a number"


def test_a_bar_in_a_name_is_no_column_of_a_markdown_table():
    assert report.markdown([["a|b", "c"], ["d\ne", "f"]]) == "| a\\|b | c |\n| --- | --- |\n| d e | f |\n"


def test_best_median_and_worst_are_distinct_trials_of_the_first_seed():
    def record(case, dice, seed=0):
        return Record("set", case, 0, seed, 1, (Click(0, 0),), False, {"dice": dice})

    records = [record(str(n), float(n)) for n in range(9)] + [record("other seed", 99.0, seed=1)]
    chosen = [(label, r.case) for label, r in extremes(records, count=1, each=2)]
    assert chosen == [
        ("best", "8"),
        ("best", "7"),
        ("median", "5"),
        ("median", "4"),
        ("worst", "1"),
        ("worst", "0"),
    ]
    assert [r.case for _, r in extremes(records[:3], count=1, each=2)] == ["2", "1", "0"]
    assert [r.case for _, r in extremes(records[:1], count=1, each=2)] == ["0"]


# The command


@pytest.fixture(scope="module")
def weights(tmp_path_factory, tiny_config):
    """An adapter that adds its sets up, which is not what one set gives."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    tiny_config = replace(tiny_config, fusion=Part("joined", {"join": "sum"}))
    base, adapter = folder / "base.safetensors", folder / "tiny.safetensors"
    checkpoint.save_base(build_base(tiny_config), base, Provenance())
    checkpoint.save_adapter(build(tiny_config), adapter, base, Provenance())
    return adapter


def make_dataset(folder, count: int, spacing: bool = False):
    rng = np.random.default_rng(len(folder.name))
    rows, columns = np.mgrid[:48, :60]
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    names = [f"{folder.name}{n}" for n in range(count)]
    for n, name in enumerate(names):
        disc = (rows - 20) ** 2 + (columns - 20 - n) ** 2 < 100
        image = np.where(disc, 30, 120) + rng.integers(0, 60, disc.shape)
        Image.fromarray(image.astype(np.uint8)).save(folder / "images" / f"{name}.png")
        Image.fromarray((disc * 255).astype(np.uint8)).save(folder / "masks" / f"{name}.png")
    if spacing:
        lines = [f"{name},0.1,0.2" for name in names]
        (folder / "cases.csv").write_text("\n".join(["id,spacing_x_mm,spacing_y_mm", *lines]))
    return folder


def run(*arguments) -> int:
    return main(["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def evaluated(weights, tmp_path_factory):
    """Two datasets evaluated with both forms of inference; the folder with the results."""
    folder = tmp_path_factory.mktemp("evaluated")
    seen, unseen = make_dataset(folder / "seen", 3, spacing=True), make_dataset(folder / "unseen", 2)
    options = ("--seeds", 2, "--clicks", 3, 1, "--curve", 4, "--single-set", "--device", "cpu")
    run("--model", weights, "--data", seen, "--data", unseen, *options, "--out", folder / "out")
    return folder / "out"


def test_the_last_line_is_one_object_and_says_what_the_table_says(weights, tmp_path, capsys):
    data = make_dataset(tmp_path / "set", 2)
    options = ("--clicks", 1, 3, "--seeds", 1, "--curve", 0, "--json")
    assert run("--model", weights, "--data", data, "--out", tmp_path / "out", *options) == 0
    *printed, last = capsys.readouterr().out.strip().splitlines()
    found = json.loads(last)
    assert (found["targets"], found["images"], list(found["clicks"])) == (2, 2, ["1", "3"])
    measures = {"dice", "iou", "box_iou", "hd", "hd95", "accuracy", "sensitivity", "specificity"}
    assert set(found["clicks"]["1"]) == measures | {"false_hole", "empty", "reliability"}
    row = next(line for line in printed if re.match(r"tiny +3 ", line))
    dice = found["clicks"]["3"]["dice"]
    said = f"{dice['mean']:.2f}±{dice['std']:.2f} ({dice['standard_error']:.2f})"
    assert " ".join(row.split()[2:4]) == said
    assert "in brackets its standard error over 2 groups" in "\n".join(printed)
    assert "noc" not in found
    assert not (tmp_path / "out" / "curve.png").exists()


def test_the_standard_error_is_that_of_groups(weights, tmp_path, capsys):
    data = make_dataset(tmp_path / "set", 4)
    options = ("--model", weights, "--clicks", 1, "--seeds", 1, "--curve", 0, "--json", "--data", data)
    errors = []
    for groups in ("abcd", "aabb", "aaaa"):
        lines = [f"set{n},{group}" for n, group in enumerate(groups)]
        (data / "cases.csv").write_text("\n".join(["id,group", *lines]))
        assert run(*options, "--out", tmp_path / groups) == 0
        found = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        dice = found["clicks"]["1"]["dice"]
        errors.append((found["groups"], dice.get("standard_error")))
        if groups == "abcd":
            assert errors[0][1] == pytest.approx(dice["std"] / math.sqrt(3))
    assert [count for count, _ in errors] == [4, 2, 1]
    assert errors[1][1] not in (None, errors[0][1])
    assert errors[2][1] is None


def test_all_files_are_written(evaluated):
    assert {path.name for path in evaluated.iterdir()} == {
        "evaluation.csv",
        "kinds.csv",
        "records.csv",
        "evaluation.json",
        "curve.png",
        "cases_tiny_seen.png",
        "cases_tiny_unseen.png",
        "cases_tiny,-single-set_seen.png",
        "cases_tiny,-single-set_unseen.png",
        "worst_tiny_seen.png",
        "worst_tiny_unseen.png",
        "worst_tiny,-single-set_seen.png",
        "worst_tiny,-single-set_unseen.png",
    }
    for path in evaluated.glob("*.png"):
        assert np.asarray(Image.open(path).convert("L")).std() > 1


def test_the_json_repeats_the_evaluation(evaluated, weights):
    about = json.loads((evaluated / "evaluation.json").read_text())
    protocol = {"clicks": [1, 3], "seeds": 2, "curve": 4, "user": "clicks", "rounds": 1}
    assert about["protocol"] == {**protocol, "distance_grid_px": 256}
    model, single = about["models"]
    assert model["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert model["base_sha256"] == checkpoint.sha256(weights.with_name("base.safetensors"))
    assert (model["config"]["fusion"]["name"], single["config"]["fusion"]["name"]) == ("joined", "single")
    assert about["datasets"][0]["cases"] == ["seen0", "seen1", "seen2"]
    assert {"samca", "python", "torch", "numpy"} <= set(about["versions"])
    assert len(about["trials"]) == (3 + 2) * 2 * 2


def test_the_stored_clicks_give_the_stored_scores(evaluated, weights):
    about = json.loads((evaluated / "evaluation.json").read_text())
    trial = next(t for t in about["trials"] if t["data"] == "unseen" and t["model"] == "tiny")
    folder = evaluated.parent / "unseen"
    session = Session(checkpoint.load(weights))
    session.set_image(np.asarray(Image.open(folder / "images" / f"{trial['case']}.png")))
    truth = np.asarray(Image.open(folder / "masks" / f"{trial['case']}.png")) > 0
    assert len(trial["clicks"]) == 4
    for (x, y, positive), dice in zip(trial["clicks"], trial["dice"], strict=True):
        mask = session.click(x, y, bool(positive))
        assert 200 * (mask & truth).sum() / (mask.sum() + truth.sum()) == pytest.approx(dice, abs=1e-3)


def test_two_stages_are_evaluated_once_with_clicks_from_the_truth(weights, tmp_path, capsys):
    data, out = make_dataset(tmp_path / "set", 2), tmp_path / "out"
    assert run("--model", weights, "--data", data, "--out", out, "--user", "two_stage") == 0
    table = {
        line.split()[1]: line for line in capsys.readouterr().out.splitlines() if line.startswith("tiny ")
    }
    about = json.loads((out / "evaluation.json").read_text())
    assert about["protocol"]["clicks"] == [1, 2]
    assert about["protocol"]["seeds"] == 1
    given = about["results"][0]["clicks"]["2"]["given"]
    assert f"{given:.1f} in stage 2, mean clicks" in table["on"]
    first, second = about["trials"][0]["clicks"]
    assert len(first) == 1
    assert given == np.mean([len(trial["clicks"][1]) for trial in about["trials"]])
    session, folder = Session(checkpoint.load(weights)), data / "images"
    session.set_image(np.asarray(Image.open(folder / f"{about['trials'][0]['case']}.png")))
    truth = np.asarray(Image.open(data / "masks" / f"{about['trials'][0]['case']}.png")) > 0
    mask = session.predict(Prompts(tuple(Click(x, y, bool(p)) for x, y, p in second))).mask
    assert 100 * metrics.dice(mask, truth) == pytest.approx(about["trials"][0]["dice"][1], abs=1e-3)


def test_both_forms_of_inference_agree_on_the_first_click_and_share_it(evaluated):
    rows = list(csv.DictReader((evaluated / "records.csv").open()))
    ours, single = ([r for r in rows if r["model"] == name] for name in ("tiny", "tiny, single set"))
    assert len(ours) == len(single) == (3 + 2) * 2 * 4
    for one, other in zip(ours, single, strict=True):
        assert one["clicks"] != "1" or {**one, "model": ""} == {**other, "model": ""}
    assert any(a["dice"] != b["dice"] for a, b in zip(ours, single, strict=True))


def test_distances_are_in_mm_where_the_spacing_is_known(evaluated):
    seen, unseen = (
        next(csv.DictReader(io.StringIO(text)))
        for text in _tables_of(evaluated / "evaluation.csv", ("seen", "unseen"))
    )
    assert float(seen["hd95_mm_mean"]) > 0
    assert unseen["hd95_mm_mean"] == ""
    assert float(unseen["hd_drop"]) == pytest.approx(float(seen["hd_mean"]) - float(unseen["hd_mean"]))


def _tables_of(path, names):
    heading, *lines = path.read_text().splitlines()
    return ["\n".join([heading, *(line for line in lines if line.split(",")[1] == name)]) for name in names]


def test_a_folder_with_bad_files_is_refused_with_the_list_of_them(weights, tmp_path, capsys):
    data = make_dataset(tmp_path / "set", 3)
    (data / "masks" / "set0.png").unlink()
    (data / "images" / "set1.png").write_bytes(b"no image")
    assert run("--model", weights, "--data", data, "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert "2 problem" in said
    assert str(data / "images" / "set0.png") in said
    assert str(data / "images" / "set1.png") in said
    assert not (tmp_path / "out").exists()


def test_missing_weights_end_with_a_sentence(tmp_path, capsys):
    data = make_dataset(tmp_path / "set", 1)
    assert run("--model", tmp_path / "no.safetensors", "--data", data, "--out", tmp_path / "out") == 2
    assert "no.safetensors" in capsys.readouterr().err


def test_a_split_is_chosen_by_name(weights, tmp_path, capsys):
    for split, count in (("train", 3), ("val", 2)):
        make_dataset(tmp_path / "set" / split, count)
    (dataset,) = evaluate_command.read_datasets([tmp_path / "set"], "val")
    assert (dataset.name, len(dataset.cases)) == ("set/val", 2)
    (everything,) = evaluate_command.read_datasets([tmp_path / "set"])
    assert len(everything.cases) == 5
    assert "splits train, val" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"no split 'test': expected one of train, val"):
        evaluate_command.read_datasets([tmp_path / "set"], "test")


def test_datasets_of_one_name_get_different_ones_and_a_folder_given_twice_is_refused(tmp_path):
    folders = [make_dataset(tmp_path / parent / "set", 1) for parent in "ab"]
    assert [d.name for d in evaluate_command.read_datasets(folders)] == [str(f) for f in folders]
    with pytest.raises(ValueError, match="given twice"):
        evaluate_command.read_datasets([folders[0], folders[0]])


def test_models_are_named_after_their_files_and_names_must_differ(weights, tmp_path):
    sources = [str(weights), str(weights.with_name("base.safetensors"))]
    loaded = evaluate_command.load_contestants(sources, device="cpu")
    assert [c.name for c in loaded] == ["tiny", "base"]
    (tmp_path / "run_7").mkdir()
    best = shutil.copy(sources[1], tmp_path / "run_7" / "best.safetensors")
    assert [c.name for c in evaluate_command.load_contestants([str(best)], device="cpu")] == ["run_7"]
    with pytest.raises(ValueError, match="expected one each"):
        evaluate_command.load_contestants(sources, ["same", "same"])
