"""Models of every form are exported whole, and say of every prompt what torch says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pointed import every_kind
from samca.config import with_settings
from samca.export import halves, whole
from samca.methods import METHODS
from samca.model_files import Provenance
from samca.network.model import build
from samca.prompts import Click, Prompts
from samca.runtime import loading

PREDICTOR = {"name": "single_block", "tokens": 4, "classes": ["disc", "bar"]}
FORMS = {
    "one set": {"fusion": "single"},
    "sets beside each other": {"fusion": {"name": "joined"}},
    "sets beside each other by half": {"fusion": {"name": "joined", "normalized": True}},
    "sets added": {"fusion": {"name": "joined", "join": "sum", "weights": "dynamic"}},
    "sets added by half": {"fusion": {"name": "joined", "join": "sum", "normalized": True}},
    "refined": {"refine": 8, "feedback": "last"},
    "best of three": {"best_of_three": True},
    "unstable masks replaced": {"replace_unstable": True},
    "black around the picture": {"fit": "pad", "intensities": "unit"},
    "with a prompt predictor": {"fusion": "single", "predictor": PREDICTOR},
    "that says what is there": {
        "fusion": "single",
        "refine": 8,
        "predictor": {**PREDICTOR, "objectness": "none"},
    },
    "LoRA in the decoder": {"decoder_adapter": {"name": "lora", "rank": 2, "alpha": 2}},
    "without an adapter": {"adapter": "none"},
}
CLOSE = 1e-3


def exported(model, path):
    whole.write(model, path, halves.about_of(model, Provenance()))
    return loading.load(path)


def lively(model):
    """The same model with numbers that no part starts with, so that each makes a difference."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_prompt_is_answered_as_by_torch(form, tiny_model, tmp_path):
    model = lively(tiny_model(form))
    graph = exported(model, tmp_path / "model.onnx")
    size, rng = model.config.image_size, np.random.default_rng(0)
    picture = rng.uniform(0, 255, (size // 2 if form.get("fit") else size, size, 3)).astype(np.float32)
    both = [picture, picture[:, ::-1]]
    features, encoded = model.embed_each(both), graph.embed_each(both)
    assert np.abs(features.embedding.numpy() - encoded.embedding).max() < CLOSE
    earlier = rng.normal(0, 5, (2, model.mask_side, model.mask_side)).astype(np.float32)
    kinds = every_kind(size, size)
    assert graph.suggests == model.suggests
    for number, found in enumerate(graph.suggests):
        kinds[found] = Prompts(suggestion=number)
        kinds |= {
            f"{found}, mended by {k}": replace(p, suggestion=number)
            for k, p in every_kind(size, size).items()
        }
    for name, given in kinds.items():
        prompts = [given, given if given.mask is not None else given.mirrored(size)]
        for previous in (None, earlier):
            logits, iou = model.predict_each(features, prompts, previous)
            also, their_iou = graph.predict_each(encoded, prompts, previous)
            assert np.abs(logits - also).max() < CLOSE, name
            assert np.abs(np.subtract(iou, their_iou)).max() < CLOSE, name


def test_a_foreign_encoder_at_256_px_answers_batches_of_any_size_as_by_torch(tmp_path):
    torch.manual_seed(0)
    settings = {"backbone": "mobile_sam", "image_size": 256, "fit": "squash", "adapter": "none"}
    model = build(with_settings(METHODS["sam"], "model", settings))
    graph, rng = exported(model, tmp_path / "model.onnx"), np.random.default_rng(0)
    pictures = [rng.uniform(0, 255, (256, 256, 3)).astype(np.float32) for _ in range(3)]
    prompts = [Prompts((Click(60.0 * n, 90.0), Click(200.0, 40.0 * n, False))) for n in (1, 2, 3)]
    for count in (1, 2, 3):
        features, encoded = model.embed_each(pictures[:count]), graph.embed_each(pictures[:count])
        logits, iou = model.predict_each(features, prompts[:count])
        also, their_iou = graph.predict_each(encoded, prompts[:count])
        assert np.abs(logits - also).max() < CLOSE
        assert np.abs(np.subtract(iou, their_iou)).max() < CLOSE


def test_a_file_answers_in_one_call_and_from_an_embedding(tiny_model, tmp_path):
    from onnxruntime import InferenceSession

    model = tiny_model()
    exported(model, tmp_path / "model.onnx")
    session = InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).uniform(0, 255, (1, 3, 64, 64)).astype(np.float32)
    pointing = {"points": np.full((1, 2, 2), 30, np.float32), "labels": np.array([[1, -1]])}
    (at_once,) = session.run(["logits"], {"images": images, **pointing})
    names = ["embedding", "fine_half", "fine_quarter"]
    known = dict(
        zip((f"given_{name}" for name in names), session.run(names, {"images": images}), strict=True)
    )
    (later,) = session.run(["logits"], {**known, **pointing})
    assert at_once.shape == (1, 1, model.mask_side, model.mask_side)
    assert np.abs(at_once - later).max() < CLOSE


def test_a_class_that_a_file_does_not_know_is_refused(tiny_model, tmp_path):
    graph = exported(tiny_model(FORMS["with a prompt predictor"]), tmp_path / "model.onnx")
    picture = np.zeros((64, 64, 3), np.float32)
    with pytest.raises(ValueError, match="class 2 does not exist: this model finds 0 disc, 1 bar"):
        graph.predict(graph.embed(picture), Prompts(suggestion=2))


def test_where_the_object_is_not_there_all_is_outside(tiny_model, tmp_path):
    model = tiny_model(FORMS["with a prompt predictor"])
    with torch.no_grad():
        model.objectness.head.bias.fill_(-1e3)
    graph = exported(model, tmp_path / "model.onnx")
    features = graph.embed(np.zeros((64, 64, 3), np.float32))
    logits, iou = graph.predict(features, Prompts(suggestion=0))
    assert (logits < 0).all()
    assert iou == 0
    clicked = Prompts((Click(30, 30, True),), suggestion=0)
    assert graph.predict(features, clicked)[1] != 0


def test_models_of_several_frames_are_not_exported(tiny_model):
    model = tiny_model()
    object.__setattr__(model.config, "depth", 3)
    with pytest.raises(ValueError, match="takes 3 frames together: expected one of single frames"):
        halves.about_of(model, Provenance())
    object.__setattr__(model.config, "depth", 1)
