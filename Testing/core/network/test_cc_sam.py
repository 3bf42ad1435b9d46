"""CC-SAM: counts to the unit, untrained equal to plain SAM, files of weights, random numbers of training."""

import numpy as np
import pytest
import torch
from torch import nn

from resnet_names import as_radimagenet
from samca.__main__ import main
from samca.config import LossConfig, with_settings
from samca.methods import METHODS, configure, configure_training
from samca.network.adapters.samus import ends_of_quarters
from samca.network.backbones.sam_vit import SamViT
from samca.network.branches.noise import Noise
from samca.network.branches.variational_attention import VariationalAttention, divergence
from samca.network.describe import describe
from samca.network.model import Model, adapt, build, build_base
from samca.prompts import Box, Click, Prompts
from samca.training.learner import Moment, calibrate_branch
from samca.training.losses import HybridLoss
from samca.training.run_folder import RunFolder
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance
from training_runs import learned, learner_of, run, same

TINY = {"adapter": "samus", "branch": {"name": "resnet", "latent": 16}, "fusion": "single", "tuned": []}
SIZES = {"embed_dim": 32, "depth": 4, "num_heads": 2, "global_attn_indexes": (1, 3)}
IMAGE = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 255


def rngs(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


@pytest.fixture
def tiny_cc_sam(tiny_model):
    def make(**settings):
        return tiny_model({**TINY, **settings})

    return make


def tiny_vit(**adapter) -> Model:
    """A SAM of four blocks at 256 px before it is adapted, every parameter drawn."""
    torch.manual_seed(0)
    settings = {"adapter": {"name": "samus", **adapter}, "fusion": "single", "tuned": []}
    model = Model(with_settings(METHODS["sam"], "model", {**settings, "image_size": 256}), SamViT(**SIZES))
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.1)
    return model.eval()


# Parameter counts (METHODS 2.1 to 2.3)


def sizes(names: str) -> int:
    with torch.device("meta"):
        model = build(METHODS["cc_sam"])
    found = [p.numel() for n, p in model.named_parameters() if names in n and p.requires_grad]
    assert found
    return sum(found)


@pytest.mark.parametrize(
    ("names", "expected"),
    [("table_update", 32_256), ("position_adapter", 5_309_952), ("branch.attention", 6_299_650)],
)
def test_parts_have_the_documented_counts(names, expected):
    assert sizes(names) == expected
    if names == "table_update":
        assert sizes("beside_mlp") + sizes("after_patches") == 1_479_360


def test_the_whole_has_the_documented_counts():
    found = describe(METHODS["cc_sam"])
    assert found["parts"]["adapter"] == {"total": 6_821_568, "trainable": 6_821_568}
    assert found["parts"]["branch"] == {"total": 8_397_826 + 23_508_032, "trainable": 8_397_826}
    assert found["trainable"] == 15_219_394


def test_feature_adapters_are_at_the_end_of_each_quarter():
    assert ends_of_quarters(12) == [2, 5, 8, 11]
    assert ends_of_quarters(24) == [5, 11, 17, 23]
    assert ends_of_quarters(32) == [7, 15, 23, 31]
    assert ends_of_quarters(6) == [1, 2, 4, 5]
    assert ends_of_quarters(2) == [0, 1]
    with torch.device("meta"):
        blocks = build(METHODS["cc_sam"]).image_encoder.blocks
    assert [block.beside_mlp is not None for block in blocks] == [not block.window_size for block in blocks]


# The untrained model


@torch.inference_mode()
def test_untrained_feature_adapters_leave_the_output_bit_for_bit():
    model = tiny_vit(stride=16, position=False)
    image = torch.rand(1, 3, 256, 256) * 255
    before = model.encode(image).embedding
    assert torch.equal(adapt(model).encode(image).embedding, before)


@torch.inference_mode()
def test_on_the_small_backbone_the_untrained_whole_leaves_the_output_bit_for_bit(tiny_cc_sam):
    model = tiny_cc_sam()
    plain = build_base(model.config)
    plain.load_state_dict(
        {name: tensor for name, tensor in model.state_dict().items() if name in plain.state_dict()}
    )
    assert torch.equal(model.encode(IMAGE).embedding, plain.encode(IMAGE).embedding)


