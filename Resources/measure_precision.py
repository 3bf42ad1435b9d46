#!/usr/bin/env python3
"""What lower precision costs and brings: python Resources/measure_precision.py.

The shipped model on torch in float32 and bfloat16, and on ONNX Runtime in float32, with all that it can
quantise to int8, and with matrix products alone: milliseconds of the processor in one thread, and how far
masks after one click are those of float32. With SAMCAUltrasound on PYTHONPATH, and the package onnx.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.quantization import quantize_dynamic

import samca
from samca import phantoms
from samca.export import halves, tracing
from samca.files import scratch
from samca.model_files import Provenance
from samca.prompts import Click, Prompts
from samca.runtime.about import GIVEN

FORMS = {"float32": None, "int8": (), "int8, matrix products": ("MatMul", "Gemm")}
REPEATS = 9


def main() -> None:
    """Print a line for each form."""
    model = samca.load()
    about = halves.about_of(model, Provenance())
    pictures, prompts = frames(model.config.image_size), click(model)
    on_torch(model)
    expected = None
    for name, encoder, decoder in sessions(tracing.traced(model, about)):
        features = encoder.run(about.features, {"images": pictures})
        given = prompts | dict(zip((GIVEN + each for each in about.features), features, strict=True))
        mask = decoder.run(["logits"], given)[0] > 0
        expected = mask if expected is None else expected
        dice = 2 * (mask & expected).sum() / (mask.sum() + expected.sum())
        encoding = timed(lambda encoder=encoder: encoder.run(None, {"images": pictures}))
        decoding = timed(lambda decoder=decoder, given=given: decoder.run(["logits"], given))
        times = f"encoding {encoding:.0f} ms, a click {decoding:.1f} ms"
        print(f"ONNX Runtime, {name}: {times}, Dice with float32 {dice:.4f}")


def on_torch(model) -> None:
    """Print a line for each precision; a click is decoded in float32."""
    torch.set_num_threads(1)
    pictures = list(frames(model.config.image_size).transpose(0, 2, 3, 1))
    middle = model.config.image_size / 2
    prompts, expected = [Prompts((Click(middle, middle),))] * len(pictures), None
    for name in ("float32", "bfloat16"):
        with torch.autocast("cpu", torch.bfloat16, enabled=name == "bfloat16"):
            features = model.embed_each(pictures)
            encoding = timed(lambda: model.embed_each(pictures))
        features = features._replace(
            embedding=features.embedding.float(), fine=tuple(each.float() for each in features.fine)
        )
        mask = model.predict_each(features, prompts)[0] > 0
        expected = mask if expected is None else expected
        dice = 2 * (mask & expected).sum() / (mask.sum() + expected.sum())
        print(f"torch, {name}: encoding {encoding:.0f} ms, Dice with float32 {dice:.4f}")


def sessions(graphs: dict):
    """(form, encoder, decoder) on ONNX Runtime."""
    with scratch() as folder:
        for number, (form, operators) in enumerate(FORMS.items()):
            made = [quantised(graphs[part], folder / f"{part}{number}", operators) for part in graphs]
            yield form, *made[:2]


def quantised(graph, path: Path, operators: tuple[str, ...] | None) -> InferenceSession:
    """A session; operators: those that become int8, all for (), none for None."""
    options = SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    content = graph.SerializeToString()
    if operators is not None:
        quantize_dynamic(onnx.load_from_string(content), path, op_types_to_quantize=list(operators) or None)
        content = path.read_bytes()
    return InferenceSession(content, options, providers=["CPUExecutionProvider"])


def frames(size: int) -> np.ndarray:
    """(2, 3, size, size) float32."""
    drawn = (phantoms.make(np.random.default_rng(seed), size, size, lesions=1) for seed in range(2))
    return np.stack([np.repeat(each.image[None], 3, axis=0) for each in drawn]).astype(np.float32)


def click(model) -> dict[str, np.ndarray]:
    """One in the middle of both pictures, as inputs of decoding."""
    side, middle = model.mask_side, model.config.image_size / 2
    return {
        "masks": np.zeros((1, 1, side, side), np.float32),
        "has_mask": np.zeros(1, np.float32),
        "points": np.full((2, 2, 2), middle, np.float32),
        "labels": np.array([[1, -1]] * 2),
    }


def timed(call: Callable) -> float:
    """Median milliseconds of the processor."""
    call()
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1000 * float(np.median(times))


if __name__ == "__main__":
    main()
