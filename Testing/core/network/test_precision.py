"""In which number format a model encodes: measured once a computer, and only where that is worth it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from samca.config import ModelConfig, with_settings
from samca.network import precision
from samca.network.model import build
from samca.network.precision import Seconds, can_be_faster, fastest, measured, use_fastest
from samca.prompts import Click, Prompts

BACKBONE = {"name": "sam_vit_small", "width": 32, "heads": 2, "depth": 1}
TINY = {"image_size": 64, "backbone": BACKBONE, "mirror": True}


@pytest.fixture
def model():
    return build(with_settings(ModelConfig(), "model", TINY))


@pytest.fixture
def measurements(monkeypatch):
    """The processor computes in bfloat16, three times as fast; how often that was measured."""
    made = []
    monkeypatch.setattr(precision, "can_be_faster", lambda device: True)
    monkeypatch.setattr(precision, "measured", lambda model: made.append(model) or Seconds(0.3, 0.1))
    return made


def test_what_was_measured_once_is_remembered(model, measurements, tmp_path):
    file = tmp_path / "new" / "speeds.json"
    use_fastest(model, file)
    assert model.precision == "bfloat16"
    assert model.engine == "torch in bfloat16"
    again = build(model.config)
    use_fastest(again, file)
    assert again.precision == "bfloat16"
    assert measurements == [model]
    ((key, entry),) = json.loads(file.read_text()).items()
    assert torch.__version__ in key
    assert entry == {"float32": 0.3, "bfloat16": 0.1}


def test_another_model_is_measured_by_itself(model, measurements, tmp_path):
    other = build(with_settings(model.config, "model", {"backbone": BACKBONE | {"depth": 2}}))
    for each in (model, other, model):
        use_fastest(each, tmp_path / "speeds.json")
    assert measurements == [model, other]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"a": {"float32": "x"}}', "\x00"])
def test_a_damaged_file_is_measured_anew_and_written_anew(model, measurements, tmp_path, content):
    file = tmp_path / "speeds.json"
    file.write_text(content)
    use_fastest(model, file)
    assert len(json.loads(file.read_text())) == 1
    assert model.precision == "bfloat16"


def test_where_nothing_can_be_written_it_is_used_all_the_same(model, measurements, tmp_path):
    (tmp_path / "file").write_text("")
    use_fastest(model, tmp_path / "file" / "speeds.json")
    assert model.precision == "bfloat16"


@pytest.mark.parametrize(("seconds", "format"), [((1.0, 0.9), "float32"), ((1.0, 0.8), "bfloat16")])
def test_a_little_faster_is_not_worth_it(seconds, format):
    assert Seconds(*seconds).fastest == format


def test_a_processor_without_bfloat16_is_not_asked(model, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": False})
    monkeypatch.setattr(precision, "measured", lambda model: pytest.fail("nothing to measure"))
    use_fastest(model, tmp_path / "speeds.json")
    assert model.precision == fastest(model) == "float32"
    assert not (tmp_path / "speeds.json").exists()
    monkeypatch.delattr(torch.cpu, "get_capabilities")  # of an earlier release
    assert not can_be_faster(torch.device("cpu"))


def test_both_formats_are_timed_in_turns_and_the_model_stays_as_it_was(model):
    formats, encode = [], model.encode
    model.encode = lambda *given: formats.append(torch.is_autocast_enabled("cpu")) or encode(*given)
    seconds = measured(model)
    assert min(seconds) > 0
    assert formats == [False, True] * (precision.TURNS + 1)
    assert model.precision == "float32"
    assert not any(module._forward_hooks for module in model.image_encoder.modules())


def test_of_a_long_encoding_only_the_beginning_is_timed(model, monkeypatch):
    monkeypatch.setattr(precision, "TURN_SECONDS", 0.0)
    ended = []
    model.image_encoder.register_forward_hook(lambda *_: ended.append(1))
    assert min(measured(model)) > 0
    assert ended == []


def test_features_are_float32_and_masks_hardly_others(model):
    rng = np.random.default_rng(0)
    pictures = list(rng.uniform(0, 255, (2, 64, 64, 3)).astype(np.float32))
    prompts = [Prompts((Click(30, 30),))] * 2
    exact = model.embed_each(pictures)
    expected = model.predict_each(exact, prompts)[0]
    model.precision = "bfloat16"
    features = model.embed_each(pictures)
    assert {each.dtype for each in (features.embedding, *features.fine)} == {torch.float32}
    assert not torch.equal(features.embedding, exact.embedding)
    logits = model.predict_each(features, prompts)[0]
    assert np.abs(logits - expected).max() < 0.05 * np.abs(expected).max()
