"""ONNX Runtime, imported where it is used; what is wrong with it, or with a graph, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .starting import why_not

OLDEST = "1.23"  # release that is known to do
SMALL = 80 * 2**20  # bytes of weights; below, a second thread waits more than it helps


def runtime() -> Any:
    """The package onnxruntime; RuntimeError where it is missing, too old or does not start."""
    advice = f"install onnxruntime {OLDEST} or later (`pip install onnxruntime`), or torch"
    try:
        import onnxruntime
    except Exception as error:  # built for another processor or system, it raises what it likes
        says = why_not(error)
        raise RuntimeError(f"ONNX Runtime is not there or does not start ({says}): {advice}") from error
    if _numbers(onnxruntime.__version__) < _numbers(OLDEST):
        raise RuntimeError(f"ONNX Runtime {onnxruntime.__version__} is too old: {advice}")
    return onnxruntime


def session_of(
    path: Path, tensors: Mapping[str, np.ndarray] | None = None, weights: int | None = None
) -> Any:
    """A session of the graph in a file, with these tensors in the place of those that it does not hold.

    The session reads them where they are: they have to stay. weights: bytes of all of them; the file's own
    size if None. ValueError for a file that ONNX Runtime does not take.
    """
    library = runtime()
    options = library.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = _content(path)
    if (len(content) if weights is None else weights) < SMALL:
        options.intra_op_num_threads = 1
    if tensors:
        values = [library.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values()]
        options.add_external_initializers(list(tensors), values)
    try:
        return library.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of kinds that it keeps to itself
        says = " ".join(str(error).split(" : ")[-1].split())[:200]
        raise ValueError(
            f"{path} cannot be run by ONNX Runtime {library.__version__} ({says}): update onnxruntime, or "
            "export the model again with `samca export`"
        ) from error


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise FileNotFoundError(f"no graph at {path}: give a file that `samca export` wrote")
    return path.read_bytes()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
