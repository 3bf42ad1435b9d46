"""Training runs: what they record, leave, refuse, and how they go on after whatever ended them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import samca
from samca import checkpoint, learner, train
from samca.config import TrainConfig, from_json, to_json
from samca.learner import Learner, Moment
from samca.losses import HybridLoss
from samca.model import Model
from samca.run_folder import RunFolder
from samca.samples import Samples
from samca.starting_point import cases_of, starting_model, write_weights

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data"
TWO_CLICKS = {"name": "double_click", "iterations": 2}


def write_case(folder, name, seed):
    """A noisy 64 x 64 image with a bright disc, and its mask."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:64, :64]
    disc = np.hypot(rows - rng.integers(20, 44), columns - rng.integers(20, 44)) < rng.integers(8, 14)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    Image.fromarray((rng.integers(0, 90, (64, 64)) + 100 * disc).astype(np.uint8)).save(
        folder / "images" / f"{name}.png"
    )
    Image.fromarray((disc * 255).astype(np.uint8)).save(folder / "masks" / f"{name}.png")


@pytest.fixture(autouse=True)
def drawn(monkeypatch):
    """Curves cost more than these trainings; instead of drawing, collect the numbers of the epochs."""
    found = []
    monkeypatch.setattr(train, "write_curves", lambda _, epochs: found.append([e["epoch"] for e in epochs]))
    return found


@pytest.fixture(scope="module")
def discs(tmp_path_factory):
    """A dataset folder of eight discs."""
    folder = tmp_path_factory.mktemp("data") / "discs"
    for number in range(8):
        write_case(folder, f"disc{number}", number)
    return folder


@pytest.fixture
def settings(discs, tiny_config, tmp_path):
    """Settings of a run of seconds, two epochs of two steps; a changed model is the tiny one, changed."""

    def make(**changes):
        run = {
            "data": [str(discs)], "out": str(tmp_path / "run"), "base": "random", "epochs": 2,
            "validation_share": 0.25, "schedule": TWO_CLICKS, "learning_rate": 1e-3, "augment": "none",
            "validation_clicks": [1, 3], "precision": "float32", "threads": 1, "batch": 3,
        }  # fmt: skip
        return run | changes | {"model": to_json(tiny_config) | changes.get("model", {})}

    return make


def config_of(settings) -> TrainConfig:
    return from_json(TrainConfig, settings, "run")


def without_steps(records):
    """The records but those that come once a second, whose number depends on the machine."""
    return [record for record in records if record["event"] != "step"]


def run(settings):
    """The records of a run, without its steps."""
    return without_steps(train.train(config_of(settings)))


def events(records):
    return [record["event"] for record in without_steps(records)]


def learned(settings) -> dict[str, torch.Tensor]:
    """The trained tensors in the resume point."""
    return RunFolder(settings["out"]).load_state()["tuned"]


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def learner_of(settings, tmp_path) -> tuple[Learner, Path]:
    config = config_of(settings)
    torch.manual_seed(config.seed)
    model, base = starting_model(config, tmp_path)
    samples = Samples(cases_of(config)[0], model.config.image_size, model.config.fit, config.augment)
    return Learner(model, samples, config, torch.device("cpu")), base


# What a run records and leaves


def test_a_run_records_start_epochs_and_finish_and_logs_them(settings):
    records = run(settings())
    assert events(records) == ["start", "epoch", "epoch", "finish"]
    start, first, second, finish = records
    assert (start["training"], start["validation"], start["left_out"]) == (6, 2, 0)
    assert start["trainable"] == sum(t.numel() for n, t in learned(settings()).items() if "fusion" not in n)
    assert [first["epoch"], second["epoch"], second["of"]] == [1, 2, 2]
    assert first["loss"] == pytest.approx(first["initial"] + first["guided"])
    assert set(first["dice"]) == {"1", "3"}
    best = max(np.mean(list(epoch["dice"].values())) for epoch in (first, second))
    assert finish["best"] == pytest.approx(best, abs=0.01)
    assert without_steps(RunFolder(settings()["out"]).records()) == records


