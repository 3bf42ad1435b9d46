"""MobileSAM: the names and shapes of its file, its encoder written again from the formulas, other grids."""

import json
from functools import partial
from itertools import product

import pytest
import torch
from torch.nn import functional as F

from samca.__main__ import main
from samca.config import with_settings
from samca.interaction.session import Session
from samca.methods import METHODS
from samca.network import sam
from samca.network.model import build_base
from samca.prompts import Box, Click, Prompts
from samca.weights import checkpoint, published

WIDTHS, DEPTHS, HEADS, WINDOWS = (64, 128, 160, 320), (2, 2, 6, 2), (2, 4, 5, 10), (7, 7, 14, 7)

# Names and shapes as its public code makes them


def conv_norm(name: str, after: int, before: int, kernel: int = 1) -> dict[str, tuple[int, ...]]:
    norm = {f"{name}.bn.{part}": (after,) for part in ("weight", "bias", "running_mean", "running_var")}
    return {f"{name}.c.weight": (after, before, kernel, kernel), **norm, f"{name}.bn.num_batches_tracked": ()}


def affine(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def merging(name: str, after: int, before: int) -> dict[str, tuple[int, ...]]:
    return {
        **conv_norm(f"{name}.conv1", after, before),
        **conv_norm(f"{name}.conv2", after, 1, 3),
        **conv_norm(f"{name}.conv3", after, after),
    }


def attending(name: str, width: int, heads: int, window: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.attn.attention_biases": (heads, window * window),
        **affine(f"{name}.attn.norm", width),
        **affine(f"{name}.attn.qkv", 3 * width, width),
        **affine(f"{name}.attn.proj", width, width),
        **affine(f"{name}.mlp.norm", width),
        **affine(f"{name}.mlp.fc1", 4 * width, width),
        **affine(f"{name}.mlp.fc2", width, 4 * width),
        **conv_norm(f"{name}.local_conv", width, 1, 3),
    }


def official_encoder() -> dict[str, tuple[int, ...]]:
    shapes = conv_norm("patch_embed.seq.0", 32, 3, 3) | conv_norm("patch_embed.seq.2", 64, 32, 3)
    for index in range(DEPTHS[0]):
        name = f"layers.0.blocks.{index}"
        shapes |= conv_norm(f"{name}.conv1", 256, 64) | conv_norm(f"{name}.conv2", 256, 1, 3)
        shapes |= conv_norm(f"{name}.conv3", 64, 256)
    for stage in (1, 2, 3):
        shapes |= merging(f"layers.{stage - 1}.downsample", WIDTHS[stage], WIDTHS[stage - 1])
        for index in range(DEPTHS[stage]):
            name = f"layers.{stage}.blocks.{index}"
            shapes |= attending(name, WIDTHS[stage], HEADS[stage], WINDOWS[stage])
    shapes |= affine("norm_head", 320) | affine("head", 1000, 320)
    shapes |= {"neck.0.weight": (256, 320, 1, 1), "neck.2.weight": (256, 256, 3, 3)}
    return shapes | affine("neck.1", 256) | affine("neck.3", 256)


def official_file() -> dict[str, torch.Tensor]:
    """What mobile_sam.pt holds, with random numbers; prompt encoder and decoder are the SAM package's."""
    state = {f"image_encoder.{name}": drawn(name, shape) for name, shape in official_encoder().items()}
    decoder = sam.modeling.MaskDecoder(
        num_multimask_outputs=3, transformer=sam.TwoWayTransformer(2, 256, 8, 2048), transformer_dim=256
    )
    prompts = sam.PromptEncoder(256, (64, 64), (1024, 1024), 16)
    state |= {f"prompt_encoder.{name}": tensor for name, tensor in prompts.state_dict().items()}
    return state | {f"mask_decoder.{name}": tensor for name, tensor in decoder.state_dict().items()}


def drawn(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.tensor(7)
    if name.endswith("running_var"):
        return torch.rand(shape) + 0.5
    if len(shape) > 1:
        return torch.randn(shape) * (2 / torch.Size(shape[1:]).numel()) ** 0.5
    return 0.1 * torch.randn(shape) + float(name.endswith("weight"))


@pytest.fixture(scope="module")
def official():
    torch.manual_seed(0)
    return official_file()


@pytest.fixture
def file(official, tmp_path):
    torch.save(official, tmp_path / "mobile_sam.pt")
    return tmp_path / "mobile_sam.pt"


# Its encoder again: tokens (B, N, C) in row order, as in its public code


def normed(state, name, x):
    return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def dense(state, name, x):
    return F.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])


