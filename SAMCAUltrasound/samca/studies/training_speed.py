"""Training beside a plain loop over the segment-anything package: same weights, frames, clicks and loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from .. import phantoms
from ..clicks import CLICKS
from ..config import TrainConfig, from_json
from ..files import make_folder, scratch
from ..images import overlay
from ..network import sam
from ..network.backbones.sam_vit import SIZES
from ..network.devices import choose_device
from ..network.model import Model
from ..prompts import Prompts
from ..prompts.pointing import collate
from ..training.learner import Learner, Moment, generator_of
from ..training.losses import HybridLoss
from ..training.memory import peak_bytes
from ..training.samples import Samples, to_rgb_planes
from ..training.starting_point import cases_of, samples_of, starting_model

SIDE, FRAMES, BATCH, EPOCHS = 256, 4, 4, 3
ROWS = {  # what is trained of which model
    "ViT-B, decoder": {"backbone": "sam_vit_b", "tuned": ["mask_decoder"]},
    "ViT-B, every part": {"backbone": "sam_vit_b"},
    "small base, decoder": {"backbone": "sam_vit_lite", "tuned": ["mask_decoder"]},
    "small base, every part": {"backbone": "sam_vit_lite"},
}
Forward = Callable[[torch.Tensor, Sequence[Prompts]], tuple[torch.Tensor, torch.Tensor]]


class Run(NamedTuple):
    """Samples a second in the first epoch and in later ones, MB above what the process had before, losses of
    all steps."""

    first: float
    later: float
    peak_mb: float
    losses: list[float]


class Row(NamedTuple):
    """One of ROWS, by the plain loop and by ours."""

    name: str
    plain: Run
    ours: Run

    @property
    def apart(self) -> float:
        """The largest difference of their losses in a step, as a share."""
        pairs = zip(self.plain.losses, self.ours.losses, strict=True)
        return max(abs(one - other) / one for one, other in pairs)


def training_speed(device: str = "auto", names: Sequence[str] = tuple(ROWS)) -> Iterator[Row]:
    """Each of these rows, every run in a process of its own with one thread; RuntimeError if one dies.

    Times are those of the processor, which other programs do not change; on a GPU those of the clock.
    """
    with scratch() as folder:
        _write_frames(folder / "frames", 2 * FRAMES)
        for name in names:
            runs = []
            for take in (_plain, _ours):
                with ProcessPoolExecutor(1, get_context("spawn")) as process:
                    runs.append(process.submit(_run, take, ROWS[name], str(folder), device).result())
            yield Row(name, *runs)


def _write_frames(folder: Path, count: int) -> None:
    for number in range(count):
        phantom = phantoms.make(np.random.default_rng(number), 400, 512, lesions=1)
        shown = {"images": phantom.image, "masks": np.uint8(255) * (phantom.labels == 1)}
        for kind, pixels in shown.items():
            overlay.save(folder / kind / f"{number:02d}.png", pixels)


def _run(take: Callable, settings: dict[str, Any], folder: str, device: str, precision: str = "auto") -> Run:
    torch.set_num_threads(1)
    config = from_json(
        TrainConfig,
        {
            "data": [str(Path(folder) / "frames")], "out": folder, "base": "random", "device": device,
            "model": {"method": "sam", "image_size": SIDE, "fit": "squash", **settings},
            "schedule": {"name": "iterative", "iterations": 1}, "augment": "none", "batch": BATCH,
            "frames": FRAMES, "threads": 1, "precision": precision,
        },
        "run",
    )  # fmt: skip
    where, cases = choose_device(device), cases_of(config)[0]
    own = Path(folder) / settings["backbone"]  # the first of both makes its base file, the other reads that
    make_folder(own)
    torch.manual_seed(config.seed)
    before = peak_bytes(where)
    model = starting_model(config, own)[0].to(where)
    step, losses, seconds = take(model, cases, config, where), [], []
    clock = time.perf_counter if where.type == "cuda" else time.process_time
    for epoch in range(EPOCHS):
        started = clock()
        for number, start in enumerate(range(0, FRAMES, BATCH)):
            losses.append(step(np.arange(start, start + BATCH), epoch, number))
        seconds.append(clock() - started)
    later = FRAMES * (EPOCHS - 1) / sum(seconds[1:])
    return Run(FRAMES / seconds[0], later, (peak_bytes(where) - before) / 1e6, losses)


def _ours(model: Model, cases: Sequence, config: TrainConfig, device: torch.device) -> Callable:
    learner = Learner(model, samples_of(config, model, cases), config, device)

    def step(indices: np.ndarray, epoch: int, number: int) -> float:
        return learner.step(indices, Moment(epoch, number, 0.0))["loss"]

    return step


def _plain(model: Model, cases: Sequence, config: TrainConfig, device: torch.device) -> Callable:
    """As tutorials have it: frames are read and encoded each time, decoded one by one, all in float32."""
    forward, parameters = (_of_package if model.config.backbone.name in SIZES else _of_ours)(model, device)
    optimizer = torch.optim.Adam(parameters, lr=config.learning_rate)
    loss_of = HybridLoss(config.loss)

    def step(indices: np.ndarray, epoch: int, number: int) -> float:
        planes, truths, prompts = [], [], []
        for place, index in enumerate(indices):
            rng = generator_of(config.seed, epoch, number, place)
            image, truth = Samples([cases[index]], SIDE, "squash", "none").sample(0, rng)
            planes.append(image)
            truths.append(truth)
            prompts.append(CLICKS["random_foreground"](truth, None, 1, rng))
        logits, iou = forward(torch.from_numpy(to_rgb_planes(planes)).to(device), prompts)
        truth = torch.from_numpy(np.stack(truths)[:, None].astype(np.float32)).to(device)
        loss = loss_of(logits, iou, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def _of_package(model: Model, device: torch.device) -> tuple[Forward, list[nn.Parameter]]:
    """The package's own classes with the model's weights, as its `Sam` calls them; and what is trained."""
    encoder = sam.ImageEncoderViT(
        mlp_ratio=4, norm_layer=partial(nn.LayerNorm, eps=1e-6), qkv_bias=True, use_rel_pos=True,
        window_size=14, out_chans=256, **SIZES[model.config.backbone.name],
    )  # fmt: skip
    grid = SIDE // model.image_encoder.stride
    transformer = sam.TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8)
    parts = {
        "image_encoder": encoder,
        "prompt_encoder": sam.prompt_encoder_for(256, grid, SIDE),
        "mask_decoder": sam.modeling.MaskDecoder(transformer_dim=256, transformer=transformer),
    }
    for name, part in parts.items():
        part.load_state_dict(getattr(model, name).state_dict())
        part.to(device).requires_grad_(name in model.config.tuned)
    with torch.no_grad():
        positions = model.image_encoder._positions((grid, grid)).clone()
    is_frozen = "image_encoder" not in model.config.tuned
    encoder.pos_embed = nn.Parameter(positions.to(device), requires_grad=not is_frozen)
    prompting, decoder = parts["prompt_encoder"], parts["mask_decoder"]

    def forward(images: torch.Tensor, prompts: Sequence[Prompts]) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.set_grad_enabled(not is_frozen):
            embeddings = encoder((images - model.pixel_mean) / model.pixel_std)
        answers = []
        for embedding, each in zip(embeddings, prompts, strict=True):
            points, labels, *_ = collate([each], device)
            sparse, dense = prompting((points, labels), None, None)
            positions = prompting.get_dense_pe()
            answers.append(decoder(embedding[None], positions, sparse, dense, multimask_output=False))
        return tuple(map(torch.cat, zip(*answers, strict=True)))

    return forward, [p for part in parts.values() for p in part.parameters() if p.requires_grad]


def _of_ours(model: Model, device: torch.device) -> tuple[Forward, list[nn.Parameter]]:
    """The small model, which the package has not, called likewise."""
    is_frozen = "image_encoder" not in model.config.tuned
    model.train()

    def forward(images: torch.Tensor, prompts: Sequence[Prompts]) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.set_grad_enabled(not is_frozen):
            features = model.encode(images)
        answers = []
        for place, each in enumerate(prompts):
            fine = tuple(maps[place : place + 1] for maps in features.fine)
            own = features._replace(embedding=features.embedding[place : place + 1], fine=fine)
            answers.append(model.decode(own, [collate([each], device)]))
        return tuple(map(torch.cat, zip(*answers, strict=True)))

    return forward, [p for p in model.parameters() if p.requires_grad]
