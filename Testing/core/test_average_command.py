"""`samca average`: the mean of base files, and files that do not go together."""

import pytest
import torch

import samca
from samca import checkpoint
from samca.__main__ import main
from samca.checkpoint import Provenance
from samca.config import with_settings
from samca.model import build_base


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
    _, provenance, kind = checkpoint.describe_file(out)
    assert (kind, provenance.name, provenance.licence, provenance.figures) == (
        "base",
        "made of 2",
        "Apache-2.0",
        {},
    )


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
    assert (
        "with sam_vit_small at 128 px: expected a base with sam_vit_small at 64 px" in capsys.readouterr().err
    )
    assert not (tmp_path / "mean.safetensors").exists()