def test_steps_are_recorded_as_often_as_asked(settings, monkeypatch):
    monkeypatch.setattr(train, "REPORT_EVERY_SECONDS", -1)
    steps = [record for record in train.train(config_of(settings())) if record["event"] == "step"]
    assert [(s["epoch"], s["step"], s["of"]) for s in steps] == [(1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 2, 2)]


def test_a_run_leaves_its_settings_weights_table_and_curves(settings, drawn):
    records = run(settings())
    folder = RunFolder(settings()["out"])
    stored = json.loads(folder.settings.read_text())
    assert stored["learning_rate"] == 1e-3
    assert config_of(stored).model["adapter"]["rank"] == 4
    heading, *rows = (line.split(",") for line in folder.evaluation.read_text().splitlines())
    table = [dict(zip(heading, row, strict=True)) for row in rows]
    assert [row["clicks"] for row in table] == ["1", "3"]
    best = max((r for r in records if r["event"] == "epoch"), key=lambda r: np.mean(list(r["dice"].values())))
    for row in table:  # the weights on disk are in half precision
        assert float(row["dice_mean"]) == pytest.approx(best["dice"][row["clicks"]], abs=1)
    assert drawn == [[1], [1, 2]]
    assert not list(folder.path.glob("*.tmp")) + list(folder.path.glob(".*"))


def test_training_lowers_the_loss(settings):
    epochs = [r for r in run(settings(epochs=8, learning_rate=5e-3)) if r["event"] == "epoch"]
    assert epochs[-1]["loss"] < 0.8 * epochs[0]["loss"]


def test_the_same_settings_give_the_same_weights_and_another_seed_others(settings, tmp_path):
    outs = [settings(out=str(tmp_path / name), epochs=1, augment="samus") for name in ("a", "b", "c")]
    outs[2]["seed"] = 1
    for each in outs:
        run(each)
    one, again, other = map(learned, outs)
    assert same(one, again)
    assert not same(one, other)


def test_training_sets_no_seed_for_the_program(settings):
    torch.manual_seed(5)
    run(settings(epochs=1))
    assert torch.initial_seed() == 5


def test_the_weights_on_disk_predict_as_the_model_in_memory(settings, tmp_path):
    trained, base = learner_of(settings(learning_rate=1e-2), tmp_path)
    for step in range(3):
        trained.step(np.arange(3), Moment(0, step, 0.0))
    write_weights(trained.model, tmp_path / "adapter.safetensors", base, checkpoint.Provenance())
    sessions = [
        samca.Session(model)
        for model in (trained.model.eval(), samca.load(tmp_path / "adapter.safetensors"), samca.load(base))
    ]
    pixels = trained.samples.cases[0].pixels()
    for session in sessions:
        session.set_image(pixels)
        session.click(30, 30)
        session.click(2, 2, positive=False)
    in_memory, from_disk, untrained = (session.logits for session in sessions)
    difference = np.abs(from_disk - in_memory).max()
    assert difference < 0.02 * np.abs(untrained - in_memory).max()


def test_an_adapter_and_its_random_base_stay_together(settings):
    run(settings(epochs=1))
    folder = RunFolder(settings()["out"])
    assert checkpoint.describe_file(folder.path / "base.safetensors")[2] == "base"
    config, provenance, kind = checkpoint.describe_file(folder.best)
    assert kind == "adapter"
    assert config.image_size == 64
    assert provenance.data == "discs 6"
    assert set(provenance.figures["validation_dice"]) == {"1", "3"}
    assert samca.load(folder.best).tuned == list(learned(settings()))


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


# One step


