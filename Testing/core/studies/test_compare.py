"""One table of all methods: who is in it, what it counts, and runs that are there already."""

import json

import torch
from torch import nn

from samca.__main__ import main
from samca.commands import compare as command
from samca.config import TrainConfig
from samca.methods import METHODS
from samca.network.backbones.sites import Features
from samca.network.model import Model
from samca.network.sam import FusedAttention
from samca.prompts import Click, Prompts
from samca.prompts.pointing import collate
from samca.studies import compare
from samca.studies.costs import Training, multiply_adds, training_cost
from training_runs import config_of

SMALL = {"augment": "none", "precision": "float32", "batch": 8}


def test_every_method_that_keeps_its_base_frozen_is_compared():
    assert "sam" not in compare.compared()
    assert set(METHODS) - {"sam"} == set(compare.compared())
    assert {"samca", "cc_sam", "med_sa", "click_sam"} <= set(METHODS)


def test_a_run_is_the_methods_own_but_for_what_all_share():
    shared = {"data": ["d"], "out": "o", "base": "random", "epochs": 2, "loss": {"iou": 0.5}}
    run = compare.run_of("cc_sam", shared)
    assert isinstance(run, TrainConfig)
    assert run.schedule.options == {"iterations": 1, "box_share": 0.5}
    assert (run.loss.dice, run.loss.iou, run.epochs, run.keep) == (1.0, 0.5, 2, "last")
    assert run.model["method"] == "cc_sam"
    assert run.out.replace("\\", "/") == "o/cc_sam"


def test_multiply_adds_of_layers_that_can_be_counted_by_hand(tiny_model):
    class Encoder(nn.Module):
        stride, out_channels = 8, 32

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 32, 8, stride=8)

        def forward(self, image):
            return Features(self.conv(image))

    plain = tiny_model({"adapter": "none", "fusion": "single"})
    model = Model(plain.config, Encoder()).eval()
    encode, click = multiply_adds(model)
    assert encode == 8 * 8 * 32 * (3 * 8 * 8)
    assert click == of_one_click_by_hand(model)


def of_one_click_by_hand(model: Model) -> int:
    """Products of linear and transposed layers as they are called, of attention, positions and the answer."""
    found = []

    def linear(module, inputs, named, output):
        found.append(output.numel() * module.in_features)

    def transposed(module, inputs, named, output):
        found.append(inputs[0].numel() * module.out_channels * 2 * 2)  # kernel 2 x 2 at stride 2

    def attention(module, inputs, named, output):
        queries, keys = (named[name].shape[-2] for name in "qk")
        found.append(2 * queries * keys * module.q_proj.out_features)

    kinds = {nn.Linear: linear, nn.ConvTranspose2d: transposed, FusedAttention: attention}
    modules = [*model.mask_decoder.modules(), *model.prompt_encoder.modules()]
    hooks = [m.register_forward_hook(kinds[type(m)], with_kwargs=True) for m in modules if type(m) in kinds]
    features = model.encode(torch.zeros(1, 3, 64, 64))
    logits, _ = model.decode(features, [collate([Prompts((Click(3, 4),))], model.device)])
    for hook in hooks:
        hook.remove()
    positions = (2 + 8 * 8) * 2 * 16  # of the click, not-a-point, and each place of the embedding
    return sum(found) + positions + logits.numel() * 4  # 32 / 8 channels to one mask


def test_training_is_measured_in_a_process_of_its_own(settings):
    found = training_cost(config_of(settings()))
    assert found.epoch_seconds > 0
    assert 100 < found.peak_mb < 10_000


def test_the_table_has_a_row_for_each_method_and_runs_are_made_once(
    base, discs, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(command, "training_cost", lambda config: Training(None, 7.0))
    monkeypatch.setattr(command, "write", lambda *_: None)  # pictures, which have their own tests
    path, out = tmp_path / "settings.json", tmp_path / "out"
    path.write_text(json.dumps({**SMALL, "model": {"branch": "none"}, "schedule": "iterative"}))
    words = ["compare", "--method", "samca", "--method", "cc_sam", "--data", discs, "--validation", discs]
    words += ["--base", base, "--settings", path, "--epochs", 1, "--seeds", 1, "--repeats", 1]
    words = [str(word) for word in [*words, "--threads", 1, "--device", "cpu", "--out", out, "--json"]]
    assert main(words) == 0
    first = capsys.readouterr().out.splitlines()
    rows = json.loads(first[-1])["rows"]
    assert [row["method"] for row in rows] == ["samca", "cc_sam"]
    assert [key for key in rows[0] if "DSC" in key] == ["discs DSC 1", "discs DSC 3", "discs DSC 5"]
    for row in rows:
        assert (row["peak MB"], row["s/epoch"]) == ("", "7")
        assert all(0 <= float(row[key]) <= 100 for key in row if "DSC" in key)
        assert int(row["trainable"].replace(",", "")) > 0
        assert float(row["encode ms"]) > 0
    assert (out / "compare.md").read_text().count("\n") == 4
    assert {json.loads(line)["event"] for line in first if line.startswith('{"method"')} >= {
        "epoch",
        "finish",
    }
    shared = {"data": [str(discs)], "out": str(out), "base": str(base)}
    assert list(compare.train_missing(["samca", "cc_sam"], shared)) == []


def test_a_wrong_method_is_refused_before_anything_is_trained(discs, tmp_path, capsys):
    words = ["--data", discs, "--validation", discs, "--out", tmp_path / "out"]
    assert main(["compare", "--method", "samsung", *map(str, words)]) == 2
    assert "method 'samsung' is not one of" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