def convolved(state, name, x, stride=1):
    weight = state[f"{name}.c.weight"]
    groups = x.shape[1] // weight.shape[1]
    x = F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2, groups=groups)
    mean, variance, gain, shift = (
        state[f"{name}.bn.{part}"][:, None, None]
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / (variance + 1e-5).sqrt() * gain + shift


def merged(state, name, x, stride):
    x = F.gelu(convolved(state, f"{name}.conv1", x))
    return convolved(state, f"{name}.conv3", F.gelu(convolved(state, f"{name}.conv2", x, stride)))


def attended(state, name, tokens, heads, side):
    """One window: (side * side, C), pair by pair of rows and columns."""
    count, width = tokens.shape
    qkv = dense(state, f"{name}.qkv", normed(state, f"{name}.norm", tokens)).view(count, heads, 3, -1)
    places = list(product(range(side), range(side)))
    apart = [[abs(a - c) * side + abs(b - d) for c, d in places] for a, b in places]
    bias = state[f"{name}.attention_biases"][:, torch.tensor(apart)]
    scores = torch.einsum("nhc,mhc->hnm", qkv[:, :, 0], qkv[:, :, 1]) * (width / heads) ** -0.5 + bias
    mixed = torch.einsum("hnm,mhc->nhc", scores.softmax(-1), qkv[:, :, 2]).reshape(count, width)
    return dense(state, f"{name}.proj", mixed)


def block_of(state, name, x, heads, side):
    """(1, C, h, w): every window cut out by hand, missing tokens zero before the norm."""
    _, width, rows, columns = x.shape
    found = torch.zeros_like(x)
    for top, left in product(range(0, rows, side), range(0, columns, side)):
        window = torch.zeros(side, side, width)
        piece = x[0, :, top : top + side, left : left + side].permute(1, 2, 0)
        window[: piece.shape[0], : piece.shape[1]] = piece
        out = attended(state, f"{name}.attn", window.reshape(-1, width), heads, side).view(side, side, width)
        out = out[: piece.shape[0], : piece.shape[1]].permute(2, 0, 1)
        found[0, :, top : top + side, left : left + side] = out
    x = convolved(state, f"{name}.local_conv", x + found)
    tokens = x.permute(0, 2, 3, 1)
    hidden = F.gelu(dense(state, f"{name}.mlp.fc1", normed(state, f"{name}.mlp.norm", tokens)))
    return (tokens + dense(state, f"{name}.mlp.fc2", hidden)).permute(0, 3, 1, 2)


def neck_of(state, x):
    for conv, norm in (("neck.0", "neck.1"), ("neck.2", "neck.3")):
        weight = state[f"{conv}.weight"]
        x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        x = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True, unbiased=False) + 1e-6).sqrt()
        x = state[f"{norm}.weight"][:, None, None] * x + state[f"{norm}.bias"][:, None, None]
    return x


def their_embedding(state, image):
    state = {n.removeprefix("image_encoder."): t for n, t in state.items() if n.startswith("image_encoder.")}
    x = F.gelu(convolved(state, "patch_embed.seq.0", image, 2))
    x = convolved(state, "patch_embed.seq.2", x, 2)
    for index in range(DEPTHS[0]):
        conv = partial(convolved, state)
        name = f"layers.0.blocks.{index}"
        hidden = F.gelu(conv(f"{name}.conv2", F.gelu(conv(f"{name}.conv1", x))))
        x = F.gelu(x + conv(f"{name}.conv3", hidden))
    for stage, stride in ((1, 2), (2, 2), (3, 1)):
        x = merged(state, f"layers.{stage - 1}.downsample", x, stride)
        for index in range(DEPTHS[stage]):
            x = block_of(state, f"layers.{stage}.blocks.{index}", x, HEADS[stage], WINDOWS[stage])
    return neck_of(state, x)


