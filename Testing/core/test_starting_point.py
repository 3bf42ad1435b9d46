"""Where a run starts: which cases it takes, and from which weights it goes on."""

import pytest
import torch

import samca
from samca import checkpoint, train
from samca.run_folder import RunFolder
from samca.starting_point import cases_of, starting_model
from training_runs import config_of, events, run, write_case

pytestmark = pytest.mark.usefixtures("drawn")


def test_training_goes_on_from_an_adapter_file(settings, tmp_path):
    run(settings(epochs=1))
    first = RunFolder(settings()["out"])
    config = config_of(settings(out=str(tmp_path / "second"), base=str(first.best)) | {"model": {}})
    model, base = starting_model(config, tmp_path / "second")
    assert base == first.path / "base.safetensors"
    stored, _ = checkpoint.read(first.best)
    state = model.state_dict()
    assert all(torch.equal(state[name], tensor.to(state[name].dtype)) for name, tensor in stored.items())
    assert "epoch" in events(train.train(config))
    assert samca.load(tmp_path / "second" / "best.safetensors", base).config == model.config


def test_another_adapter_starts_anew_from_the_base_of_the_file(settings, tmp_path):
    run(settings(epochs=1))
    first = RunFolder(settings()["out"])
    config = config_of(settings(base=str(first.best)) | {"model": {"adapter": "bottleneck"}})
    model, base = starting_model(config, tmp_path)
    assert model.config.adapter.name == "bottleneck"
    assert model.config.image_size == 64  # inherited
    expected, _ = checkpoint.read(base)
    assert torch.equal(
        model.state_dict()["mask_decoder.iou_token.weight"].half(), expected["mask_decoder.iou_token.weight"]
    )


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