def test_frozen_parts_get_no_gradients_and_never_change(settings, tmp_path):
    trained, _ = learner_of(settings(), tmp_path)
    before = {name: tensor.clone() for name, tensor in trained.model.state_dict().items()}
    for step in range(3):
        trained.step(np.arange(3), Moment(0, step, 0.0))
    after, tuned = trained.model.state_dict(), set(trained.model.tuned)
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed
    assert changed <= tuned
    with_gradients = {n for n, p in trained.model.named_parameters() if p.grad is not None}
    assert with_gradients <= tuned
    assert any("mask_decoder" in name for name in with_gradients)
    assert any("shared_adapter" in name for name in with_gradients)
    assert not any(name.startswith("prompt_encoder") for name in after if name in tuned)


def test_features_of_a_frozen_encoder_are_computed_once(settings, monkeypatch):
    encoded, encode = [], Model.encode

    def counted(model, images):
        if model.training:
            encoded.append(len(images))
        return encode(model, images)

    monkeypatch.setattr(Model, "encode", counted)
    run(settings(epochs=3, model={"adapter": "none"}))
    assert sum(encoded) == 6  # the training images


def test_features_are_computed_each_time_where_the_encoder_learns_or_images_change(settings, tmp_path):
    frozen = {"adapter": "none"}
    kept = [
        learner_of(settings(**changes), tmp_path)[0].features
        for changes in ({}, {"model": frozen, "augment": "samus"}, {"model": frozen})
    ]
    assert [features is not None for features in kept] == [False, False, True]


def test_kept_features_train_as_computed_ones(settings, tmp_path):
    trained, _ = learner_of(settings(model={"adapter": "none"}), tmp_path)
    kept = trained._gradients(np.arange(3), Moment(0, 0, 0.0))
    trained.features = None
    assert trained._gradients(np.arange(3), Moment(0, 0, 0.0)) == pytest.approx(kept, rel=1e-3)


def test_pieces_of_a_batch_give_the_gradients_of_the_whole(settings, tmp_path):
    trained, _ = learner_of(settings(augment="samus", loss={"iou_head": 0.1}), tmp_path)
    gradients, losses = [], []
    for parts in (1, 2, 5):
        trained.parts = parts
        losses.append(trained._gradients(np.arange(5), Moment(0, 0, 0.0)))
        gradients.append([p.grad for p in trained.tuned if p.grad is not None])
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert losses[2] == pytest.approx(losses[0], rel=1e-5)
    for pieces in gradients[1:]:
        torch.testing.assert_close(pieces, gradients[0], rtol=1e-3, atol=1e-6)


