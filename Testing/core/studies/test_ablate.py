"""The rows of SAMCA's ablations, and one table trained, evaluated and repeated on a tiny base."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from samca.__main__ import main
from samca.config import Part, TrainConfig, to_json
from samca.evaluation.contestants import Contestant
from samca.methods import configure
from samca.network.model import build
from samca.studies.ablate import ABLATIONS, ablate, load_variants, settings_of
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance

ROWS = [(table, variant) for table, variants in ABLATIONS.items() for variant in variants]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:40, :40]
    for kind in ("images", "masks"):
        (folder / kind).mkdir()
    for n in range(8):
        disc = (rows - 15 - n) ** 2 + (columns - 20) ** 2 < 64
        image = np.where(disc, 20, 150) + rng.integers(0, 60, disc.shape)
        Image.fromarray(image.astype(np.uint8)).save(folder / "images" / f"{n}.png")
        Image.fromarray((disc * 255).astype(np.uint8)).save(folder / "masks" / f"{n}.png")
    return folder


def common(base, data, out, **settings) -> TrainConfig:
    fast = {"epochs": 1, "augment": "none", "precision": "float32", "device": "cpu", "validation_share": 0.3}
    return TrainConfig(**{"data": (str(data),), "out": str(out), "base": str(base), **fast, **settings})


@pytest.mark.parametrize(("table", "variant"), ROWS, ids=[f"{t}-{v.name}" for t, v in ROWS])
def test_every_row_is_a_model_that_can_be_built(table, variant, tiny_config, base, data, tmp_path):
    if variant.schedule is None:
        assert (table, variant.name) == ("components", "SAM")
        return
    settings = settings_of(variant, common(base, data, tmp_path)).model
    inherited = {"backbone": to_json(tiny_config)["backbone"], "image_size": 64}
    model = build(configure({**inherited, **settings}))
    assert model.tuned


def test_the_rows_are_those_of_the_paper():
    def settings(table):
        return {v.name: (v.model.get("adapter"), v.model.get("fusion"), v.schedule) for v in ABLATIONS[table]}

    assert list(settings("adapters")) == ["SAM-Med2D", "MSA", "share", "SAMCA", "full fine-tuning"]
    assert settings("fusion") == {
        "E2": (None, "single", "double_click"),
        "E1+E2": (None, {"name": "joined", "join": "sum"}, "double_click"),
        "dynamic sum": (None, {"name": "joined", "join": "sum", "weights": "dynamic"}, "double_click"),
        "beside": (None, "joined", "double_click"),
        "dynamic": (None, {"name": "joined", "weights": "dynamic"}, "double_click"),
    }
    assert settings("adapters")["SAM-Med2D"][1:] == ("single", "iterative")
    components = settings("components")
    assert components["SAM"] == (None, None, None)
    assert components["A1"][0]["positions"] == "attention"
    assert components["A2"][0]["positions"] == "mlp"
    assert all(components[name][1:] == ("single", "iterative") for name in ("A1", "A2", "A1+A2"))
    assert components["A1+A2+DCT"] == (None, None, "double_click")


def test_cc_sam_is_trained_as_itself_whatever_its_branch(base, data, tmp_path):
    runs = [settings_of(v, common(base, data, tmp_path)) for v in ABLATIONS["cc_sam"]]
    models = [configure(run.model) for run in runs]
    assert [m.branch.name for m in models] == ["samus", "none", "resnet", "resnet"]
    assert [m.branch.options.get("fusion") for m in models] == [None, None, "sum", None]
    assert {(m.method, m.adapter.name, m.tuned) for m in models} == {("cc_sam", "samus", ())}
    assert all(run.schedule.options == {"iterations": 1, "box_share": 0.5} for run in runs)
    assert all((run.loss.dice, run.loss.bce, run.loss.iou) == (1.0, 1.0, 0.0) for run in runs)


def test_runs_differ_in_folder_model_and_schedule_alone(base, data, tmp_path):
    shared = common(base, data, tmp_path, learning_rate=0.003, model={"adapter.rank": 2})
    runs = [settings_of(v, shared) for v in ABLATIONS["components"] if v.schedule]
    assert len({r.out for r in runs}) == len(runs)
    assert {(r.learning_rate, r.base, r.seed, r.epochs) for r in runs} == {(0.003, str(base), 0, 1)}


def test_an_adapter_given_as_base_gives_no_variant_a_head_start(base, data, tmp_path, tiny_config):
    adapter = base.with_name("adapter.safetensors")
    checkpoint.save_adapter(build(tiny_config), adapter, base, Provenance())
    run = settings_of(ABLATIONS["adapters"][3], common(adapter, data, tmp_path))
    assert run.base == str(base)


def test_full_fine_tuning_trains_every_part_of_the_base(base, data, tmp_path, monkeypatch):
    monkeypatch.setitem(ABLATIONS, "adapters", ABLATIONS["adapters"][-1:])
    schedule = Part("double_click", {"iterations": 1})
    shared = common(base, data, tmp_path, schedule=schedule, keep="last")
    list(ablate("adapters", shared))
    (row,) = load_variants("adapters", shared)
    before, after = checkpoint.load(base).state_dict(), row.model.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"image_encoder", "prompt_encoder", "mask_decoder"}
    assert not any("adapter" in name for name in after)


def test_the_untrained_row_is_the_base_with_one_set_of_clicks(base, data, tmp_path, monkeypatch):
    monkeypatch.setitem(ABLATIONS, "components", ABLATIONS["components"][:1])
    (row,) = load_variants("components", common(base, data, tmp_path))
    assert isinstance(row, Contestant)
    assert not row.model.fusion.splits
    for name, tensor in checkpoint.read(base)[0].items():
        assert torch.equal(row.model.state_dict()[name].half(), tensor)


def test_a_wrong_name_lists_the_right_ones(base, data, tmp_path):
    with pytest.raises(ValueError, match="'table3' is not one of adapters"):
        next(ablate("table3", common(base, data, tmp_path)))


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "cannot be read as JSON"), ("[]", "holds list"), ('{"epoch": 2}', "run.epoch is unknown")],
)
def test_bad_settings_end_with_a_sentence(text, message, base, data, tmp_path, capsys):
    (tmp_path / "settings.json").write_text(text)
    words = [
        "--data",
        data,
        "--base",
        base,
        "--out",
        tmp_path / "out",
        "--settings",
        tmp_path / "settings.json",
    ]
    assert main(["ablate", "fusion", *map(str, words)]) == 2
    assert message in capsys.readouterr().err


def test_a_table_is_trained_once_and_written(base, data, tmp_path, capsys, monkeypatch):
    of = {variant.name: variant for variant in ABLATIONS["fusion"]}
    monkeypatch.setitem(ABLATIONS, "fusion", (of["E2"], of["dynamic"]))
    settings = tmp_path / "settings.json"
    fast = {"augment": "none", "precision": "float32", "device": "cpu", "validation_share": 0.3}
    settings.write_text(json.dumps({**fast, "schedule": {"name": "double_click", "iterations": 2}}))
    out = tmp_path / "out"
    words = ["ablate", "fusion", "--data", data, "--base", base, "--out", out, "--settings", settings]
    words = [str(word) for word in [*words, "--epochs", 1, "--seeds", 1, "--json"]]
    assert main(words) == 0
    first = capsys.readouterr().out.splitlines()
    assert main(words) == 0
    second = capsys.readouterr().out.splitlines()
    assert trained(first) == ["E2", "dynamic"]
    assert trained(second) == []
    assert json.loads(first[-1]) == json.loads(second[-1])
    assert [row["model"] for row in json.loads(first[-1])["rows"]] == ["E2", "dynamic", "dynamic, sum"]
    table = (out / "table.md").read_text().splitlines()
    rows = ["| E2", "| dynamic", "| dynamic, sum"]
    assert [line.split(" | ")[0] for line in table[2:]] == [row for row in rows for _ in (1, 3, 5)]
    against = (out / "against.md").read_text().splitlines()[2:]
    assert [line.split(" | ")[0] for line in against] == [row for row in rows[1:] for _ in (1, 3, 5)]
    rows = list(csv.DictReader((out / "evaluation.csv").open()))
    assert [row["clicks"] for row in rows if row["model"] == "dynamic"] == ["1", "3", "5"]


def trained(lines) -> list[str]:
    records = [json.loads(line) for line in lines if line.startswith('{"variant"')]
    assert records
    return [record["variant"] for record in records if record["event"] == "epoch"]


def test_the_rows_of_medical_sam_adapter_differ_as_in_its_tables(tiny_config):
    def models(table):
        inherited = {"backbone": to_json(tiny_config)["backbone"], "image_size": 64}
        return {v.name: configure({**inherited, **v.model}) for v in ABLATIONS[f"med_sa_{table}"]}

    assert [m.decoder_adapter.options["prompt"] for m in models("prompts").values()] == [
        "none", "add", "concat", "hyper",
    ]  # fmt: skip
    assert {name: m.depth for name, m in models("parts").items()} == {
        "base": 1, "SD-Trans": 4, "SD-Trans, add": 4, "SD-Trans, concat": 4, "SD-Trans, HyP": 4,
    }  # fmt: skip
    assert [m.adapter.options["sites"] for m in models("positions").values()] == ["attention", "mlp", "both"]
    sizes = models("sizes")
    assert sizes["rank 16"].adapter.options["rank"] == sizes["rank 16"].decoder_adapter.options["rank"] == 16
    assert sizes["first half of the layers"].adapter.options["layers"] == "first"
    assert sizes["scale 0.2"].adapter.options["scale"] == 0.2
    assert {name: m.depth for name, m in models("depth").items()} == {
        "single frames": 1, "add": 4, "concat": 4, "cross-attention": 4,
    }  # fmt: skip


def test_repeats_are_trained_from_seeds_of_their_own_and_their_spread_is_told(
    base, data, tmp_path, capsys, monkeypatch
):
    monkeypatch.setitem(ABLATIONS, "med_sa_points", ABLATIONS["med_sa_points"][1:])
    settings = tmp_path / "settings.json"
    fast = {"augment": "none", "precision": "float32", "device": "cpu", "validation_share": 0.3}
    small = {"adapter.rank": 2, "decoder_adapter.rank": 2}
    settings.write_text(
        json.dumps({**fast, "model": small, "schedule": {"name": "iterative", "iterations": 1}})
    )
    out = tmp_path / "out"
    words = ["ablate", "med_sa_points", "--data", data, "--base", base, "--out", out, "--settings", settings]
    assert main([str(w) for w in [*words, "--epochs", 1, "--seeds", 1, "--repeats", 2]]) == 0
    assert trained(capsys.readouterr().out.splitlines()) == ["HyP #1", "HyP #2"]
    runs = [json.loads((out / f"HyP #{n}" / "run.json").read_text()) for n in (1, 2)]
    assert [run["seed"] for run in runs] == [0, 1]
    rows = [line.split(" | ") for line in (out / "repeats.md").read_text().splitlines()[2:]]
    assert [row[:3] for row in rows] == [["| HyP", str(n), "2"] for n in (1, 2, 3)]
    evaluated = list(csv.DictReader((out / "evaluation.csv").open()))
    dice = [float(row["dice_mean"]) for row in evaluated if row["clicks"] == "2"]
    assert len(dice) == 2
    assert rows[1][3] == f"{np.mean(dice):.2f}±{np.std(dice):.2f} |"
    assert [path.name for path in out.glob("cases_*")] == ["cases_HyP-#1_validation.png"]
