"""Training runs of seconds, for the tests of what they record, leave, refuse and survive."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from samca.config import TrainConfig, from_json
from samca.training import train
from samca.training.learner import Learner
from samca.training.run_folder import RunFolder
from samca.training.samples import samples_for
from samca.training.starting_point import cases_of, starting_model

ROOT = Path(__file__).resolve().parents[2]


def write_case(folder, name, seed):
    """A noisy 64 x 64 image with a bright disc, and its mask."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:64, :64]
    disc = np.hypot(rows - rng.integers(20, 44), columns - rng.integers(20, 44)) < rng.integers(8, 14)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    Image.fromarray((rng.integers(0, 90, (64, 64)) + 100 * disc).astype(np.uint8)).save(
        folder / "images" / f"{name}.png"
    )
    Image.fromarray((disc * 255).astype(np.uint8)).save(folder / "masks" / f"{name}.png")


def config_of(settings) -> TrainConfig:
    """The settings of `settings(...)`, checked."""
    return from_json(TrainConfig, settings, "run")


def without_steps(records):
    """The records but those that come once a second, whose number depends on the machine."""
    return [record for record in records if record["event"] != "step"]


def run(settings):
    """The records of a run, without its steps."""
    return without_steps(train.train(config_of(settings)))


def events(records):
    """The names of the records, without the steps."""
    return [record["event"] for record in without_steps(records)]


def learned(settings) -> dict[str, torch.Tensor]:
    """The trained tensors in the resume point."""
    return RunFolder(settings["out"]).load_state()["tuned"]


def same(one, other) -> bool:
    """Whether two sets of tensors are equal to the bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def learner_of(settings, tmp_path) -> tuple[Learner, Path]:
    """A learner before its first step, and the base file of its model."""
    config = config_of(settings)
    torch.manual_seed(config.seed)
    model, base = starting_model(config, tmp_path)
    samples = samples_for(cases_of(config)[0], model.config, config.augment, config.windows)
    return Learner(model, samples, config, torch.device("cpu")), base


def child(path, *before) -> subprocess.Popen:
    """`samca train` on a file of settings as a process of its own; `before` are words before -m samca."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "SAMCAUltrasound"), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, *before, "-m", "samca", "train", str(path)]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
