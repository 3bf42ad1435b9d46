"""Equality with the plain segment-anything classes, and the door that needs no torchvision."""

import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from samca.config import with_settings
from samca.methods import METHODS
from samca.network import sam
from samca.network.backbones.sam_vit import SIZES, SamViT, build
from samca.network.backbones.sites import Block
from samca.network.model import Model
from samca.prompts.pointing import Pointing

SHALLOW = {"embed_dim": 32, "depth": 2, "num_heads": 2, "global_attn_indexes": (1,)}
PLAIN = {"mlp_ratio": 4, "qkv_bias": True, "use_rel_pos": True, "window_size": 14, "out_chans": 256}
SOURCE = Path(sam.__file__).resolve().parents[2]


def randomised(module: nn.Module, spread: float = 0.1) -> nn.Module:
    """Every parameter moved, so that position tables, which start at zero, take part."""
    generator = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.data += spread * torch.randn(parameter.shape, generator=generator)
    return module.eval()


def plain_encoder(side: int, **sizes) -> nn.Module:
    return sam.ImageEncoderViT(img_size=side, norm_layer=partial(nn.LayerNorm, eps=1e-6), **PLAIN, **sizes)


@pytest.fixture(scope="module")
def decoders():
    torch.manual_seed(0)
    plain = randomised(
        sam.modeling.MaskDecoder(
            num_multimask_outputs=3,
            transformer=sam.TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8),
            transformer_dim=256, iou_head_depth=3, iou_head_hidden_dim=256,
        ), spread=0.01,
    )  # fmt: skip
    nn.init.zeros_(plain.iou_prediction_head.layers[-1].bias)  # so that no mask is always the best
    ours = sam.decoder_for(256).eval()
    ours.load_state_dict(plain.state_dict())
    return plain, ours


@pytest.mark.parametrize("side", [256, 1024])
@torch.inference_mode()
def test_the_encoder_equals_the_plain_one(side):
    plain, ours = randomised(plain_encoder(side, **SHALLOW)), SamViT(img_size=side, **SHALLOW).eval()
    ours.load_state_dict(plain.state_dict())
    image = torch.randn(1, 3, side, side)
    torch.testing.assert_close(ours(image).embedding, plain(image), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_vit_b_of_1024_px_equals_the_plain_one_at_256_px():
    with torch.device("meta"):  # initialising 90 million weights twice would take most of the time
        plain, ours = plain_encoder(1024, **SIZES["sam_vit_b"]).eval(), build("sam_vit_b").eval()
    plain.to_empty(device="cpu")
    for name, parameter in plain.named_parameters():
        nn.init.normal_(parameter, mean=float("norm" in name and name.endswith("weight")), std=0.02)
    ours.load_state_dict(plain.state_dict(), assign=True)
    image = torch.randn(1, 3, 256, 256)
    got = ours(image).embedding
    small = F.interpolate(plain.pos_embed.permute(0, 3, 1, 2), (16, 16), mode="bilinear", align_corners=False)
    plain.pos_embed = nn.Parameter(small.permute(0, 2, 3, 1))
    expected = plain(image)
    assert expected.std() > 0.01
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("grid", "window"), [((5, 9), 0), ((16, 16), 14), ((3, 20), 7)])
@torch.inference_mode()
def test_a_block_equals_the_plain_one_on_any_grid(grid, window, monkeypatch):
    plain = randomised(sam.PlainBlock(32, 4, use_rel_pos=True, window_size=window, input_size=(8, 8)))
    x = torch.randn(2, *grid, 32)
    expected, block = plain(x), Block(plain)
    torch.testing.assert_close(block(x), expected, rtol=0, atol=1e-5)
    monkeypatch.setattr(sam, "BIAS_NUMBERS", 500)  # in pieces of a few queries
    torch.testing.assert_close(block(x), expected, rtol=0, atol=1e-5)


def test_attention_has_the_gradients_of_the_plain_one():
    plain = randomised(sam.PlainBlock(32, 4, use_rel_pos=True, input_size=(8, 8)))
    ours, x = Block(plain), torch.randn(1, 8, 8, 32)
    expected = torch.autograd.grad(plain(x).square().sum(), list(plain.parameters()))
    names = [name for name, _ in plain.named_parameters()]
    got = torch.autograd.grad(ours(x).square().sum(), [ours.get_parameter(name) for name in names])
    for name, one, other in zip(names, got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4, msg=name)


@torch.inference_mode()
def test_a_batch_of_images_equals_plain_calls_one_by_one(decoders):
    plain, ours = decoders
    features, positions = torch.randn(3, 256, 8, 8), torch.randn(1, 256, 8, 8)
    sparse, dense = torch.randn(3, 4, 256), torch.randn(3, 256, 8, 8)
    logits, iou = ours(features, positions, sparse, dense)
    assert logits.shape == (3, 1, 32, 32)
    for i in range(3):
        one = slice(i, i + 1)
        expected = plain(features[one], positions, sparse[one], dense[one], multimask_output=False)
        torch.testing.assert_close(logits[one], expected[0], rtol=0, atol=1e-5)
        torch.testing.assert_close(iou[one], expected[1], rtol=0, atol=1e-5)


