#!/usr/bin/env python3
"""What lower precision costs and brings: python Resources/measure_precision.py [DATA COUNT].

The shipped model on torch in float32 and bfloat16, and on ONNX Runtime in float32, with all that it can
quantise to int8, and with matrix products alone: milliseconds of the processor in one thread, and how far
masks after one click are those of float32. With SAMCAUltrasound on PYTHONPATH, and the package onnx.

With a folder of data, on torch alone: Dice after 1, 3 and 5 clicks of a simulated user on so many of its
images in both formats, and how far masks of the same clicks agree.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.quantization import quantize_dynamic

import samca
from samca import Session, datasets, phantoms
from samca.evaluation import metrics
from samca.evaluation.evaluate import Record, evaluate, named_cases
from samca.export import halves, tracing
from samca.files import scratch
from samca.model_files import Provenance
from samca.network.precision import FORMATS
from samca.prompts import Click, Prompts
from samca.runtime.about import GIVEN

CLICKS = 1, 3, 5
FORMS = {"float32": None, "int8": (), "int8, matrix products": ("MatMul", "Gemm")}
REPEATS = 9


def main() -> None:
    """Print a line for each form, or for each number of clicks on some data."""
    model = samca.load()
    if len(sys.argv) == 3:
        on_data(model, datasets.read(sys.argv[1]), int(sys.argv[2]))
        return
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
    for name in FORMATS:
        model.precision = name
        features = model.embed_each(pictures)
        encoding = timed(lambda: model.embed_each(pictures))
        mask = model.predict_each(features, prompts)[0] > 0
        expected = mask if expected is None else expected
        dice = 2 * (mask & expected).sum() / (mask.sum() + expected.sum())
        print(f"torch, {name}: encoding {encoding:.0f} ms, Dice with float32 {dice:.4f}")


def on_data(model, dataset, count: int) -> None:
    """Print what a simulated user reaches in both formats, and how far masks of the same clicks agree."""
    torch.set_num_threads(1)
    dataset = replace(dataset, cases=dataset.cases[:: max(1, len(dataset.cases) // count)][:count])
    exact, other = (reached(model, dataset, name) for name in FORMATS)
    masks = [masks_of(model, dataset, exact, name) for name in FORMATS]
    for clicks in CLICKS:
        keys = [key for key in exact if key[-1] == clicks]
        before, after = (np.array([found[key].scores["dice"] for key in keys]) for found in (exact, other))
        error = np.std(after - before) / len(keys) ** 0.5
        agree = np.mean([metrics.dice(*(each[key] for each in masks)) for key in keys])
        difference = f"{np.mean(after - before):+.2f} (standard error {error:.2f})"
        says = f"{clicks} clicks, {len(keys)} targets: Dice {before.mean():.2f} and {after.mean():.2f}"
        print(f"{says}, difference {difference}; masks agree to {agree:.4f}")


def reached(model, dataset, precision: str) -> dict:
    """By target and number of clicks: the record."""
    model.precision = precision
    found = evaluate(model, [dataset], CLICKS, seeds=1)
    return {(each.case, each.target, each.count): each for each in found if _is_asked(each)}


def _is_asked(record) -> bool:
    return isinstance(record, Record) and record.count in CLICKS


def masks_of(model, dataset, records: dict, precision: str) -> dict:
    """By target and number of clicks: the (H, W) bool mask of the record's clicks."""
    model.precision, found, session = precision, {}, Session(model)
    for name, case in named_cases(dataset):
        session.set_image(case.pixels())
        for key, record in records.items():
            if record.case == name:
                found[key] = session.predict(Prompts(record.clicks)).mask
    return found


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