def test_random_numbers_of_epochs_steps_and_images_differ():
    places = [(0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
    drawn = {int(learner.generator_of(7, *place).integers(1 << 62)) for place in places}
    assert len(drawn) == len(places)


# Dynamic fusion


def test_fusion_weights_follow_the_guided_loss_of_the_epochs_and_are_stored(settings):
    model = {"fusion": {"name": "dynamic", "zeta": 30.0}}
    epochs = [r for r in run(settings(epochs=3, model=model, learning_rate=5e-3)) if r["event"] == "epoch"]
    state = learned(settings())
    fall = epochs[1]["guided"] - epochs[2]["guided"]
    towards = 1 / (1 + np.exp(-30.0 * fall))
    assert abs(fall) > 1e-4
    expected = [0.75 + 0.5 * (1 - towards), 0.75 + 0.5 * towards]
    assert state["fusion.trained_weights"].tolist() == pytest.approx(expected, abs=1e-5)
    assert float(state["fusion.trained_weights"].sum()) == pytest.approx(2)
    stored, _ = checkpoint.read(RunFolder(settings()["out"]).best)
    assert stored["fusion.trained_weights"].shape == (2,)


# Ends before the end


def test_a_stop_file_ends_the_run_and_it_goes_on_to_the_same_weights(settings, tmp_path):
    whole, halved = settings(out=str(tmp_path / "whole")), settings(out=str(tmp_path / "halved"))
    run(whole)
    RunFolder(halved["out"]).stop.touch()
    assert events(run(halved)) == ["start", "stopped"]
    assert not RunFolder(halved["out"]).stop.exists()
    assert events(run(halved)) == ["resume", "epoch", "epoch", "finish"]
    assert same(learned(whole), learned(halved))


def test_a_finished_run_takes_no_more_steps(settings):
    run(settings())
    before = learned(settings())
    assert events(run(settings())) == ["resume", "finish"]
    assert same(before, learned(settings()))


@pytest.mark.parametrize(
    ("name", "value"), [("seed", 3), ("learning_rate", 0.1), ("model", {"feedback": True})]
)
def test_a_run_of_other_settings_is_refused(settings, name, value):
    next(iter(train.train(config_of(settings()))))
    with pytest.raises(ValueError, match=f"another {name} "):
        run(settings(**{name: value}))


KILLED = {"augment": "samus", "average": 0.9, "learning_rate_curve": "one_cycle", "epochs": 3, "batch": 2}


def child(path, *before):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "SAMCAUltrasound"), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, *before, "-m", "samca", "train", str(path)]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_run_killed_at_several_moments_ends_with_the_weights_of_one_that_was_not(settings, tmp_path):
    whole, killed = (settings(out=str(tmp_path / name), **KILLED) for name in ("whole", "killed"))
    run(whole)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(killed))
    for event, delay in (("start", 0.1), ("epoch", 0.05)):
        process = child(path)
        while json.loads(process.stdout.readline())["event"] != event:
            pass
        time.sleep(delay)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    last = events(run(killed))
    assert (last[0], last[-1]) == ("resume", "finish")
    folders = RunFolder(whole["out"]), RunFolder(killed["out"])
    assert same(*(folder.load_state()["tuned"] for folder in folders))
    assert same(*(checkpoint.read(folder.best)[0] for folder in folders))
    first, second = (folder.epochs() for folder in folders)
    assert [r["loss"] for r in first] == [r["loss"] for r in second]
    assert [r["dice"] for r in first] == [r["dice"] for r in second]


def test_a_kill_in_the_middle_of_an_epoch_changes_nothing(settings, tmp_path, monkeypatch):
    whole, killed = (settings(out=str(tmp_path / name), **KILLED) for name in ("whole", "killed"))
    run(whole)
    monkeypatch.setattr(train, "SAVE_EVERY_SECONDS", -1)
    monkeypatch.setattr(train, "REPORT_EVERY_SECONDS", -1)
    for count in (3, 2, 3):  # records until the run is dropped, always between two steps
        records = train.train(config_of(killed))
        for _ in range(count):
            last = next(records)
        records.close()
    assert last["event"] == "step"
    assert RunFolder(killed["out"]).load_state()["next_step"] > 0
    assert events(run(killed))[-1] == "finish"
    assert same(learned(whole), learned(killed))


def test_two_processes_learn_what_one_does(settings, tmp_path):
    alone, together = (settings(out=str(tmp_path / name), batch=2, epochs=1) for name in ("one", "two"))
    (one,) = (r for r in run(alone) if r["event"] == "epoch")
    path = tmp_path / "run.json"
    path.write_text(json.dumps(together))
    process = child(path, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    records = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert events(records) == ["start", "epoch", "finish"]
    assert records[-2]["loss"] == pytest.approx(one["loss"], rel=1e-5)
    assert RunFolder(together["out"]).curves.exists()
    config = config_of(alone)
    torch.manual_seed(config.seed)
    start = starting_model(config, Path(alone["out"]))[0].state_dict()
    first, second = learned(alone), learned(together)
    weights = [name for name in first if first[name].dtype == torch.float32 and "fusion" not in name]
    moved = torch.cat([(first[n] - start[n]).flatten() for n in weights])
    apart = torch.cat([(first[n] - second[n]).flatten() for n in weights])
    assert apart.norm() < 0.02 * moved.norm()


def test_a_batch_that_processes_cannot_share_is_refused(settings, monkeypatch):
    monkeypatch.setattr(train.processes, "count", lambda: 2)
    with pytest.raises(ValueError, match=r"run\.batch is 3: expected a multiple of the 2 processes"):
        run(settings())


# Memory, numbers, disk


def with_room_for(images, monkeypatch):
    forward = Learner._forward

    def limited(self, indices, positions, moment):
        if len(positions) > images:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, indices, positions, moment)

    monkeypatch.setattr(Learner, "_forward", limited)


