"""Sam2Rad's predictor: counts, what is predicted, how it meets what the user points at, absent objects."""

import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import samca
from predicting import BEYOND, IMAGE, PREDICTED, SIZE, presence_of
from samca.config import with_settings
from samca.interaction.session import Session
from samca.methods import METHODS, configure, configure_training
from samca.network import sam2_decoder
from samca.network.classes import Classes
from samca.network.decoder_lora import LoRALinear
from samca.network.describe import describe
from samca.network.model import MASK_PROMPT_LOGIT, adapt, build_base
from samca.network.prompt_predictor import PREDICTORS, sine_grid, sine_positions
from samca.prompts import Box, Click, Prompts
from samca.prompts.pointing import collate
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance

NAMES = sorted(set(PREDICTORS) - {"none"})


@pytest.fixture
def session(model):
    return with_image(model)


def with_image(model):
    session = Session(model)
    session.set_image(IMAGE)
    return session


# Counts


@pytest.mark.parametrize(
    ("settings", "predictor"),
    [
        ({}, 1_896_389 + 256 * 10),
        ({"predictor.tokens": 7, "predictor.classes": ["a", "b", "c"]}, 1_896_389 + 256 * 7 * 3),
        ({"predictor": "high_resolution"}, 5_449_157 + 256 * 10),
        ({"predictor": "high_resolution", "backbone": "sam2_tiny", "fit": "squash"}, 5_080_517 + 256 * 10),
        ({"backbone": "mobile_sam"}, 1_896_389 + 256 * 10),
    ],
)
def test_the_counts_are_those_of_the_paper_on_vit_b(settings, predictor):
    parts = describe(configure({"method": "sam2rad", "tuned": [], **settings}))["parts"]
    assert parts["predictor"] == {"total": predictor, "trainable": predictor}
    assert parts["objectness"] == {"total": 257 + 256, "trainable": 257 + 256}
    assert parts["image_encoder"]["trainable"] == parts["mask_decoder"]["trainable"] == 0


def test_the_larger_objectness_head_and_the_decoders_updates_have_their_counts():
    settings = {"method": "sam2rad", "tuned": [], "decoder_adapter": "lora", "predictor.objectness": "mlp"}
    parts = describe(configure(settings))["parts"]
    assert parts["objectness"]["trainable"] == 131_841 + 256
    assert parts["adapter"]["trainable"] == 188_416
    assert "objectness" not in [n for n, part in describe(METHODS["samca"])["parts"].items() if part["total"]]


# What is predicted


ON_BACKBONES = [
    (name, backbone) for name in NAMES for backbone in ("sam_vit_small", "sam_vit_b", "sam2_tiny")
]


@pytest.mark.parametrize(("name", "backbone"), [*ON_BACKBONES, ("single_block", "mobile_sam")])
def test_prompts_have_the_shapes_of_the_models_own(name, backbone, tiny_config, monkeypatch):
    vit = {"embed_dim": 48, "depth": 3, "num_heads": 2, "global_attn_indexes": (2,)}
    hiera = {"width": 16, "heads": 1, "depths": (1, 1, 2, 1), "global_blocks": (3,)}
    monkeypatch.setitem(samca.network.backbones.sam_vit.SIZES, "sam_vit_b", vit)
    monkeypatch.setitem(samca.network.backbones.sam2.SIZES, "sam2_tiny", hiera)
    if backbone != "sam_vit_small":
        tiny_config = with_settings(tiny_config, "model", {"backbone": backbone, "adapter": "none"})
    config = with_settings(tiny_config, "model", {"predictor": PREDICTED["predictor"] | {"name": name}})
    model = adapt(build_base(config))
    features = model.encode(torch.rand(2, 3, SIZE, SIZE) * 255)
    prompts = [Prompts(suggestion=0), Prompts(suggestion=1)]
    decoded = model.decode_fully(features, [collate(prompts, model.device)])
    width, side = model.image_encoder.out_channels, model.mask_side
    assert decoded.suggested.boxes.shape == (2, 4)
    assert (decoded.suggested.boxes[:, 2:] > decoded.suggested.boxes[:, :2]).all()
    assert decoded.suggested.masks.shape == decoded.logits.shape == (2, 1, side, side)
    assert decoded.suggested.tokens.shape == (2, 4 - 2, width)
    assert decoded.presence.shape == (2, 1)
    decoded.logits.sum().backward()
    assert all(p.grad is not None for p in model.predictor.parameters())


