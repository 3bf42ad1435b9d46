"""SAMUS's convolutional branch: counts to the unit, its formula step by step, untrained it adds nothing."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from samca.config import with_settings
from samca.methods import METHODS
from samca.network.backbones.sam_vit import SamViT
from samca.network.branches.samus import CrossAttention
from samca.network.describe import describe
from samca.network.model import Model, adapt, build, build_base
from samca.prompts import Click, Prompts
from samca.training.learner import Moment
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance
from training_runs import learner_of

SAMUS = {"adapter": "samus", "branch": "samus", "fusion": "single", "tuned": []}
SIZES = {"embed_dim": 32, "depth": 8, "num_heads": 2, "global_attn_indexes": (1, 3, 5, 7)}
IMAGE = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 255
CHANGES = {"schedule": {"name": "iterative", "iterations": 1, "box_share": 0.5}, "epochs": 1}


def drawn(model: Model) -> Model:
    torch.manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1)
    return model.eval()


def tiny_vit(**settings) -> Model:
    """A SAM of eight blocks at 64 px with the branch, every parameter drawn."""
    settings = {**SAMUS, "image_size": 64, **settings}
    return drawn(adapt(Model(with_settings(METHODS["sam"], "model", settings), SamViT(**SIZES))))


# Parameter counts of the paper's model, ViT-B at 256 px


@pytest.mark.parametrize(
    ("part", "expected"),
    [("convolutions", 2_142_272), ("attention", 9_449_472), ("refine", 21_239_808)],
)
def test_parts_have_the_documented_counts(part, expected):
    with torch.device("meta"):
        branch = build(with_settings(METHODS["cc_sam"], "model", {"branch": "samus"})).branch
    assert sum(p.numel() for p in branch.get_submodule(part).parameters() if p.requires_grad) == expected


def test_the_whole_has_the_documented_count_and_all_of_the_branch_trains():
    found = describe(with_settings(METHODS["cc_sam"], "model", {"branch": "samus"}))
    assert found["parts"]["branch"] == {"total": 32_831_552, "trainable": 32_831_552}
    assert found["trainable"] == 39_653_120


# The formula


@torch.inference_mode()
def test_tokens_look_into_the_map_by_attention_of_several_heads():
    attend = CrossAttention(16, 4)
    nn.init.normal_(attend.project.weight)
    nn.init.normal_(attend.project.bias)
    tokens, local = torch.randn(2, 3, 5, 16), torch.randn(2, 16, 3, 5)
    linears = (attend.query, attend.key, attend.value)
    expected, _ = F.multi_head_attention_forward(
        tokens.flatten(1, 2).transpose(0, 1),
        *[local.flatten(2).permute(2, 0, 1)] * 2,
        16,
        4,
        None,
        torch.cat([linear.bias for linear in linears]),
        None,
        None,
        False,
        0.0,
        attend.project.weight,
        attend.project.bias,
        use_separate_proj_weight=True,
        q_proj_weight=linears[0].weight,
        k_proj_weight=linears[1].weight,
        v_proj_weight=linears[2].weight,
    )
    added = attend(tokens, local) - tokens
    torch.testing.assert_close(added, expected.transpose(0, 1).view_as(tokens), rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_the_image_becomes_a_map_of_the_tokens_grid_halved_by_maxima():
    first, *others = tiny_vit().branch.convolutions
    x = torch.randn(1, 3, 64, 64)

    def convolved(x, convolution):
        conv, norm, _ = convolution
        return F.gelu(norm(F.conv2d(x, conv.weight, padding=1)))

    expected = convolved(x, first)
    for _, convolution in others:
        expected = convolved(F.max_pool2d(expected, 2), convolution)
    found = tiny_vit().branch.convolutions(x)
    assert found.shape == (1, 32, 8, 8)
    assert torch.equal(found, expected)


@torch.inference_mode()
def test_blocks_meet_the_map_before_their_attention_and_half_of_the_last_one_joins_the_tokens():
    model = tiny_vit()
    encoder, branch = model.image_encoder, model.branch
    square = (IMAGE - model.pixel_mean) / model.pixel_std
    x = encoder.after_patches(encoder.patch_embed(encoder._enlarged(square)))
    x = x + encoder._positions(x.shape[1:3])
    c = branch.convolutions(square)
    for index, block in enumerate(encoder.blocks):
        if block.window_size:
            x = block(x)
            continue
        n = branch.attention[index // 2](block.norm1(x), c)
        c = branch.refine[index // 2](c)
        x = x + block.attn(n)
        n = block.norm2(x)
        x = x + block.mlp(n) + block.beside_mlp(n)
    expected = encoder.neck((x + 0.5 * c.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
    assert branch.blocks == (1, 3, 5, 7)
    torch.testing.assert_close(model.encode(IMAGE).embedding, expected)


@pytest.mark.parametrize("depth", [1, 2])
@torch.inference_mode()
def test_every_frame_meets_the_map_of_its_own_image(depth):
    model = tiny_vit(depth=depth)
    alone = model.encode(IMAGE[:depth], depth).embedding
    both = model.encode(torch.cat([IMAGE[:depth], IMAGE.flip(2)[:depth]]), depth).embedding
    torch.testing.assert_close(both[:depth], alone)
    assert not torch.allclose(both[depth:], alone)


# The untrained branch, and training


@pytest.mark.parametrize("adapter", ["none", "samus"])
@torch.inference_mode()
def test_untrained_it_leaves_the_output_bit_for_bit(adapter, tiny_model):
    model = tiny_model({**SAMUS, "adapter": adapter})
    plain = build_base(model.config)
    plain.load_state_dict({n: t for n, t in model.state_dict().items() if n in plain.state_dict()})
    assert torch.equal(model.encode(IMAGE).embedding, plain.encode(IMAGE).embedding)


def test_all_of_it_learns_and_nothing_of_the_base(settings, tmp_path):
    trained, _ = learner_of(settings(model=SAMUS, **CHANGES), tmp_path)
    before = {name: tensor.clone() for name, tensor in trained.model.state_dict().items()}
    for step in range(3):
        trained.step(np.arange(3), Moment(0, step, 0.0))
    after = trained.model.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    without_effect = {name for name in after if name.endswith("key.bias")}  # alike for every key
    assert changed | without_effect == set(trained.model.tuned)
    assert {n for n in after if n.startswith("branch.")} <= set(trained.model.tuned)


def test_a_file_of_weights_carries_it(tiny_model, tmp_path):
    model = drawn(tiny_model(SAMUS))
    for tensor in model.state_dict().values():
        tensor.copy_(tensor.half().float())
    base = build_base(with_settings(model.config, "model", {"branch": "none", "adapter": "none"}))
    base.load_state_dict({n: t for n, t in model.state_dict().items() if n in base.state_dict()})
    checkpoint.save_base(base, tmp_path / "base.safetensors", Provenance())
    checkpoint.save_adapter(model, tmp_path / "a.safetensors", tmp_path / "base.safetensors", Provenance())
    loaded = checkpoint.load(tmp_path / "a.safetensors")
    assert torch.equal(loaded.encode(IMAGE).embedding, model.encode(IMAGE).embedding)
    logits, _ = loaded.predict(loaded.encode(IMAGE[:1]), Prompts((Click(30, 20),)))
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("backbone", ["mobile_sam", "sam2_tiny"])
def test_an_encoder_that_changes_its_grid_on_the_way_is_refused(backbone):
    with (
        torch.device("meta"),
        pytest.raises(ValueError, match=r"branch samus .* expected a backbone sam_vit"),
    ):
        build(with_settings(METHODS["samca"], "model", {"backbone": backbone, **SAMUS, "adapter": "none"}))


def test_weights_of_a_resnet_are_refused(settings, tmp_path):
    with pytest.raises(ValueError, match=r"run\.branch_weights .* model\.branch is samus, which takes none"):
        learner_of(settings(model=SAMUS, branch_weights="resnet.pt"), tmp_path)
