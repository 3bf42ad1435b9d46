"""From the settings of a run to its cases and its model, and from the model back to a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import datasets
from ..config import ModelConfig, Part, TrainConfig, to_json
from ..datasets import Case
from ..methods import configure
from ..model_files import config_of, metadata_of
from ..network.classes import Classes
from ..network.fusion import FUSIONS
from ..network.model import Model, adapt, build_base
from ..weights import checkpoint
from ..weights.checkpoint import Provenance
from .parts import as_before, kept_of, place_of
from .samples import Samples, samples_for
from .schedules import BY_CLASS

FOLDS_SEED = 0  # the same parts whatever seed trains
# what a base decides
INHERITED = ("backbone", "image_size", "fit", "refine", "feedback", "zoom", "mirror", "tidy")
PARTS = {"image_encoder", "prompt_encoder", "mask_decoder"}


def cases_of(config: TrainConfig) -> tuple[list[Case], list[Case], int]:
    """Training cases, validation cases, and how many were left out because they have no truth.

    Cases of the split "test" are left alone, and a run that goes on keeps its parts (parts.py). Without
    validation folders, cases whose split is "val" validate; data that knows no "val" gives a share of its
    groups. With `run.folds` one of as many parts validates, be it "train" or "val". A schedule by class also
    learns from images without truth, where nothing is; others from those of `run.empty`, which come last.
    Raises ValueError with every bad file of the data, or if either part would be empty.
    """
    everything = _cases(config.data)
    given = [case for case in everything if case.split != "test"]
    by_class = config.schedule.name in BY_CLASS
    cases = [case for case in given if case.has_truth or by_class]
    left_out = len(given) - len(cases)
    if config.validation:
        training = [case for case in cases if case.split != "val"]
        validation = _cases(config.validation)
    elif config.folds:
        training, held_out = datasets.folds_by_group(cases, config.folds, FOLDS_SEED)[config.fold - 1]
        validation = list({case.image: case for case in held_out}.values())  # folders named twice count once
    else:
        training, validation = datasets.divided(cases, config.validation_share, config.seed)
    training, validation = as_before(config, training, [case for case in validation if case.has_truth])
    if not training or not validation:
        tests = len(everything) - len(given)
        raise ValueError(
            f"{len(training)} training and {len(validation)} validation cases with a mask, {left_out} "
            f"without{f', {tests} of the split test' * bool(tests)}: at least one of each is needed, of "
            "different groups; give more run.data, or run.validation"
        )
    return [*_frames(training, config), *_empty(config)], validation, left_out


def _empty(config: TrainConfig) -> list[Case]:
    """The images on which a click shall give next to nothing."""
    cases = [case for case in _cases(config.empty) if case.split in ("", "train")]
    if cases and config.schedule.name in BY_CLASS:
        raise ValueError(
            f"run.empty is {', '.join(config.empty)}, but schedule {config.schedule.name} learns by class "
            "what is not there: name these folders in run.data"
        )
    for case in cases:
        if case.has_truth:
            raise ValueError(f"run.empty: {case.image} has a mask; expected folders with images/ alone")
    return cases


def _frames(cases: Sequence[Case], config: TrainConfig) -> list[Case]:
    """As many as `run.frames` asks for; a run that goes on has those that it had."""
    kept = kept_of(config)
    if config.frames and kept:
        return [case for case in cases if place_of(case) in kept.of["training"]]
    by_name = sorted(cases, key=lambda case: (case.source, case.id)) if config.frames else cases
    return some_of(by_name, config.frames, config.seed)


def some_of(cases: Sequence[Case], count: int, seed: int) -> list[Case]:
    """`count` cases drawn by chance, all where 0; fewer are always among more of the same seed."""
    if not count:
        return list(cases)
    if count > len(cases):
        raise ValueError(
            f"run.frames is {count}, and there are {len(cases)} images to train on: give fewer, or 0"
        )
    order = np.random.default_rng(seed).permutation(len(cases))
    return [cases[i] for i in sorted(order[:count])]


def classes_of(config: TrainConfig, model: Model, cases: list[Case]) -> Classes | None:
    """The classes that a run learns, checked against the label values of its cases; None if it knows none."""
    if config.schedule.name not in BY_CLASS:
        return None
    if model.predictor is None:
        raise ValueError(
            f"schedule {config.schedule.name} trains a prompt predictor, and the model has none: set "
            "model.method to sam2rad, or model.predictor"
        )
    if config.windows or model.config.depth > 1:
        raise ValueError(
            f"run.windows is {config.windows}, model.depth {model.config.depth}: schedule "
            f"{config.schedule.name} looks for objects in single whole frames, leave them 0 and 1"
        )
    for case in cases:
        if case.has_values:
            model.predictor.classes.truths(case)
    return model.predictor.classes


def samples_of(config: TrainConfig, model: Model, cases: list[Case]) -> Samples:
    """What a run draws from its cases; ValueError if its settings, its model and its data do not agree."""
    if config.frames and model.config.depth > 1:
        raise ValueError(
            f"run.frames is {config.frames}, which draws single images, but model.depth is "
            f"{model.config.depth}: set it to 0, and name the loops to train on in run.data"
        )
    classes = classes_of(config, model, cases)
    return samples_for(cases, model.config, config.augment, config.windows, classes)


def summary_of(cases: list[Case]) -> str:
    """How many cases of which source, in words: "busi 451, usgra 170"."""
    return ", ".join(f"{source} {count}" for source, count in Counter(case.source for case in cases).items())


def starting_model(config: TrainConfig, folder: Path) -> tuple[Model, Path | None]:
    """The model to train, and its adapter's base file; None where the run makes a base itself.

    From an adapter file training goes on with that adapter, to which a prompt predictor may be added or which
    may lose it, unless the settings ask for another form, or leave parts untrained that the file has trained
    and that would not be saved again: then it starts from the adapter's base. Where the settings leave the
    form to the file, at least what its method trains is trained, though the file may have less. ValueError
    where a run is to grow that makes no base.
    """
    if config.base == "random":
        model, path = _from_random(config, folder / "base.safetensors")
        return _with_branch_weights(model, config), path
    if config.encoder_weights:
        raise ValueError(
            f"run.encoder_weights is {config.encoder_weights}, but run.base {config.base} has its own: drop "
            'one, or set run.base to "random"'
        )
    source = checkpoint.source_path(config.base)
    if config.grow:
        return _larger(config, source), source
    start, base = checkpoint.load(source), checkpoint.base_of(source)
    ours = metadata_of(base).get("kind") == "base"  # which runs at its own size; a published one at any
    inherited = {
        k: v for k, v in to_json(start.config).items() if k in (INHERITED if ours else ("backbone",))
    }
    goes_on = base != source
    wanted = configure({**inherited, **config.model}) if config.model else start.config
    if goes_on and not config.model:
        wanted = _with_all_that_is_usual(wanted)
    if goes_on and wanted == start.config:
        return start, base
    model = build_base(wanted)
    checkpoint.load_base_into(model, base)
    model = adapt(model)
    if goes_on and _form(wanted) == _form(start.config):
        _go_on(model, start)
    return _with_branch_weights(model, config), base


def _larger(config: TrainConfig, path: Path) -> Model:
    """The model of these settings that begins as the smaller base in this file."""
    metadata = metadata_of(path)
    before = to_json(config_of(path, metadata)) if metadata.get("kind") == "base" else {}
    wanted = configure({**{k: v for k, v in before.items() if k in INHERITED}, **config.model})
    if not before or not makes_base(wanted):
        raise ValueError(
            "run.grow adds parts that only a new base can hold: expected run.base to be a base, and a model "
            'of which every part is trained, with nothing added, as by method "sam", or run.grow false'
        )
    model = build_base(wanted)
    checkpoint.load_base_into(model, path, grow=True)
    return _with_branch_weights(adapt(model), config)


def _form(config: ModelConfig) -> ModelConfig:
    """What an adapter's tensors must agree in; a predictor may be added, and more be trained."""
    return replace(config, method="", predictor=Part("none"), tuned=(), fusion=_answers_as(config.fusion))