def test_the_high_resolution_predictor_sees_the_finer_features(tiny_model):
    model = tiny_model({"predictor": PREDICTED["predictor"] | {"name": "high_resolution"}})
    features = model.encode(torch.rand(1, 3, SIZE, SIZE) * 255)
    asked = [collate([Prompts(suggestion=0)], model.device)]
    changed = features._replace(fine=tuple(map(torch.zeros_like, features.fine)))
    masks = [model.decode_fully(f, asked).suggested.masks for f in (features, changed)]
    assert not torch.allclose(*masks)


def test_positions_are_sines_and_cosines_worked_out_by_hand():
    places = sine_positions(3, 4)
    assert places.dtype == np.float32
    rates = 1, 1 / 100
    for n in range(3):
        expected = [math.sin(n), math.cos(n), math.sin(n * rates[1]), math.cos(n * rates[1])]
        assert places[n] == pytest.approx(expected, abs=1e-6)
    grid = sine_grid(torch.zeros(2, 8, 2, 3))[1].permute(1, 2, 0).numpy()
    assert np.array_equal(grid[0, 0, :4], grid[0, 2, :4])  # the first half is y
    assert np.array_equal(grid[0, 1, 4:], grid[1, 1, 4:])  # the second is x
    last = [math.sin(2 * math.pi), math.cos(2 * math.pi)]
    assert grid[1, 2, :2] == pytest.approx(last, abs=1e-5)


def test_the_box_goes_to_the_prompt_encoder_in_pixels_and_other_tokens_as_they_are(model):
    features = model.encode(torch.rand(1, 3, SIZE, SIZE) * 255)
    pointing = collate([Prompts((Click(3, 4),), suggestion=1)], model.device)
    suggested = model.decode_fully(features, [pointing]).suggested
    sparse = model._sparse(pointing, suggested)
    corners = model.prompt_encoder(None, suggested.boxes * SIZE, None)[0]
    click = model._sparse(pointing._replace(classes=None))
    assert torch.equal(sparse, torch.cat([corners, suggested.tokens, click], dim=1))
    assert sparse.shape[1] == 4 + 2  # the user's click brings its own padding, the prediction none


# Modes


def test_without_a_suggestion_the_model_is_the_one_without_predictor_to_the_bit(tiny_model):
    plain, predicting = tiny_model(), tiny_model(PREDICTED)
    predicting.load_state_dict(plain.state_dict(), strict=False)
    for point in (Prompts((Click(20, 20),)), Prompts((Click(9, 9, False),), Box(5, 5, 40, 50))):
        one, other = (
            model.predict(with_image(model).embedding[0], point)[0] for model in (plain, predicting)
        )
        assert np.array_equal(one, other)


def test_a_suggestion_needs_no_click_and_clicks_change_it(session):
    presence_of(session.model, 5.0)
    alone = session.suggest(0)
    assert alone.shape == (SIZE, SIZE)
    first = session.logits
    session.click(30, 30)
    mended = session.logits
    assert not np.array_equal(first, mended)
    assert session.prompts == Prompts((Click(30, 30),), suggestion=0)
    session.undo()
    assert np.array_equal(session.logits, first)
    session.undo()
    assert not session.prompts
    assert not session.mask.any()


@pytest.mark.parametrize("fusion", ["single", "sum", "dynamic", "concat"])
def test_predicted_and_clicked_prompts_meet_in_every_fusion(fusion, tiny_model):
    session = with_image(presence_of(tiny_model({**PREDICTED, "fusion": fusion}), 5.0))
    answers = []
    for suggestion, clicks in [(0, ()), (1, ()), (0, (Click(30, 30),)), (None, (Click(30, 30),))]:
        answers.append(session.predict(Prompts(clicks, suggestion=suggestion)).logits)
    for i, one in enumerate(answers):
        assert not any(np.array_equal(one, other) for other in answers[:i])


def test_a_painted_mask_and_a_box_of_the_user_go_with_a_suggestion(session):
    session.suggest(0)
    alone = session.logits
    session.box(10, 10, 40, 40)
    boxed = session.logits
    session.use_mask(np.arange(SIZE)[:, None] + np.zeros(SIZE) < 20)
    assert session.prompts.suggestion == 0
    assert not np.array_equal(alone, boxed)
    assert not np.array_equal(boxed, session.logits)


def test_the_mask_prompt_is_the_predicted_one_unless_a_mask_is_given(model, monkeypatch):
    seen, dense = [], model._dense
    monkeypatch.setattr(model, "_dense", lambda masks, batch: seen.append(masks) or dense(masks, batch))
    features = with_image(model).embedding[0]
    model.predict(features, Prompts(suggestion=0))
    model.predict(features, Prompts(suggestion=0, mask=np.ones((SIZE, SIZE))))
    model.predict(features, Prompts((Click(3, 3),)))
    assert seen[0].shape == (1, 1, model.mask_side, model.mask_side)
    assert seen[0].std() > 0
    assert (seen[1] == MASK_PROMPT_LOGIT).all()
    assert seen[2] is None


