"""Where a run starts: which cases it takes, and from which weights it goes on."""

import numpy as np
import pytest
import torch

import samca
from samca.config import TrainConfig, with_settings
from samca.methods import METHODS
from samca.network.model import build_base
from samca.prompts import Click, Prompts
from samca.training import train
from samca.training.run_folder import RunFolder
from samca.training.starting_point import cases_of, starting_model
from samca.weights import checkpoint
from training_runs import config_of, events, run, write_case

pytestmark = pytest.mark.usefixtures("drawn")


def test_training_goes_on_from_an_adapter_file(settings, tmp_path):
    run(settings(epochs=1, keep="last"))
    first = RunFolder(settings()["out"])
    config = config_of(settings(out=str(tmp_path / "second"), base=str(first.best)) | {"model": {}})
    model, base = starting_model(config, tmp_path / "second")
    assert base == first.path / "base.safetensors"
    assert holds(model, checkpoint.read(first.best)[0])
    assert "epoch" in events(train.train(config))
    assert samca.load(tmp_path / "second" / "best.safetensors", base).config == model.config


def test_another_adapter_starts_anew_from_the_base_of_the_file(settings, tmp_path):
    run(settings(epochs=1, keep="last"))
    first = RunFolder(settings()["out"])
    config = config_of(settings(base=str(first.best)) | {"model": {"adapter": "bottleneck"}})
    model, base = starting_model(config, tmp_path)
    assert model.config.adapter.name == "bottleneck"
    assert model.config.image_size == 64  # inherited
    expected, _ = checkpoint.read(base)
    assert torch.equal(
        model.state_dict()["mask_decoder.iou_token.weight"].half(), expected["mask_decoder.iou_token.weight"]
    )


def as_base(settings, path, **model):
    """A base file of the tiny model with these settings, and its model."""
    plain = {"method": "sam", "adapter": "none", "fusion": "single", "tuned": list(METHODS["sam"].tuned)}
    asked = settings(model=plain | model)
    torch.manual_seed(1)
    made = build_base(with_settings(METHODS["sam"], "model", asked["model"]))
    checkpoint.save_base(made, path, checkpoint.Provenance())
    return asked | {"base": str(path)}


def test_a_run_grows_a_deeper_and_refined_model_from_a_smaller_base(settings, tmp_path):
    asked = as_base(settings, tmp_path / "small.safetensors")
    backbone = asked["model"]["backbone"]
    deeper = {"backbone": backbone | {"depth": backbone["depth"] + 2}, "refine": 8}
    with pytest.raises(ValueError, match="is missing"):
        starting_model(config_of(asked | {"model": asked["model"] | deeper}), tmp_path)
    grown = config_of(asked | {"grow": True, "model": asked["model"] | deeper})
    large, small = starting_model(grown, tmp_path)[0], samca.load(tmp_path / "small.safetensors")
    assert (len(large.image_encoder.blocks), large.config.refine) == (backbone["depth"] + 2, 8)
    picture = np.random.default_rng(0).uniform(0, 255, (64, 64, 3)).astype(np.float32)
    answers = [each.predict(each.embed(picture), Prompts((Click(20, 30),)))[0] for each in (large, small)]
    np.testing.assert_allclose(*answers, atol=1e-4)
    records = run(
        {**asked, "grow": True, "model": asked["model"] | deeper, "epochs": 1, "schedule": "iterative"}
    )
    assert events(records)[-1] == "finish"
    assert samca.load(RunFolder(asked["out"]).best).config.refine == 8


def test_a_run_that_makes_no_base_cannot_grow(settings, tmp_path):
    asked = as_base(settings, tmp_path / "small.safetensors")
    with pytest.raises(ValueError, match=r"run.grow adds parts that only a new base can hold"):
        starting_model(config_of(asked | {"grow": True, "model": {"method": "samca", "refine": 8}}), tmp_path)


def test_an_adapter_is_trained_on_a_refined_base_without_saying_so(settings, tmp_path):
    asked = as_base(settings, tmp_path / "refined.safetensors", refine=8)
    model, _ = starting_model(config_of(asked | {"model": {"method": "samca"}}), tmp_path)
    assert model.config.refine == 8
    assert "mask_decoder.refiner.leave.weight" in model.tuned


@pytest.fixture
def sparing(settings):
    """An adapter file that was trained with the last layers of its decoder only, as the shipped one."""
    given = settings(epochs=1, keep="last")
    last = ["mask_decoder.output_upscaling", "mask_decoder.iou_prediction_head"]
    run(given | {"model": given["model"] | {"tuned": last}})
    return RunFolder(given["out"]).best


def holds(model, stored) -> bool:
    state = model.state_dict()
    return all(torch.equal(state[name], tensor.to(state[name].dtype)) for name, tensor in stored.items())


def test_the_whole_decoder_trains_on_though_the_file_was_sparing(settings, sparing, tmp_path):
    config = config_of(settings(base=str(sparing)) | {"model": {}})
    model, _ = starting_model(config, tmp_path)
    stored, _ = checkpoint.read(sparing)
    assert "mask_decoder.iou_token.weight" in set(model.tuned) - set(stored)
    assert holds(model, stored)


def test_training_on_from_the_shipped_model_takes_its_adapter_and_the_whole_decoder(tmp_path):
    model, _ = starting_model(TrainConfig(data=("images",), out=str(tmp_path)), tmp_path)
    assert {name for name in model.state_dict() if name.startswith("mask_decoder.")} <= set(model.tuned)
    assert holds(model, samca.load("shipped").state_dict())


