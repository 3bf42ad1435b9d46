"""Settings as frozen dataclasses that go to JSON and back; an unknown key, a wrong type or range is an error.

A `Part` names one entry of a seam (an adapter, a fusion ...) with its options; in JSON it is
{"name": "shared_weight", "rank": 100}, or just the name. What options exist is known to the entry itself.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from . import typed_json
from .prompts.geometry import FITS


@dataclass(frozen=True)
class Part:
    """One entry of a seam by name, and its options."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, value: str | dict, where: str) -> Part:
        """From a name or {"name": ..., option: value}."""
        if isinstance(value, str):
            return cls(value)
        if not isinstance(value, dict) or not isinstance(value.get("name"), str):
            given = shown(value)
            raise ValueError(f"{where} is {given}: expected a name or an object with 'name' and options")
        return cls(value["name"], {k: _tupled(v) for k, v in value.items() if k != "name"})

    def make(self, where: str, entries: dict[str, Any], *arguments):
        """Call the entry of this name with these arguments and the options, both checked."""
        entry = choose(where, entries, self.name)
        check_options(where, entry, self.options, skip=len(arguments))
        return entry(*arguments, **self.options)


def setting(default, *, at_least=None, above=None, at_most=None, choices=None):
    """A dataclass field with a range or a list of choices that `parse` checks."""
    rules = {"at_least": at_least, "above": above, "at_most": at_most, "choices": choices}
    return field(default=default, metadata=rules)


MOST = {  # of a part's options of these names, whichever part it is; settings come with files from anywhere
    "channels": 1024, "concatenated": 4096, "depth": 64, "grid": 128, "guided_clicks": 100, "heads": 64,
    "initial_clicks": 100, "iterations": 100, "kernel": 31, "latent": 8192, "out_channels": 1024,
    "position_grid": 128, "rank": 1024, "stride": 16, "tokens": 256, "unlearned": 100, "width": 2048,
}  # fmt: skip
MOST_OF_ANY, LONGEST, MANY = 10**9, 4096, 1000  # of other numbers; characters of a text; values in a list
SHOWN = 200  # characters of a wrong value in a sentence
LARGEST_INPUT = 8 * 1024**2  # px of all frames that go through the encoder together

FEEDBACK = ("none", "initial", "last")  # no mask prompt; the initial prompt's logits; the last click's logits


@dataclass(frozen=True)
class ModelConfig:
    """Everything that decides the form of a model; stored in every file of trained weights."""

    method: str = "samca"  # the file in samca/methods that these settings started from
    backbone: Part = Part("sam_vit_small")  # image encoder
    adapter: Part = Part("shared_weight")  # what is put into the frozen encoder
    decoder_adapter: Part = Part("none")  # what is put into the mask decoder
    fusion: Part = Part("joined", {"weights": "dynamic"})  # how initial and guided prompts are joined
    branch: Part = Part("none")  # a second image encoder, and how it is joined with the first
    predictor: Part = Part("none")  # what finds objects without a click
    tuned: tuple[str, ...] = ("mask_decoder",)  # parts trained beside the adapter
    image_size: int = setting(256, at_least=32, at_most=1024)  # side of the model's input in px
    depth: int = setting(1, at_least=1, at_most=128)  # neighbouring frames that the encoder takes together
    fit: str = setting("squash", choices=FITS)  # how an image fills the square
    intensities: str = setting("normalized", choices=("normalized", "unit"))  # SAM's mean and std; or 0..1
    refine: int = setting(0, at_least=0, at_most=128)  # channels of what mends logits in the end; 0: nothing
    best_of_three: bool = False  # of SAM's three masks for one prompt, the one of the highest predicted IoU
    replace_unstable: bool = False  # that one, where the usual mask hangs on its threshold (SAM 2)
    zoom: float = setting(0.0, at_least=0, at_most=10)  # sides of a second look over the structure's; 0: none
    mirror: bool = False  # a look at the mirror image of each, too; what both say is averaged
    tidy: bool = False  # every click is answered, parts without one go, holes too (interaction/tidy.py)
    sure_iou: float = setting(0.45, at_least=0, at_most=1)  # predicted, of masks that everything mode keeps
    sure_stability: float = setting(0.9, at_least=0, at_most=1)  # of these masks; interaction/everything.py
    feedback: str = setting("none", choices=FEEDBACK)  # whose logits are the mask prompt of the next click

    def __post_init__(self):
        check_fields(self, "model")
        if self.image_size % 16:
            raise ValueError(f"model.image_size is {self.image_size}: expected a multiple of 16")
        if self.depth * self.image_size**2 > LARGEST_INPUT:
            raise ValueError(
                f"model.depth is {self.depth} at model.image_size {self.image_size}: expected at most "
                f"{LARGEST_INPUT // self.image_size**2} of that size"
            )
        if 0 < self.zoom < 1:
            raise ValueError(
                f"model.zoom is {self.zoom}: expected 0, or at least 1 to show all of a structure"
            )


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms of the training loss; SAMCA's hybrid loss is Dice, BCE and IoU as 6:1:3."""

    dice: float = setting(0.6, at_least=0)  # 1 - soft Dice
    bce: float = setting(0.1, at_least=0)  # binary cross entropy
    iou: float = setting(0.3, at_least=0)  # 1 - soft Jaccard
    iou_head: float = setting(0.0, at_least=0)  # squared error of the predicted IoU (SAM)
    dice_squared: bool = False  # Dice as in MONAI's DiceCE: p^2 + t^2 below, smoothed by 1e-5
    kl_vit: float = setting(1e-3, at_least=0)  # CC-SAM: divergence of its transformer code from N(0, 1)
    kl_cnn: float = setting(1e-3, at_least=0)  # of its convolutional code
    kl_attention: float = setting(1e-3, at_least=0)  # of its attention
    kl_warm_up: int = setting(10, at_least=0)  # epochs over which the three weights grow to these values

    def __post_init__(self):
        check_fields(self, "loss")


