"""Checkpoints of other projects: their names and shapes, their encoders written again from the formulas."""

import argparse
import collections
import datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from samca import tensor_files
from samca.config import with_settings
from samca.methods import METHODS
from samca.network import sam
from samca.network.backbones import BACKBONES, sam_vit
from samca.network.model import adapt, build, build_base
from samca.prompts import Click, Prompts
from samca.weights import checkpoint, published

SIZES = {"embed_dim": 32, "depth": 2, "num_heads": 2, "global_attn_indexes": (1,)}
WINDOW = 14


@pytest.fixture
def narrow(monkeypatch):
    """A fourth size of SAM, 32 wide, known to the program under its width."""
    monkeypatch.setitem(sam_vit.SIZES, "sam_vit_32", SIZES)
    monkeypatch.setitem(BACKBONES, "sam_vit_32", partial(sam_vit.build, "sam_vit_32"))
    monkeypatch.setitem(published.WIDTHS, 32, "sam_vit_32")


def plain_sam(side: int, sizes=SIZES) -> nn.ModuleDict:
    """The published SAM, from the classes of the plain package."""
    encoder = sam.ImageEncoderViT(
        img_size=side, mlp_ratio=4, norm_layer=partial(nn.LayerNorm, eps=1e-6), qkv_bias=True,
        use_rel_pos=True, window_size=WINDOW, out_chans=256, **sizes,
    )  # fmt: skip
    decoder = sam.modeling.MaskDecoder(
        num_multimask_outputs=3, transformer=sam.TwoWayTransformer(2, 256, 8, 2048), transformer_dim=256
    )
    prompts = sam.PromptEncoder(256, (side // 16, side // 16), (side, side), 16)
    return nn.ModuleDict({"image_encoder": encoder, "prompt_encoder": prompts, "mask_decoder": decoder})


def drawn(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    return {name: 0.1 * torch.randn(shape) for name, shape in shapes.items()}


def bottleneck_names(index: int, kind: str, width: int) -> dict[str, tuple[int, ...]]:
    start, hidden = f"image_encoder.blocks.{index}.{kind}", width // 4
    return {
        f"{start}.D_fc1.weight": (hidden, width),
        f"{start}.D_fc1.bias": (hidden,),
        f"{start}.D_fc2.weight": (width, hidden),
        f"{start}.D_fc2.bias": (width,),
    }


def msa_shapes(width: int, depth: int) -> dict[str, tuple[int, ...]]:
    kinds = ("MLP_Adapter", "Space_Adapter", "Depth_Adapter")
    return {k: v for i in range(depth) for kind in kinds for k, v in bottleneck_names(i, kind, width).items()}


def samihs_shapes(width: int, depth: int) -> dict[str, tuple[int, ...]]:
    shapes = {f"image_encoder.{site}_down_projection": (width, 100) for site in ("att", "mlp")}
    for index in range(depth):
        for site in ("attn", "mlp"):
            shapes[f"image_encoder.blocks.{index}.{site}_adapter.adapter_rescale"] = (1, 100)
            shapes[f"image_encoder.blocks.{index}.{site}_adapter.adpater_bias"] = (width,)  # their spelling
    return shapes


def sam_med2d_shapes(width: int, depth: int) -> dict[str, tuple[int, ...]]:
    own = {
        "norm.weight": (width,),
        "norm.bias": (width,),
        "channel.0.weight": (width // 4, width),
        "channel.2.weight": (width, width // 4),
        "spatial.0.weight": (width, width, 3, 3),
        "spatial.2.weight": (width, width, 4, 4),
    }
    return {
        f"image_encoder.blocks.{i}.Adapter.{name}": shape for i in range(depth) for name, shape in own.items()
    }


SHAPES = {"samihs": samihs_shapes, "bottleneck": msa_shapes, "sam_med2d": sam_med2d_shapes}


# Their encoders, block by block, from the formulas


def windows_of(block: nn.Module, x: torch.Tensor, attend) -> torch.Tensor:
    if not block.window_size:
        return attend(x)
    cut, padded = sam.window_partition(x, block.window_size)
    return sam.window_unpartition(attend(cut), block.window_size, padded, x.shape[1:3])


def msa_block(block, own, x):
    def bottleneck(kind, y):
        hidden = F.gelu(F.linear(y, own[f"{kind}.D_fc1.weight"], own[f"{kind}.D_fc1.bias"]))
        return F.linear(hidden, own[f"{kind}.D_fc2.weight"], own[f"{kind}.D_fc2.bias"])

    def attend(y):
        y = block.attn(block.norm1(y))
        return y + bottleneck("Space_Adapter", y)

    x = x + windows_of(block, x, attend)
    n = block.norm2(x)
    return x + block.mlp(n) + 0.5 * bottleneck("MLP_Adapter", n)


def samihs_block(block, own, x):
    def adapted(y, site, projection):
        scaled = projection * own[f"{site}_adapter.adapter_rescale"]
        return y + y @ scaled @ projection.T + own[f"{site}_adapter.adpater_bias"]

    def attend(y):
        return block.attn(adapted(block.norm1(y), "attn", own["att_down_projection"]))

    x = x + windows_of(block, x, attend)
    return x + block.mlp(adapted(block.norm2(x), "mlp", own["mlp_down_projection"]))


def sam_med2d_block(block, own, x):
    n = block.norm1(x)
    x = x + windows_of(block, n, block.attn)
    n = block.norm2(x)
    mean = n.mean((1, 2))
    gate = torch.sigmoid(F.relu(mean @ own["Adapter.channel.0.weight"].T) @ own["Adapter.channel.2.weight"].T)
    maps = (n * gate[:, None, None]).permute(0, 3, 1, 2)
    maps = F.relu(F.conv2d(maps, own["Adapter.spatial.0.weight"], stride=2, padding=1))
    maps = F.relu(F.conv_transpose2d(maps, own["Adapter.spatial.2.weight"], stride=2, padding=1))
    both = n + maps.permute(0, 2, 3, 1)
    adapter = F.layer_norm(both, both.shape[-1:], own["Adapter.norm.weight"], own["Adapter.norm.bias"])
    return x + block.mlp(n) + adapter


def their_embedding(encoder, block_of, state, x):
    shared = {k.removeprefix("image_encoder."): v for k, v in state.items() if k.endswith("down_projection")}
    x = encoder.patch_embed(x) + encoder.pos_embed
    for index, block in enumerate(encoder.blocks):
        start = f"image_encoder.blocks.{index}."
        own = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
        x = block_of(block, own | shared, x)
    return encoder.neck(x.permute(0, 3, 1, 2))


CASES = {
    "samihs": (
        samihs_block,
        1024,
        lambda state: {"model_state_dict": {f"module.{k}": v for k, v in state.items()}},
    ),
    "bottleneck": (
        msa_block,
        1024,
        lambda state: {"epoch": 3, "model": "sam", "state_dict": state, "best_tol": 0.1},
    ),
    "sam_med2d": (sam_med2d_block, 256, lambda state: {"model": state}),
}


@pytest.mark.parametrize("adapter", CASES)
@torch.inference_mode()
def test_a_published_adapter_gives_the_features_of_its_own_code(adapter, narrow, tmp_path):
    block_of, side, wrap = CASES[adapter]
    plain = plain_sam(side)
    for parameter in plain.parameters():
        parameter += 0.1 * torch.randn_like(parameter)
    extra = drawn(SHAPES[adapter](32, SIZES["depth"]))
    torch.save(wrap(plain.state_dict() | extra), tmp_path / "theirs.pth")
    model = checkpoint.load(tmp_path / "theirs.pth")
    assert (model.config.adapter.name, model.config.image_size, model.config.fit) == (adapter, side, "squash")
    image = torch.rand(1, 3, side, side) * 255
    fed = (image - model.pixel_mean) / model.pixel_std if adapter == "sam_med2d" else image / 255
    expected = their_embedding(plain["image_encoder"], block_of, extra, fed)
    torch.testing.assert_close(model.encode(image).embedding, expected, rtol=0, atol=1e-4)
    logits, _ = model.predict(model.encode(image), Prompts((Click(20, 30),)))
    assert logits.shape == (side // 4, side // 4)


@pytest.mark.parametrize("adapter", CASES)
def test_names_and_shapes_of_vit_b_fit_to_the_last_tensor(adapter):
    with torch.device("meta"):
        state = plain_sam(CASES[adapter][1], sam_vit.SIZES["sam_vit_b"]).state_dict()
        state |= {name: torch.empty(shape) for name, shape in SHAPES[adapter](768, 12).items()}
        config, base, ours = published.recognise(state, "theirs.pth")
        model = build(config)
    expected = {name: tensor.shape for name, tensor in model.state_dict().items()}
    assert {name: tensor.shape for name, tensor in (base | ours).items()} == expected
    assert config.best_of_three == (adapter == "sam_med2d")
    assert (config.intensities == "unit") == (adapter != "sam_med2d")


@pytest.mark.parametrize("size", ["sam_vit_b", "sam_vit_l", "sam_vit_h"])
def test_official_names_and_shapes_fit_to_the_last_tensor(size):
    with torch.device("meta"):
        state = plain_sam(1024, sam_vit.SIZES[size]).state_dict()
        config, base, adapter = published.recognise(state, "sam.pth")
        model = build(config)
    assert (config.backbone.name, config.image_size, config.fit, adapter) == (size, 1024, "pad", {})
    expected = {name: tensor.shape for name, tensor in model.state_dict().items()}
    assert {name: tensor.shape for name, tensor in base.items()} == expected


@torch.inference_mode()
def test_a_sam_file_gives_the_masks_of_plain_sam_at_1024_px(narrow, tmp_path):
    plain = plain_sam(1024).eval()
    for parameter in plain.parameters():
        parameter += 0.01 * torch.randn_like(parameter)
    torch.save(plain.state_dict(), tmp_path / "sam.pth")
    model = checkpoint.load(tmp_path / "sam.pth")
    image = torch.rand(1, 3, 1024, 700) * 255
    fed = F.pad((image - model.pixel_mean) / model.pixel_std, (0, 324))
    points, labels = torch.tensor([[[30.0, 40.0], [600.0, 500.0]]]), torch.tensor([[1, 0]])
    sparse, dense = plain["prompt_encoder"]((points, labels), None, None)
    expected, iou = plain["mask_decoder"](
        plain["image_encoder"](fed),
        plain["prompt_encoder"].get_dense_pe(),
        sparse,
        dense,
        multimask_output=False,
    )
    prompts = Prompts((Click(30, 40), Click(600, 500, False)))
    logits, predicted = model.predict(model.encode(image), prompts)
    torch.testing.assert_close(torch.from_numpy(logits), expected[0, 0], rtol=0, atol=1e-5)
    assert predicted == pytest.approx(float(iou), abs=1e-5)


def test_an_adapter_of_ours_finds_a_published_file_as_its_base(narrow, tmp_path):
    plain = plain_sam(1024)
    torch.save(plain.state_dict(), tmp_path / "sam.pth")
    settings = {"backbone": "sam_vit_32", "adapter.rank": 4}
    model = build_base(with_settings(METHODS["samca"], "model", settings))
    checkpoint.load_base_into(model, tmp_path / "sam.pth")
    adapt(model)
    checkpoint.save_adapter(
        model, tmp_path / "tuned.safetensors", tmp_path / "sam.pth", checkpoint.Provenance()
    )
    loaded = checkpoint.load(tmp_path / "tuned.safetensors")
    assert loaded.config.image_size == 256
    assert torch.equal(loaded.image_encoder.pos_embed, plain["image_encoder"].pos_embed)
    assert loaded.tuned == model.tuned


@torch.inference_mode()
def test_an_optimiser_inside_the_file_is_ignored_and_not_run(narrow, tmp_path):
    plain = plain_sam(256)
    optimizer = torch.optim.Adam(plain.parameters())
    for parameter in plain.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    torch.save({"model": plain.state_dict(), "optimizer": optimizer}, tmp_path / "ft-sam.pth")
    model = checkpoint.load(tmp_path / "ft-sam.pth")
    assert torch.equal(model.image_encoder.pos_embed, plain["image_encoder"].pos_embed)


def prefixed(text, state):
    return {text + name: tensor for name, tensor in state.items()}


LEFT = {  # by trainers, around and beside the tensors of a model
    "plain": lambda state: state,
    "lightning": lambda state: {
        "state_dict": prefixed("model.sam.", state) | {"loss.weight": torch.ones(2)},
        "hyper_parameters": argparse.Namespace(lr=1e-4, data=Path("data")),
        "callbacks": {"early": {"best": torch.tensor(0.5)}},
        "epoch": 3,
    },
    "parallel": lambda state: prefixed("module.", state),
    "compiled": lambda state: {"model_state_dict": prefixed("_orig_mod.module.", state)},
    "nested": lambda state: {"checkpoint": {"net": {"weights": prefixed("net.", state)}}, "step": 7},
    "with constants": lambda state: (
        state | {"pixel_mean": torch.zeros(3, 1, 1), "pixel_std": torch.ones(3, 1, 1)}
    ),
    "with values": lambda state: (
        state | {"epoch": 3, "name": "sam", "best": None, "dice": 0.5, "seen": [1, 2]}
    ),
    "with arrays": lambda state: {
        "model": state,
        "losses": np.zeros(3),
        "best": np.float64(0.5),
        "names": np.array(["a", "b"], object),
        "history": collections.defaultdict(list, {"dice": [0.5]}),
        "date": datetime.datetime(2026, 1, 1),
    },
    "ordered": lambda state: collections.OrderedDict(state=3, model=collections.OrderedDict(state)),
}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("trainer", LEFT)
def test_a_fine_tuned_file_is_taken_as_its_trainer_leaves_it(trainer, legacy, narrow, tmp_path):
    state = plain_sam(1024).state_dict()
    optimizer = {"optimizer": {"state": {0: {"exp_avg": torch.ones(5)}}, "param_groups": [{"lr": 0.1}]}}
    content = LEFT[trainer](state) | optimizer
    torch.save(content, tmp_path / "sam.pth", _use_new_zipfile_serialization=not legacy)
    loaded = checkpoint.load(tmp_path / "sam.pth").state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items() if name in loaded)
    assert set(state) <= set(loaded)


def test_what_a_trainer_leaves_beside_the_tensors_is_not_made(tmp_path, monkeypatch):
    torch.save({"args": argparse.Namespace(a=1), "losses": np.zeros(3)}, tmp_path / "sam.pth")
    monkeypatch.setattr(argparse.Namespace, "__init__", lambda *_, **__: pytest.fail("was made"))
    content, _ = tensor_files.read(tmp_path / "sam.pth")
    assert not isinstance(content["args"], argparse.Namespace)
    assert not isinstance(content["losses"], np.ndarray)


def test_two_models_in_one_file_are_named(narrow, tmp_path):
    state = plain_sam(1024).state_dict()
    torch.save(prefixed("student.", state) | prefixed("teacher.", state), tmp_path / "sam.pth")
    with pytest.raises(
        ValueError, match=r"holds several models, by 'student\.', 'teacher\.' before their names"
    ):
        checkpoint.load(tmp_path / "sam.pth")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("image_encoder.pos_embed", (1, 64, 64, 0)),
        ("image_encoder.pos_embed", (1, 0, 0, 32)),
        ("image_encoder.pos_embed", ()),
        ("image_encoder.blocks.0.Adapter.channel.0.weight", (3,)),
        ("image_encoder.blocks.0.Adapter.channel.0.weight", (4, 0)),
        ("image_encoder.blocks.0.Adapter.norm.weight", (4,)),
        ("image_encoder.att_down_projection", (4,)),
        ("image_encoder.blocks.0.MLP_Adapter.D_fc1.bias", (4,)),
        ("image_encoder.trunk.blocks.0.norm2.weight", ()),
        ("image_encoder.patch_embed.seq.0.c.weight", ()),
    ],
)
def test_tensors_of_other_shapes_are_a_sentence(name, shape, narrow, tmp_path):
    state = plain_sam(1024).state_dict() | {name: torch.zeros(shape)}
    torch.save(state, tmp_path / "sam.pth")
    with pytest.raises(ValueError, match=r"sam\.pth (is no SAM|holds|does not fit)|expected"):
        checkpoint.load(tmp_path / "sam.pth")


@pytest.mark.parametrize("broken", ["missing", "extra", "shape"])
def test_a_file_that_does_not_fit_is_refused_by_the_name_of_the_tensor(broken, narrow, tmp_path):
    state = plain_sam(256).state_dict() | drawn(msa_shapes(32, 2))
    name = "image_encoder.blocks.1.MLP_Adapter.D_fc2.weight"
    if broken == "missing":
        del state[name]
    elif broken == "extra":
        state["image_encoder.blocks.1.norm3.weight"] = torch.zeros(1)
    else:
        state[name] = torch.zeros(32, 9)
    torch.save(state, tmp_path / "msa.pth")
    sentences = {
        "missing": r"blocks\.1\.beside_mlp\.up\.weight is missing",
        "extra": r"blocks\.1\.norm3\.weight has no place",
        "shape": r"blocks\.1\.beside_mlp\.up\.weight has shape \(32, 9\), expected \(32, 8\)",
    }
    with pytest.raises(ValueError, match=sentences[broken]):
        checkpoint.load(tmp_path / "msa.pth")


@pytest.mark.parametrize(
    "state", [{}, {"weight": torch.zeros(3)}, {"image_encoder.pos_embed": torch.zeros(7)}, [1]]
)
def test_what_is_no_sam_is_refused(state, tmp_path):
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"other\.pth is no SAM checkpoint"):
        checkpoint.load(tmp_path / "other.pth")
