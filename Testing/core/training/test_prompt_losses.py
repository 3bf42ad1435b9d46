"""The losses of prompt training by hand, and where the objectness token stands."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from predicting import SIZE
from samca.network import sam
from samca.network.objectness import Objectness
from samca.prompts import Prompts
from samca.prompts.pointing import collate
from samca.training.prompt_losses import Truth, Weights, focal, giou, prompt_loss, soft_dice, truth_of


def test_focal_loss_by_hand():
    logits, truth = torch.tensor([[[[0.0, 2.0], [-1.0, 3.0]]]]), torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
    p = [1 / (1 + math.exp(-x)) for x in (0.0, 2.0, -1.0, 3.0)]
    terms = [-((1 - q) ** 3) * math.log(q) for q in p[:2]]
    terms += [-0.7 * q**3 * math.log(1 - q) for q in p[2:]]
    assert float(focal(logits, truth)) == pytest.approx(sum(terms) / 4, rel=1e-5)


def test_generalised_iou_by_hand():
    boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.2, 0.2], [0.1, 0.1, 0.4, 0.4]])
    others = torch.tensor([[0.0, 0.0, 0.5, 1.0], [0.8, 0.8, 1.0, 1.0], [0.1, 0.1, 0.4, 0.4]])
    apart = -(1 - 2 * 0.04)
    assert giou(boxes, others).tolist() == pytest.approx([0.5, apart, 1.0], abs=1e-5)


def test_the_loss_is_the_weighted_sum_and_absent_objects_have_objectness_alone(model):
    masks = np.zeros((2, SIZE, SIZE), bool)
    masks[0, 10:30, 20:50] = True
    masks[1, 0, :10] = True  # ten pixels count as nothing
    truth = truth_of(masks, model.device)
    assert truth.present.tolist() == [True, False]
    assert truth.boxes[0].tolist() == pytest.approx([20 / SIZE, 10 / SIZE, 49 / SIZE, 29 / SIZE])
    features = model.encode(torch.rand(2, 3, SIZE, SIZE) * 255)
    decoded = model.decode_fully(features, [collate([Prompts(suggestion=0)] * 2, model.device)])
    loss = prompt_loss(decoded, truth, Weights())
    one = decoded.logits[:1], truth.masks[:1]
    boxes = decoded.suggested.boxes[:1], truth.boxes[:1]
    expected = 10 * (focal(*one) + soft_dice(*one) + focal(decoded.suggested.masks[:1], truth.masks[:1]))
    expected = expected + nn.functional.l1_loss(*boxes) + 1 - giou(*boxes)[0]
    target = torch.tensor([[1.0], [0.0]])
    expected = expected + nn.functional.binary_cross_entropy_with_logits(decoded.presence, target)
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    absent = prompt_loss(
        decoded, Truth(truth.masks, truth.boxes, torch.tensor([False, False])), Weights(objectness=2)
    )
    assert float(absent.detach()) == pytest.approx(
        2 * float(nn.functional.softplus(decoded.presence).mean()), rel=1e-5
    )


def test_the_papers_pure_loss_is_the_one_without_dice(model):
    masks = np.zeros((2, SIZE, SIZE), bool)
    masks[:, 10:30, 20:50] = True
    truth = truth_of(masks, model.device)
    features = model.encode(torch.rand(2, 3, SIZE, SIZE) * 255)
    decoded = model.decode_fully(features, [collate([Prompts(suggestion=0)] * 2, model.device)])
    whole, pure = (prompt_loss(decoded, truth, Weights(dice=dice)) for dice in (1.0, 0.0))
    dice = soft_dice(decoded.logits, truth.masks)
    assert float(dice.detach()) > 0.1
    torch.testing.assert_close(whole - pure, Weights().mask * dice)


def test_the_objectness_token_stands_before_all_others():
    decoder, extra = sam.decoder_for(32), Objectness(32)
    embedding, place = torch.randn(1, 32, 8, 8), torch.randn(1, 32, 8, 8)
    sparse, dense = torch.randn(1, 3, 32), torch.zeros(1, 32, 8, 8)
    seen = []
    decoder.transformer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[2]))
    decoder.attend(embedding, place, sparse, dense, (), [extra.token.weight])
    assert torch.equal(seen[0][:, :1], extra.token.weight[None])
    assert seen[0].shape[1] == 1 + 5 + 3
