"""Methods by name: each file names one entry per seam and its defaults, and how the method is trained.

A file has MODEL, a `ModelConfig`, and TRAINING, settings of a run as in run.json that differ from
`TrainConfig`'s own; under "model" there is what a run says over the base that it starts from.
"""

from typing import Any

from ..config import ModelConfig, TrainConfig, choose, from_json, with_settings
from . import cc_sam, click_sam, med_sa, sam, sam2rad, samca, samca_sam2rad

FILES = {
    "samca": samca,
    "sam": sam,
    "med_sa": med_sa,
    "click_sam": click_sam,
    "cc_sam": cc_sam,
    "sam2rad": sam2rad,
    "samca_sam2rad": samca_sam2rad,
}
METHODS = {name: file.MODEL for name, file in FILES.items()}
DEFAULT = "samca"  # where settings name no method


def configure(settings: dict[str, Any]) -> ModelConfig:
    """A model config from settings by dotted name over the defaults of their `method` (none named: samca)."""
    method = choose("model.method", METHODS, settings.get("method", DEFAULT))
    return with_settings(method, "model", settings)


def configure_training(
    values: dict[str, Any], changes: dict[str, Any] | None = None, method: str = DEFAULT
) -> TrainConfig:
    """A run from JSON values, changes by dotted name over them, and its method's TRAINING under both.

    The method is model.method; where it is not named `method`, which is that of the adapter file that the run
    goes on from. "model" (if it is not empty, which leaves all to the file) and "loss" are joined with the
    method's key by key; anything else that is given, as a schedule with its options, takes their place.
    """
    given = from_json(TrainConfig, values, "run")  # checks all types before anything is joined
    changes = changes or {}
    of_model = {name[6:]: value for name, value in changes.items() if name.startswith("model.")}
    others = {name: value for name, value in changes.items() if not name.startswith("model.")}
    model = {**given.model, **of_model}
    defaults = choose("model.method", FILES, model.get("method", method)).TRAINING
    joined = {
        "model": {**defaults.get("model", {}), **model} if model else {},
        "loss": {**defaults.get("loss", {}), **values.get("loss", {})},
    }
    return with_settings(from_json(TrainConfig, {**defaults, **values, **joined}, "run"), "run", others)
