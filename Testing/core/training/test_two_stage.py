"""Training in two stages: one click, then clicks placed by what stage 1 predicted, on features kept once."""

import sys

import numpy as np
import pytest
import torch

from samca.clicks import center_of_mass, voronoi
from samca.config import LossConfig
from samca.methods import METHODS, configure, configure_training
from samca.network.describe import describe
from samca.network.model import build
from samca.training import features as kept
from samca.training import train
from samca.training.learner import generator_of
from samca.training.losses import HybridLoss
from samca.training.run_folder import RunFolder
from samca.training.schedules import two_stage
from samca.training.schedules.batch import Batch
from training_runs import learned, run, same

SIDE = 64
TRUTH = np.zeros((2, SIDE, SIDE), bool)
TRUTH[0, 10:40, 10:40] = True
TRUTH[1, 5:20, 5:20] = TRUTH[1, 40:60, 30:60] = True  # two components
CLICK_SAM = {"method": "click_sam", "adapter": "none", "fusion": "single", "tuned": ["mask_decoder"]}
pytestmark = pytest.mark.usefixtures("drawn")


@pytest.fixture
def model(tiny_model):
    return tiny_model({"adapter": "none", "fusion": "single"})


@pytest.fixture
def asked(model, monkeypatch):
    """The sets of clicks that the model decodes from now on, [[(x, y, label), ...] of each image]."""
    found, decode = [], model.decode

    def listening(features, sets, masks=None):
        assert masks is None
        rows = [torch.cat([s.points, s.labels[..., None]], 2) for s in sets]
        found.append([[tuple(c) for c in image if c[2] >= 0] for image in torch.cat(rows, 1).tolist()])
        return decode(features, sets, masks)

    monkeypatch.setattr(model, "decode", listening)
    return found


def batch(done, memory):
    rngs = tuple(generator_of(0, 0, 0, i) for i in range(len(TRUTH)))
    loss = HybridLoss(LossConfig(dice=1.0, bce=1.0, iou=0.0, dice_squared=True))
    return Batch(TRUTH, rngs, generator_of(0, 0, 0), loss, torch.device("cpu"), done, memory)


def step(model, done, memory, **options):
    features = model.encode(torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 255)
    return two_stage.run(model, features, batch(done, memory), **options), features


def expected(place, predictions):
    rng = np.random.default_rng(0)
    prompts = [place(truth, mask, 1, rng) for truth, mask in zip(TRUTH, predictions, strict=True)]
    return [[(c.x, c.y, float(c.positive)) for c in each.clicks] for each in prompts]


def decoded(model, features, prompts):
    """The masks, (2, 64, 64) bool, of one click on each component."""
    points = two_stage.collate(prompts, torch.device("cpu"))
    with torch.no_grad():
        return batch(0, {}).masks(model.decode(features, [points])[0])


def centres():
    rng = np.random.default_rng(0)
    return [center_of_mass.place(truth, None, 1, rng) for truth in TRUTH]


def test_stage_1_learns_from_the_centre_of_each_component(model, asked):
    memory = {}
    losses, _ = step(model, 0.49, memory)
    assert asked == [expected(center_of_mass.place, [None, None])]
    assert [len(image) for image in asked[0]] == [1, 2]
    assert losses["loss"].requires_grad
    assert memory == {}


def test_stage_2_learns_from_clicks_on_what_stage_1_found_missed_and_added(model, asked):
    losses, features = step(model, 0.5, {})
    masks = decoded(model, features, centres())
    assert asked[:2] == [expected(center_of_mass.place, [None, None]), expected(voronoi.place, masks)]
    assert asked[1] != asked[0]
    assert losses["loss"].requires_grad
    assert not losses["initial"].requires_grad


def test_the_clicks_of_stage_2_stay_those_of_stage_1_while_the_decoder_learns(model, asked):
    memory = {}
    step(model, 0.5, memory)
    with torch.no_grad():
        for parameter in model.mask_decoder.parameters():
            parameter.add_(torch.randn_like(parameter))
    before = {name: p.clone() for name, p in model.named_parameters()}
    step(model, 0.9, memory)
    assert asked[3] == asked[1]
    step(model, 0.9, {})  # without the memory they would be others
    assert asked[5] != asked[1]
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


