"""Training by class: which prompts a batch gets, what an empty truth teaches, and whole runs of seconds."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

import samca
from samca.config import LossConfig
from samca.evaluation.evaluate import validate
from samca.network.model import Decoded
from samca.training.estimate import estimate
from samca.training.learner import generator_of, parameter_groups
from samca.training.losses import HybridLoss
from samca.training.run_folder import RunFolder
from samca.training.samples import Samples
from samca.training.schedules import BY_CLASS, SCHEDULES
from samca.training.schedules.batch import Batch
from samca.training.starting_point import cases_of, classes_of, some_of
from training_runs import config_of, events, learned, learner_of, run

SIZE = 64
PREDICTED = {"predictor": {"name": "single_block", "tokens": 4, "classes": ["disc", "bar"]}}


def batch_of(*truths, seed=0, classes=None):
    rngs = tuple(generator_of(seed, 0, 0, i) for i in range(len(truths)))
    numbers = np.array(classes or [0] * len(truths))
    loss = HybridLoss(LossConfig())
    shared = generator_of(seed, 0, 0)
    return Batch(np.stack(truths), rngs, shared, loss, torch.device("cpu"), classes=numbers)


def block(x, y, width, height):
    mask = np.zeros((SIZE, SIZE), bool)
    mask[y : y + height, x : x + width] = True
    return mask


FULL, EMPTY = block(10, 20, 20, 16), np.zeros((SIZE, SIZE), bool)


@pytest.fixture
def model(tiny_model):
    return tiny_model(PREDICTED).train()


@pytest.fixture
def asked(model, monkeypatch):
    """What the model is asked: the sets and the mask prompts of every decoding."""
    calls, decode = [], model.decode_fully
    monkeypatch.setattr(
        model, "decode_fully", lambda features, sets, masks=None: calls.append((sets, masks)) or decode(
            features, sets, masks
        ),
    )  # fmt: skip
    return calls


def features_of(model, count):
    return model.encode(torch.rand(count, 3, SIZE, SIZE) * 255)


def scheduled(model, name, batch, **options):
    return SCHEDULES[name](model, features_of(model, len(batch.truth)), batch, **options)


@pytest.mark.parametrize(
    ("drawn", "learned", "box", "mask", "clicks"),
    [
        ({"learned": 1.0, "box": 0.0, "mask": 0.0}, True, False, False, 0),
        ({"learned": 0.0, "box": 1.0, "mask": 0.0}, False, True, False, 0),
        ({"learned": 1.0, "box": 1.0, "mask": 1.0, "point": 1.0}, True, True, True, 1),
        ({"learned": 0.0, "box": 0.0, "mask": 0.0}, True, False, False, 0),  # never no prompt at all
    ],
)
def test_a_batch_gets_the_prompts_that_were_drawn(model, asked, drawn, learned, box, mask, clicks):
    scheduled(model, "prompt_sampling", batch_of(FULL, FULL, classes=[0, 1]), **drawn)
    ((sets, masks),) = asked
    numbers = sets[0].classes
    assert (None if numbers is None else numbers.tolist()) == ([0, 1] if learned else None)
    assert any(s.boxes is not None for s in sets) == box
    assert (masks is not None) == mask
    assert max(s.points.shape[1] for s in sets) == clicks


def test_where_the_predictor_alone_trains_every_batch_has_its_prompts(model, asked):
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(("predictor.", "objectness.")))
    losses = scheduled(model, "prompt_sampling", batch_of(FULL, FULL), learned=0.0, box=1.0, mask=0.0)
    ((sets, _),) = asked
    assert sets[0].classes is not None
    losses["loss"].backward()
    assert all(p.grad is not None for p in model.predictor.parameters())


class Remembering:
    """Answers with nothing and remembers what it was asked."""

    config, fusion, mask_side = SimpleNamespace(feedback="none"), SimpleNamespace(splits=True), 16

    def __init__(self):
        self.asked = []

    def named_parameters(self):
        return [("mask_decoder.weight", torch.nn.Parameter(torch.zeros(1)))]

    def decode_fully(self, features, sets, masks=None):
        self.asked.append((sets, masks))
        return Decoded(torch.zeros(len(sets[0].points), 1, 16, 16), None)


def test_predicted_prompts_come_in_nine_batches_of_ten_and_boxes_in_every_other():
    model = Remembering()
    for seed in range(300):
        SCHEDULES["prompt_sampling"](model, None, batch_of(FULL, seed=seed))
    shares = [np.mean([sets[0].classes is not None for sets, _ in model.asked])]
    shares += [np.mean([any(s.boxes is not None for s in sets) for sets, _ in model.asked])]
    shares += [np.mean([masks is not None for _, masks in model.asked])]
    assert shares == pytest.approx([0.9, 0.5, 0.1], abs=0.07)


def test_boxes_lie_within_two_pixels_of_the_truth_and_inside_the_image():
    model, edge = Remembering(), block(0, 0, 30, 64)
    for seed in range(50):
        only = {"learned": 0.0, "box": 1.0, "mask": 0.0}
        SCHEDULES["prompt_sampling"](model, None, batch_of(FULL, edge, EMPTY, seed=seed), **only)
    boxes = torch.stack([next(s.boxes for s in sets if s.boxes is not None) for sets, _ in model.asked])
    assert (boxes[:, 0] - torch.tensor([10.0, 20, 29, 35])).abs().max() <= 2
    assert boxes[:, 0].std(0).min() > 0.2
    assert boxes.min() >= 0
    assert boxes.max() <= SIZE - 1
    assert (boxes[..., 2:] - boxes[..., :2]).min() >= 1
    assert boxes[:, 2].std(0).min() > 8  # where nothing is the box lies anywhere


def test_a_painted_truth_says_nothing_about_objectness(model):
    shares = {"learned": 1.0, "box": 0.0}
    losses = {}
    for mask in (0.0, 1.0):
        model.zero_grad()
        scheduled(model, "prompt_sampling", batch_of(FULL), **shares, mask=mask)["loss"].backward()
        losses[mask] = model.objectness.head.weight.grad
    assert losses[0.0].abs().max() > 0
    assert losses[1.0] is None


@pytest.mark.parametrize("name", sorted(BY_CLASS))
def test_an_empty_truth_teaches_objectness_alone(model, name):
    model.eval()
    features = features_of(model, 2)
    losses = []
    for weight in (0.0, 10.0):
        weights = {"mask_weight": weight, "box_weight": weight}
        losses.append(SCHEDULES[name](model, features, batch_of(EMPTY, EMPTY), **weights)["loss"])
    assert torch.equal(*losses)
    losses[0].backward()
    assert model.objectness.head.weight.grad.abs().max() > 0


@pytest.mark.parametrize("name", sorted(BY_CLASS))
def test_every_part_of_the_predictor_learns_from_an_object(model, name):
    scheduled(model, name, batch_of(FULL, EMPTY, classes=[1, 1]))["loss"].backward()
    for part, parameter in model.predictor.named_parameters():
        assert parameter.grad is not None, part
        assert parameter.grad.abs().max() > 0, part
    tokens = model.predictor.class_tokens.grad
    assert not tokens[0].any()
    assert tokens[1].any()


@pytest.mark.parametrize("clicks", ["iterative", "double_click"])
def test_clicks_mend_a_suggestion_where_something_is(model, asked, clicks):
    batch = batch_of(FULL, EMPTY, FULL, classes=[1, 0, 0])
    scheduled(model, "suggested_clicks", batch, clicks=clicks, iterations=2, suggested=1.0)
    assert asked[0][0][0].classes.tolist() == [1, 0, 0]
    named = [sets[0].classes for sets, _ in asked[1:]]
    alone = [sets for (sets, _), classes in zip(asked[1:], named, strict=True) if classes is None]
    assert [classes.tolist() for classes in named if classes is not None] == [[1, 0]] * (
        len(named) - len(alone)
    )
    assert [len(sets) for sets in alone] == [1] * (clicks == "double_click")  # line 5: the guided set alone
    counts = [max(s.points.shape[1] for s in sets) for sets, _ in asked[1:]]
    assert counts[0] == 0
    assert counts[1] > 0


def test_without_a_suggestion_the_clicks_start_by_themselves(model, asked):
    scheduled(model, "suggested_clicks", batch_of(FULL), iterations=2, suggested=0.0)
    assert all(s.classes is None for sets, _ in asked[1:] for s in sets)
    assert asked[1][0][0].points.shape[1] == 1


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("prompt_sampling", {"learned": 1.5}, "shares of 0..1"),
        ("prompt_sampling", {"jitter": -1.0}, "at least 0 px"),
        ("suggested_clicks", {"suggested": -0.1}, "share of 0..1"),
        ("suggested_clicks", {"clicks": "voronoi"}, "schedule.clicks 'voronoi' is not one of double_click"),
        ("double_click", {"first": "box"}, "schedule.first is 'box': expected one of click, suggestion"),
    ],
)
def test_wrong_options_are_named(model, name, options, message):
    with pytest.raises(ValueError, match=message):
        scheduled(model, name, batch_of(FULL), **options)


# Runs


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Eight images with a disc (1) and, in half of them, a bar (2); and two with nothing."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for kind in ("some/images", "some/labels", "none/images"):
        (folder / kind).mkdir(parents=True)
    for n in range(10):
        labels = np.where(np.hypot(rows - 20, columns - 20 - 2 * n) < 9, 1, 0)
        labels[50:56] = 2 * (n % 2)
        image = rng.integers(0, 60, labels.shape) + 90 * labels
        if n < 8:
            Image.fromarray(image.astype(np.uint8)).save(folder / f"some/images/{n}.png")
            Image.fromarray(labels.astype(np.uint8)).save(folder / f"some/labels/{n}.png")
        else:
            Image.fromarray(rng.integers(0, 60, labels.shape).astype(np.uint8)).save(
                folder / f"none/images/{n}.png"
            )
    return folder


@pytest.fixture
def by_class(settings, labelled):
    """Settings of a run by class on them."""

    def make(**changes):
        changes["model"] = PREDICTED | changes.get("model", {})
        data = {"data": [str(labelled / "some"), str(labelled / "none")]}
        schedule = {"schedule": {"name": "prompt_sampling"}, "validation_clicks": [0, 1]}
        return settings(**{**data, **schedule, **changes})

    return make


def test_samples_are_all_of_one_class_and_may_be_empty(by_class):
    config = config_of(by_class(validation_share=0.1))
    cases, _, left_out = cases_of(config)
    assert left_out == 0
    classes = samca.network.classes.Classes(["disc", "bar"], {})
    samples = Samples(cases, SIZE, "squash", "none", classes=classes)
    rng, found = np.random.default_rng(0), set()
    for index, case in enumerate(cases):
        for _ in range(6):
            _, target, number = samples.sample_with_class(index, rng)
            values = case.structures()
            np.testing.assert_array_equal(target, values.get(number + 1, np.zeros_like(target)))
            found.add((number, bool(target.any())))
    assert found == {(0, True), (0, False), (1, True), (1, False)}


@pytest.mark.parametrize("name", sorted(BY_CLASS))
def test_a_run_by_class_is_trained_saved_and_suggests(name, by_class, labelled, drawn):
    settings = by_class(schedule={"name": name})
    records = run(settings)
    assert events(records) == ["start", "base", "epoch", "epoch", "finish"]
    assert records[0]["training"] + records[0]["validation"] == 10 - (not records[0]["validation"])
    assert set(records[1]["dice"]) == {"0", "1"}
    model = samca.load(RunFolder(settings["out"]).best)
    assert model.predictor.classes.names == ("disc", "bar")
    session = samca.Session(model)
    session.set_image(np.asarray(Image.open(labelled / "some/images/0.png")))
    assert session.suggest(1).shape == (SIZE, SIZE)


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(by_class, drawn, tmp_path):
    whole = by_class(out=str(tmp_path / "whole"))
    run(whole)
    parts = by_class(out=str(tmp_path / "parts"))
    RunFolder(parts["out"]).stop.touch()
    assert events(run(parts)) == ["start", "base", "stopped"]
    run(parts)
    one, other = learned(whole), learned(parts)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_images_without_truth_are_learned_from_by_class_alone(by_class):
    training, validation, left_out = cases_of(config_of(by_class()))
    assert left_out == 0
    assert any(not case.has_truth for case in training)
    assert all(case.has_truth for case in validation)
    training, _, left_out = cases_of(config_of(by_class(schedule={"name": "iterative"})))
    assert left_out == 2
    assert all(case.has_truth for case in training)


def test_a_run_by_class_is_estimated_with_its_images_without_truth(by_class):
    assert estimate(config_of(by_class())).seconds > 0


def test_a_schedule_by_class_needs_a_predictor(by_class, tiny_model):
    config = config_of(by_class())
    with pytest.raises(ValueError, match=r"the model has none: set model\.method to sam2rad"):
        classes_of(config, tiny_model(), [])


def test_windows_are_refused_where_whole_frames_are_searched(by_class, model):
    with pytest.raises(ValueError, match=r"run\.windows is 0\.5, model\.depth 1: .*single whole frames"):
        classes_of(config_of(by_class(windows=0.5)), model, [])


def test_a_label_value_without_a_class_is_refused_before_training(by_class):
    config = config_of(by_class(model={"predictor": {"name": "single_block", "classes": ["disc"]}}))
    with pytest.raises(ValueError, match=r"label value 2: .*set predictor\.labels\.some"):
        next(samca.training.train.train(config))


def test_few_frames_are_among_more_of_the_same_seed():
    cases = [SimpleNamespace(id=n) for n in range(30)]
    ten, twenty = ({case.id for case in some_of(cases, count, 4)} for count in (10, 20))
    assert (len(ten), len(twenty)) == (10, 20)
    assert ten < twenty
    assert {case.id for case in some_of(cases, 10, 5)} != ten
    assert some_of(cases, 0, 4) == cases
    with pytest.raises(ValueError, match=r"run\.frames is 31, and there are 30"):
        some_of(cases, 31, 4)


def test_parts_learn_at_their_own_rates(by_class, tmp_path):
    rates = {"mask_decoder": 1e-5, "image_encoder": 0}
    learner, _ = learner_of(by_class(learning_rates=rates), tmp_path)
    assert {group["rate"] for group in learner.optimizer.param_groups} == {1e-3, 1e-5}
    assert not any(p.requires_grad for p in learner.model.image_encoder.parameters())
    of_decoder = {id(p) for p in learner.model.mask_decoder.parameters()}
    for group in learner.optimizer.param_groups:
        assert {id(p) in of_decoder for p in group["params"]} == {group["rate"] == 1e-5}


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ({"nose": 0.1}, "has 'nose', where nothing trains"),
        ({"mask_decoder": 2}, "run.learning_rates.mask_decoder is 2: expected a number of 0..1"),
        ({"mask_decoder": "fast"}, "run.learning_rates.mask_decoder is 'fast'"),
        ({"mask_decoder": 0, "image_encoder": 0, "predictor": 0, "objectness": 0}, "nothing to train"),
    ],
)
def test_wrong_rates_are_refused(by_class, tiny_model, rates, message):
    with pytest.raises(ValueError, match=message):
        parameter_groups(tiny_model(PREDICTED), config_of(by_class(learning_rates=rates)))


def test_a_predictor_is_added_to_an_adapter_that_stays_as_it_was(by_class, settings, drawn, tmp_path):
    before = settings(out=str(tmp_path / "adapter"))
    run(before)
    adapter = RunFolder(before["out"]).best
    frozen = {"mask_decoder": 0, "image_encoder": 0}
    after = by_class(base=str(adapter), learning_rates=frozen, out=str(tmp_path / "added"))
    run(after)
    base = adapter.with_name("base.safetensors")
    old, new = samca.load(adapter, base), samca.load(RunFolder(after["out"]).best, base)
    image = np.random.default_rng(1).integers(0, 255, (SIZE, SIZE), dtype=np.uint8)
    for model in (old, new):
        session = samca.Session(model)
        session.set_image(image)
        session.click(30, 30)
        session.click(10, 10, positive=False)
        model.logits = session.logits
    assert np.array_equal(old.logits, new.logits)
    assert not torch.equal(
        new.predictor.class_tokens, learner_of(after, tmp_path)[0].model.predictor.class_tokens
    )


def test_validation_starts_from_the_suggestion_and_takes_all_of_a_class(tiny_model, labelled):
    cases = samca.datasets.read(labelled / "some").cases
    model = tiny_model(PREDICTED)
    with torch.inference_mode():
        model.objectness.head.bias.fill_(-100.0)  # nothing is anywhere
    assert validate(model, cases, (0, 1))[0] == 0
    assert set(validate(tiny_model(), cases, (0, 1))) == {1}  # a model that cannot look by itself