def test_what_samca_trained_with_one_set_goes_on_with_both_side_by_side(settings, tmp_path):
    given = settings(epochs=1, keep="last")
    run(given | {"model": given["model"] | {"fusion": {"name": "single"}}})
    best = RunFolder(given["out"]).best
    model, _ = starting_model(config_of(settings(base=str(best)) | {"model": {}}), tmp_path)
    assert model.config.fusion == METHODS["samca"].fusion
    assert model.fusion.dynamic
    assert holds(model, checkpoint.read(best)[0])


@pytest.mark.parametrize("fusion", ["sum", "dynamic", {"name": "joined", "normalized": True}])
def test_a_model_that_joins_sets_in_another_way_goes_on_with_that(settings, fusion, tmp_path):
    given = settings(epochs=1, keep="last")
    run(given | {"model": given["model"] | {"fusion": fusion}})
    best = RunFolder(given["out"]).best
    model, _ = starting_model(config_of(settings(base=str(best)) | {"model": {}}), tmp_path)
    assert model.config.fusion == samca.load(best).config.fusion
    beside = {"model": settings()["model"]}
    assert not holds(starting_model(config_of(settings(base=str(best)) | beside), tmp_path)[0], tuned(best))


def tuned(path):
    """What a file has trained, without the weights of its fusion, which every run sets anew."""
    return {name: t for name, t in checkpoint.read(path)[0].items() if not name.startswith("fusion.")}


@pytest.mark.parametrize("tuned", [["mask_decoder", "prompt_encoder"], ["image_encoder.neck"]])
def test_what_a_file_has_trained_beyond_its_method_is_trained_on(settings, tuned, tmp_path):
    given = settings(epochs=1, keep="last")
    run(given | {"model": given["model"] | {"tuned": tuned}})
    best = RunFolder(given["out"]).best
    model, _ = starting_model(config_of(settings(base=str(best)) | {"model": {}}), tmp_path)
    stored, _ = checkpoint.read(best)
    assert set(model.tuned) >= set(stored)
    assert holds(model, stored)


def test_training_goes_on_without_the_predictor_of_the_file(settings, tmp_path):
    given = settings(epochs=1, keep="last")
    predictor = {"name": "single_block", "classes": ["disc"]}
    run(given | {"model": given["model"] | {"predictor": predictor}})
    best = RunFolder(given["out"]).best
    model, _ = starting_model(config_of(settings(base=str(best))), tmp_path)
    stored, _ = checkpoint.read(best)
    kept = {name: tensor for name, tensor in stored.items() if name in model.tuned}
    assert model.predictor is None
    assert set(kept) == set(model.tuned)
    assert holds(model, kept)


def test_with_other_classes_the_rest_of_a_predictor_goes_on(settings, tmp_path):
    given = settings(epochs=1, keep="last")
    models = [
        given["model"] | {"predictor": {"name": "single_block", "classes": classes}}
        for classes in (["disc"], ["disc", "nerve"])
    ]
    run(given | {"model": models[0]})
    best = RunFolder(given["out"]).best
    model, _ = starting_model(config_of(settings(base=str(best)) | {"model": models[1]}), tmp_path)
    stored, state = checkpoint.read(best)[0], model.state_dict()
    anew = {name for name, tensor in stored.items() if tensor.shape != state[name].shape}
    assert anew
    assert all("predictor" in name for name in anew)
    assert holds(model, {name: tensor for name, tensor in stored.items() if name not in anew})


def test_a_predictor_is_added_to_a_sparing_adapter(settings, sparing, tmp_path):
    with_predictor = settings()["model"] | {"predictor": {"name": "single_block", "classes": ["disc"]}}
    model, _ = starting_model(config_of(settings(base=str(sparing)) | {"model": with_predictor}), tmp_path)
    assert model.predictor is not None
    assert holds(model, checkpoint.read(sparing)[0])


def test_what_a_run_would_not_save_again_starts_anew_from_the_base(settings, sparing, tmp_path):
    frozen = settings()["model"] | {"tuned": []}
    model, base = starting_model(config_of(settings(base=str(sparing)) | {"model": frozen}), tmp_path)
    assert not holds(model, checkpoint.read(sparing)[0])
    assert holds(model, checkpoint.read(base)[0])


def test_cases_of_the_test_split_are_never_trained_on(settings, tmp_path):
    for number, split in enumerate(["train"] * 3 + ["val"] * 2 + ["test"] * 4):
        write_case(tmp_path / "split" / split, f"case{number}", number)
    training, validation, _ = cases_of(config_of(settings(data=[str(tmp_path / "split")])))
    assert [len(training), len(validation)] == [3, 2]
    assert {case.split for case in training} == {"train"}
    assert {case.split for case in validation} == {"val"}


def test_images_without_truth_are_left_out_and_counted(settings, discs, normal):
    training, _, left_out = cases_of(config_of(settings(data=[str(discs), normal])))
    assert left_out == 1
    assert "normal" not in {case.id for case in training}


def test_images_without_a_structure_are_beside_the_frames_that_are_drawn(settings, normal):
    training, validation, _ = cases_of(config_of(settings(empty=[normal], frames=2)))
    assert [case.has_truth for case in training] == [True, True, False]
    assert all(case.has_truth for case in validation)


def test_empty_images_with_a_mask_are_refused(settings, discs):
    with pytest.raises(ValueError, match=r"has a mask; expected folders with images/ alone"):
        cases_of(config_of(settings(empty=[str(discs)])))


def test_a_schedule_by_class_takes_empty_images_from_the_data(settings, normal):
    with pytest.raises(ValueError, match=r"name these folders in run.data"):
        cases_of(config_of(settings(empty=[normal], schedule={"name": "prompt_sampling"})))