def test_out_of_memory_halves_the_batch_says_so_and_learns_the_same(settings, tmp_path, monkeypatch):
    roomy, tight = (settings(out=str(tmp_path / name), batch=6, epochs=1) for name in ("roomy", "tight"))
    (expected,) = (r for r in run(roomy) if r["event"] == "epoch")
    with_room_for(2, monkeypatch)
    records = run(tight)
    assert events(records) == ["start", "out_of_memory", "out_of_memory", "epoch", "finish"]
    assert [r["batch"] for r in records if r["event"] == "out_of_memory"] == [3, 2]
    assert "2 images at a time" in records[2]["says"]
    assert records[3]["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    state = RunFolder(tight["out"]).load_state()
    assert state["parts"] == 4
    names = [name for name in learned(roomy) if "fusion" not in name]
    first, second = (torch.cat([learned(each)[n].flatten() for n in names]) for each in (roomy, tight))
    assert (first - second).abs().mean() < 2e-5  # one step of Adam moves a weight by 1e-3


def test_no_room_for_one_image_ends_the_run_with_a_sentence(settings, monkeypatch):
    with_room_for(0, monkeypatch)
    with pytest.raises(RuntimeError, match="out of memory with one image at a time on CPU: choose a smaller"):
        run(settings())
    assert RunFolder(settings()["out"]).load_state()["next_step"] == 0


def test_other_errors_are_not_taken_for_memory(settings, monkeypatch):
    def broken(*_):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(Learner, "_forward", broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        run(settings())


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_it_whole(settings, tmp_path, monkeypatch):
    good, bad = (settings(out=str(tmp_path / name)) for name in ("good", "bad"))
    run(good)
    plain, calls = HybridLoss.__call__, []

    def spoiled(self, *arguments):
        calls.append(1)
        return plain(self, *arguments) * (float("nan") if len(calls) > 10 else 1)

    with monkeypatch.context() as patch:
        patch.setattr(HybridLoss, "__call__", spoiled)
        with pytest.raises(RuntimeError, match=r"loss nan.* in epoch 2, step 1: .*learning_rate") as caught:
            run(bad)
    assert "\n" not in str(caught.value)
    folder = RunFolder(bad["out"])
    assert folder.records()[-1]["event"] == "failed"
    assert folder.records()[-1]["says"] == str(caught.value)
    assert all(tensor.isfinite().all() for n, tensor in learned(bad).items() if "last_loss" not in n)
    run(bad)
    assert same(learned(good), learned(bad))


def test_a_gradient_that_is_no_number_never_reaches_the_weights(settings, tmp_path):
    trained, _ = learner_of(settings(), tmp_path)
    weight = trained.model.mask_decoder.iou_token.weight
    weight.register_hook(lambda gradient: gradient + float("inf"))
    before = weight.detach().clone()
    with pytest.raises(RuntimeError, match="gradient"):
        trained.step(np.arange(3), Moment(0, 0, 0.0))
    assert torch.equal(weight, before)


def test_a_full_disk_ends_the_run_with_a_sentence_and_it_goes_on_later(settings, tmp_path, monkeypatch):
    good, bad = (settings(out=str(tmp_path / name)) for name in ("good", "bad"))
    run(good)
    fsync, writes = os.fsync, []

    def full(number):
        writes.append(number)
        if len(writes) > 5:
            raise OSError(28, "No space left on device")
        fsync(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RuntimeError, match="No space left on device; mend that and start it again"):
            run(bad)
    assert RunFolder(bad["out"]).load_state() is not None
    assert events(run(bad))[-1] == "finish"
    assert same(learned(good), learned(bad))


# Data


def refused(settings, match):
    with pytest.raises(ValueError, match=match) as caught:
        run(settings)
    assert not Path(settings["out"]).exists()
    return str(caught.value)


def test_every_bad_file_is_named_before_training_starts(settings, tmp_path):
    for number in range(4):
        write_case(tmp_path / "bad", f"case{number}", number)
    images, masks = tmp_path / "bad" / "images", tmp_path / "bad" / "masks"
    (masks / "case0.png").unlink()
    Image.new("L", (10, 10), 255).save(masks / "case1.png")
    Image.new("L", (64, 64)).save(masks / "case2.png")
    (images / "case3.png").write_bytes(b"no image")
    text = refused(settings(data=[str(tmp_path / "bad")]), "problem")
    assert all(f"case{number}.png" in text for number in range(4))


def test_one_case_is_not_enough(settings, tmp_path):
    write_case(tmp_path / "one", "only", 0)
    refused(settings(data=[str(tmp_path / "one")]), r"1 training and 0 validation cases.*give more")


def test_images_without_any_mask_are_not_enough(settings, tmp_path):
    for number in range(3):
        write_case(tmp_path / "bare", f"case{number}", number)
        (tmp_path / "bare" / "masks" / f"case{number}.png").unlink()
    (tmp_path / "bare" / "masks").rmdir()
    refused(
        settings(data=[str(tmp_path / "bare")]), r"0 training and 0 validation cases with a mask, 3 without"
    )


def test_cases_of_the_test_split_are_never_trained_on(settings, tmp_path):
    for number, split in enumerate(["train"] * 3 + ["val"] * 2 + ["test"] * 4):
        write_case(tmp_path / "split" / split, f"case{number}", number)
    training, validation, _ = cases_of(config_of(settings(data=[str(tmp_path / "split")])))
    assert [len(training), len(validation)] == [3, 2]
    assert {case.split for case in training} == {"train"}
    assert {case.split for case in validation} == {"val"}


def test_images_without_truth_are_left_out_and_counted(settings, discs, tmp_path):
    write_case(tmp_path / "normal", "normal", 0)
    (tmp_path / "normal" / "masks" / "normal.png").unlink()
    (tmp_path / "normal" / "masks").rmdir()
    training, _, left_out = cases_of(config_of(settings(data=[str(discs), str(tmp_path / "normal")])))
    assert left_out == 1
    assert "normal" not in {case.id for case in training}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schedule": {"name": "double_click", "rounds": 3}}, "run.schedule.rounds is unknown"),
        ({"schedule": "triple_click"}, "run.schedule 'triple_click' is not one of double_click, iterative"),
        ({"augment": "flips"}, "run.augment 'flips' is not one of"),
        ({"device": "abacus"}, "device 'abacus' cannot be used"),
    ],
)
def test_settings_that_do_not_exist_are_refused(settings, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        run(settings(**changes))


# Real frames


@pytest.mark.skipif(not REAL.is_dir(), reason="the frames in ../shared/data are not here")
def test_real_frames_are_learned(settings, tmp_path):
    for source, split, count in (("busi", "train", 8), ("usgra", "train", 4), ("busi", "val", 3)):
        folder, part = REAL / source / split, tmp_path / f"{source}-{split}"
        for image in sorted((folder / "images").iterdir())[:count]:
            for kind in ("images", "masks", "labels"):
                if (folder / kind).is_dir():
                    (part / kind).mkdir(parents=True, exist_ok=True)
                    (part / kind / image.name).symlink_to(folder / kind / image.name)
    data = [str(tmp_path / name) for name in ("busi-train", "usgra-train")]
    validation = [str(tmp_path / "busi-val")]
    real = settings(data=data, validation=validation, epochs=2, batch=2, learning_rate=5e-3, augment="samus")
    start, first, second, _ = run(real)
    assert (start["training"], start["validation"]) == (12, 3)
    assert second["loss"] < first["loss"]
