"""Medical SAM Adapter's decoder part: by hand, from the first step on, and the counts of the paper."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from samca.methods import configure
from samca.network.describe import describe
from samca.network.hyper_prompting import PROMPTINGS, HyperPrompting
from samca.network.model import Model, adapt, build, build_base
from samca.prompts.pointing import Pointing
from samca.training.starting_point import makes_base
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance

TINY = {
    "method": "med_sa",
    "backbone": {
        "name": "sam_vit_small", "channels": [8, 8, 8], "width": 16, "depth": 2, "heads": 2,
        "out_channels": 32,
    },
    "image_size": 64, "adapter.rank": 4, "decoder_adapter.rank": 4,
}  # fmt: skip
IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 255
NO_POINTS = Pointing(torch.zeros(2, 0, 2), torch.zeros(2, 0, dtype=torch.long))


def clicks(*xy) -> Pointing:
    """One positive click in each of two images."""
    return Pointing(torch.tensor(xy, dtype=torch.float32)[:, None], torch.ones(2, 1, dtype=torch.long))


def decoded(model: Model, pointing: Pointing) -> tuple[torch.Tensor, torch.Tensor]:
    return model.decode(model.encode(IMAGES), [pointing])


def base(**settings) -> Model:
    torch.manual_seed(0)
    return build_base(configure(TINY | settings))


def disturbed(model: Model) -> Model:
    """As if it was trained: nothing is zero any more; rounded to half precision, as files hold it."""
    with torch.no_grad():
        for name in model.tuned:
            parameter = model.get_parameter(name)
            parameter.copy_((0.1 * torch.randn_like(parameter)).half())
    return model


@pytest.mark.parametrize("prompt", PROMPTINGS)
@pytest.mark.parametrize("pointing", [clicks((9, 30), (50, 3)), NO_POINTS], ids=["clicks", "nothing"])
@torch.inference_mode()
def test_an_untrained_model_is_plain_sam_bit_for_bit(prompt, pointing):
    model = base(**{"decoder_adapter.prompt": prompt})
    before = decoded(model, pointing)
    after = decoded(adapt(model), pointing)
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("prompt", PROMPTINGS)
def test_every_part_gets_a_gradient_and_only_the_adapters_train(prompt):
    model = adapt(base(**{"decoder_adapter.prompt": prompt}))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert set(trained) == set(model.tuned)
    assert all(("adapter" in n or "after_attention" in n or "beside_mlp" in n) for n in trained)
    optimizer = torch.optim.SGD(trained.values(), lr=1.0)
    for _ in range(2):  # what stands before a zero learns in the second step
        optimizer.zero_grad()
        logits, iou = decoded(model, clicks((9, 30), (50, 3)))
        (logits.square().mean() + iou.square().mean()).backward()
        optimizer.step()
    assert [name for name, p in trained.items() if not p.grad.any()] == []


def test_hyper_prompting_by_hand():
    adapter = HyperPrompting(32, 4)
    for parameter in adapter.parameters():
        nn.init.normal_(parameter, std=0.3)
    tokens, prompt = torch.randn(2, 5, 32), torch.randn(2, 32)
    got = adapter(tokens, prompt)
    for row in range(2):
        e, p = adapter.down(tokens[row]), adapter.reduce(prompt[row])
        for number, size in enumerate([(4, 32), (32, 8), (8, 32)]):
            e = e @ adapter.generators[number](p).reshape(size)
            if number < 2:
                e = F.layer_norm(e, e.shape[-1:]).relu()
        torch.testing.assert_close(got[row], e)


@torch.inference_mode()
def test_the_three_places_by_hand():
    model = disturbed(adapt(base()))
    layer = model.mask_decoder.transformer.layers[0]  # the first adds no position to its self-attention
    tokens, image, place = torch.randn(1, 7, 32), torch.randn(1, 16, 32), torch.randn(1, 16, 32)
    q = layer.norm1(layer.self_attn(tokens, tokens, tokens))
    y = q + layer.cross_attn_token_to_image(q + tokens, image + place, image)
    prompt = tokens[:, 5:].mean(1)  # after the IoU token and four mask tokens
    q = layer.norm2(y + layer.prompted_adapter(y, prompt))
    beside = layer.token_adapter
    q = layer.norm3(q + layer.mlp(q) + 0.05 * beside.up(beside.down(q).relu()))
    k = image + layer.cross_attn_image_to_token(image + place, q + tokens, q)
    k = layer.norm4(k + layer.image_adapter.up(layer.image_adapter.down(k).relu()))
    got = layer(queries=tokens, keys=image, query_pe=tokens, key_pe=place)
    torch.testing.assert_close(got, (q, k))


@torch.inference_mode()
def test_each_image_gets_the_weights_of_its_own_prompt():
    model = disturbed(adapt(base()))
    both = decoded(model, clicks((9, 30), (50, 3)))[0]
    moved = decoded(model, clicks((9, 30), (20, 40)))[0]
    assert torch.equal(both[0], moved[0])
    assert not torch.allclose(both[1], moved[1])


@torch.inference_mode()
def test_tokens_that_go_before_the_decoders_own_are_no_prompt():
    model = disturbed(adapt(base()))
    seen = []
    adapter = model.mask_decoder.transformer.layers[1].prompted_adapter
    adapter.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    features, sparse = model.encode(IMAGES), torch.randn(2, 3, 32)
    dense, place = torch.zeros(2, 32, 8, 8), model.prompt_encoder.get_dense_pe()
    for first in ((), (torch.randn(1, 32),)):
        model.mask_decoder.attend(features.embedding, place, sparse, dense, features.fine, first)
    torch.testing.assert_close(seen, [sparse.mean(1)] * 2)


@torch.inference_mode()
@pytest.mark.parametrize("prompt", [name for name in PROMPTINGS if name != "none"])
def test_several_tokens_side_by_side_lead_the_adapter_and_zero_stands_for_those_that_are_not_there(prompt):
    settings = {"decoder_adapter.prompt": prompt, "decoder_adapter.concatenated": 3}
    model = disturbed(adapt(base(**settings)))
    layer, seen = model.mask_decoder.transformer.layers[1], []
    layer.prompted_adapter.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    features, dense = model.encode(IMAGES), torch.zeros(2, 32, 8, 8)
    place = model.prompt_encoder.get_dense_pe()
    for count in (2, 3, 5):
        sparse = torch.randn(2, count, 32)
        model.mask_decoder.attend(features.embedding, place, sparse, dense, features.fine, ())
        beside = torch.zeros(2, 3, 32)
        beside[:, :count] = sparse[:, :3]
        torch.testing.assert_close(seen[-1], layer.gather(beside.flatten(1)))


def test_side_by_side_starts_as_plain_sam_too():
    model, pointing = base(**{"decoder_adapter.concatenated": 4}), clicks((9, 30), (50, 3))
    with torch.inference_mode():
        before = decoded(model, pointing)
        after = decoded(adapt(model), pointing)
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


@torch.inference_mode()
def test_without_a_prompt_the_weights_are_those_of_the_zero_vector():
    model = disturbed(adapt(base()))
    seen = []
    adapter = model.mask_decoder.transformer.layers[0].prompted_adapter
    adapter.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[1]))
    logits, _ = decoded(model, NO_POINTS)
    assert seen[0].shape == (2, 32)
    assert not seen[0].any()
    assert logits.isfinite().all()


def test_a_copy_and_a_file_hold_the_same_model(tmp_path):
    model = base()
    checkpoint.save_base(model, tmp_path / "base.safetensors", Provenance())
    checkpoint.load_base_into(model, tmp_path / "base.safetensors")
    model = disturbed(adapt(model))
    checkpoint.save_adapter(
        model, tmp_path / "med_sa.safetensors", tmp_path / "base.safetensors", Provenance()
    )
    loaded = checkpoint.load(tmp_path / "med_sa.safetensors")
    want = decoded(model, clicks((9, 30), (50, 3)))[0]
    assert torch.equal(decoded(loaded, clicks((9, 30), (50, 3)))[0], want)
    assert torch.equal(decoded(copy.deepcopy(model), clicks((9, 30), (50, 3)))[0], want)


@pytest.mark.parametrize(
    ("backbone", "encoder", "full"),
    [
        ("sam_vit_b", 2_379_264, 4_913_024),
        ("sam_vit_l", 6_343_680, 8_877_440),
        ("sam_vit_h", 10_571_776, 13_105_536),
    ],
)
def test_counts_are_those_of_the_paper_to_the_unit(backbone, encoder, full):
    settings = {"method": "med_sa", "backbone": backbone}
    assert describe(configure(settings))["trainable"] == full
    assert describe(configure(settings | {"decoder_adapter": "none"}))["trainable"] == encoder


@pytest.mark.parametrize("rank", [1, 16, 32, 64, 256])
def test_counts_over_the_rank_are_within_a_hundredth_of_table_7(rank):
    table = {1: 1.58e6, 16: 4.33e6, 32: 7.19e6, 64: 13.10e6, 256: 48.67e6}
    settings = {"method": "med_sa", "adapter.rank": rank, "decoder_adapter.rank": rank}
    assert describe(configure(settings))["trainable"] == pytest.approx(table[rank], rel=0.01)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"adapter.rank": 0}, "adapter.rank is 0: expected at least 1"),
        ({"decoder_adapter.rank": 0}, "decoder_adapter.rank is 0: expected at least 1"),
        ({"decoder_adapter.prompt": "hyp"}, "'hyp' is not one of none, add, concat, hyper"),
        ({"decoder_adapter": "lorra"}, "decoder_adapter 'lorra' is not one of"),
        ({"adapter.sites": "none"}, "adapter.sites 'none'"),
        ({"adapter.layers": "even"}, "layers 'even': expected one of both, attention, mlp / all, first"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        build(configure(TINY | settings))


@pytest.mark.parametrize(("layers", "blocks"), [("all", [0, 1, 2]), ("first", [0]), ("last", [1, 2])])
def test_layers_are_those_asked_for(layers, blocks):
    model = build(configure(TINY | {"adapter.layers": layers, "backbone.depth": 3}))
    adapted = {int(name.split(".")[2]) for name in model.tuned if name.startswith("image_encoder")}
    assert sorted(adapted) == blocks


def test_a_model_with_decoder_adapters_makes_no_base():
    everything = {"adapter": "none", "tuned": ["image_encoder", "prompt_encoder", "mask_decoder"]}
    assert not makes_base(configure(TINY | everything))
    assert makes_base(configure(TINY | everything | {"decoder_adapter": "none"}))