@dataclass(frozen=True)
class TrainConfig:
    """One training run; the defaults are SAMCA's (section 4.1)."""

    data: tuple[str, ...]  # dataset folders
    out: str  # run folder: settings, log, resume point, best weights
    name: str = ""  # of the trained model in lists; empty: the run folder's
    licence: str = ""  # of the weights, as the data allow
    empty: tuple[str, ...] = ()  # folders of images without a structure, to learn that nothing is there
    validation: tuple[str, ...] = ()  # dataset folders; empty: a share of the data's groups
    validation_share: float = setting(0.15, above=0, at_most=0.5)  # of the groups, where no folder is given
    folds: int = setting(0, at_least=0)  # parts that the groups of the data are divided into; 0: not
    fold: int = setting(1, at_least=1)  # which of them validates, where they are divided
    base: str = "shipped"  # where training starts: "shipped", an organ, "random" or a file of weights
    encoder_weights: str = (
        ""  # ImageNet weights for the first layers of an encoder that starts from random ones
    )
    branch_weights: str = ""  # file of the frozen weights of model.branch; empty: random ones
    model: dict[str, Any] = field(default_factory=dict)  # settings of the model over those of its method
    schedule: Part = Part("double_click")  # which clicks and masks make the loss
    loss: LossConfig = field(default_factory=LossConfig)
    grow: bool = False  # blocks and a refiner that the base file lacks start so that they change nothing
    sampling: str = setting("each", choices=("each", "root"))  # how often a source: by its size, or its root
    augment: str = "samus"  # entry of augment.AUGMENTS
    windows: float = setting(0.0, at_least=0, at_most=1)  # share of samples that zoom in on the target
    optimizer: str = setting("adam", choices=("adam", "adamw"))
    learning_rate: float = setting(1e-4, above=0, at_most=1)
    learning_rates: dict[str, Any] = field(
        default_factory=dict
    )  # other ones by part; 0: the part stays frozen
    learning_rate_curve: str = setting("constant", choices=("constant", "step", "one_cycle"))
    learning_rate_factor: float = setting(0.1, above=0, at_most=1)  # of a step
    learning_rate_every: int = setting(50, at_least=1)  # epochs from step to step
    weight_decay: float = setting(0.0, at_least=0)
    average: float = setting(0.0, at_least=0, at_most=0.99999)  # decay of averaged weights; 0: no averaging
    share: float = setting(1.0, above=0, at_most=1)  # of what was learned in the weights; rest as before
    batch: int = setting(4, at_least=1, at_most=4096)
    frames: int = setting(0, at_least=0)  # how many of the data's training images are used; 0: all
    samples_per_epoch: int = setting(0, at_least=0)  # how many an epoch goes through; 0: each once
    epochs: int = setting(20, at_least=1)
    keep: str = setting("best", choices=("best", "last"))  # which epoch's weights; best by validation Dice
    storage: str = setting("half", choices=("half", "int8"))  # of the weights: precision, or half the size
    validation_clicks: tuple[int, ...] = (1, 3, 5)
    seed: int = setting(0, at_least=0, at_most=2**63 - 1)
    device: str = "auto"  # "auto": cuda, mps or cpu; or a torch device
    precision: str = setting("auto", choices=("auto", "float32", "bfloat16"))  # auto: the faster one
    threads: int = setting(0, at_least=0, at_most=1024)  # CPU threads; 0: torch's own choice

    def __post_init__(self):
        check_fields(self, "run")
        if not self.data or not self.out:
            raise ValueError("run.data and run.out must name at least one dataset folder and the run folder")
        clicks = self.validation_clicks
        if not 1 <= max(clicks, default=0) <= MOST["iterations"] or min(clicks) < 0:
            raise ValueError(
                f"run.validation_clicks is {clicks}: expected numbers from 1 to {MOST['iterations']}, and 0 "
                "for models that find objects by themselves"
            )
        if self.fold > max(self.folds, 1) or (self.folds and self.validation):
            said = f"run.folds is {self.folds}, fold {self.fold}, validation {list(self.validation)}"
            raise ValueError(f"{said}: expected a fold of 1 to folds, and no folder of validation beside it")
        for part, rate in self.learning_rates.items():
            check_type(f"run.learning_rates.{part}", rate, float)
            if not 0 <= rate <= 1:
                raise ValueError(f"run.learning_rates.{part} is {rate}: expected a number of 0..1")


