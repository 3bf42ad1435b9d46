"""The encoder on ImageNet's layers: they do what the published ones do, and only their file is taken."""

import pytest
import torch
from torch.nn import functional as F

from samca.network.backbones import BACKBONES
from samca.network.backbones.efficientnet_lite import BLOCKS, CHANNELS, PARTS, STEM
from samca.network.sam import PIXEL_MEAN, PIXEL_STD
from samca.training.starting_point import starting_model
from training_runs import config_of

pytestmark = pytest.mark.usefixtures("drawn")
LITE = {"name": "sam_vit_lite", "width": 16, "depth": 1, "heads": 2, "out_channels": 32}


@pytest.fixture
def published():
    """A state dict of the public port's names and shapes, as far as stride 16, and its last layer."""
    generator = torch.Generator().manual_seed(3)

    def convolution(name, norm, *shape):
        yield (
            f"{name}.weight",
            torch.randn(shape, generator=generator) / (shape[1] * shape[2] * shape[3]) ** 0.5,
        )
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{norm}.{part}", torch.rand(shape[0], generator=generator) + 0.5
        yield f"{norm}.num_batches_tracked", torch.tensor(1)

    state, before = dict(convolution("_conv_stem", "_bn0", STEM, 3, 3, 3)), STEM
    for number, (kernel, _, wider, channels) in enumerate(BLOCKS):
        wide = before * wider
        shapes = (wide, before, 1, 1), (wide, 1, kernel, kernel), (channels, wide, 1, 1)
        for (part, norm), shape in list(zip(PARTS, shapes, strict=True))[wider == 1 :]:
            state |= convolution(f"_blocks.{number}._{part}_conv", f"_blocks.{number}.{norm}", *shape)
        before = channels
    return state | {"_fc.weight": torch.zeros(10, 4)}


def plain_layers(state, grey):
    """The published layers as they are written: convolution, batch norm, ReLU6; (B, 3, S, S) grey -> maps."""

    def layer(x, name, norm, stride=1):
        weight, groups = state[f"{name}.weight"], x.shape[1] // state[f"{name}.weight"].shape[1]
        total = weight.shape[-1] - stride
        x = F.pad(x, (total // 2, total - total // 2) * 2)
        x = F.conv2d(x, weight, stride=stride, groups=groups)
        parts = (state[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, *parts, eps=1e-3)

    x = F.relu6(layer((grey - 127) / 128, "_conv_stem", "_bn0", 2))
    maps = []
    for number, (_, stride, wider, channels) in enumerate(BLOCKS):
        of, inside = f"_blocks.{number}.", x
        if wider > 1:
            inside = F.relu6(layer(inside, f"{of}_expand_conv", f"{of}_bn0"))
        inside = F.relu6(layer(inside, f"{of}_depthwise_conv", f"{of}_bn1", stride))
        inside = layer(inside, f"{of}_project_conv", f"{of}_bn2")
        x = x + inside if stride == 1 and x.shape[1] == channels else inside
        maps.append(x)
    return [maps[number] for number in (0, 2, 4, 10)]


def normalised(grey):
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (PIXEL_MEAN, PIXEL_STD))
    return (grey - mean) / std


@torch.no_grad()
def test_folded_layers_do_what_the_published_ones_do(published, tmp_path):
    path = tmp_path / "efficientnet-lite0.pth"
    torch.save(published, path)
    encoder = BACKBONES["sam_vit_lite"](16, 1, 2, 32)
    encoder.load_imagenet(path)
    grey = torch.full((1, 3, 256, 256), 127.0)  # what the published layers see beyond the border
    grey[..., 96:160, 96:160] = (
        torch.randint(256, (3, 64, 64), generator=torch.Generator().manual_seed(1)) * 1.0
    )
    ours, theirs = encoder.layers(normalised(grey)), plain_layers(published, grey)
    for own, their, (stride, channels) in zip(ours, theirs, CHANNELS.items(), strict=True):
        middle = slice(
            128 // stride - 1, 128 // stride + 1
        )  # far from the border, where only padding differs
        assert own.shape == (1, channels, 256 // stride, 256 // stride)
        torch.testing.assert_close(own[..., middle, middle], their[..., middle, middle], rtol=1e-3, atol=1e-3)


def test_a_run_from_random_weights_begins_with_them(published, settings, tmp_path):
    path = tmp_path / "efficientnet-lite0.pth"
    torch.save(published, path)
    model = {"method": "sam", "backbone": LITE, "image_size": 64}
    config = config_of(settings(base="random", encoder_weights=str(path)) | {"model": model})
    encoder = starting_model(config, tmp_path)[0].image_encoder
    expected = BACKBONES["sam_vit_lite"]()
    expected.load_imagenet(path)
    assert all(
        torch.equal(own, loaded)
        for own, loaded in zip(encoder.layers.parameters(), expected.layers.parameters(), strict=True)
    )


def without(published, name):
    return {key: value for key, value in published.items() if key != name}


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda s: without(s, "_bn0.bias"), "no EfficientNet-Lite0: '_bn0.bias'"),
        (
            lambda s: s | {"_blocks.3._project_conv.weight": torch.zeros(40, 9, 1, 1)},
            "size mismatch for blocks.3",
        ),
        (lambda s: s | {"_conv_stem.weight": torch.zeros(32, 1, 3, 3)}, "size mismatch for stem.weight"),
        (lambda s: s | {"_conv_stem.weight": torch.zeros(48, 3, 3, 3)}, "no EfficientNet-Lite0: The size of"),
        (lambda s: [1, 2], "no EfficientNet-Lite0: list indices"),
    ],
)
def test_another_file_is_refused(published, tmp_path, damage, sentence):
    path = tmp_path / "other.pth"
    torch.save(damage(published), path)
    with pytest.raises(ValueError, match=sentence):
        BACKBONES["sam_vit_lite"](16, 1, 2, 32).load_imagenet(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"base": "random"}, "sam_vit_small takes none: expected the backbone sam_vit_lite"),
        ({"base": "shipped"}, 'run.base shipped has its own: drop one, or set run.base to "random"'),
    ],
)
def test_a_start_that_cannot_take_them_says_so(settings, tmp_path, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        starting_model(config_of(settings(encoder_weights="lite0.pth", **change)), tmp_path)
