"""A model and training runs small enough for tests, and one place that makes them."""

import shutil

import pytest
import torch
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from torch import nn

import small_sam2_video
from predicting import PREDICTED
from samca.config import ModelConfig, to_json, with_settings
from samca.methods import METHODS
from samca.network.branches.resnet import ResNet50
from samca.network.model import build, build_base
from samca.training import train
from samca.weights import checkpoint
from samca.weights.checkpoint import Provenance
from training_runs import write_case

# A busy machine is no failure: where time matters, a test measures it.
hypothesis_settings.register_profile("samca", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("samca")

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


@pytest.fixture(scope="session")
def base(tmp_path_factory, tiny_config):
    """A base file of that model, seeded, for runs that start from one."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("base") / "base.safetensors"
    config = with_settings(tiny_config, "model", {"adapter": "none", "fusion": "single"})
    checkpoint.save_base(build_base(config), path, Provenance())
    return path


@pytest.fixture(scope="session")
def sam2_folder(tmp_path_factory):
    """A folder with a tiny SAM 2 for videos, of random weights."""
    return small_sam2_video.save(tmp_path_factory.mktemp("sam2"))


@pytest.fixture
def model(tiny_model):
    """The tiny model with a prompt predictor."""
    return tiny_model(PREDICTED)


@pytest.fixture(scope="session")
def discs(tmp_path_factory):
    """A dataset folder of eight discs."""
    folder = tmp_path_factory.mktemp("data") / "discs"
    for number in range(8):
        write_case(folder, f"disc{number}", number)
    return folder


@pytest.fixture
def settings(discs, tiny_config, tmp_path):
    """Settings of a run of seconds, two epochs of two steps; a changed model is the tiny one, changed."""

    def make(**changes):
        run = {
            "data": [str(discs)], "out": str(tmp_path / "run"), "base": "random", "epochs": 2,
            "validation_share": 0.25, "learning_rate": 1e-3, "augment": "none",
            "schedule": {"name": "double_click", "iterations": 2},
            "validation_clicks": [1, 3], "precision": "float32", "threads": 1, "batch": 3,
        }  # fmt: skip
        return run | changes | {"model": to_json(tiny_config) | changes.get("model", {})}

    return make


@pytest.fixture
def normal(tmp_path):
    """A dataset folder of one image without truth."""
    write_case(tmp_path / "normal", "normal", 0)
    shutil.rmtree(tmp_path / "normal" / "masks")
    return str(tmp_path / "normal")


@pytest.fixture
def drawn(monkeypatch):
    """Curves cost more than these trainings; instead of drawing, collect the numbers of the epochs."""
    found = []
    collect = lambda _path, epochs, _before: found.append([e["epoch"] for e in epochs])  # noqa: E731
    monkeypatch.setattr(train, "write_curves", collect)
    return found


@pytest.fixture(scope="module")
def resnet():
    """A frozen ResNet-50 with seeded weights and means of its own."""
    torch.manual_seed(3)
    resnet = ResNet50()
    for name, buffer in resnet.named_buffers():
        if name.endswith("running_mean"):
            nn.init.normal_(buffer, std=0.1)
    return resnet
