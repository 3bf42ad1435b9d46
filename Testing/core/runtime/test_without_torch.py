"""The shipped model, an adapter and an exported file answer clicks in an interpreter that has no torch."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import samca
from samca import Session, model_files, phantoms
from samca.export import halves, whole
from samca.weights import checkpoint

SOURCE = Path(__file__).resolve().parents[3] / "SAMCAUltrasound"
LACKING = ("torch", "safetensors", "monai", "segment_anything", "onnx")
CODE = """
import sys

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LACKING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Lacking())
import numpy, samca
session = samca.Session(samca.load(sys.argv[1]))
session.set_image(numpy.load(sys.argv[2]))
session.click(250, 180)
numpy.save(sys.argv[3], session.click(40, 300, False))
print(session.model.engine, *sorted(LACKING & set(sys.modules)))
"""
CLICKS = ((250, 180, True), (40, 300, False))


@pytest.fixture(scope="module")
def frame():
    return phantoms.make(np.random.default_rng(5), lesions=2).image


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    """A trained adapter of the shipped form with other numbers, on the shipped base, in half precision."""
    model, generator = checkpoint.load(), torch.Generator().manual_seed(0)
    for name, tensor in model.state_dict().items():
        if name in model.tuned:  # those that are equal at the identity differ in a trained one
            tensor.add_(0.01 * torch.randn(tensor.shape, generator=generator))
    path = tmp_path_factory.mktemp("trained") / "mine.safetensors"
    checkpoint.save_adapter(model, path, checkpoint.base_of(_shipped()), model_files.Provenance())
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    model = checkpoint.load()
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    whole.write(model, path, halves.about_of(model, model_files.Provenance()))
    return path


def _shipped():
    return model_files.source_path("shipped")


def mask_without_torch(source, frame, folder):
    """What an interpreter without torch answers to CLICKS, and what it says of itself."""
    given, out = folder / "frame.npy", folder / "mask.npy"
    np.save(given, frame)
    code = f"LACKING = set({LACKING!r})\n{CODE}"
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(source), str(given), str(out)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return np.load(out), done.stdout.strip()


def mask_by_torch(source, frame):
    session = Session(checkpoint.load(source))
    session.set_image(frame)
    return [session.click(*click) for click in CLICKS][-1]


@pytest.mark.parametrize("name", ["shipped", "adapter", "exported"])
def test_clicks_are_answered_without_torch_as_with_it(name, frame, request, tmp_path):
    source = name if name == "shipped" else request.getfixturevalue(name)
    mask, says = mask_without_torch(source, frame, tmp_path)
    expected = mask_by_torch("shipped" if name == "exported" else source, frame)
    assert says == "ONNX Runtime"
    assert expected.any()
    assert (mask == expected).mean() > 0.9999


def test_an_adapter_makes_a_difference(frame, adapter):
    assert (mask_by_torch(adapter, frame) != mask_by_torch("shipped", frame)).any()


def test_what_an_interrupted_removal_leaves_of_torch_is_no_torch(monkeypatch):
    monkeypatch.setattr(samca, "version", lambda name: None)  # as of a folder of metadata that is empty
    assert not samca.has_torch()


def test_a_gpu_is_not_left_out_in_silence(monkeypatch, exported):
    with pytest.raises(ValueError, match="device 'cuda' cannot be used by ONNX Runtime: give 'cpu'"):
        samca.load(exported, device="cuda")
    monkeypatch.setattr(samca, "has_torch", lambda: False)
    with pytest.raises(ValueError, match="take torch and a file of weights"):
        samca.load(device="cuda")
