"""`samca average`: the mean of base files or adapters, and files that do not go together."""

from pathlib import Path

import pytest
import torch

import samca
from samca import model_files
from samca.__main__ import main
from samca.config import with_settings
from samca.network.model import adapt, build_base
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance


@pytest.fixture
def bases(tiny_config, tmp_path):
    """Two base files of one form with weights of all 1 and of all 2."""
    config = with_settings(tiny_config, "model", {"adapter": "none", "fusion": "single"})
    for value in (1.0, 2.0):
        model = build_base(config)
        for tensor in model.state_dict().values():
            tensor.fill_(value)
        facts = Provenance(f"made of {value:.0f}", licence="Apache-2.0", figures={"dice": value})
        checkpoint.save_base(model, tmp_path / f"{value:.0f}.safetensors", facts)
    return [str(tmp_path / f"{name}.safetensors") for name in (1, 2)]


@pytest.mark.parametrize("storage", ["half", "int8"])
def test_the_mean_has_what_the_last_file_says_but_for_its_figures(bases, storage, tmp_path):
    out = tmp_path / "mean.safetensors"
    assert main(["average", *bases, "--storage", storage, "--out", str(out)]) == 0
    state, _ = checkpoint.read(out)
    assert all(
        torch.equal(t, torch.full_like(t, 1.5)) for n, t in samca.load(out).state_dict().items() if n in state
    )
    _, provenance, kind = model_files.describe_file(out)
    assert (kind, provenance.name, provenance.licence, provenance.figures) == (
        "base",
        "made of 2",
        "Apache-2.0",
        {},
    )


@pytest.fixture
def adapters(base, tiny_config, tmp_path):
    """Two adapter files of one base, their tensors all 1 and all 2."""
    model = build_base(tiny_config)
    checkpoint.load_base_into(model, base)
    adapt(model)
    for value in (1.0, 2.0):
        for name in model.tuned:
            model.state_dict()[name].fill_(value)
        checkpoint.save_adapter(model, tmp_path / f"adapter{value:.0f}.safetensors", base, Provenance())
    return [str(tmp_path / f"adapter{number}.safetensors") for number in (1, 2)]


def test_the_mean_of_adapters_is_one_of_their_base(adapters, base, tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "MODEL_FOLDERS", (Path(base).parent,))
    out = tmp_path / "mean.safetensors"
    assert main(["average", *adapters, "--out", str(out)]) == 0
    state, metadata = checkpoint.read(out)
    assert metadata["kind"] == "adapter"
    assert all((tensor == 1.5).all() for tensor in state.values())
    assert samca.load(out, base).tuned == samca.load(adapters[0], base).tuned


def test_an_adapter_and_a_base_have_no_mean(adapters, bases, base, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(model_files, "MODEL_FOLDERS", (Path(base).parent,))
    assert main(["average", adapters[0], bases[0], "--out", str(tmp_path / "mean.safetensors")]) == 2
    assert "is a file of kind adapter" in capsys.readouterr().err


def test_files_of_other_form_are_refused(bases, tiny_config, tmp_path, capsys):
    config = with_settings(tiny_config, "model", {"image_size": 128, "adapter": "none", "fusion": "single"})
    checkpoint.save_base(build_base(config), tmp_path / "large.safetensors", Provenance())
    words = [
        "average",
        str(tmp_path / "large.safetensors"),
        bases[0],
        "--out",
        str(tmp_path / "mean.safetensors"),
    ]
    assert main(words) == 2
    one, other = (f"a file of kind base with sam_vit_small at {size} px" for size in (128, 64))
    assert f"is {one}: expected {other}" in capsys.readouterr().err
    assert not (tmp_path / "mean.safetensors").exists()