@torch.inference_mode()
def test_the_best_of_three_is_the_plain_mask_of_the_highest_predicted_iou(decoders):
    plain, single = decoders
    ours = sam.decoder_for(256, best_of_three=True).eval()
    ours.load_state_dict(single.state_dict())
    inputs = (
        torch.randn(8, 256, 4, 4),
        torch.randn(1, 256, 4, 4),
        torch.randn(8, 2, 256),
        torch.randn(8, 256, 4, 4),
    )
    logits, iou = ours(*inputs)
    chosen = set()
    for i in range(8):
        features, sparse, dense = (inputs[k][i : i + 1] for k in (0, 2, 3))
        three, predicted = plain(features, inputs[1], sparse, dense, multimask_output=True)
        best = int(predicted.argmax())
        chosen.add(best)
        torch.testing.assert_close(logits[i, 0], three[0, best], rtol=0, atol=1e-5)
        torch.testing.assert_close(iou[i, 0], predicted[0, best], rtol=0, atol=1e-5)
    assert len(chosen) > 1  # or the choice was not tested


@torch.inference_mode()
def test_one_image_takes_several_prompt_sets_as_the_plain_decoder_does(decoders):
    plain, ours = decoders
    features, positions = torch.randn(1, 256, 8, 8), torch.randn(1, 256, 8, 8)
    inputs = features, positions, torch.randn(3, 2, 256), torch.randn(3, 256, 8, 8)
    for got, expected in zip(ours(*inputs), plain(*inputs, multimask_output=False), strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_finer_features_change_the_mask_and_zeros_do_not(decoders):
    _, ours = decoders
    features, positions = torch.randn(1, 256, 8, 8), torch.randn(1, 256, 8, 8)
    inputs = features, positions, torch.randn(1, 2, 256), torch.randn(1, 256, 8, 8)
    without, _ = ours(*inputs)
    zeros = torch.zeros(1, 32, 32, 32), torch.zeros(1, 64, 16, 16)
    torch.testing.assert_close(ours(*inputs, fine=zeros)[0], without, rtol=0, atol=1e-5)
    assert not torch.allclose(ours(*inputs, fine=(zeros[0] + 1, zeros[1]))[0], without)


def test_a_click_with_label_minus_one_equals_the_pad_of_the_prompt_encoder():
    encoder = sam.prompt_encoder_for(256, 16, 256)
    points, labels = torch.tensor([[[10.0, 20.0], [99.0, 7.0]]]), torch.tensor([[1, -1]])
    sparse, _ = encoder((points, labels), None, None)
    assert sparse.shape == (1, 3, 256)  # two clicks and the pad, because there is no box
    assert torch.equal(sparse[0, 1], sparse[0, 2])
    boxed, _ = encoder((points, labels), torch.tensor([[1.0, 2.0, 3.0, 4.0]]), None)
    assert boxed.shape == (1, 4, 256)  # two clicks and two corners, no pad


@torch.inference_mode()
def test_the_assembled_model_equals_the_plain_parts():
    config = with_settings(METHODS["sam"], "model", {"image_size": 128})
    model = randomised(Model(config, SamViT(img_size=1024, **SHALLOW)), spread=0.01)
    images = torch.rand(2, 3, 128, 100) * 255
    points, labels = torch.rand(2, 3, 2) * 128, torch.tensor([[1, 0, 1], [0, 1, -1]])
    logits, iou = model.decode(model.encode(images), [Pointing(points, labels)])
    mean, std = torch.tensor(sam.PIXEL_MEAN).view(3, 1, 1), torch.tensor(sam.PIXEL_STD).view(3, 1, 1)
    normalised = F.pad((images - mean) / std, (0, 28))
    plain = sam.modeling.MaskDecoder(
        num_multimask_outputs=3, transformer=sam.TwoWayTransformer(2, 256, 8, 2048), transformer_dim=256
    ).eval()
    plain.load_state_dict(model.mask_decoder.state_dict())
    for i in range(2):
        features = model.image_encoder(normalised[i : i + 1]).embedding
        sparse, dense = model.prompt_encoder((points[i : i + 1], labels[i : i + 1]), None, None)
        expected = plain(features, model.prompt_encoder.get_dense_pe(), sparse, dense, multimask_output=False)
        torch.testing.assert_close(logits[i : i + 1], expected[0], rtol=0, atol=1e-5)
        torch.testing.assert_close(iou[i : i + 1], expected[1], rtol=0, atol=1e-5)


@torch.inference_mode()
def test_positions_follow_weights_that_are_loaded_later(tiny_model):
    first, second = tiny_model(seed=0), tiny_model(seed=1)
    features = second.encode(torch.rand(1, 3, 64, 64) * 255)
    pointing = [Pointing(torch.tensor([[[5.0, 6.0]]]), torch.tensor([[1]]))]
    expected, _ = second.decode(features, pointing)
    before, _ = first.decode(features, pointing)
    first.load_state_dict(second.state_dict())
    assert not torch.allclose(before, expected)
    assert torch.equal(first.decode(features, pointing)[0], expected)


def test_the_door_leaves_the_real_package_alone_and_needs_no_torchvision(tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("raise OSError('does not fit this torch')")
    code = f"""
        import sys
        sys.path[:0] = [{str(tmp_path)!r}, {str(SOURCE)!r}]
        from samca.network import sam
        assert sam.decoder_for(32) is not None
        assert not [name for name in sys.modules if name.split(".")[0] in ("segment_anything", "torchvision")]
        try:
            import torchvision
        except OSError:
            print("the broken torchvision was there")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.stdout.strip() == "the broken torchvision was there", done.stderr


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(sam.importlib.util, "find_spec", lambda name: None)
    monkeypatch.delitem(sys.modules, sam.PRIVATE_NAME)
    with pytest.raises(ImportError, match="pip install segment-anything"):
        sam._modeling()
