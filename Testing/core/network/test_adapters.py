"""The contract of every adapter in the dict, and the parameter counts of the papers to the unit."""

import copy
from functools import partial

import pytest
import torch
from torch import nn

from samca.config import with_settings
from samca.methods import METHODS
from samca.network.adapters import ADAPTERS, NOT_IDENTITY
from samca.network.adapters.shared_weight import SharedWeightAdapter, is_shared_projection
from samca.network.backbones.sam_vit import SamViT
from samca.network.model import Model, adapt, build

SIZES = {"embed_dim": 32, "depth": 3, "num_heads": 2, "global_attn_indexes": (1,)}
REAL = [name for name in ADAPTERS if name != "none"]


def tiny(adapter: str = "none", **options) -> Model:
    """A SAM of three blocks, two of them windowed, at 256 px: a 16 x 16 grid is cut into padded windows."""
    torch.manual_seed(0)
    settings = {"adapter": {"name": adapter, **options}, "image_size": 256, "fusion": "single"}
    model = Model(with_settings(METHODS["samca"], "model", settings), SamViT(img_size=1024, **SIZES))
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1)
    return model.eval()


IMAGE = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(1)) * 255


def trained(model: Model) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("name", REAL)
@torch.inference_mode()
def test_an_untrained_adapter_leaves_the_output_bit_for_bit(name):
    model = tiny(name)
    before = model.encode(IMAGE).embedding
    after = adapt(model).encode(IMAGE).embedding
    assert torch.equal(before, after) == (name not in NOT_IDENTITY)


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_keeps_every_name_of_the_base_and_trains_exactly_what_it_added(name):
    model = tiny(name)
    base = set(model.state_dict())
    names = set(adapt(model).state_dict())
    assert base <= names
    decoder = {n for n in base if n.startswith("mask_decoder.")}
    assert trained(model) == (names - base) | decoder
    assert set(model.tuned) == (names - base) | decoder
    assert bool(names - base) == (name != "none")


@pytest.mark.parametrize("name", REAL)
def test_an_adapter_learns(name):
    model = adapt(tiny(name))
    added = [p for n, p in model.named_parameters() if n.startswith("image_encoder.") and p.requires_grad]
    before = model.encode(IMAGE).embedding.detach()
    for _ in range(2):
        model.zero_grad()
        model.encode(IMAGE).embedding.square().mean().backward()
        with torch.no_grad():
            for parameter in added:
                parameter -= 0.001 * parameter.grad.sign()
    assert all(parameter.grad.any() for parameter in added)
    assert not torch.allclose(model.encode(IMAGE).embedding, before)


@pytest.mark.parametrize("name", [*REAL, "tied shared_weight"])
def test_an_adapter_survives_a_copy_without_sharing_weights_with_the_original(name):
    tied, name = name.startswith("tied"), name.removeprefix("tied ")
    model = adapt(tiny(name, **({"tie_sites": True} if tied else {})))
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter += 0.05 if parameter.requires_grad else 0
    moved = twin.encode(IMAGE).embedding
    assert not torch.allclose(moved, model.encode(IMAGE).embedding)
    model.load_state_dict(twin.state_dict())
    assert torch.equal(model.encode(IMAGE).embedding, moved)


def test_gradient_reaches_scale_and_offset_first_and_the_rest_a_step_later():
    model = adapt(tiny("shared_weight", rank=4))
    early = [p for n, p in model.named_parameters() if n.endswith((".scale", ".offset"))]
    late = [p for n, p in model.named_parameters() if ".shared_adapter." in n]
    assert (len(early), len(late)) == (3 * 2 * 2, 2 + 3)  # three blocks of two sites; W a site, conv a block
    model.encode(IMAGE).embedding.square().mean().backward()
    assert all(p.grad.any() for p in early)
    assert not any(p.grad.any() for p in late)
    with torch.no_grad():
        for parameter in early:
            parameter -= 0.1 * parameter.grad.sign()
    model.zero_grad()
    model.encode(IMAGE).embedding.square().mean().backward()
    assert all(p.grad.any() for p in late)


