"""A model's form without its numbers: equal to the model's, at once, on every backbone with every adapter."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from samca import config as settings_of
from samca.config import with_settings
from samca.methods import METHODS
from samca.network.adapters import ADAPTERS
from samca.network.backbones import BACKBONES
from samca.network.branches import BRANCHES
from samca.network.fusion import FUSIONS
from samca.network.hyper_prompting import DECODER_ADAPTERS
from samca.network.model import build
from samca.network.outline import outlined
from samca.network.prompt_predictor import PREDICTORS
from samca.training.schedules import SCHEDULES

SEAMS = (BACKBONES, ADAPTERS, DECODER_ADAPTERS, FUSIONS, BRANCHES, PREDICTORS, SCHEDULES)
SOURCE = Path(settings_of.__file__).resolve().parents[1]
LIGHT = ("sam_vit_small", "sam_vit_lite", "mobile_sam", "sam2_tiny")  # built with numbers in a second


def form(model):
    return {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_outline_has_the_names_shapes_and_types_of_the_model(backbone, adapter):
    parts = {"backbone": backbone, "adapter": adapter, "predictor": "single_block", "decoder_adapter": "lora"}
    config = with_settings(METHODS["samca"], "model", {**parts, "image_size": 256})
    with outlined():
        outline = build(config)
    assert all(tensor.is_meta for tensor in outline.state_dict().values())
    if backbone in LIGHT:
        model = build(config)
        assert form(outline) == form(model)
        assert outline.tuned == model.tuned


@pytest.mark.parametrize("parts", [{"decoder_adapter": "hyper_prompting"}, {"predictor": "high_resolution"}])
def test_so_has_one_with_other_parts(parts):
    config = with_settings(METHODS["samca"], "model", {"backbone": "sam_vit_small", **parts})
    with outlined():
        outline = build(config)
    assert form(outline) == form(build(config))


def test_outside_everything_is_as_before():
    with outlined():
        pass
    assert torch.randn(2).device.type == "cpu"
    assert torch.ones(2).mul(3).sum() == 6


def test_an_outline_does_not_import_a_compiler():
    code = (
        "import sys; from samca.network.outline import outlined; from samca.network.model import build; "
        "from samca.methods import METHODS; from samca.config import with_settings\n"
        "for backbone in ('sam_vit_small', 'mobile_sam', 'sam2_tiny'):\n"
        "    with outlined(): build(with_settings(METHODS['samca'], 'model', {'backbone': backbone}))\n"
        "print('sympy' in sys.modules)"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=SOURCE, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


@pytest.mark.parametrize("entry", [entry for seam in SEAMS for entry in seam.values()])
def test_every_size_among_the_options_has_a_bound_of_its_own(entry):
    hints = inspect.get_annotations(getattr(entry, "func", entry))
    sizes = {name for name, hint in hints.items() if "int" in str(hint) and name != "return"}
    assert sizes <= set(settings_of.MOST)
