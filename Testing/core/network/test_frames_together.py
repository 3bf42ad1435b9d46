"""SD-Trans: neighbouring frames through the encoder together, on both of our encoders."""

import pytest
import torch
from torch import nn

from samca.methods import configure
from samca.network.adapters.med_sa import JOINS
from samca.network.backbones import BACKBONES
from samca.network.backbones.sam_vit import SamViT
from samca.network.describe import describe
from samca.network.model import Model, adapt, build_base

SMALL = {"name": "sam_vit_small", "channels": [8, 8, 8], "width": 16, "depth": 2, "heads": 2}
SETTINGS = {
    "method": "med_sa", "backbone": {**SMALL, "out_channels": 32}, "image_size": 256,
    "adapter.rank": 4, "decoder_adapter.rank": 4,
}  # fmt: skip
WINDOWED = {"embed_dim": 32, "depth": 3, "num_heads": 2, "global_attn_indexes": (1,)}  # at 16 x 16 padded
FRAMES = torch.rand(4, 3, 256, 256, generator=torch.Generator().manual_seed(1)) * 255


@pytest.fixture(params=["sam_vit", "sam_vit_small"])
def model(request):
    """Medical SAM Adapter with random weights; with trained=False its adapters are as at the start."""

    def make(join_depth="add", trained=True) -> Model:
        torch.manual_seed(0)
        config = configure(SETTINGS | {"adapter.join_depth": join_depth})
        made = Model(config, SamViT(img_size=1024, **WINDOWED)) if request.param == "sam_vit" else None
        made = adapt((made or build_base(config)).eval())
        with torch.no_grad():
            for name in made.tuned if trained else ():
                nn.init.normal_(made.get_parameter(name), std=0.1)
        return made

    return make


def embedding(model: Model, frames: torch.Tensor, depth: int) -> torch.Tensor:
    return model.encode(frames, depth).embedding


@pytest.mark.parametrize("join", JOINS)
@torch.inference_mode()
def test_with_depth_1_it_is_the_model_of_single_frames(model, join):
    model = model(join)
    alone = torch.cat([model.encode(frame[None]).embedding for frame in FRAMES])
    torch.testing.assert_close(embedding(model, FRAMES, 1), alone)
    frames = [frame.permute(1, 2, 0).numpy() for frame in FRAMES]
    assert torch.equal(model.embed_frames(frames[:1])[0].embedding, model.embed(frames[0]).embedding)


@pytest.mark.parametrize("join", JOINS)
@torch.inference_mode()
def test_frames_permuted_give_permuted_results(model, join):
    model, order = model(join), [2, 0, 3, 1]
    together = embedding(model, FRAMES, 4)
    torch.testing.assert_close(embedding(model, FRAMES[order], 4), together[order], atol=1e-4, rtol=1e-4)
    assert not torch.allclose(together, embedding(model, FRAMES, 1), atol=1e-2)


@pytest.mark.parametrize("join", JOINS)
@torch.inference_mode()
def test_each_group_sees_its_own_frames_only(model, join):
    model, changed = model(join), FRAMES.clone()
    changed[3] = 0
    before, after = (embedding(model, frames, 2) for frames in (FRAMES, changed))
    torch.testing.assert_close(before[:2], after[:2])
    assert not torch.allclose(before[2], after[2], atol=1e-3)


@pytest.mark.parametrize("join", ["concat", "cross_attention"])
@torch.inference_mode()
def test_an_untrained_join_gives_what_single_frames_give_bit_for_bit(model, join):
    model = model(join, trained=False)
    assert torch.equal(embedding(model, FRAMES, 4), embedding(model, FRAMES, 1))


@torch.inference_mode()
def test_the_same_attention_over_space_and_over_depth_by_hand(model):
    block = model().image_encoder.blocks[0]
    width = block.norm1.weight.shape[0]
    x = torch.randn(6, 5, 4, width)  # two groups of three frames
    got = block.attn.over_depth(x, 3)
    attention = nn.MultiheadAttention(width, block.attn.num_heads, batch_first=True)
    attention.in_proj_weight, attention.in_proj_bias = block.attn.qkv.weight, block.attn.qkv.bias
    attention.out_proj.weight, attention.out_proj.bias = block.attn.proj.weight, block.attn.proj.bias
    for group in (slice(0, 3), slice(3, 6)):
        tokens = x[group, 2, 1][None]  # one place in three frames
        torch.testing.assert_close(got[group, 2, 1], attention(tokens, tokens, tokens)[0][0])
    seen = []
    block.after_attention.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    block(x, 3)
    placed = block.norm1(x)
    torch.testing.assert_close(seen[0], block._attention(placed) + block.attn.over_depth(placed, 3))


def test_cross_attention_has_the_parameters_of_table_8_and_adding_has_none():
    def trained(join):
        settings = {"method": "med_sa", "backbone": "sam_vit_b", "adapter.join_depth": join, "depth": 4}
        return describe(configure(settings))["trainable"]

    assert trained("add") == 4_913_024
    assert trained("cross_attention") - trained("add") == pytest.approx(28.3e6, rel=0.001)


def test_frames_that_are_no_whole_groups_are_refused(model):
    with pytest.raises(ValueError, match="4 frames are no whole groups of 3"):
        model().encode(FRAMES, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"depth": 0}, "model.depth is 0: expected at least 1"),
        (
            {"adapter.join_depth": "sum"},
            "adapter.join_depth 'sum' is not one of add, concat, cross_attention",
        ),
    ],
)
def test_wrong_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        adapt(build_base(configure(SETTINGS | settings)))


def test_a_backbone_of_single_frames_refuses_more(monkeypatch):
    class OneFrame(nn.Module):
        def forward(self, image): ...

    monkeypatch.setitem(BACKBONES, "one", OneFrame)
    with pytest.raises(ValueError, match="depth is 2, but one takes one frame at a time"):
        build_base(configure({"method": "med_sa", "backbone": "one", "depth": 2}))
