"""Every single setting of a run that the panel offers, in words, with the paper's default."""

from __future__ import annotations

from dataclasses import dataclass

from samca.config import TrainConfig
from samca.training import augment
from SAMCALib.Texts import _

AUTOMATIC = "automatic"
SCHEDULES = (AUTOMATIC, "double_click", "iterative")  # for any model; methods bring others


@dataclass(frozen=True)
class Setting:
    """One setting; kind: int, float, choice, text or bool."""

    name: str
    title: str
    tip: str
    kind: str
    default: object
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


def settings() -> list[Setting]:
    """In the order of the panel."""
    return [*_ofClicksAndModel(), *_ofLearning(), *_ofComputing()]


def _ofClicksAndModel() -> list[Setting]:
    clicks = _("Which clicks are simulated; automatic: as the base model was trained, or as the method says.")
    size = _("Side of the model's input in px, a multiple of 16; 0: as the base model.")
    rank = _("Size of the adapters; 0: as the base model, or as the method says.")
    depth = _("Neighbouring frames of a volume or Sequence that go together (med_sa); 0: as the base model.")
    return [
        Setting("schedule", _("Simulated clicks"), clicks, "choice", AUTOMATIC, choices=SCHEDULES),
        Setting("model.image_size", _("Image size"), size, "int", 0, 0, 1024),
        Setting("model.adapter.rank", _("Rank of adapters"), rank, "int", 0, 0, 1024),
        Setting("model.depth", _("Frames together"), depth, "int", 0, 0, 64),
    ]


def _ofLearning() -> list[Setting]:
    augments = tuple(augment.AUGMENTS)
    frames = _("Drawn by chance, the same for the same seed; 0: all.")
    return [
        _number("frames", _("Images to train on"), frames, 0, 1000000),
        _number("epochs", _("Epochs"), _("How often every image is seen."), 1, 10000),
        _number("batch", _("Batch"), _("Images in one step; fewer need less memory."), 1, 512),
        _real("learning_rate", _("Learning rate"), _("Smaller if the loss jumps.")),
        _choice("learning_rate_curve", _("Learning rate over time"), _("Constant, or one rise and fall.")),
        _choice("optimizer", _("Optimizer"), _("What turns gradients into steps.")),
        _real("weight_decay", _("Weight decay"), _("How much weights are pulled to zero.")),
        _real("average", _("Average of weights"), _("Decay of averaged weights; 0: none."), 0.99999),
        _choice("augment", _("Variation of images"), _("None, the paper's, or more."), augments),
        _choice("keep", _("Epoch to keep"), _("The best that is ahead of the model before, or the last.")),
        _real("validation_share", _("Share to validate"), _("Of the groups, if the data do not say."), 0.5),
        _number("seed", _("Seed"), _("The same seed gives the same training."), 0, 2**31 - 1),
    ]


def _ofComputing() -> list[Setting]:
    devices = ("auto", "cpu", "cuda", "mps")
    threads = _("0: as many as torch takes; fewer leave more for Slicer.")
    return [
        _choice("device", _("Device"), _("auto takes the GPU if there is one."), devices),
        _choice("precision", _("Precision"), _("auto takes what is faster on this device.")),
        _number("threads", _("CPU threads"), threads, 0, 256),
    ]


def _field(name: str):
    return TrainConfig.__dataclass_fields__[name]


def _number(name: str, title: str, tip: str, least: int, most: int) -> Setting:
    return Setting(name, title, tip, "int", _field(name).default, least, most)


def _real(name: str, title: str, tip: str, most: float = 1.0) -> Setting:
    return Setting(name, title, tip, "float", _field(name).default, 0.0, most)


def _choice(name: str, title: str, tip: str, choices: tuple[str, ...] = ()) -> Setting:
    choices = choices or _field(name).metadata["choices"]
    return Setting(name, title, tip, "choice", _field(name).default, choices=choices)