def _answers_as(fusion: Part) -> Part:
    """Of the fusions that join sets side by side each answers as one set does; nothing is learned in them."""
    made = fusion.make("model.fusion", FUSIONS)
    return Part("single") if made.is_one_set else fusion


def _with_all_that_is_usual(config: ModelConfig) -> ModelConfig:
    """With the parts that the method trains, and those of `config` that lie in none of them; with its fusion
    where `config` joins no sets yet."""
    usual = configure({"method": config.method})
    whole = tuple(f"{each}." for each in usual.tuned)
    own = [part for part in config.tuned if not f"{part}.".startswith(whole)]
    fusion = usual.fusion if config.fusion.name == "single" else config.fusion
    return replace(config, tuned=(*own, *usual.tuned), fusion=fusion)


def _go_on(model: Model, start: Model) -> None:
    """Give a model all that another one has learned, if it will save that again."""
    own, learned = model.state_dict(), start.state_dict()
    if own.keys() & set(start.tuned) <= set(model.tuned):
        fitting = {name: t for name, t in learned.items() if name in own and t.shape == own[name].shape}
        model.load_state_dict(fitting, strict=False)


def write_weights(model: Model, path: Path, base: Path | None, provenance: Provenance, storage: str) -> None:
    """Write what was trained: an adapter file; a base file where every part was trained, without adapter."""
    if makes_base(model.config):
        checkpoint.save_base(model, path, provenance, storage)
    else:
        checkpoint.save_adapter(model, path, base, provenance, storage)


def makes_base(config: ModelConfig) -> bool:
    """Whether every part of a model without additions is trained, so that the result is a base of its own."""
    added = (config.adapter, config.decoder_adapter, config.branch, config.predictor)
    return {part.name for part in added} == {"none"} and set(config.tuned) >= PARTS


def _from_random(config: TrainConfig, path: Path) -> tuple[Model, Path | None]:
    wanted = configure(config.model)
    model = build_base(wanted)
    _load_encoder_weights(model, config)
    if makes_base(wanted):
        return adapt(model), None
    if not path.exists():
        checkpoint.save_base(model, path, Provenance(name="random weights"))
    checkpoint.load_base_into(model, path)  # rounded to half precision, as everybody else will see them
    return adapt(model), path


def _load_encoder_weights(model: Model, config: TrainConfig) -> None:
    if config.encoder_weights:
        load = getattr(model.image_encoder, "load_imagenet", None)
        if load is None:
            raise ValueError(
                f"run.encoder_weights is {config.encoder_weights}, but {model.config.backbone.name} takes "
                "none: expected the backbone sam_vit_lite"
            )
        load(config.encoder_weights)


def _with_branch_weights(model: Model, config: TrainConfig) -> Model:
    if config.branch_weights:
        load = getattr(model.branch, "load_frozen", None)
        if load is None:
            raise ValueError(
                f"run.branch_weights is {config.branch_weights}, but model.branch is "
                f"{model.config.branch.name}, which takes none: expected the branch resnet"
            )
        load(config.branch_weights)
    return model


def _cases(folders: tuple[str, ...]) -> list[Case]:
    return [case for folder in folders for case in datasets.checked(folder).cases]