def test_stage_2_may_keep_the_first_click(model, asked):
    step(model, 0.5, {}, keep_first_click=True)
    for first, second in zip(asked[0], asked[1], strict=True):
        assert second[: len(first)] == first
        assert len(second) > len(first)


@pytest.mark.parametrize("done", [0.0, 0.5])
def test_masks_of_nothing_and_of_specks_are_learned_from_with_few_clicks(model, asked, monkeypatch, done):
    specks = np.zeros((2, SIDE, SIDE), bool)
    specks[1, ::4, ::4] = True  # 256 components of a pixel
    monkeypatch.setattr(sys.modules[__name__], "TRUTH", specks)
    losses, _ = step(model, done, {})
    assert torch.isfinite(losses["loss"])
    for nothing, many in asked:
        assert nothing
        assert not any(positive for _, _, positive in nothing)
        assert 1 <= len(many) <= 30
    assert [(len(nothing), len(many)) for nothing, many in asked[:1]] == [(1, 10)]


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_run_of_one_stage_is_refused(model, share):
    with pytest.raises(ValueError, match=f"first_stage is {share}: expected a share between 0 and 1"):
        step(model, 0.5, {}, first_stage=share)


# As a run


@pytest.fixture
def click_sam(settings):
    """Settings of a run of ClickSAM of seconds."""

    def make(**changes):
        given = {"schedule": "two_stage", "keep": "last", "loss": {"dice_squared": True}, "model": CLICK_SAM}
        return settings(**given | changes)

    return make


def test_images_are_encoded_once_for_both_stages(click_sam, monkeypatch):
    encoded = []
    monkeypatch.setattr(
        kept, "to_rgb_planes", lambda images, plain=kept.to_rgb_planes: encoded.append(1) or plain(images)
    )
    (start, *_) = run(click_sam(epochs=4))
    assert len(encoded) == start["training"] == 6


def test_the_decoder_alone_is_trained_and_saved(click_sam):
    start, *_ = run(click_sam())
    names = set(learned(click_sam()))
    assert names
    assert all(name.startswith("mask_decoder.") for name in names)
    assert start["trainable"] == sum(t.numel() for t in learned(click_sam()).values())


def test_a_run_that_stopped_in_stage_2_goes_on_to_the_same_weights(click_sam, tmp_path, monkeypatch):
    whole, parts = (click_sam(out=str(tmp_path / name), epochs=4) for name in ("whole", "parts"))
    run(whole)
    folder = RunFolder(parts["out"])
    end_of_epoch, ended = train._Run._end_of_epoch, []

    def stopping(self, seconds):
        ended.append(1)
        if len(ended) == 3:
            folder.stop.touch()
        return end_of_epoch(self, seconds)

    with monkeypatch.context() as patch:
        patch.setattr(train._Run, "_end_of_epoch", stopping)
        assert run(parts)[-1]["event"] == "stopped"
    assert folder.load_state()["memory"]
    assert run(parts)[-1]["event"] == "finish"
    assert same(learned(whole), learned(parts))


# The method


def test_click_sam_trains_the_4_058_340_parameters_of_sams_decoder():
    got = describe(METHODS["click_sam"])
    assert got["trainable"] == got["parts"]["mask_decoder"]["trainable"] == 4_058_340
    assert got["total"] == 93_735_472


def test_an_untrained_click_sam_is_its_base(tiny_model, tiny_config):
    base = tiny_model({"adapter": "none", "fusion": "single", "tuned": []})
    settings = {"method": "click_sam", "image_size": 64, "backbone": {"name": "sam_vit_small"}}
    settings["backbone"] |= tiny_config.backbone.options
    ours = build(configure(settings))
    ours.load_state_dict(base.state_dict(), strict=True)
    image, click = np.random.default_rng(0).random((64, 64, 3), np.float32) * 255, centres()[0]
    answers = [m.predict(m.embed(image), click)[0] for m in (base, ours)]
    assert np.array_equal(*answers)


def test_its_run_needs_no_more_settings_than_its_name():
    config = configure_training({"data": ["frames"], "out": "run", "model": {"method": "click_sam"}})
    assert config.schedule.name == "two_stage"
    assert (config.loss.dice, config.loss.bce, config.loss.iou) == (1.0, 1.0, 0.0)
    assert config.loss.dice_squared
    assert (config.augment, config.keep, config.learning_rate) == ("none", "last", 1e-5)
    assert configure(config.model).feedback == "none"