def test_the_equation_by_hand():
    block = adapt(tiny("shared_weight", rank=4)).image_encoder.blocks[0]
    adapter, (projection, conv) = block.before_attention, block.before_attention._borrowed
    nn.init.normal_(adapter.scale)
    nn.init.normal_(adapter.offset)
    m, w = torch.randn(1, 5, 6, 32), projection.down
    hidden = conv((m @ (w * adapter.scale)).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    torch.testing.assert_close(adapter(m), m + nn.functional.gelu(hidden) @ w.T + adapter.offset)


@torch.inference_mode()
def test_the_convolution_sees_over_the_border_of_a_window():
    block = adapt(tiny("shared_weight", rank=4)).image_encoder.blocks[0]
    assert block.window_size == 14
    for name in ("before_attention", "before_mlp"):
        getattr(block, name).scale.fill_(1.0)
    seen = []
    block.attn.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = torch.randn(1, 16, 16, 32)
    block(x)
    x[0, 3, 14] += 1000  # the first column of the second window; little of it arrives
    block(x)
    first, second = seen
    changed = (first != second).any(-1)  # (windows, 14, 14)
    assert changed[0].nonzero().tolist() == [[2, 13], [3, 13], [4, 13]]  # last column of the first window
    assert changed[1].nonzero().tolist() == [[r, c] for r in (2, 3, 4) for c in (0, 1)]


@torch.inference_mode()
def test_sites_with_tied_adapters_are_one_module():
    block = adapt(tiny("shared_weight", rank=4, tie_sites=True)).image_encoder.blocks[0]
    block.before_attention.scale.fill_(1.0)
    block.before_attention.offset.fill_(0.5)
    m = torch.randn(1, 4, 4, 32)
    assert not torch.equal(block.before_attention(m), m)
    assert torch.equal(block.before_attention(m), block.before_mlp(m))


@pytest.mark.parametrize("position", ["attention", "mlp"])
def test_one_position_alone_can_get_the_adapter(position):
    model = adapt(tiny("shared_weight", rank=4, positions=position))
    for block in model.image_encoder.blocks:
        adapted = {p for p in ("attention", "mlp") if is_adapter(getattr(block, f"before_{p}"))}
        assert adapted == {position}
    projections = {name.split(".")[2] for name in model.tuned if "projection" in name}
    assert projections == {f"projection_0_{position}"}


def is_adapter(module: nn.Module) -> bool:
    return isinstance(module, SharedWeightAdapter)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("shared_weight", {"positions": "none"}, "adapter.positions 'none'"),
        ("shared_weight", {"positions": "mlp", "tie_sites": True}, "tie_sites"),
        ("shared_weight", {"rank": 0}, "adapter.rank 0"),
        ("shared_weight", {"kernel": 2}, "odd kernel"),
        ("shared_weight", {"conv_scope": "layer"}, "conv_scope 'layer'"),
        ("shared_weight", {"site": "post", "tie_sites": True}, "tie_sites"),
        ("shared_weight", {"depth": 3}, "adapter.depth is unknown"),
        ("shared_weight", {"rank": "4"}, "adapter.rank is '4'"),
        ("bottleneck", {"ratio": 0.0}, "adapter.ratio is 0.0"),
        ("bottleneck", {"sites": "all"}, "adapter.sites is 'all'"),
        ("samihs", {"rank": 0}, "adapter.rank is 0"),
        ("sam_med2d", {"ratio": 9.0}, "adapter.ratio is 9.0"),
        ("none", {"rank": 4}, "adapter.rank is unknown"),
        ("lorra", {}, "adapter 'lorra' is not one of"),
    ],
)
def test_wrong_options_are_refused_by_name(name, options, message):
    with pytest.raises(ValueError, match=message):
        adapt(tiny(name, **options))


# Parameter counts (METHODS 1.2): the decoder has 4,058,340, the rest is the adapter

LAYOUTS = {
    "A": ({"tie_sites": True}, 5_225_556, 5_148_756),
    "B": ({}, 5_312_772, 5_159_172),
    "C": ({"conv_scope": "adapter"}, 6_392_772, 6_239_172),
    "D": ({"conv_scope": "position"}, 4_412_772, 4_259_172),
    "E": ({"rank": 96, "one_projection": True}, 5_148_132, 5_074_404),
    "F": ({"rank": 64, "tied": False, "conv_scope": "adapter"}, 5_159_652, 4_963_044),
}


def counts(adapter: str, backbone: str = "sam_vit_b", **options) -> tuple[int, int]:
    """(trainable, trainable without shared projections), on the meta device: no memory, no time."""
    settings = {"backbone": backbone, "adapter": {"name": adapter, **options}}
    with torch.device("meta"):
        model = build(with_settings(METHODS["samca"], "model", settings))
    sizes = {n: p.numel() for n, p in model.named_parameters() if p.requires_grad}
    return sum(sizes.values()), sum(size for n, size in sizes.items() if not is_shared_projection(n))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_samca_layouts_have_the_documented_counts(layout):
    options, *expected = LAYOUTS[layout]
    assert counts("shared_weight", **options) == tuple(expected)


@pytest.mark.parametrize(("backbone", "expected"), [("sam_vit_l", 6_477_092), ("sam_vit_h", 7_282_660)])
def test_layout_b_on_larger_encoders(backbone, expected):
    assert counts("shared_weight", backbone)[0] == expected


@pytest.mark.parametrize(
    ("adapter", "options", "expected"),
    [
        ("none", {}, 4_058_340),
        ("samihs", {}, 4_232_772),
        ("bottleneck", {}, 11_159_268),
        ("bottleneck", {"sites": "mlp"}, 7_608_804),
        ("bottleneck", {"sites": "attention"}, 7_608_804),
        ("sam_med2d", {}, 184_562_916),
    ],
)
def test_the_other_adapters_have_the_documented_counts(adapter, options, expected):
    assert counts(adapter, **options)[0] == expected


def test_table_3_counts_samihs_at_one_position_without_its_projection():
    assert counts("samihs", tie_sites=True)[1] == 4_068_756


@pytest.mark.parametrize(
    ("backbone", "total", "encoder"),
    [
        ("sam_vit_b", 93_735_472, 89_670_912),
        ("sam_vit_l", 312_342_832, 308_278_272),
        ("sam_vit_h", 641_090_608, 637_026_048),
    ],
)
def test_plain_models_have_the_published_sizes(backbone, total, encoder):
    with torch.device("meta"):
        model = build(with_settings(METHODS["sam"], "model", {"backbone": backbone}))
    size = partial(lambda module: sum(p.numel() for p in module.parameters()))
    assert (size(model), size(model.image_encoder)) == (total, encoder)
    assert (size(model.prompt_encoder), size(model.mask_decoder)) == (6_220, 4_058_340)


def test_the_small_model_has_at_most_six_million_parameters():
    model = build(with_settings(METHODS["samca"], "model", {"backbone": "sam_vit_small"}))
    assert sum(p.numel() for p in model.parameters()) <= 6_000_000
    assert model.mask_side >= 128
