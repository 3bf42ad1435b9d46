"""Training runs: what they record and leave, what they refuse, and that they learn real frames."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import samca
from samca import model_files
from samca.training import train
from samca.training.learner import Learner, Moment
from samca.training.run_folder import RunFolder
from samca.training.starting_point import write_weights
from samca.weights import checkpoint
from training_runs import ROOT, config_of, events, learned, learner_of, run, same, without_steps, write_case

REAL = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.usefixtures("drawn")


# What a run records and leaves


def test_a_run_records_start_epochs_and_finish_and_logs_them(settings):
    records = run(settings())
    assert events(records) == ["start", "base", "epoch", "epoch", "finish"]
    start, before, first, second, finish = records
    assert (start["training"], start["validation"], start["left_out"]) == (6, 2, 0)
    assert start["trainable"] == sum(t.numel() for n, t in learned(settings()).items() if "fusion" not in n)
    assert [first["epoch"], second["epoch"], second["of"]] == [1, 2, 2]
    low, high = sorted((first["initial"], first["guided"]))
    assert low <= first["loss"] <= high, "the mean over all masks"
    assert set(first["dice"]) == {"1", "3"}
    assert set(before["dice"]) == {"1", "3"}
    assert (before["targets"], before["groups"]) == (2, 2)
    for epoch in (first, second):
        gain = np.mean(list(epoch["dice"].values())) - np.mean(list(before["dice"].values()))
        assert epoch["gain"] == pytest.approx(gain, abs=0.02)
        assert epoch["error"] > 0
    kept = (before, first, second)[finish["kept"]]
    assert finish["best"] == pytest.approx(np.mean(list(kept["dice"].values())), abs=0.01)
    assert without_steps(RunFolder(settings()["out"]).records()) == records


def test_an_epoch_of_more_samples_takes_all_before_one_comes_again(settings, monkeypatch):
    taken, step = [], Learner.step
    monkeypatch.setattr(Learner, "step", lambda *given: (taken.append(given[1].tolist()), step(*given))[1])
    run(settings(epochs=1, samples_per_epoch=8))
    assert [len(batch) for batch in taken] == [3, 3, 2]
    assert sorted(taken[0] + taken[1]) == list(range(6))
    assert len(set(taken[2])) == 2


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
    best = next(r for r in records if r.get("epoch", 0) == records[-1]["kept"] and "dice" in r)
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
    write_weights(trained.model, tmp_path / "adapter.safetensors", base, checkpoint.Provenance(), "half")
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
    assert model_files.describe_file(folder.path / "base.safetensors")[2] == "base"
    config, provenance, kind = model_files.describe_file(folder.best)
    assert kind == "adapter"
    assert config.image_size == 64
    assert provenance.data == "discs 6"
    assert set(provenance.figures["validation_dice"]) == {"1", "3"}
    assert samca.load(folder.best).tuned == list(learned(settings()))


def test_fusion_weights_follow_the_guided_loss_of_the_epochs_and_are_stored(settings):
    model = {"fusion": {"name": "joined", "weights": "dynamic", "zeta": 30.0}}
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


# What it refuses


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
    start, _before, first, second, _ = run(real)
    assert (start["training"], start["validation"]) == (12, 3)
    assert second["loss"] < first["loss"]
