"""Where there is no torch: ONNX Runtime comes from a folder of wheels and answers in the same session."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

import numpy as np
import wheels

from samca import Session, phantoms
from samca.weights import checkpoint

SOURCE = Path(__file__).resolve().parents[3] / "SAMCAUltrasound"
SLICERS = ("numpy", "scipy", "packaging", "pip")  # of what Slicer's Python brings, what is needed here
LIGHT = ("onnxruntime", "flatbuffers", "protobuf")
CODE = """
import importlib.util, subprocess, sys, types

slicer = types.ModuleType("slicer")
slicer.util = types.ModuleType("slicer.util")
slicer.util.pip_install = lambda words: subprocess.run(
    [sys.executable, "-m", "pip", "install", *words], check=True, stdout=sys.stderr
)
sys.modules |= {"slicer": slicer, "slicer.util": slicer.util}
for name in ("torch", "safetensors", "monai", "segment_anything", "onnxruntime"):
    assert importlib.util.find_spec(name) is None, name

import numpy, samca
from SAMCALib.Models.InstallLogic import InstallLogic

logic = InstallLogic(ask=lambda question: True, say=lambda text: None)
assert not logic.status().ready
status = logic.installFromFolder(sys.argv[1])
assert status.ready, status.text
session = samca.Session(samca.load())
session.set_image(numpy.load(sys.argv[2]))
numpy.save(sys.argv[3], session.click(250, 180))
print(session.model.engine, status.text, sep="; ")
"""


def python_without_torch(folder: Path) -> Path:
    """An interpreter with the packages of SLICERS alone."""
    lent = folder / "slicers"
    lent.mkdir()
    wheels.lend(SLICERS, lent)
    made = venv.EnvBuilder(symlinks=os.name != "nt")
    made.create(folder / "python")
    context = made.ensure_directories(folder / "python")
    (site,) = (Path(context.env_dir) / "Lib", *Path(context.env_dir).glob("lib/python*"))[-1:]
    (site / "site-packages" / "slicers.pth").write_text(str(lent), encoding="utf-8")
    return Path(context.env_exe)


def offline() -> dict[str, str]:
    """An environment in which pip knows no place of wheels but the one it is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": str(SOURCE), "PYTHONSAFEPATH": "1"}


def test_a_folder_of_wheels_makes_the_shipped_model_answer_where_there_is_no_torch(tmp_path):
    folder, given, out = tmp_path / "wheels", tmp_path / "frame.npy", tmp_path / "mask.npy"
    folder.mkdir()
    for name in LIGHT:
        wheels.wheel(name, folder)
    frame = phantoms.make(np.random.default_rng(7), lesions=2).image
    np.save(given, frame)
    done = subprocess.run(
        [python_without_torch(tmp_path), "-c", CODE, folder, given, out],
        env=offline(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ONNX Runtime; Ready: onnxruntime 1.")
    session = Session(checkpoint.load())
    session.set_image(frame)
    expected = session.click(250, 180)
    assert expected.any()
    assert (np.load(out) == expected).mean() > 0.9999
