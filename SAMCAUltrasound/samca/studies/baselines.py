"""Networks that nobody prompts: the rows without clicks of SAMCA's Tables 1 and 2, out of MONAI.

Each sees the image alone and answers with one mask, trained on the same cases, with the same loss, images and
augmentation as the methods beside it, and is scored by the same measures, at 0 clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from ..config import TrainConfig
from ..datasets import Dataset
from ..evaluation.evaluate import Record, Skipped, named_cases, scores_of
from ..evaluation.users import Interaction
from ..files import write_atomically
from ..images.frames import as_rgb
from ..network.devices import choose_device
from ..network.sam import PIXEL_MEAN, PIXEL_STD
from ..prompts.geometry import Geometry
from ..tensor_files import read
from ..training.learner import generator_of
from ..training.losses import HybridLoss
from ..training.samples import Samples, to_rgb_planes
from ..training.starting_point import cases_of

SIDE = 256  # px of the squashed image, as in the papers, unless run.model has another image_size
CHANNELS, STRIDES = (16, 32, 64, 128, 256), (2, 2, 2, 2)
RATE = 1e-3  # of Adam, which the papers leave open for these rows
Network = Callable[[], nn.Module]


def _unet() -> nn.Module:
    from monai.networks.nets import UNet

    return UNet(2, 3, 1, CHANNELS, STRIDES, norm="batch")


def _attention_unet() -> nn.Module:
    from monai.networks.nets import AttentionUnet

    return AttentionUnet(2, 3, 1, CHANNELS, STRIDES)


def _swin_unetr() -> nn.Module:
    from monai.networks.nets import SwinUNETR

    return SwinUNETR(in_channels=3, out_channels=1, spatial_dims=2, feature_size=24)


BASELINES: dict[str, Network] = {
    "U-Net": _unet,
    "Attention U-Net": _attention_unet,
    "Swin UNETR": _swin_unetr,
}


def train_missing(shared: TrainConfig) -> Iterator[dict[str, Any]]:
    """Train each network whose weights do not lie in its folder of shared.out; a record for each epoch."""
    for name in BASELINES:
        path = weights_of(shared.out, name)
        if not path.exists():
            network = _new(name, shared.seed).to(choose_device(shared.device))
            for record in _train(network, shared):
                yield {"method": name, **record}
            write_atomically(path, save(network.state_dict()))


def weights_of(out: str | Path, name: str) -> Path:
    """Where a network's weights lie in the folder of a comparison."""
    return Path(out) / name / "weights.safetensors"


def load(out: str | Path, name: str, device: str = "auto") -> nn.Module:
    """A trained network in eval mode."""
    network = _new(name, 0)
    network.load_state_dict(read(weights_of(out, name))[0])
    return network.eval().to(choose_device(device))


def side_of(shared: TrainConfig) -> int:
    """Side in px of the images that the networks see: that of the methods beside them."""
    return int(shared.model.get("image_size", SIDE))


def evaluate(network: nn.Module, datasets: Sequence[Dataset], side: int = SIDE) -> Iterator[Record | Skipped]:
    """One record at 0 clicks for each image: all of its structures are one target."""
    for dataset in datasets:
        for name, case in named_cases(dataset):
            if not case.has_truth:
                yield Skipped(dataset.name, name)
                continue
            truth = np.logical_or.reduce(list(case.structures().values()))
            mask = predict(network, case.pixels(), side)
            step = Interaction((), mask, 0.0)
            scores = scores_of(step, truth, case.spacing_mm, True)
            del scores["predicted_iou"]  # it makes no estimate
            yield Record(dataset.name, name, 0, 0, 0, (), not mask.any(), scores)


@torch.inference_mode()
def predict(network: nn.Module, pixels: np.ndarray, side: int = SIDE) -> np.ndarray:
    """(H, W) or (H, W, 3) frame, seen in side x side px -> (H, W) bool."""
    rgb = as_rgb(pixels)
    geometry = Geometry(*rgb.shape[:2], side, "squash")
    planes = geometry.image_to_model(rgb).transpose(2, 0, 1)[None]
    device = next(network.parameters()).device
    logits = network(_normalized(torch.from_numpy(np.ascontiguousarray(planes)).to(device)))
    return geometry.logits_to_image(logits[0, 0].float().cpu().numpy()) > 0


def _new(name: str, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BASELINES[name]()


def _train(network: nn.Module, shared: TrainConfig) -> Iterator[dict[str, Any]]:
    cases = [case for case in cases_of(shared)[0] if case.has_truth]
    samples = WholeTruth(cases, side_of(shared), "squash", shared.augment)
    loss_of, device = HybridLoss(shared.loss), next(network.parameters()).device
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    curve = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, shared.epochs)
    for epoch in range(shared.epochs):
        network.train()
        order, losses = generator_of(shared.seed, epoch).permutation(len(samples)), []
        for step, start in enumerate(range(0, len(order), shared.batch)):
            indices = order[start : start + shared.batch]
            rngs = [generator_of(shared.seed, epoch, step, place) for place in range(len(indices))]
            drawn = [samples.sample(int(i), rng) for i, rng in zip(indices, rngs, strict=True)]
            images, truths = zip(*drawn, strict=True)
            planes = torch.from_numpy(to_rgb_planes(images)).to(device)
            truth = torch.from_numpy(np.stack(truths)[:, None].astype(np.float32)).to(device)
            logits = network(_normalized(planes))
            loss = loss_of(logits, logits.new_zeros(len(indices), 1), truth)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        curve.step()
        yield {"event": "epoch", "epoch": epoch + 1, "of": shared.epochs, "loss": float(np.mean(losses))}
    network.eval()


class WholeTruth(Samples):
    """Samples whose target is all that is marked in an image."""

    def _read_frame(self, index: int) -> tuple[np.ndarray, list[np.ndarray]]:
        image, targets = super()._read_frame(index)
        return image, [np.logical_or.reduce(targets)]


def _normalized(planes: torch.Tensor) -> torch.Tensor:
    mean, std = (planes.new_tensor(values).reshape(1, 3, 1, 1) for values in (PIXEL_MEAN, PIXEL_STD))
    return (planes - mean) / std