@torch.inference_mode()
@pytest.mark.parametrize(("branch", "equal"), [({"fusion": "sum"}, True), ({"mode": "replace"}, False)])
def test_a_branch_adds_nothing_at_first_and_replaces_where_asked(tiny_cc_sam, branch, equal):
    model = tiny_cc_sam(branch={"name": "resnet", "latent": 16, **branch}, adapter="none")
    plain = model.image_encoder((IMAGE - model.pixel_mean) / model.pixel_std).embedding
    assert torch.equal(model.encode(IMAGE).embedding, plain) == equal


@torch.inference_mode()
def test_overlapping_patches_make_four_times_the_tokens_and_masks_of_half_the_input():
    model = adapt(tiny_vit())
    features = model.encode(torch.rand(1, 3, 256, 256) * 255)
    assert features.embedding.shape == (1, 256, 32, 32)
    logits, _ = model.predict(features, Prompts((Click(100, 90),), Box(60, 60, 120, 120)))
    assert logits.shape == (128, 128) == (model.mask_side, model.mask_side)
    _, dense = model.prompt_encoder(None, None, torch.zeros(1, 1, 128, 128))
    assert dense.shape[-2:] == features.embedding.shape[-2:]


@torch.inference_mode()
def test_positions_are_learned_from_maxima_of_the_frozen_table():
    encoder = adapt(tiny_vit()).image_encoder
    adapter, table = encoder.position_adapter, encoder.pos_embed.permute(0, 3, 1, 2)
    expected = nn.functional.gelu(adapter.norm(adapter.conv(nn.functional.max_pool2d(table, 2))))
    assert torch.equal(encoder._positions((32, 32)), expected.permute(0, 2, 3, 1))


@torch.inference_mode()
def test_learned_relative_positions_reach_attention():
    model = adapt(tiny_vit())
    image = torch.rand(1, 3, 256, 256) * 255
    before = model.encode(image).embedding
    updates = [block.attn.table_update for block in model.image_encoder.blocks]
    assert [update is None for update in updates] == [True, False, True, False]
    updates[1].rows += torch.randn(63, 16)
    assert not torch.allclose(model.encode(image).embedding, before)


# Variational attention fusion


def test_the_divergence_is_that_of_the_textbook():
    mean, log_variance = torch.randn(2, 5, 7), torch.randn(2, 5, 7)
    one = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(one, torch.distributions.Normal(0.0, 1.0)).mean()
    torch.testing.assert_close(divergence(mean, log_variance), expected)
    assert divergence(torch.zeros(3), torch.zeros(3)) == 0
    assert all(divergence(torch.randn(9), torch.randn(9)) > 0 for _ in range(20))