def test_the_official_file_has_the_published_number_of_parameters(official, capsys):
    buffers = ("running_mean", "running_var", "num_batches_tracked", "gaussian_matrix")
    counted = sum(t.numel() for n, t in official.items() if not n.endswith(buffers))
    assert counted == 10_130_092
    assert main(["describe", "--method", "sam", "--backbone", "mobile_sam", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == counted - (2 * 320 + 1000 * 320 + 1000)


def test_official_names_and_shapes_fit_to_the_last_tensor(official):
    config, base, adapter = published.recognise(official, "mobile_sam.pt")
    assert (config.backbone.name, config.image_size, config.fit, adapter) == ("mobile_sam", 1024, "pad", {})
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in build_base(config).state_dict().items()}
    assert {name: tensor.shape for name, tensor in base.items()} == expected


@pytest.mark.parametrize("side", [224, 256, 512])  # windows that fit, that are filled up, and several of them
@torch.inference_mode()
def test_the_official_file_gives_the_features_of_its_formulas(side, file, official):
    model = checkpoint.load(file, settings={"image_size": side})
    image = torch.rand(1, 3, side, side) * 255
    expected = their_embedding(official, (image - model.pixel_mean) / model.pixel_std)
    assert expected.shape == (1, 256, side // 16, side // 16)
    torch.testing.assert_close(model.encode(image).embedding, expected, rtol=0, atol=2e-4)


@pytest.mark.slow
@torch.inference_mode()
def test_the_official_file_gives_the_features_of_its_formulas_at_the_published_size(file, official):
    model = checkpoint.load(file)
    image = torch.rand(1, 3, 1024, 700) * 255
    fed = F.pad((image - model.pixel_mean) / model.pixel_std, (0, 324))
    expected = their_embedding(official, fed)
    assert expected.shape == (1, 256, 64, 64)
    torch.testing.assert_close(model.encode(image).embedding, expected, rtol=0, atol=2e-4)


def test_training_leaves_the_statistics_of_the_pretraining_alone(file):
    model = checkpoint.load(file, settings={"image_size": 64})
    images = torch.rand(2, 3, 64, 64) * 255
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    in_use = model.encode(images).embedding
    model.train()
    assert torch.equal(model.encode(images).embedding, in_use)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_session_segments_a_frame_that_is_no_square(file):
    session = Session(checkpoint.load(file, settings={"image_size": 128}))
    session.set_image(torch.randint(0, 256, (60, 90), dtype=torch.uint8).numpy())
    assert session.click(40, 30).shape == (60, 90)
    assert session.predict(Prompts((Click(40, 30),), Box(5, 5, 70, 50))).logits.shape == (60, 90)


def test_a_tinyvit_of_other_stages_is_refused_with_what_was_found_and_expected(official, tmp_path):
    wide = {n: t for n, t in official.items() if ".layers.2.blocks.5." not in n}
    torch.save(wide, tmp_path / "other.pt")
    expected = r"other\.pt holds a TinyViT with blocks .*160: 5.*: mobile_sam has .*160: 6"
    with pytest.raises(ValueError, match=expected):
        checkpoint.load(tmp_path / "other.pt")


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_a_file_that_does_not_fit_is_refused_by_the_name_of_the_tensor(change, official, tmp_path):
    state, name = dict(official), "image_encoder.layers.1.blocks.0.attn.qkv.weight"
    if change == "missing":
        del state[name]
    elif change == "extra":
        state["image_encoder.layers.1.blocks.0.attn.rel_pos_h"] = torch.zeros(1)
    else:
        state[name] = torch.zeros(384, 64)
    torch.save(state, tmp_path / "other.pt")
    sentences = {
        "missing": r"mobile_sam model: image_encoder\.layers\.1\.blocks\.0\.attn\.qkv\.weight is missing",
        "extra": r"attn\.rel_pos_h has no place",
        "shape": r"attn\.qkv\.weight has shape \(384, 64\), expected \(384, 128\)",
    }
    with pytest.raises(ValueError, match=sentences[change]):
        checkpoint.load(tmp_path / "other.pt")


def test_a_file_that_was_cut_off_is_called_damaged(file):
    file.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(ValueError, match=r"mobile_sam\.pt is damaged"):
        checkpoint.load(file)


def test_a_file_of_another_backbone_is_refused_by_both_names(file, tiny_model):
    with pytest.raises(ValueError, match=r"holds weights of mobile_sam: expected sam_vit_small"):
        checkpoint.load_base_into(tiny_model(), file)
    model = build_base(with_settings(METHODS["samca"], "model", {"backbone": "mobile_sam"}))
    torch.save(sam_vit_b(), file.with_name("sam.pth"))
    with pytest.raises(ValueError, match=r"sam\.pth holds weights of sam_vit_b: expected mobile_sam"):
        checkpoint.load_base_into(model, file.with_name("sam.pth"))


def sam_vit_b() -> dict[str, torch.Tensor]:
    return {"image_encoder.pos_embed": torch.zeros(1, 64, 64, 768)}
