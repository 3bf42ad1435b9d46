"""Settings for training, and an adapter with its base on the way to the effect or to a colleague."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save

from samca.config import TrainConfig, from_json, to_json, with_settings
from samca.methods import FILES, METHODS, configure, presets
from samca.network.model import build, build_base
from samca.training.augment import AUGMENTS
from samca.training.schedules import SCHEDULES
from samca.training.starting_point import starting_model
from samca.typed_json import Value
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance
from SAMCALib.Models.ModelLogic import ModelLogic
from SAMCALib.Texts import Refusal
from SAMCATrainingLib import AdvancedSettings, ResultLogic
from SAMCATrainingLib.DatasetCheck import Counts
from SAMCATrainingLib.Estimation import Estimation, estimateOf, quickSeconds
from SAMCATrainingLib.TrainingLogic import TrainingLogic

TINY = {
    "backbone": {
        "name": "sam_vit_small", "channels": [8, 8, 8], "width": 16,
        "depth": 2, "heads": 2, "out_channels": 32,
    },
    "image_size": 64,
    "adapter": {"name": "shared_weight", "rank": 4},
}  # fmt: skip


@pytest.fixture
def logic(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    return TrainingLogic(tmp_path / "Training", ModelLogic(tmp_path / "Models"))


def make_run(logic, name="Nerve", seed=0):
    """A run folder as training leaves it, with a base of its own."""
    run = logic.folder / "Runs" / name
    run.mkdir(parents=True)
    torch.manual_seed(seed)
    config = with_settings(METHODS["samca"], "model", TINY)
    checkpoint.save_base(build_base(config), run / "base.safetensors", Provenance(name="random weights"))
    model = build(config)
    checkpoint.load_base_into(build_base(config), run / "base.safetensors")
    provenance = Provenance(name=name, data="nerves 12", licence="CC0")
    checkpoint.save_adapter(model, run / "best.safetensors", run / "base.safetensors", provenance)
    settings = {"data": ["nowhere"], "out": str(run), "name": name, "base": "random", "model": TINY}
    (run / "run.json").write_text(json.dumps(settings))
    return run


def same(one, other):
    """Whether two sets of tensors are equal to the bit; a loss before the first round is NaN in both."""
    pairs = [(one[name], other[name]) for name in one]
    return one.keys() == other.keys() and all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


# Settings


def test_every_setting_of_every_preset_makes_a_run(logic):
    for preset in logic.presets():
        values = logic.settings("data", "Nerve", preset=preset.name)
        config = from_json(TrainConfig, values, "run")
        assert {name: getattr(config, name) for name in preset.settings} == preset.settings
        shown = {setting.name: setting.default for setting in logic.advanced()} | preset.settings
        assert logic.settings("data", "Nerve", preset=preset.name, advanced=shown) == values


def test_what_is_offered_is_what_there_is(logic):
    by = {setting.name: setting for setting in logic.advanced()}
    assert set(by["augment"].choices) == set(AUGMENTS)
    assert set(by["schedule"].choices) <= {AdvancedSettings.AUTOMATIC, *SCHEDULES}
    assert [name for name, _ in logic.methods()] == list(METHODS)
    for setting in logic.advanced():
        assert setting.kind != "choice" or setting.default in setting.choices
        assert setting.tip.endswith(".")


def test_a_method_starts_anew_and_the_method_of_the_base_goes_on(logic):
    assert logic.settings("data", "Nerve")["model"] == {}
    other = logic.settings("data", "Nerve", method="med_sa")
    assert other["model"]["method"] == "med_sa"
    changed = logic.settings("data", "Nerve", advanced={"model.adapter.rank": 8, "schedule": "double_click"})
    assert changed["model"] == {"adapter.rank": 8}
    assert changed["schedule"] == {"name": "double_click"}


@pytest.mark.parametrize("base", ["shipped", "random"])
def test_samca_from_the_panel_joins_both_sets_side_by_side_and_clicks_in_the_error(logic, base, tmp_path):
    values = logic.settings("data", "Nerve", base=base)
    assert values["schedule"] == presets.SCHEDULE
    config = from_json(TrainConfig, {**values, "device": "cpu"}, "run")
    if base == "shipped":  # another base has no adapter, and takes the method's form as it is
        model, _ = starting_model(config, tmp_path)
        assert (model.config.fusion, model.config.adapter.options["rank"]) == (METHODS["samca"].fusion, 48)
    else:
        assert configure(values["model"]).fusion == METHODS["samca"].fusion


def test_only_what_has_learned_before_keeps_half_of_it(logic):
    shares = {base: logic.settings("data", "Nerve", base=base)["share"] for base in ("shipped", "random")}
    assert shares == {"shipped": presets.FEW_IMAGES["share"], "random": 1.0}


def test_frames_that_go_together_stay_whole(logic):
    assert logic.settings("data", "Nerve")["windows"] > 0
    assert logic.settings("data", "Nerve", advanced={"model.depth": 2})["windows"] == 0


def test_a_method_with_a_schedule_of_its_own_keeps_it_and_its_settings(logic):
    for name, file in FILES.items():
        values, own = logic.settings("data", "Nerve", method=name), file.TRAINING
        schedule = own.get("schedule", presets.SCHEDULE)
        assert (
            values["schedule"]
            == to_json(from_json(TrainConfig, {**values, "schedule": schedule}, "run"))["schedule"]
        )
        assert {key: values[key] for key in ("epochs", "learning_rate") if key in own} == {
            key: own[key] for key in ("epochs", "learning_rate") if key in own
        }


def test_what_cannot_be_is_refused(logic, tmp_path):
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    for options, match in (
        ({"preset": "slow"}, "no preset slow: expected quick"),
        ({"method": "magic"}, "'magic' is not one of"),
        ({"base": str(tmp_path / "gone.safetensors")}, "no base model at"),
        ({"base": str(tmp_path / "torn.safetensors")}, "damaged"),
        ({"advanced": {"epochs": -1}}, "epochs is -1"),
        ({"advanced": {"model.image_size": 17}}, "image_size is 17"),
        ({"advanced": {"model.image_size": 100}}, "multiple of 16"),
        ({"data": []}, "no data"),
        ({"name": " "}, "name is empty"),
    ):
        with pytest.raises(Refusal, match=match):
            logic.settings(**{"data": "data", "name": "Nerve", **options})


def test_a_name_that_is_taken_gets_a_number(logic):
    make_run(logic, "Nerve")
    assert logic.settings("data", "Nerve")["out"].endswith("Nerve 2")
    assert logic.settings("data", 'a/b:"c"')["out"].endswith("a_b_c_")


# The adapter


def test_the_effect_gets_the_adapter_with_its_base_and_its_new_name(logic):
    run = make_run(logic)
    info = logic.register(run, "Median nerve")
    assert (info.name, info.data, info.licence) == ("Median nerve", "nerves 12", "CC0")
    checkpoint.load(info.source)
    before, after = load_file(run / "best.safetensors"), load_file(info.source)
    assert before.keys() == after.keys()
    assert same(before, after)
    again = logic.register(run, "Median nerve")
    assert again == info, "the same model is there once"


def test_two_models_of_one_name_and_two_bases_of_one_name_stay_apart(logic):
    first, second = make_run(logic, "one", seed=1), make_run(logic, "two", seed=2)
    infos = [logic.register(run, "Nerve") for run in (first, second)]
    assert infos[0].source != infos[1].source
    for run, info in zip((first, second), infos, strict=True):
        mine = checkpoint.load(info.source).state_dict()
        theirs = checkpoint.load(run / "best.safetensors").state_dict()
        assert same(mine, theirs)


def test_a_colleague_gets_the_base_only_where_it_cannot_be_had(logic, tmp_path):
    run = make_run(logic)
    path = logic.export(run, tmp_path / "for_you" / "nerve.safetensors")
    assert sorted(p.name for p in path.parent.iterdir()) == ["base.safetensors", "nerve.safetensors"]
    checkpoint.load(path)


def test_a_base_that_is_lost_is_named(logic):
    run, before = make_run(logic), logic.models.models()
    (run / "base.safetensors").unlink()
    with pytest.raises(Refusal, match=r"base base\.safetensors of this model was not found"):
        logic.register(run)
    assert logic.models.models() == before


def test_weights_that_are_damaged_or_missing_are_refused(logic):
    run = make_run(logic)
    (run / "best.safetensors").write_bytes(save({"x": torch.zeros(3)})[:9])
    with pytest.raises(Refusal, match="damaged"):
        logic.register(run)
    (run / "best.safetensors").unlink()
    with pytest.raises(Refusal, match="no weights yet"):
        logic.register(run)
    assert not logic.models.folder.exists() or not list(logic.models.folder.iterdir())


# Result and estimate


def test_a_result_is_read_from_its_table(logic, tmp_path):
    run = make_run(logic)
    assert logic.result(run) is None
    with pytest.raises(Refusal, match="not evaluated yet"):
        logic.resultTable(run)
    (run / "evaluation").mkdir()
    names = [f"{m}_{part}" for m in ResultLogic.MEASURES for part in ("mean", "std", "drop")]
    heading = ["model", "data", "clicks", "targets", "images", "seeds", "empty", *names]
    figures = "4,3,5,0" + ",81.26,9.04," * 5
    lines = [f"{model},validation,{k},{figures}" for model in ("untouched base", "Nerve") for k in (1, 3)]
    (run / "evaluation" / "evaluation.csv").write_text("\n".join([",".join(heading), *lines]))
    result = logic.result(run)
    assert result.text.startswith("4 structures in 3 validation images, 5 trials each")
    assert result.rows[2].values["hd95"] == (81.26, 9.04)
    for sha256, isOld in ((checkpoint.sha256(run / "best.safetensors"), False), ("0" * 64, True)):
        about = {"models": [{"sha256": "of the base"}, {"sha256": sha256}]}
        (run / "evaluation" / "evaluation.json").write_text(json.dumps(about))
        os.utime(run / "evaluation" / "evaluation.csv", (0, 0))
        assert ("evaluate again" in logic.result(run).text) == isOld
    path = logic.saveCsv(run, tmp_path / "table v1.2")
    assert path.name == "table v1.2.csv"
    assert path.read_bytes() == (run / "evaluation" / "evaluation.csv").read_bytes()
    with pytest.raises(Refusal, match=r"table v1\.2\.csv is there already: name it in full"):
        logic.saveCsv(run, tmp_path / "table v1.2")
    assert logic.saveCsv(run, path) == path


@pytest.mark.parametrize(
    "content", ["", "model,clicks\nNerve,1\n", "model,clicks,targets,images,seeds\n,,,,\n"]
)
def test_a_result_that_is_damaged_is_none(logic, content):
    run = make_run(logic)
    (run / "evaluation").mkdir()
    (run / "evaluation" / "evaluation.csv").write_text(content)
    assert logic.result(run) is None


def test_an_estimate_is_put_in_words():
    found = {"seconds": 700.0, "device": "Toy GPU", "memory": 2e9, "memory_of": 16e9}
    assert estimateOf(Value(found, "it")).text == "About 12 minutes on Toy GPU, 2 GB of 16 GB memory."
    assert estimateOf(Value({**found, "seconds": 7}, "it")).text.startswith("Less than a minute on Toy GPU, ")
    assert "smaller batch" in estimateOf(Value({**found, "memory": 15e9}, "it")).text


def test_a_trial_that_fails_says_why_and_leaves_nothing(logic, tmp_path, application):
    gone = {**logic.settings("data", "Nerve"), "data": [str(tmp_path / "nowhere")]}  # moved since
    trial = Estimation(gone)
    folder = trial._folder
    trial._child.wait(240)
    estimate = trial.poll()
    assert "nowhere does not exist" in estimate.error
    assert not folder.exists()
    assert trial.poll() is None
    cancelled = Estimation(gone)
    cancelled.cancel()
    assert cancelled._child.poll() is not None
    assert cancelled.poll() is None


@pytest.mark.parametrize(("preset", "seconds"), [("quick", 15), ("balanced", 22)])
def test_the_rule_of_thumb_is_within_a_factor_of_two(logic, preset, seconds):
    """Of what these took on two cores, with 10 images to train on and 7 structures to validate."""
    counts = Counts(cases=12, targets=25, groups=12, training=10, validation=2, validated=7)
    settings = logic.settings("anywhere", "Discs", preset=preset)
    assert seconds / 2 < quickSeconds(settings, counts) < seconds * 2
