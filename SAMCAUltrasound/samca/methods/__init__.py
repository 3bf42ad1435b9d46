"""Methods by name: each file names one entry per seam and its defaults."""

from typing import Any

from ..config import ModelConfig, choose, with_settings
from . import sam, samca

METHODS = {"samca": samca.MODEL, "sam": sam.MODEL}


def configure(settings: dict[str, Any]) -> ModelConfig:
    """A model config from settings by dotted name over the defaults of their `method` (none named: samca)."""
    method = choose("model.method", METHODS, settings.get("method", "samca"))
    return with_settings(method, "model", settings)