def choose(where: str, entries: dict[str, Any], name: str):
    """entries[name], or a ValueError that lists the right names."""
    if not isinstance(name, str) or name not in entries:
        raise ValueError(f"{where} {shown(name)} is not one of {', '.join(sorted(entries))}")
    return entries[name]


def check_options(where: str, entry, options: dict[str, Any], skip: int = 0) -> None:
    """Compare options with the signature of `entry` after its first `skip` parameters by name, type, size."""
    parameters = list(inspect.signature(entry).parameters.values())[skip:]
    if isinstance(entry, type):
        hints = typing.get_type_hints(entry.__init__)
    else:
        hints = typing.get_type_hints(getattr(entry, "func", entry))
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    known = {p.name: hints.get(p.name, Any) for p in named}
    for name, value in options.items():
        if name not in known:
            raise ValueError(
                f"{where}.{name} is unknown: expected one of {', '.join(sorted(known)) or 'no option'}"
            )
        check_type(f"{where}.{name}", value, known[name])
        check_bounds(f"{where}.{name}", value, MOST.get(name, MOST_OF_ANY))


def check_bounds(where: str, value, most: float) -> None:
    """Raise ValueError for a number beyond `most` or no number, a long text or list, at any depth."""
    if isinstance(value, int | float):
        if not -most <= value <= most:
            raise ValueError(f"{where} is {shown(value)}: expected at most {most}")
    elif isinstance(value, str):
        if len(value) > LONGEST:
            raise ValueError(f"{where} is {shown(value)}: expected at most {LONGEST} characters")
    elif isinstance(value, list | tuple | dict):
        if len(value) > MANY:
            raise ValueError(f"{where} holds {len(value)} values: expected at most {MANY}")
        for inner in (*value, *value.values()) if isinstance(value, dict) else value:
            check_bounds(where, inner, most)


def shown(value) -> str:
    """A value as a sentence can hold it."""
    text = repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def check_type(where: str, value, expected) -> None:
    """Raise ValueError unless `value` is of the annotated type (an int is a float, a bool no number)."""
    if expected is Any:
        return
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin in (typing.Union, types.UnionType):
        if any(_fits(value, option) for option in arguments):
            return
    elif _fits(value, expected):
        return
    raise ValueError(f"{where} is {shown(value)}: expected {getattr(expected, '__name__', expected)}")


