"""Training of a memory: it learns, its file goes with its base, and the same settings give the same file."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from samca import __main__ as command_line
from samca import model_files
from samca.commands import phantoms
from samca.methods import configure
from samca.network.backbones.sites import Features
from samca.network.loop_memory import LoopMemory
from samca.network.model import build_base
from samca.training import loop_memory
from samca.training.loop_memory import MemoryConfig, train_memory
from samca.weights import checkpoint, memory_file

BACKBONE = {
    "name": "sam_vit_small", "channels": [8, 8, 8], "width": 16, "depth": 1, "heads": 2, "out_channels": 32,
}  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memory")
    list(phantoms.write_frames(folder / "frames", 3, 64, 0))
    model = build_base(configure({"method": "sam", "backbone": BACKBONE, "image_size": 64}))
    base = folder / "base.safetensors"
    checkpoint.save_base(model, base, model_files.Provenance())
    out = str(folder / model_files.MEMORY)
    given = (str(folder / "frames"),)
    return MemoryConfig(str(base), given, out, length=4, batch=2, steps=3, device="cpu", threads=1)


def tensors(path):
    return memory_file.load(path).state_dict()


def test_it_says_how_far_it_is_and_leaves_a_memory_that_goes_with_its_base(config):
    records = list(train_memory(config))
    assert [record["event"] for record in records] == ["start", "step", "finish"]
    assert records[0]["data"] == "frames 3"
    assert records[1]["step"] == records[1]["of"] == 3
    assert checkpoint.load(config.base).remembers
    told = model_files.metadata_of(config.out)
    assert (told["kind"], told["base"]) == ("memory", "base.safetensors")
    trained = json.loads(told["provenance"])["figures"]
    assert trained["steps"] == 3
    assert MemoryConfig(**{**trained["training"], "data": tuple(config.data)}) == config


def test_the_same_settings_give_the_same_memory(config, tmp_path):
    found = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        out = tmp_path / f"{name}.safetensors"
        list(train_memory(replace(config, out=str(out), seed=seed, steps=1)))
        found.append(tensors(out)["key.weight"])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_it_goes_on_from_another_memory(config, tmp_path):
    start, out = tmp_path / "start.safetensors", tmp_path / "out.safetensors"
    list(train_memory(replace(config, out=str(start), steps=1)))
    list(train_memory(replace(config, out=str(out), start=str(start), steps=1, learning_rate=1e-9)))
    for name, tensor in tensors(start).items():
        torch.testing.assert_close(tensors(out)[name], tensor, atol=2e-3, rtol=2e-3)


def test_the_base_stays_as_it_was(config):
    training = loop_memory._Training(replace(config, seed=3))
    before = {name: tensor.clone() for name, tensor in training.model.state_dict().items()}
    training.step(1)
    assert all(torch.equal(before[name], t) for name, t in training.model.state_dict().items())


def test_it_learns_to_take_a_mask_along():
    torch.manual_seed(0)
    memory, masks = LoopMemory(8, 2, 4, keys=8, values=8), torch.zeros(2, 1, 16, 16)
    masks[..., 4:11, 5:12] = 1
    fine = torch.randn(2, 2, 16, 16), torch.randn(2, 4, 8, 8)
    seen = [Features(torch.randn(2, 8, 4, 4), fine)] * 3
    optimizer, losses = torch.optim.Adam(memory.parameters(), 1e-2), []
    for step in range(30):
        rng = np.random.default_rng(step)
        loss, said = loop_memory.gone_through(memory, seen, [masks] * 3, [0, 1, 2], rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    assert said["dice"] > 90


def test_dice_of_nothing_that_is_nothing_is_one():
    nothing, something = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    assert loop_memory.overlap(nothing - 9, nothing)[1].item() == 1
    assert loop_memory.overlap(9 * something, nothing)[1].item() < 0.02
    assert loop_memory.overlap(9 * something, something)[0].item() < 0.01


def test_the_command_prints_lines_of_json_and_refuses_to_write_over_its_base(config, tmp_path, capsys):
    words = ["train-memory", "--base", config.base, "--data", *config.data, "--steps", "1", "--batch", "1"]
    assert command_line.main([*words, "--length", "3", "--out", str(tmp_path / "m.safetensors")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["start", "step", "finish"]
    assert command_line.main([*words, "--out", config.base]) == command_line.MISUSE
    assert "is what is read" in capsys.readouterr().err
    assert command_line.main([*words, "--length", "2", "--out", str(tmp_path / "n")]) == command_line.MISUSE
    assert "memory.length is 2: expected at least 3" in capsys.readouterr().err
