"""One step of training: what gets gradients, what is computed once, and a batch in pieces."""

import numpy as np
import pytest
import torch

from samca.network.model import Model
from samca.training import learner
from samca.training.learner import Moment
from samca.training.losses import HybridLoss
from training_runs import learner_of, run

pytestmark = pytest.mark.usefixtures("drawn")


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

    def counted(model, images, depth=1):
        if model.training:
            encoded.append(len(images))
        return encode(model, images, depth)

    monkeypatch.setattr(Model, "encode", counted)
    run(settings(epochs=3, model={"adapter": "none"}))
    assert sum(encoded) == 6  # the training images


def test_features_are_computed_each_time_where_the_encoder_learns_or_images_change(settings, tmp_path):
    frozen = {"adapter": "none"}
    kept = [
        learner_of(settings(**changes), tmp_path)[0].features
        for changes in (
            {},
            {"model": frozen, "augment": "samus"},
            {"model": frozen, "windows": 0.5},
            {"model": frozen},
        )
    ]
    assert [features is not None for features in kept] == [False, False, False, True]


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


def test_the_loss_knows_which_images_are_empty(settings, normal, tmp_path, monkeypatch):
    asked, loss = [], HybridLoss.__call__

    def watched(self, logits, iou, truth, present=None):
        asked.append((truth.mean((1, 2, 3)).tolist(), present))
        return loss(self, logits, iou, truth, present)

    monkeypatch.setattr(HybridLoss, "__call__", watched)
    trained, _ = learner_of(settings(empty=[normal]), tmp_path)
    trained.step(np.array([6, 0]), Moment(0, 0, 0.0))
    spot, structure = asked[0][0]
    assert 0 < spot < 0.01 < structure
    assert all(present.tolist() == [False, True] for _, present in asked)
    asked.clear()
    trained, _ = learner_of(settings(), tmp_path)
    trained.step(np.array([0, 1]), Moment(0, 0, 0.0))
    assert {present for _, present in asked} == {None}


def test_random_numbers_of_epochs_steps_and_images_differ():
    places = [(0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
    drawn = {int(learner.generator_of(7, *place).integers(1 << 62)) for place in places}
    assert len(drawn) == len(places)


def test_a_gradient_that_is_no_number_never_reaches_the_weights(settings, tmp_path):
    trained, _ = learner_of(settings(), tmp_path)
    weight = trained.model.mask_decoder.iou_token.weight
    weight.register_hook(lambda gradient: gradient + float("inf"))
    before = weight.detach().clone()
    with pytest.raises(RuntimeError, match="gradient"):
        trained.step(np.arange(3), Moment(0, 0, 0.0))
    assert torch.equal(weight, before)
