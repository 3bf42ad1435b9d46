"""What SAMCA Training trains with: settings of a run for a purpose, over those of its method."""

from typing import Any

from . import FILES

SCHEDULE: dict[str, Any] = {"name": "iterative", "iterations": 4}  # of methods that name none: error clicks

FEW_IMAGES: dict[str, Any] = {  # found by trying on 20 and 50 images that the shipped model does not know
    "augment": "ultrasound",
    "windows": 0.5,
    "learning_rate": 3e-4,
    "learning_rate_curve": "one_cycle",
    "average": 0.99,
    "share": 0.5,
}
PRESETS: dict[str, dict[str, Any]] = {  # from the shortest to the longest
    "quick": {**FEW_IMAGES, "epochs": 2},
    "balanced": {**FEW_IMAGES, "epochs": 5},
    "thorough": {**FEW_IMAGES, "epochs": 20},
}
DEFAULT = "balanced"


def settings_of(preset: str, method: str) -> dict[str, Any]:
    """What a preset changes of a method: all of it, or how long it takes where the method has settings of its
    own, as the default preset leaves them."""
    own = FILES[method].TRAINING
    if own:
        return {} if preset == DEFAULT else {"epochs": PRESETS[preset]["epochs"]}
    return PRESETS[preset]