def _fits(value, expected) -> bool:
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin is tuple:
        if not isinstance(value, tuple | list) or (arguments[-1] is not ... and len(value) != len(arguments)):
            return False
        return all(
            _fits(v, arguments[0] if arguments[-1] is ... else arguments[i]) for i, v in enumerate(value)
        )
    if expected is Any:
        return True
    if origin is dict:
        pairs = value.items() if isinstance(value, dict) else [(None, None)]
        return all(_fits(name, arguments[0]) and _fits(inner, arguments[1]) for name, inner in pairs)
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if expected is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, origin or expected)


def check_fields(config, where: str) -> None:
    """Check every field of a config against its annotation and its rules."""
    hints = typing.get_type_hints(type(config))
    for item in fields(config):
        value, name = getattr(config, item.name), f"{where}.{item.name}"
        check_type(name, value, hints[item.name])
        if value is not None:
            _check_rules(name, value, item.metadata)
            check_bounds(name, value, item.metadata.get("at_most") or MOST_OF_ANY)


def _check_rules(name: str, value, rules) -> None:
    expected = ""
    if not rules:
        return
    if rules["choices"] and value not in rules["choices"]:
        expected = f"one of {', '.join(map(str, rules['choices']))}"
    elif rules["at_least"] is not None and not value >= rules["at_least"]:
        expected = f"at least {rules['at_least']}"
    elif rules["above"] is not None and not value > rules["above"]:
        expected = f"more than {rules['above']}"
    elif rules["at_most"] is not None and not value <= rules["at_most"]:
        expected = f"at most {rules['at_most']}"
    if expected:
        raise ValueError(f"{name} is {shown(value)}: expected {expected}")


def to_json(config) -> dict[str, Any]:
    """A config as plain JSON values."""
    return {item.name: _plain(getattr(config, item.name)) for item in fields(config)}


def from_json(kind: type, values: dict[str, Any], where: str):
    """A config of this dataclass from JSON values; keys that are absent keep their defaults."""
    if not isinstance(values, dict):
        raise ValueError(f"{where} is {shown(values)}: expected an object")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(values) - {item.name for item in fields(kind)})
    if unknown:
        allowed = ", ".join(sorted(item.name for item in fields(kind)))
        raise ValueError(f"{where}.{unknown[0][:SHOWN]} is unknown: expected one of {allowed}")
    for item in fields(kind):
        if item.name not in values and item.default is MISSING and item.default_factory is MISSING:
            raise ValueError(f"{where}.{item.name} is missing")
    return kind(**{k: _parsed(hints[k], v, f"{where}.{k}") for k, v in values.items()})


def with_settings(config, where: str, settings: dict[str, Any]):
    """The config with values set by dotted name: {"adapter.rank": 64}; another part drops options."""
    values = to_json(config)
    for dotted, value in settings.items():
        *path, last = dotted.split(".")
        target = values
        for step in path:
            if isinstance(target.get(step), str):
                target[step] = {"name": target[step]}
            target = target.get(step)
            if not isinstance(target, dict):
                raise ValueError(f"{where}.{dotted} is unknown: {where} has no group {step!r}")
        if last == "name" and target.get("name") != value:
            target.clear()
        target[last] = value
    return from_json(type(config), values, where)


def parse_setting(text: str) -> tuple[str, Any]:
    """'adapter.rank=64' -> ('adapter.rank', 64); a value that is no JSON is taken as a word."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(f"setting {text!r}: expected NAME=VALUE, as adapter.rank=64")
    try:
        return name, typed_json.parse(value, name).plain
    except ValueError:
        return name, value


def _parsed(hint, value, where: str):
    if hint is Part:
        return Part.parse(value, where)
    if dataclasses.is_dataclass(hint):
        return from_json(hint, value, where)
    return _tupled(value)


def _tupled(value):
    return tuple(_tupled(v) for v in value) if isinstance(value, list) else value


def _plain(value):
    if isinstance(value, Part):
        return {"name": value.name, **{k: _plain(v) for k, v in value.options.items()}}
    if dataclasses.is_dataclass(value):
        return to_json(value)
    return [_plain(v) for v in value] if isinstance(value, tuple) else value
