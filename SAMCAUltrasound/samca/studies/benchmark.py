"""Times of encoding an image and of a click: our models and the plain segment-anything classes in turns."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from ..config import ModelConfig, choose, with_settings
from ..interaction.looks import embed
from ..methods import METHODS
from ..network import sam
from ..network.backbones import BACKBONES
from ..network.backbones.sam_vit import SIZES
from ..network.model import Model, build
from ..network.precision import BFLOAT16, can_be_faster
from ..prompts import Click, Prompts
from ..runtime import loading
from ..runtime.graph_model import GraphModel
from ..weights import checkpoint

PLAIN = "plain ViT-B"


class Contestant(NamedTuple):
    """A model at one input size: `encode()` an image -> features; `click(features)` -> logits."""

    name: str
    image_size: int
    encode: Callable[[], Any]
    click: Callable[[Any], Any]
    engine: str = "torch"


class Timing(NamedTuple):
    """One measurement: "encode" or "click", in seconds."""

    name: str
    image_size: int
    step: str
    seconds: float
    engine: str = "torch"


def contestants(
    image_sizes: Collection[int], backbones: Collection[str] = ("sam_vit_b",)
) -> Iterator[Contestant]:
    """The plain ViT-B and SAMCA on these backbones at each input size in px, and the shipped small model at
    its own size on each engine that is there, on torch in each format that the processor computes in.
    ValueError for a wrong name before any model is built."""
    for name in backbones:
        choose("backbone", BACKBONES, name)
    for size in image_sizes:
        yield plain(size)
        for name in backbones:
            settings = {"backbone": name, "image_size": size}
            yield ours(f"samca {name}", build(with_settings(METHODS["samca"], "model", settings)))
    for model in filter(None, (*in_each_format(small()), small_without_torch())):
        if model.config.image_size in image_sizes:
            yield ours("samca small", model)


def ours(name: str, model: Model | GraphModel) -> Contestant:
    """One of our models with a black image and one click in its middle; with the mirror image if it mirrors,
    and if it zooms decoded twice: for the frame, and for a window that was encoded before."""
    size, mirror = model.config.image_size, model.config.mirror
    image, prompts = np.zeros((size, size, 3), np.float32), Prompts((Click(size / 2, size / 2),))
    both = prompts, prompts.mirrored(size)

    def click(features: Any) -> tuple[np.ndarray, Any]:
        for _ in range(2 if model.config.zoom else 1):
            answer = model.predict_each(features, both) if mirror else model.predict(features, prompts)
        return answer

    engine = getattr(model, "engine", "torch")
    return Contestant(name, size, lambda: embed(model, image, mirror), click, engine)


def plain(size: int) -> Contestant:
    """SAM ViT-B from the plain package's classes, as its predictor calls them; random weights."""
    encoder = sam.ImageEncoderViT(
        img_size=size,
        mlp_ratio=4,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        qkv_bias=True,
        use_rel_pos=True,
        window_size=14,
        out_chans=256,
        **SIZES["sam_vit_b"],
    ).eval()
    transformer = sam.TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8)
    decoder = sam.modeling.MaskDecoder(transformer_dim=256, transformer=transformer).eval()
    prompt_encoder = sam.prompt_encoder_for(256, size // 16, size).eval()
    image = torch.zeros(1, 3, size, size)
    point = torch.full((1, 1, 2), size / 2), torch.ones(1, 1, dtype=torch.int)

    @torch.inference_mode()
    def click(embedding: torch.Tensor) -> torch.Tensor:
        sparse, dense = prompt_encoder(point, None, None)
        positions = prompt_encoder.get_dense_pe()
        return decoder(embedding, positions, sparse, dense, multimask_output=False)[0]

    return Contestant(PLAIN, size, torch.inference_mode()(lambda: encoder(image)), click)


def benchmark(rows: Iterable[Contestant], repeats: int) -> Iterator[Timing]:
    """Measurements in turns, so that other load on the machine hits all models alike; one round warms up."""
    if repeats < 1:
        raise ValueError(f"repeats is {repeats}: expected at least 1")
    rows = list(rows)
    for turn in range(repeats + 1):
        for row in rows:
            encoding, features = _timed(row.encode)
            click, _ = _timed(partial(row.click, features))
            if turn:
                yield Timing(row.name, row.image_size, "encode", encoding, row.engine)
                yield Timing(row.name, row.image_size, "click", click, row.engine)


def summary(timings: Iterable[Timing]) -> list[dict[str, Any]]:
    """One row a model, size and engine: medians in ms, and how many times faster than plain it is there."""
    seconds: dict[tuple[str, int, str], dict[str, list[float]]] = {}
    for timing in timings:
        key = timing.name, timing.image_size, timing.engine
        steps = seconds.setdefault(key, {"encode": [], "click": []})
        steps[timing.step].append(timing.seconds)
    medians = {key: {k: statistics.median(v) for k, v in steps.items()} for key, steps in seconds.items()}
    rows = []
    for (name, size, engine), median in sorted(medians.items(), key=lambda item: item[0][1]):
        reference = medians[PLAIN, size, "torch"]
        row = {"model": name, "image_size": size, "engine": engine}
        row |= {f"{step}_ms": 1000 * median[step] for step in ("encode", "click")}
        row |= {f"{step}_times_faster": reference[step] / median[step] for step in ("encode", "click")}
        rows.append(row)
    return rows


def _timed(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def in_each_format(model: Model) -> Iterator[Model]:
    """The model in float32, and with the same weights in bfloat16 where the processor has that."""
    yield model
    if can_be_faster(model.device):
        other = copy.copy(model)
        other.precision = BFLOAT16
        yield other


def small() -> Model:
    """The shipped model; with random weights where it is not installed."""
    try:
        return checkpoint.load("shipped")
    except FileNotFoundError:  # random weights take the same time
        return build(ModelConfig())


def small_without_torch() -> GraphModel | None:
    """The shipped model on ONNX Runtime; None where either is not there."""
    try:
        return loading.load("shipped")
    except (RuntimeError, ValueError, FileNotFoundError):
        return None