@pytest.mark.parametrize("per_channel", [False, True])
def test_the_fusion_by_hand(per_channel):
    fuse = VariationalAttention(6, 8, 4, per_channel)
    tokens, local = torch.randn(2, 5, 6), torch.randn(2, 5, 8)
    normal = [
        (x - x.mean(-1, True)) / (x.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
        for x in (tokens, local)
    ]
    vit = fuse.vit.mean(nn.functional.leaky_relu(fuse.encode_vit(normal[0])))
    cnn = fuse.cnn.mean(nn.functional.leaky_relu(fuse.encode_cnn(normal[1])))
    a, b = fuse.attention.mean(vit).exp(), fuse.attention.mean(cnn).exp()
    h, losses = fuse(tokens, local, None)
    torch.testing.assert_close(h, (a * vit + b * cnn) / (a + b) @ fuse.project.weight.T)
    assert losses == {}


def test_training_draws_around_the_mean_of_inference():
    fuse = VariationalAttention(6, 8, 4)
    for linear in (fuse.vit.log_variance, fuse.cnn.log_variance, fuse.attention.log_variance):
        nn.init.constant_(linear.bias, -3.0)
    one, other = torch.randn(1, 5, 6), torch.randn(1, 5, 8)
    fuse_once = [fuse(one, other, Noise(rngs(seed)))[0] for seed in (4, 4, 5)]
    assert torch.equal(fuse_once[0], fuse_once[1])
    assert not torch.allclose(fuse_once[0], fuse_once[2])
    assert torch.equal(fuse(one, other, None)[0], fuse(one, other, None)[0])
    _, losses = fuse(one, other, Noise(rngs(4)))
    assert set(losses) == {"kl_vit", "kl_cnn", "kl_attention"}
    assert all(value > 0 for value in losses.values())


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_divergences_stay_of_the_size_of_the_loss_however_large_the_maps_are(scale):
    fuse = VariationalAttention(64, 32, 16)
    tokens, local = scale * torch.randn(1, 20, 64), scale * torch.randn(1, 20, 32)
    _, losses = fuse(tokens, local, Noise(rngs(4)))
    assert all(0 < float(value.detach()) < 1 for value in losses.values())


def test_a_random_resnet_is_fitted_to_the_data_once_and_its_map_no_longer_grows():
    torch.manual_seed(0)
    branch = build(configure(TINY)).branch
    images = torch.randn(4, 3, 64, 64)
    assert branch.is_random
    before = branch.resnet(images)
    branch.calibrate(images)
    after = branch.resnet(images)
    assert not branch.is_random
    assert not branch.resnet.training
    assert float(after.std()) < 5 < float(before.std())


def test_a_run_fits_a_random_resnet_and_leaves_a_loaded_one_alone(settings, tmp_path):
    trained, _ = learner_of(settings(model=TINY, **CHANGES), tmp_path)
    calibrate_branch(trained.model, trained.samples, 0)
    first = trained.model.branch.resnet.bn1.running_mean.clone()
    assert first.any()
    calibrate_branch(trained.model, trained.samples, 1)
    assert torch.equal(trained.model.branch.resnet.bn1.running_mean, first)


def test_noise_of_an_image_does_not_depend_on_its_neighbours():
    x = torch.ones(2, 50, 40)
    both, second = Noise(rngs(1, 2)), Noise(rngs(2))
    assert torch.equal(both.normal(x)[1], second.normal(x[1:])[0])
    dropped = both.dropout(x, 0.25)
    assert torch.equal(dropped[1], second.dropout(x[1:], 0.25)[0])
    assert dropped.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert (dropped == 0).float().mean() == pytest.approx(0.25, abs=0.03)
    with pytest.raises(ValueError, match="1 generators for 2 images"):
        second.normal(x)


# Training

CHANGES = {"schedule": {"name": "iterative", "iterations": 1, "box_share": 0.5}, "epochs": 1}


def test_divergences_join_the_loss_and_grow_over_the_first_epochs():
    loss = HybridLoss(LossConfig(kl_vit=1.0, kl_cnn=2.0, kl_attention=3.0, kl_warm_up=10))
    losses = {"kl_vit": torch.tensor(1.0), "kl_cnn": torch.tensor(10.0), "kl_attention": torch.tensor(100.0)}
    assert loss.auxiliary(losses, 0) == pytest.approx(32.1)
    assert loss.auxiliary(losses, 4) == pytest.approx(160.5)
    assert loss.auxiliary(losses, 30) == loss.auxiliary(losses, 9) == pytest.approx(321.0)
    assert loss.auxiliary({}, 3) == 0


def test_the_loss_of_a_step_holds_the_weighted_divergences(settings, tmp_path):
    found = []
    for weight in (0.0, 5.0):
        loss = {"kl_vit": weight, "kl_warm_up": 0}
        trained, _ = learner_of(settings(model=TINY, loss=loss, **CHANGES), tmp_path)
        found.append(trained._gradients(np.arange(3), Moment(0, 0, 0.0)))
    assert found[0]["initial"] == found[1]["initial"]
    assert found[1]["loss"] > found[0]["loss"] + 1e-3


def test_pieces_of_a_batch_draw_what_the_whole_draws(settings, tmp_path):
    trained, _ = learner_of(settings(model=TINY, **CHANGES), tmp_path)
    nn.init.normal_(trained.model.branch.attention.project.weight)
    losses = []
    for parts in (1, 3):
        trained.parts = parts
        losses.append(trained._gradients(np.arange(3), Moment(0, 0, 0.0)))
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_everything_but_the_resnet_learns(settings, tmp_path):
    trained, _ = learner_of(settings(model=TINY, **CHANGES), tmp_path)
    before = {name: tensor.clone() for name, tensor in trained.model.state_dict().items()}
    for step in range(3):
        trained.step(np.arange(3), Moment(0, step, 0.0))
    after = trained.model.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    learns = {name for name, p in trained.model.named_parameters() if p.requires_grad}
    assert changed == learns
    assert {n for n in after if n.startswith("branch.")} <= set(trained.model.tuned)
    assert not any(name.startswith(("branch.resnet.", "mask_decoder.")) for name in changed)


@pytest.mark.usefixtures("drawn")
def test_a_run_that_was_stopped_ends_with_the_weights_of_one_that_was_not(settings, tmp_path):
    whole, halved = (settings(out=str(tmp_path / n), model=TINY, **CHANGES) for n in ("whole", "halved"))
    run(whole)
    RunFolder(halved["out"]).stop.touch()
    run(halved)
    torch.rand(7)  # numbers drawn elsewhere in between make no difference
    run(halved)
    assert same(learned(whole), learned(halved))


def test_a_file_of_weights_carries_the_whole_branch(tiny_cc_sam, tmp_path):
    model = tiny_cc_sam()
    for name in model.tuned:
        tensor = model.state_dict()[name]
        if tensor.is_floating_point():
            tensor.copy_((tensor + 0.001).half().float())
    base = build_base(with_settings(model.config, "model", {"branch": "none", "adapter": "none"}))
    base.load_state_dict(
        {n: t.half().float() for n, t in model.state_dict().items() if n in base.state_dict()}
    )
    model.load_state_dict(base.state_dict(), strict=False)
    checkpoint.save_base(base, tmp_path / "base.safetensors", Provenance())
    checkpoint.save_adapter(model, tmp_path / "a.safetensors", tmp_path / "base.safetensors", Provenance())
    loaded = checkpoint.load(tmp_path / "a.safetensors")
    assert loaded.config == model.config
    assert model.encode(IMAGE).embedding.isfinite().all()
    assert torch.equal(loaded.encode(IMAGE).embedding, model.encode(IMAGE).embedding)


def test_training_starts_from_the_given_weights_of_the_resnet(settings, resnet, tmp_path):
    torch.save(as_radimagenet(resnet), path := tmp_path / "radimagenet.pt")
    trained, _ = learner_of(settings(model=TINY, branch_weights=str(path), **CHANGES), tmp_path)
    assert same(trained.model.branch.resnet.state_dict(), resnet.state_dict())
    with pytest.raises(ValueError, match=r"run\.branch_weights .* model\.branch is none"):
        learner_of(settings(model={**TINY, "branch": "none"}, branch_weights=str(path)), tmp_path)


def test_a_run_of_the_method_brings_its_loss_and_its_prompts():
    run = configure_training({"data": ["d"], "out": "o", "model": {"method": "cc_sam"}})
    assert (run.loss.dice, run.loss.bce, run.loss.iou, run.loss.kl_vit) == (1.0, 1.0, 0.0, 1e-3)
    assert (run.schedule.name, run.schedule.options) == ("iterative", {"iterations": 1, "box_share": 0.5})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"branch.fusion": "product"}, "branch.fusion is 'product'"),
        ({"branch.mode": "add"}, "branch.mode is 'add'"),
        ({"branch.pool": "max"}, "branch.pool is 'max'"),
        ({"branch.latent": 0}, "branch.latent is 0"),
        ({"branch": "densenet"}, "branch 'densenet' is not one of none, resnet, samus"),
        ({"adapter.stride": 5}, "adapter.stride 5"),
        ({"adapter.ratio": 0.0}, "adapter.ratio is 0.0"),
    ],
)
def test_wrong_options_are_refused_by_name(settings, message):
    with torch.device("meta"), pytest.raises(ValueError, match=message):
        build(configure({"method": "cc_sam", **settings}))


def test_describe_counts_the_branch_apart(capsys):
    assert main(["describe", "--method", "cc_sam"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("branch"))
    assert line.split() == ["branch", "31,905,858", "8,397,826"]
