"""What SAMCA Training trains with: settings of a run for a purpose, over those of its method."""

from typing import Any

from . import FILES

SCHEDULE: dict[str, Any] = {"name": "iterative", "iterations": 4}  # of methods that name none: error clicks

WIDE = {"augment": "ultrasound", "learning_rate_curve": "one_cycle", "average": 0.99}
PRESETS: dict[str, dict[str, Any]] = {  # from the shortest to the longest
    "quick": {"epochs": 5, "augment": "none"},
    "balanced": {},
    "thorough": {"epochs": 60, **WIDE},
}
DEFAULT = "balanced"


def settings_of(preset: str, method: str) -> dict[str, Any]:
    """A preset's settings; DEFAULT was found with SAMCA, and leaves a method that has its own with these."""
    return {} if preset == DEFAULT and FILES[method].TRAINING else PRESETS[preset]
