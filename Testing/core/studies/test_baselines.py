"""Networks without prompts: trained once, scored at no click, beside the methods in one table."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from samca import datasets
from samca.__main__ import main
from samca.commands import compare as command
from samca.config import TrainConfig
from samca.evaluation.evaluate import Skipped
from samca.studies import baselines
from samca.studies.costs import Training


class Darkness(nn.Module):
    """Takes what is dark, after one step of learning how dark."""

    def __init__(self):
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(0.0))

    def forward(self, image):
        return self.threshold - image.mean(1, keepdim=True)


@pytest.fixture
def dark(monkeypatch):
    monkeypatch.setattr(baselines, "BASELINES", {"Darkness": Darkness})


def test_each_network_takes_a_batch_of_the_papers_size_and_gives_one_mask():
    for name, make in baselines.BASELINES.items():
        with torch.inference_mode():
            found = make().eval()(torch.zeros(2, 3, 64, 64))
        assert found.shape == (2, 1, 64, 64), name


def test_all_structures_of_an_image_are_one_target(tmp_path, dark):
    folder = tmp_path / "set"
    for kind in ("images", "masks", "labels"):
        (folder / kind).mkdir(parents=True)
    labels = np.zeros((40, 50), np.uint8)
    labels[5:15, 5:15], labels[20:30, 20:40] = 1, 2
    Image.fromarray(np.where(labels > 0, 10, 200).astype(np.uint8)).save(folder / "images" / "a.png")
    Image.fromarray((labels > 0).astype(np.uint8) * 255).save(folder / "masks" / "a.png")
    Image.fromarray(labels).save(folder / "labels" / "a.png")
    (record,) = baselines.evaluate(Darkness(), [datasets.read(folder)])
    assert (record.count, record.target, record.clicks) == (0, 0, ())
    assert record.scores["dice"] > 90
    assert "predicted_iou" not in record.scores


def test_images_are_as_large_as_for_the_methods_beside_it(discs, tmp_path):
    sides = []

    class Watching(Darkness):
        def forward(self, image):
            sides.append(image.shape[2:])
            return super().forward(image)

    shared = TrainConfig(data=(str(discs),), out=str(tmp_path), model={"image_size": 96})
    side = baselines.side_of(shared)
    baselines.predict(Watching(), np.zeros((40, 50), np.uint8), side)
    baselines.predict(Watching(), np.zeros((40, 50), np.uint8))
    assert sides == [(96, 96), (256, 256)]


def test_an_image_without_truth_is_skipped(dark):
    class Nothing:
        id, source, group, has_truth = "normal", "set", "a", False

    assert list(baselines.evaluate(Darkness(), [datasets.Dataset("set", (Nothing(),))])) == [
        Skipped("set", "normal")
    ]


def test_a_network_is_trained_once_and_comes_back_as_it_was(discs, tmp_path, monkeypatch, dark):
    monkeypatch.setattr(baselines, "RATE", 0.1)
    shared = TrainConfig(data=(str(discs),), out=str(tmp_path), augment="none", epochs=4, device="cpu")
    records = list(baselines.train_missing(shared))
    assert [(r["method"], r["epoch"], r["of"]) for r in records] == [("Darkness", n, 4) for n in range(1, 5)]
    assert records[-1]["loss"] < records[0]["loss"]
    assert float(baselines.load(tmp_path, "Darkness", "cpu").threshold.detach()) != 0
    assert list(baselines.train_missing(shared)) == []


def test_the_command_prints_them_beside_the_methods_at_no_click(
    base, discs, tmp_path, capsys, monkeypatch, dark
):
    monkeypatch.setattr(command, "training_cost", lambda config: Training(None, 7.0))
    monkeypatch.setattr(command, "write", lambda *_: None)  # pictures, which have their own tests
    path, out = tmp_path / "settings.json", tmp_path / "out"
    path.write_text(
        json.dumps({"augment": "none", "precision": "float32", "batch": 8, "schedule": "iterative"})
    )
    words = ["compare", "--method", "samca", "--baselines", "--data", discs, "--validation", discs]
    words += ["--base", base, "--settings", path, "--epochs", 1, "--seeds", 1, "--repeats", 1]
    assert main([str(word) for word in [*words, "--clicks", 1, "--device", "cpu", "--out", out]]) == 0
    capsys.readouterr()
    lines = (out / "baselines.md").read_text().splitlines()
    assert [line.split(" | ")[:2] for line in lines[2:]] == [["| samca", "1"], ["| Darkness", "0"]]
