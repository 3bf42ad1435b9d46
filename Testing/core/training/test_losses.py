"""The hybrid loss by hand: values, gradients, and what each weight adds."""

import math

import numpy as np
import pytest
import torch

from samca.config import LossConfig
from samca.training.losses import HybridLoss, overlap

TRUTH = torch.tensor([[1.0, 1.0], [0.0, 0.0]])[None, None]
UNSURE = torch.zeros(1, 1, 2, 2)  # every probability is a half: overlap 1, sums 2 and 2, union 3
DICE, BCE, JACCARD = 1 - (2 * 1 + 1) / (2 + 2 + 1), math.log(2), 1 - (1 + 1) / (3 + 1)
IOU = torch.tensor([[0.25]])


def loss(logits, truth=TRUTH, predicted=IOU, **weights):
    return HybridLoss(LossConfig(**weights))(logits, predicted, truth)


def test_the_default_is_dice_bce_and_iou_as_6_to_1_to_3():
    assert float(loss(UNSURE)) == pytest.approx(0.6 * DICE + 0.1 * BCE + 0.3 * JACCARD)


@pytest.mark.parametrize(("name", "expected"), [("dice", DICE), ("bce", BCE), ("iou", JACCARD)])
def test_each_weight_belongs_to_its_term(name, expected):
    weights = {"dice": 0.0, "bce": 0.0, "iou": 0.0, name: 2.0}
    assert float(loss(UNSURE, **weights)) == pytest.approx(2 * expected)


def test_the_iou_head_learns_the_true_iou():
    logits = torch.tensor([[3.0, -3.0], [-3.0, -3.0]])[None, None]  # half of the truth, nothing beside it
    plain = float(loss(logits, predicted=IOU))
    assert float(loss(logits, predicted=IOU, iou_head=1.0)) - plain == pytest.approx(
        (0.25 - 0.5) ** 2, rel=1e-4
    )


def test_the_iou_head_learns_that_a_mask_where_nothing_is_has_none():
    logits, truth = (10 * TRUTH - 5).expand(2, 1, 2, 2), TRUTH.expand(2, 1, 2, 2)
    head = HybridLoss(LossConfig(dice=0.0, bce=0.0, iou=0.0, iou_head=1.0))
    present = torch.tensor([True, False])
    assert float(head(logits, torch.tensor([[1.0], [0.0]]), truth, present)) == 0
    assert float(head(logits, torch.tensor([[1.0], [1.0]]), truth, present)) == 0.5


def test_squared_dice_and_bce_are_monais_dice_ce():
    from monai.losses import DiceCELoss

    logits = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    truth = torch.zeros(3, 1, 8, 8)
    truth[:2, :, 2:5, 1:7] = 1  # and one image without any structure
    ours = loss(logits, truth, IOU.expand(3, 1), dice=1.0, bce=1.0, iou=0.0, dice_squared=True)
    torch.testing.assert_close(ours, DiceCELoss(sigmoid=True, squared_pred=True)(logits, truth))
    assert float(ours) != pytest.approx(
        float(loss(logits, truth, IOU.expand(3, 1), dice=1.0, bce=1.0, iou=0.0))
    )


def test_gradients_are_those_on_paper():
    logits = UNSURE.clone().requires_grad_()
    loss(logits).backward()
    # d Dice = (2 g 5 - 3) / 25, d Jaccard = 1/4 inside and -2/16 outside, d BCE = (p - g) / 4, dp = 1/4
    inside = -0.6 * 0.28 / 4 - 0.3 * 0.25 / 4 - 0.1 * 0.125
    outside = 0.6 * 0.12 / 4 + 0.3 * 0.125 / 4 + 0.1 * 0.125
    torch.testing.assert_close(logits.grad[0, 0], torch.tensor([[inside] * 2, [outside] * 2]))


def test_a_batch_counts_each_image_alike_whatever_its_structure_measures():
    small = torch.zeros(1, 1, 8, 8)
    small[0, 0, 0, 0] = 1
    logits = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    both = loss(logits, torch.cat([small, 1 - small]), IOU.expand(2, 1))
    alone = [loss(logits[i : i + 1], t) for i, t in enumerate((small, 1 - small))]
    assert float(both) == pytest.approx(float(sum(alone)) / 2, rel=1e-6)


def test_logits_are_enlarged_to_the_truth():
    truth = torch.zeros(1, 1, 8, 8)
    truth[..., :4] = 1
    logits = torch.where(torch.arange(4) < 2, 20.0, -20.0).expand(1, 1, 4, 4)
    assert float(loss(logits, truth)) < 0.05
    assert float(loss(-logits, truth)) > 0.9


def test_overlap_of_two_empty_masks_is_one():
    nothing = torch.zeros(1, 1, 2, 2)
    assert float(overlap(nothing - 1, nothing)) == 1
    assert float(overlap(nothing + 1, TRUTH)) == 0.5


def test_of_alternatives_the_best_mask_of_each_image_counts_and_the_iou_of_all():
    logits = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)
    truth = (torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    predicted = torch.tensor([[0.1, 0.5, 0.9]] * 3)
    masks, heads = HybridLoss(LossConfig()), HybridLoss(LossConfig(dice=0.0, bce=0.0, iou=0.0, iou_head=1.0))
    each = torch.stack(
        [
            torch.stack([masks(logits[i, None, j, None], IOU, truth[i, None]) for j in range(3)])
            for i in range(3)
        ]
    )
    torch.testing.assert_close(masks(logits, predicted, truth), each.min(dim=1).values.mean())
    expected = torch.mean((predicted - overlap(logits, truth.expand(3, 3, 8, 8))) ** 2)
    torch.testing.assert_close(heads(logits, predicted, truth), expected)
    masks(logits, predicted, truth).backward()
    learned = logits.grad.abs().sum((2, 3)) > 0
    np.testing.assert_array_equal(learned.sum(1), 1)
    np.testing.assert_array_equal(learned.int().argmax(1), each.argmin(1))
