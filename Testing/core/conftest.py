"""A model small enough for tests, and one place that makes it."""

import pytest
import torch

from samca.config import ModelConfig, with_settings
from samca.methods import METHODS
from samca.model import build

TINY = {
    "backbone": {
        "name": "sam_vit_small",
        "channels": [8, 8, 8],
        "width": 16,
        "depth": 2,
        "heads": 2,
        "out_channels": 32,
    },
    "image_size": 64,
    "adapter": {"name": "shared_weight", "rank": 4},
}


@pytest.fixture(autouse=True)
def seeded():
    """Every test draws the same weights and inputs, whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def tiny_config() -> ModelConfig:
    """SAMCA on a 16-wide encoder at 64 px."""
    return with_settings(METHODS["samca"], "model", TINY)


@pytest.fixture
def tiny_model(tiny_config):
    """A model of that config with seeded weights; `tiny_model({"adapter.rank": 2})` changes settings."""

    def make(settings=None, seed=0):
        torch.manual_seed(seed)
        return build(with_settings(tiny_config, "model", settings or {}))

    return make