@pytest.mark.parametrize("feedback", ["none", "initial", "last"])
def test_clicks_after_a_suggestion_get_the_earlier_logits_where_the_model_takes_them(
    feedback, tiny_model, monkeypatch
):
    session = with_image(presence_of(tiny_model({**PREDICTED, "feedback": feedback}), 5.0))
    session.suggest(1)
    seen, predict = [], session.model.predict
    monkeypatch.setattr(
        session.model, "predict", lambda f, p, previous=None: seen.append(previous) or predict(f, p, previous)
    )
    session.click(30, 30)
    session.click(10, 10, positive=False)
    assert [previous is not None for previous in seen] == [feedback != "none"] * 2


def test_a_closer_look_at_what_was_found_goes_by_its_box(tiny_model, monkeypatch):
    model, asked = tiny_model({**PREDICTED, "zoom": 1.5}), []

    def answer(features, prompts, previous=None):
        asked.append(prompts)
        logits = np.full((SIZE, SIZE), -5, np.float32)
        logits[30:38, 20:30] = 5
        return logits, 0.5

    monkeypatch.setattr(model, "predict", answer)
    session = with_image(model)
    session.suggest(1)
    whole, closer = asked
    assert whole == Prompts(suggestion=1)
    assert closer.suggestion is None
    assert closer.box is not None
    assert np.isfinite(session.logits).all()
    assert session.mask.any()


# No object


def test_where_nothing_is_the_suggestion_is_empty(tiny_model):
    session = with_image(presence_of(tiny_model(PREDICTED), -0.01))
    assert not session.suggest(0).any()
    assert session.iou == 0
    assert np.isfinite(session.logits).all()
    there = with_image(presence_of(session.model, 0.0))
    there.suggest(0)
    assert not np.array_equal(there.logits, session.logits)


def test_what_the_user_points_at_is_there_whatever_objectness_says(tiny_model):
    for point in (Prompts((Click(30, 30),), suggestion=0), Prompts(box=Box(4, 4, 30, 30), suggestion=0)):
        answers = [
            with_image(presence_of(tiny_model(PREDICTED), logit)).predict(point).logits
            for logit in (-9.0, 9.0)
        ]
        assert np.array_equal(*answers)


def test_a_predictor_without_objectness_never_empties(tiny_model):
    model = tiny_model({"predictor": PREDICTED["predictor"] | {"objectness": "none"}})
    assert model.objectness is None
    assert with_image(model).predict(Prompts(suggestion=0)).logits.std() > 0


# Refusals


@pytest.mark.parametrize("kind", [-1, 2, 99])
def test_a_class_out_of_range_is_refused_and_changes_nothing(session, kind):
    before = session.prompts
    with pytest.raises(ValueError, match=f"class {kind} does not exist: {BEYOND}"):
        session.suggest(kind)
    assert session.prompts == before


