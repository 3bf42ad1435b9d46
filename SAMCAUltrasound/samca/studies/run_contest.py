"""What a training run gained: its weights beside what it started from, on its own validation cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .. import model_files, typed_json
from ..config import TrainConfig, from_json
from ..datasets import Dataset
from ..evaluation.contestants import Contestant, files_of
from ..network.devices import choose_device
from ..training.starting_point import cases_of
from ..weights import checkpoint

UNTOUCHED = "untouched base"  # what tables call the model before training
INPUT = ("image_size", "fit", "intensities")  # a published checkpoint takes images as the run gave them to it


def check_run(run: Path) -> None:
    """FileNotFoundError for a folder without a run, or with one before its first weights."""
    for name in ("run.json", "best.safetensors"):
        if not (run / name).is_file():
            raise FileNotFoundError(f"no file {run / name}: give the folder of a run with one whole epoch")


def contest_of(run: Path, device: str) -> tuple[list[Contestant], Dataset, tuple[str, ...]]:
    """The models before and after, the validation cases, and the folders these come from.

    Errors as of `check_run`, `checkpoint.load` and `cases_of`. A run from random weights that trained every
    part has no model before.
    """
    check_run(run)
    settings, weights = run / "run.json", run / "best.safetensors"
    config = replace(from_json(TrainConfig, typed_json.read(settings).plain, "run"), out=str(run))
    _, validation, _ = cases_of(config)
    before = run / "base.safetensors" if config.base == "random" else checkpoint.source_path(config.base)
    base, where = None, choose_device(device)
    contestants = []
    if before.is_file():
        base = checkpoint.base_of(before)
        asked = {} if before.suffix == ".safetensors" else config.model
        model = checkpoint.load(before, device=where, settings={k: asked[k] for k in INPUT if k in asked})
        contestants.append(Contestant(UNTOUCHED, model, files_of(before)))
    _, provenance, kind = model_files.describe_file(weights)
    base = base if kind == "adapter" else None
    name = provenance.name if provenance.name not in ("", UNTOUCHED) else "trained"
    contestants.append(Contestant(name, checkpoint.load(weights, base, where), files_of(weights, base)))
    return contestants, Dataset("validation", tuple(validation)), config.validation or config.data