def test_a_model_without_predictor_says_so(tiny_model):
    with pytest.raises(
        ValueError, match="makes no suggestion, it has no prompt predictor: click on the object"
    ):
        with_image(tiny_model()).suggest()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"predictor": "ppn"}, "predictor 'ppn' is not one of high_resolution, none, single_block"),
        ({"predictor.tokens": 1}, "predictor.tokens 1: expected at least 2"),
        ({"predictor.classes": []}, "expected at least one name, none twice"),
        ({"predictor.classes": ["a", "a"]}, "expected at least one name, none twice"),
        ({"predictor.labels": {"busi": ["b"]}}, "predictor.labels.busi has 'b': expected one of object"),
        ({"predictor": "high_resolution", "backbone": "mobile_sam"}, "finer features than mobile_sam has"),
        ({"predictor.objectness": "deep"}, "predictor.objectness 'deep' is not one of linear, mlp"),
        ({"decoder_adapter": {"name": "lora", "rank": 0}}, "decoder_adapter.rank 0"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        describe(configure({"method": "sam2rad", **settings}))


def test_a_batch_asks_for_suggestions_in_all_images_or_in_none(model):
    with pytest.raises(ValueError, match="either all images of a batch are to get a suggestion or none"):
        collate([Prompts(suggestion=0), Prompts((Click(1, 1),))], model.device)


# Files


def test_a_model_with_a_predictor_travels_and_suggests_the_same(model, tmp_path):
    for tensor in model.state_dict().values():
        tensor.copy_(tensor.half())
    base = build_base(model.config)
    base.load_state_dict({k: v for k, v in model.state_dict().items() if k in base.state_dict()})
    checkpoint.save_base(base, tmp_path / "base.safetensors", Provenance())
    checkpoint.save_adapter(model, tmp_path / "m.safetensors", tmp_path / "base.safetensors", Provenance())
    loaded = samca.load(tmp_path / "m.safetensors")
    assert loaded.config == model.config
    assert [n for n in loaded.tuned if n.startswith(("predictor.", "objectness."))]
    one, other = (with_image(m).predict(Prompts(suggestion=1)).logits for m in (model, loaded))
    assert np.array_equal(one, other)
    state, metadata = checkpoint.read(tmp_path / "m.safetensors")
    state["predictor.class_tokens"] = state["predictor.class_tokens"][:1].contiguous()
    save_file(state, tmp_path / "m.safetensors", metadata)
    with pytest.raises(ValueError, match=r"does not fit: predictor\.class_tokens has shape \(1, 4, 32\)"):
        samca.load(tmp_path / "m.safetensors")


def test_from_sam_2_objectness_starts_as_what_its_decoder_has_learned(tiny_model):
    model = tiny_model()
    model.mask_decoder = sam2_decoder.decoder_for(32)
    PREDICTORS["single_block"](model, objectness="mlp")
    token = torch.randn(1, 32)
    assert torch.equal(model.objectness(token), model.mask_decoder.pred_obj_score_head(token))
    assert torch.equal(model.objectness.token.weight, model.mask_decoder.obj_score_token.weight)


def test_decoder_updates_start_as_the_plain_decoder_and_keep_its_names(tiny_model):
    plain, updated = tiny_model(), tiny_model({"decoder_adapter": {"name": "lora", "rank": 2}})
    updated.load_state_dict(plain.state_dict(), strict=False)
    assert set(plain.state_dict()) <= set(updated.state_dict())
    features = with_image(plain).embedding[0]
    point = Prompts((Click(20, 30),))
    assert np.array_equal(plain.predict(features, point)[0], updated.predict(features, point)[0])
    added = set(updated.state_dict()) - set(plain.state_dict())
    assert len(added) == 7 * 2 * 2
    with torch.no_grad():
        for name in added:
            updated.state_dict()[name].normal_()
    assert not np.array_equal(plain.predict(features, point)[0], updated.predict(features, point)[0])


def test_a_decoder_update_is_the_same_in_training_and_afterwards():
    torch.manual_seed(0)
    layer = LoRALinear(torch.nn.Linear(12, 8), rank=3, alpha=6)
    torch.nn.init.normal_(layer.up.weight)
    x = torch.randn(2, 5, 12)
    torch.testing.assert_close(layer.train()(x), layer.eval()(x))


def test_methods_with_a_predictor_bring_their_training():
    values = {"data": ["d"], "out": "o", "model": {"method": "sam2rad"}}
    config = configure_training(values)
    assert config.schedule.name == "prompt_sampling"
    assert config.learning_rates == {"mask_decoder": 1e-5}
    assert (config.optimizer, config.weight_decay, config.validation_clicks) == ("adamw", 0.1, (0, 1, 3, 5))
    composed = configure_training({**values, "model": {"method": "samca_sam2rad"}})
    assert composed.schedule.name == "suggested_clicks"


# Classes


class FakeCase:
    def __init__(self, source, structures):
        self.source, self._structures, self.labels, self.image = source, structures, None, "x.png"

    def structures(self):
        return self._structures

    def mask(self):
        return np.zeros((2, 2), bool)


def test_classes_find_their_label_values_in_each_dataset():
    classes = Classes(["lesion", "nerve", "vessel"], {"usgra": ["nerve", "vessel"], "busi": ["lesion"]})
    nerve, vessel = np.eye(2, dtype=bool), ~np.eye(2, dtype=bool)
    found = classes.truths(FakeCase("usgra", {2: vessel}))
    assert [number for number, _ in found] == [1, 2]
    assert not found[0][1].any()
    assert np.array_equal(found[1][1], vessel)
    assert [number for number, _ in classes.truths(FakeCase("busi", {}))] == [0]
    assert classes.of_values("other") == {1: 0, 2: 1, 3: 2}
    with pytest.raises(
        ValueError, match=r"x\.png has the label value 2: the predictor's classes lesion, nerve"
    ):
        classes.truths(FakeCase("busi", {1: nerve, 2: vessel}))
